"""Fields that a setting is entered in: a count, a number, a choice, a switch; all alike to the panel that holds them.

Each tells of what a person has entered by `entered`, shows a value without telling by `show_value`, says a value in
words by `words`, and which values it takes by `range_in_words`. None is changed by the wheel unless it has the
keyboard: a page of fields is scrolled with the pointer over them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItemModel, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget as _Widget
else:
    # Qt lets an object have one of its own classes as a base, and that is the box.
    _Widget = object

_DECIMALS = 8
LEAST = 10.0**-_DECIMALS
"""The least number above 0 that a field takes."""
_HEIGHT = 3 * GRID + 2  # px: as a choice; Fusion makes numbers lower
_NO_LIMIT = 1e6
"""A number that may be as high as this has no upper limit that anybody meets."""


class _LeavesWheel(_Widget):
    """A field that is not changed by the wheel on its way over the page."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page, unless the field has the keyboard."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CountBox(_LeavesWheel, QSpinBox):
    """A whole number.

    Parameters
    ----------
    lowest, highest : int
    unit : str
        Shown behind the number.
    zero : str
        Shown instead of the lowest.
    """

    entered = Signal(object)

    def __init__(self, lowest: int, highest: int, *, unit: str = "", zero: str = "") -> None:
        super().__init__()
        self.setRange(lowest, highest)
        self.setSuffix(unit)
        self.setSpecialValueText(zero)
        self.setMinimumHeight(_HEIGHT)
        self.setAccelerated(True)
        self.setGroupSeparatorShown(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # A number is taken when it is complete, not at its first digit: each would start another model.
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self.entered.emit)

    def show_value(self, value: int) -> None:
        """Show a number without telling."""
        blocked = self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(blocked)

    def words(self, value: int) -> str:
        """Return a number as it is shown."""
        zero = self.specialValueText()
        return zero if zero and value == self.minimum() else self.locale().toString(value) + self.suffix()

    def range_in_words(self) -> str:
        """Return which numbers can be entered."""
        low, high = (self.locale().toString(limit) for limit in (self.minimum(), self.maximum()))
        return self.tr("{0} to {1}").format(low, high)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let what is typed replace the words that stand for the lowest number."""
        _select_words(self)
        super().keyPressEvent(event)


class NumberBox(_LeavesWheel, QDoubleSpinBox):
    """A number, written as short as it can be.

    Parameters
    ----------
    lowest, highest : float
    step : float
        Steps lead to its multiples; 0: they go 1, 2, 5, 10, over many powers of ten.
    first : float
        The least of those above `lowest`.
    unit : str
        Shown behind the number.
    zero : str
        Shown instead of the lowest.
    """

    entered = Signal(object)

    def __init__(
        self, lowest: float, highest: float, *, step: float = 0.0, first: float = LEAST, unit: str = "", zero: str = ""
    ) -> None:
        super().__init__()
        self._step = step
        ladder = (float(f"{mantissa}e{power}") for power in range(-_DECIMALS, 7) for mantissa in (1, 2, 5))
        self._ladder = [lowest, *(rung for rung in ladder if max(lowest, first) <= rung <= highest)]
        self.setDecimals(_DECIMALS)
        self.setRange(lowest, highest)
        self.setSuffix(unit)
        self.setSpecialValueText(zero)
        self.setMinimumHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self.entered.emit)

    def show_value(self, value: float) -> None:
        """Show a number without telling."""
        blocked = self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(blocked)

    def words(self, value: float) -> str:
        """Return a number as it is shown."""
        zero = self.specialValueText()
        return zero if zero and value == self.minimum() else self.textFromValue(value) + self.suffix()

    def range_in_words(self) -> str:
        """Return which numbers can be entered."""
        low, high = self.minimum(), self.maximum()
        open_below = low == LEAST
        if high >= _NO_LIMIT:
            return self.tr("above 0") if open_below else self.tr("{0:g} or more").format(low)
        return (self.tr("above 0, to {1:g}") if open_below else self.tr("{0:g} to {1:g}")).format(low, high)

    def textFromValue(self, value: float) -> str:
        """Return a number without idle zeros."""
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:
        """Return the number that a text stands for; a comma counts as a point."""
        return float(self._bare(text).replace(",", "."))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Tell whether a text is a number within the range, or on the way to one."""
        try:
            valid = self.minimum() <= self.valueFromText(text) <= self.maximum()
        except ValueError:
            begun = not self._bare(text).strip("0123456789.,eE+-")
            state = QValidator.State.Intermediate if begun else QValidator.State.Invalid
            return state, text, position
        return (QValidator.State.Acceptable if valid else QValidator.State.Intermediate), text, position

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip()

    def stepBy(self, steps: int) -> None:
        """Go up or down to a round number."""
        value = self.value()
        if self._step:
            passed = value / self._step
            start = math.floor(passed + 1e-9) if steps > 0 else math.ceil(passed - 1e-9)
            self.setValue(self._step * (start + steps))
            return
        for _ in range(abs(steps)):
            further = [rung for rung in self._ladder if (rung > value * 1.0001 if steps > 0 else rung < value * 0.9999)]
            value = (min(further) if steps > 0 else max(further)) if further else value
        self.setValue(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let what is typed replace the words that stand for the lowest number."""
        _select_words(self)
        super().keyPressEvent(event)


class Choice(_LeavesWheel, QComboBox):
    """One of some values.

    Parameters
    ----------
    items : tuple of (value, text)
    """

    entered = Signal(object)

    def __init__(self, *items: tuple[Any, str]) -> None:
        super().__init__()
        # Not the box's own data: Qt makes lists of tuples, and does not find them.
        self._values: list[Any] = []
        self.offer(items)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(GRID)
        self.activated.connect(lambda index: self.entered.emit(self._values[index]))

    def offer(self, items: Sequence[tuple[Any, str]]) -> None:
        """Offer other values."""
        blocked = self.blockSignals(True)
        self._values = [value for value, _ in items]
        self.clear()
        self.addItems([text for _, text in items])
        self.blockSignals(blocked)

    def explain(self, value: object, text: str, tip: str, *, possible: bool = True) -> None:
        """Give one value another text and a tooltip in the list; grey it where it is not possible."""
        index, model = self._values.index(value), self.model()
        self.setItemText(index, text)
        self.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        if isinstance(model, QStandardItemModel):
            model.item(index).setEnabled(possible)

    def show_value(self, value: object) -> None:
        """Show one of the values without telling."""
        if value in self._values:
            blocked = self.blockSignals(True)
            self.setCurrentIndex(self._values.index(value))
            self.blockSignals(blocked)

    def words(self, value: object) -> str:
        """Return a value as it is shown."""
        return self.itemText(self._values.index(value)) if value in self._values else str(value)

    def range_in_words(self) -> str:
        """Return nothing: the list shows what can be chosen."""
        return ""

    def showPopup(self) -> None:
        """Show the list, wide enough for its texts, however narrow the box."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * GRID)
        super().showPopup()


class Switch(QCheckBox):
    """On or off.

    Parameters
    ----------
    text : str
        What is on or off.
    """

    entered = Signal(object)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # A lambda: of the signal's two forms the one with the state is meant.
        self.clicked.connect(lambda checked: self.entered.emit(checked))

    def show_value(self, value: bool) -> None:
        """Show the state without telling."""
        self.setChecked(value)

    def words(self, value: bool) -> str:
        """Return a state in words."""
        return self.tr("on") if value else self.tr("off")

    def range_in_words(self) -> str:
        """Return nothing: there are two states."""
        return ""


Field = CountBox | NumberBox | Choice | Switch


def _select_words(box: QAbstractSpinBox) -> None:
    """Select the words that a box shows instead of a number: Qt would let nobody type in them."""
    if box.specialValueText() and box.text() == box.specialValueText():
        box.lineEdit().selectAll()
