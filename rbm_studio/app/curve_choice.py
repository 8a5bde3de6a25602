"""The list of what the learning curve can show; what cannot be had is grey, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

from rbm_studio.app.fields import Choice
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.quantities import Quantity


class QuantityChoice(Choice):
    """A choice of a quantity by its name.

    Parameters
    ----------
    quantities : mapping of str to Quantity
    first : tuple of (value, text)
        Stand before them.
    key : str
        Opens the list.
    """

    def __init__(self, quantities: Mapping[str, Quantity], *first: tuple[Any, str], key: str) -> None:
        super().__init__(*first, *((name, quantity.title) for name, quantity in quantities.items()))
        self._quantities = quantities
        self._problems: Mapping[str, str] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(32 * GRID)
        QShortcut(QKeySequence(key), self, self.showPopup)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box; Qt would cut off a text that is too long for it."""
        del event
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        elided = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room.width() - GRID // 2
        )
        option.currentText = elided
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Grey what cannot be had.

        Parameters
        ----------
        problems : mapping of str to str
            For each quantity why it cannot; "" if it can.
        """
        if problems == self._problems:
            return
        self._problems = dict(problems)
        for name, quantity in self._quantities.items():
            problem = problems[name]
            text = f"{quantity.title} – {problem}" if problem else quantity.title
            self.explain(name, text, problem or quantity.note, possible=not problem)
