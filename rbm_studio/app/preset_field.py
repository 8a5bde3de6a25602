"""The choice of a preset, whether its settings were changed, and the way back to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.fields import Choice
from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID
from rbm_studio.core.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.app.session import Session


_TITLES = {"article": "As in the article", "cd-1": "CD-1"}
"""Of presets whose names do not make one."""


class PresetField(QWidget):
    """Chooses a preset; one whose settings were changed is called so, and can be had back.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.choice = Choice(*((name, self._title(name)) for name in PRESETS))
        self.choice.setAccessibleName(self.tr("Preset"))
        self.choice.entered.connect(session.choose_preset)
        self._undo = QToolButton()
        self._undo.setIcon(icon("undo"))
        self._undo.setText(self.tr("Undo changes"))
        self._undo.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._undo.setAutoRaise(True)
        self._undo.clicked.connect(self._go_back)
        label = QLabel(self.tr("&Preset"))
        label.setBuddy(self.choice)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(label)
        head.addStretch(1)
        head.addWidget(self._undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self.choice)
        # It comes and goes without moving what is below.
        policy = self._undo.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._undo.setSizePolicy(policy)
        QWidget.setTabOrder(self.choice, self._undo)

    def refresh(self, changed: Sequence[str]) -> None:
        """Show the session's preset, and the titles of the settings that were changed since it was chosen."""
        chosen = self._session.settings.training.preset
        for name in PRESETS:
            title = self._title(name)
            shown = self.tr("{0} (changed)").format(title) if changed and name == chosen else title
            self.choice.explain(name, shown, self._tip(name))
        self.choice.show_value(chosen)
        tip = self._tip(chosen)
        if changed:
            tip = self.tr("{0}\nChanged: {1}").format(tip, ", ".join(changed))
            self._undo.setToolTip(self.tr("Back to {0}: {1}").format(self._title(chosen), ", ".join(changed)))
        self.choice.setToolTip(tip)
        self._undo.setVisible(bool(changed))

    def _go_back(self) -> None:
        self.choice.setFocus()
        self._session.choose_preset(self._session.settings.training.preset)

    def _title(self, name: str) -> str:
        return preset_title(name)

    def _tip(self, name: str) -> str:
        preset = PRESETS[name]
        lines = [self.tr("{0}: {1}").format(self._title(name), preset.source), preset.result]
        if name == "article":
            lines.append(
                self.tr(
                    "Its reconstructions are good and its model is broken: it gives the weights\n"
                    "the sum of a batch's gradient and the biases its mean."
                )
            )
        if name == "cd-1":
            lines.append(
                self.tr(
                    "Its reconstructions are good, but from noise its chains fade to black where there are many\n"
                    "hidden units: one Gibbs step from the data, it never sees what else it believes in."
                )
            )
        return "\n".join(line for line in lines if line)


def preset_title(name: str) -> str:
    """Return what a preset is called."""
    title = _TITLES.get(name, name.replace("-", " ").capitalize())
    return QCoreApplication.translate("PresetField", title)
