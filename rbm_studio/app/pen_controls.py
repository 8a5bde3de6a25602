"""The controls of the drawing itself: the pen, undo, another digit, and how the drawing is made into an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSlider, QToolButton, QWidget

from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.canvas import DrawingCanvas

_WIDTH_STEPS = 10  # of the slider, in each pixel of pen width
_WIDTH_RANGE = (1.0, 4.5)


class PenControls(QWidget):
    """A row of controls of a canvas.

    Parameters
    ----------
    canvas : DrawingCanvas
    parent : QWidget, optional

    Attributes
    ----------
    input_changed : Signal()
        The drawing is to be made into an input in another way: with another pen, or (not) normalised.
    digit_asked : Signal()
        One of the test digits shall lie on the canvas.
    """

    input_changed = Signal()
    digit_asked = Signal()

    def __init__(self, canvas: DrawingCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._undo, self._redo, self._clear = QToolButton(), QToolButton(), QToolButton()
        self._width = QSlider(Qt.Orientation.Horizontal)
        self._digit = QPushButton(icon("random_digit"), self.tr("Random test digit"))
        self._normalize = QCheckBox(self.tr("Centre and scale"))
        self._row = QHBoxLayout(self)
        self._arrange()
        self._explain()
        self._undo.clicked.connect(canvas.undo)
        self._redo.clicked.connect(canvas.redo)
        self._clear.clicked.connect(canvas.clear)
        self._width.valueChanged.connect(self._set_pen_width)
        self._digit.clicked.connect(self.digit_asked)
        self._normalize.toggled.connect(self.input_changed)
        canvas.history_changed.connect(self._show_history)
        self._show_history()

    @property
    def normalizes(self) -> bool:
        """Whether the drawing is centred and scaled."""
        return self._normalize.isChecked()

    def add(self, widget: QWidget) -> None:
        """Put another control at the row's end."""
        self._row.addWidget(widget)

    def set_has_digits(self, has: bool) -> None:
        """Say whether there are test digits."""
        self._digit.setEnabled(has)

    def _arrange(self) -> None:
        for button, name in ((self._undo, "undo"), (self._redo, "redo"), (self._clear, "clear")):
            button.setIcon(icon(name))
            button.setAutoRaise(True)
        self._width.setRange(*(round(_WIDTH_STEPS * width) for width in _WIDTH_RANGE))
        self._width.setValue(round(_WIDTH_STEPS * self._canvas.pen_width))
        self._width.setFixedWidth(8 * GRID)
        self._normalize.setChecked(True)
        self._digit.setShortcut(QKeySequence("Ctrl+G"))
        pen = QLabel(self.tr("Pen"))
        pen.setBuddy(self._width)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        for widget in (self._undo, self._redo, self._clear, pen, self._width, self._normalize):
            self._row.addWidget(widget)
        self._row.addStretch(1)
        self._row.addWidget(self._digit)

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self._undo: (self.tr("Undo"), self.tr("Take back the last stroke (Ctrl+Z on the canvas)")),
            self._redo: (self.tr("Redo"), self.tr("Bring it back (Ctrl+Y on the canvas)")),
            self._clear: (self.tr("Clear"), self.tr("Clear the canvas (Delete on the canvas); undo brings it back")),
            self._width: (self.tr("Pen width"), self.tr("Width of the pen, in pixels of a 28×28 image")),
            self._digit: (
                self.tr("Random test digit"),
                self.tr("Put one of the held-out images on the canvas (Ctrl+G)"),
            ),
            self._normalize: (
                self.tr("Centre and scale"),
                self.tr(
                    "Make the drawing as MNIST's digits were made: 20 pixels high or wide, centred by its mass.\n"
                    "Switch it off to see why that matters."
                ),
            ),
        }
        for widget, (name, tip) in tips.items():
            widget.setAccessibleName(name)
            widget.setToolTip(tip)

    def _set_pen_width(self, value: int) -> None:
        self._canvas.set_pen_width(value / _WIDTH_STEPS)
        self.input_changed.emit()

    def _show_history(self) -> None:
        canvas = self._canvas
        self._undo.setEnabled(canvas.can_undo)
        self._redo.setEnabled(canvas.can_redo)
        self._clear.setEnabled(bool(canvas.strokes()) or canvas.picture() is not None)
