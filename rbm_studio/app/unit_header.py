"""Which unit a page is of, and the ways to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QButtonGroup, QHBoxLayout, QPushButton, QSpinBox, QToolButton, QWidget

from rbm_studio.app.controls import explain
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent

_MOST = 99_999


class _NumberBox(QSpinBox):
    """Takes a unit's number when Enter is pressed, and keeps that key to itself."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


class UnitHeader(QWidget):
    """Hidden or visible, the previous and the next unit, a unit by its number, and the way back.

    Parameters
    ----------
    more : sequence of QWidget
        Stand at the end.
    parent : QWidget, optional

    Signals
    -------
    unit_asked : int
        The page of another unit of the same layer is wanted; -1 for none.
    layer_asked : bool
        The page of the visible layer is wanted, or of the hidden one.
    back_asked
        The page before is wanted.
    """

    unit_asked = Signal(int)
    layer_asked = Signal(bool)
    back_asked = Signal()

    def __init__(self, more: Sequence[QWidget] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._more = tuple(more)
        self._hidden, self._visible = QToolButton(), QToolButton()
        self._previous, self._next = QToolButton(), QToolButton()
        self._number = _NumberBox()
        self._back = QPushButton(self.tr("Back"))
        self._note = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._set_up()
        self._arrange()
        self._explain()
        self._connect()

    def _set_up(self) -> None:
        layers = QButtonGroup(self)
        for button, text in ((self._hidden, self.tr("Hidden")), (self._visible, self.tr("Visible"))):
            button.setText(text)
            button.setObjectName("choice")
            button.setCheckable(True)
            layers.addButton(button)
        self._hidden.setChecked(True)
        self._previous.setArrowType(Qt.ArrowType.LeftArrow)
        self._next.setArrowType(Qt.ArrowType.RightArrow)
        number = self._number
        number.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # A number is taken when it has been typed whole.
        number.setKeyboardTracking(False)
        self._back.setShortcut("Alt+Left")

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        layers = QHBoxLayout()
        layers.setSpacing(GRID // 2)
        layers.addWidget(self._hidden)
        layers.addWidget(self._visible)
        row.addLayout(layers)
        row.addWidget(self._previous)
        row.addWidget(self._number)
        row.addWidget(self._next)
        row.addWidget(self._back)
        row.addWidget(self._note, 1)
        for widget in self._more:
            row.addWidget(widget)
        # Wide enough for the longest number, so that nothing moves when units change.
        self._number.setRange(0, _MOST)
        self._number.setPrefix(self.tr("Hidden unit "))
        self._number.setSuffix(self.tr(" of {0}").format(_MOST))
        self._number.setFixedWidth(self._number.sizeHint().width() + GRID)
        height = self._number.sizeHint().height()
        for button in (self._hidden, self._visible, self._previous, self._next):
            button.setMinimumHeight(height)

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self._hidden: (self.tr("Hidden unit"), self.tr("The page of a hidden unit: what it looks for, and does")),
            self._visible: (
                self.tr("Visible unit"),
                self.tr("The page of a visible unit, a pixel: its weights to all hidden units"),
            ),
            self._previous: (self.tr("Previous unit"), self.tr("Go to the previous unit")),
            self._next: (self.tr("Next unit"), self.tr("Go to the next unit")),
            self._number: (
                self.tr("Number of the unit"),
                self.tr("Type a number and press Enter; Up and Down go to the next and the previous unit"),
            ),
            self._back: (self.tr("Back"), self.tr("Back to the page before (Alt+Left)")),
        }
        explain(tips)

    def _connect(self) -> None:
        self._hidden.clicked.connect(lambda: self.layer_asked.emit(False))
        self._visible.clicked.connect(lambda: self.layer_asked.emit(True))
        self._previous.clicked.connect(lambda: self._number.setValue(self._number.value() - 1))
        self._next.clicked.connect(lambda: self._number.setValue(self._number.value() + 1))
        self._number.valueChanged.connect(lambda number: self.unit_asked.emit(number - 1))
        self._back.clicked.connect(self.back_asked)

    def show_page(self, *, visible: bool, index: int, count: int, note: str, can_go_back: bool) -> None:
        """Say which unit is shown.

        Parameters
        ----------
        visible : bool
            Whether it is a visible unit.
        index : int
            From 0; -1 for none.
        count : int
            How many units the layer has; 0 without a model.
        note : str
            What else there is to say of it.
        can_go_back : bool
            Whether there was a page before.
        """
        (self._visible if visible else self._hidden).setChecked(True)
        number = self._number
        with QSignalBlocker(number):
            number.setRange(0, count)
            number.setPrefix(self.tr("Pixel ") if visible else self.tr("Hidden unit "))
            number.setSuffix(self.tr(" of {0}").format(count))
            number.setSpecialValueText(self.tr("No pixel selected") if visible else self.tr("No unit selected"))
            number.setValue(index + 1)
        number.setEnabled(count > 0)
        self._previous.setEnabled(index > 0)
        self._next.setEnabled(index + 1 < count)
        self._back.setEnabled(can_go_back)
        self._note.set_text(note)
