"""The choice before training: a new run, or the model goes on with settings that are not those it was trained with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QRadioButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.change_words import ChangeWords, settings_title
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from rbm_studio.app.session import Session


class ElidedRadio(QRadioButton):
    """A radio button whose words give way where there is no room for them, instead of making a panel wider."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_words(self, words: str) -> None:
        """Show these words, with the mark of their key."""
        self._words = words
        self.setAccessibleName(words.replace("&&", "\0").replace("&", "").replace("\0", "&"))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonContents, option, self).width()
        mode = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(self._words, mode, room, Qt.TextFlag.TextShowMnemonic.value))


class RunChoice(QWidget):
    """Says which of two things Train does, and lets a person choose; not shown where it simply goes on.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._words = ChangeWords(self)
        self._new, self._on = ElidedRadio(), ElidedRadio()
        self._on.set_words(self.tr("Continue &with these settings"))
        self._both = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        for button in (self._new, self._on):
            self._both.addButton(button)
            column.addWidget(button)
        self.setAccessibleName(self.tr("What Train does"))
        # Not `toggled`: that tells of what the program shows, too.
        self._new.clicked.connect(lambda: session.next_run.choose(True))
        self._on.clicked.connect(lambda: session.next_run.choose(False))

    def refresh(self) -> bool:
        """Show what there is to choose; return whether there is anything."""
        next_run = self._session.next_run
        is_open = next_run.is_open
        if is_open:
            self._new.set_words(self.tr("&New run ({0})").format(self._name().replace("&", "&&")))
            self._on.setEnabled(next_run.can_continue)
            (self._new if next_run.begins_new else self._on).setChecked(True)
            changed = self._words.all(next_run.changes)
            self._new.setToolTip(self._new_tip(changed))
            self._on.setToolTip(self._tip_of_going_on(changed))
            for button in (self._new, self._on):
                button.setAccessibleDescription(button.toolTip())
        self.setVisible(is_open)
        return is_open

    def _name(self) -> str:
        settings, title = self._session.settings, settings_title(self._session.settings)
        if self._session.next_run.can_continue:
            return title
        return self.tr("{0} hidden, {1}").format(settings.hidden_num, title)

    def _new_tip(self, changed: str) -> str:
        session = self._session
        words = self.tr("Train draws new weights: {0} visible and {1} hidden units.")
        if session.label_num:
            words = self.tr("Train draws new weights: {0} visible, {1} hidden and {2} label units.")
        units = words.format(math.prod(session.settings.image_shape), session.settings.hidden_num, session.label_num)
        lines = [
            self._new.accessibleName(),
            units,
            self.tr("The run so far stays among the earlier ones."),
            self._changed(changed),
        ]
        return "\n".join(line for line in lines if line)

    def _tip_of_going_on(self, changed: str) -> str:
        if not self._session.next_run.can_continue:
            return self.tr("Not possible: the model has other units than these settings.")
        first = self.tr("Train goes on with the weights that there are; the curve is marked where it did.")
        return "\n".join(line for line in (first, self._changed(changed)) if line)

    def _changed(self, changed: str) -> str:
        return self.tr("Changed since it was trained: {0}").format(changed) if changed else ""
