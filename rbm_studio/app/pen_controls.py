"""The controls of the drawing itself: the pen, undo, another digit, and how the drawing is made into an input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QPushButton, QSlider, QToolButton, QWidget

from rbm_studio.app.controls import explain
from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID
from rbm_studio.app.tools import PEN_WIDTH_RANGE, Tool

if TYPE_CHECKING:
    from rbm_studio.app.canvas import DrawingCanvas

_WIDTH_STEPS = 10  # of the slider, in each pixel of pen width


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
    keep_asked : Signal()
        The drawing shall be kept.
    """

    input_changed = Signal()
    digit_asked = Signal()
    keep_asked = Signal()

    def __init__(self, canvas: DrawingCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._undo, self._redo, self._clear, self._keep = (QToolButton() for _ in range(4))
        self._tools = {Tool.PEN: QToolButton(), Tool.ERASER: QToolButton()}
        self._width = QSlider(Qt.Orientation.Horizontal)
        self._digit = QPushButton(icon("random_digit"), self.tr("Test digit"))
        self._normalize = QCheckBox(self.tr("Centre and scale"))
        self._row = QHBoxLayout(self)
        self._arrange()
        self._explain()
        self._undo.clicked.connect(canvas.undo)
        self._redo.clicked.connect(canvas.redo)
        self._clear.clicked.connect(canvas.clear)
        self._keep.clicked.connect(self.keep_asked)
        for tool, button in self._tools.items():
            button.clicked.connect(partial(canvas.set_tool, tool))
        self._width.valueChanged.connect(self._set_pen_width)
        canvas.tool_changed.connect(self._show_tool)
        canvas.pen_width_changed.connect(self._show_pen_width)
        self._digit.clicked.connect(self.digit_asked)
        self._normalize.toggled.connect(self.input_changed)
        canvas.history_changed.connect(self._show_history)
        self._show_history()
        self._show_tool()

    @property
    def normalizes(self) -> bool:
        """Whether the drawing is centred and scaled."""
        return self._normalize.isChecked()

    def choose(self, pen_width: float, *, normalizes: bool) -> None:
        """Take the pen's width and the way of making the input from a drawing that comes back."""
        self._canvas.set_pen_width(pen_width)
        self._normalize.setChecked(normalizes)

    def set_can_keep(self, can: bool) -> None:
        """Say whether there is something to keep."""
        self._keep.setEnabled(can)

    def add(self, widget: QWidget) -> None:
        """Put another control at the row's end."""
        self._row.addWidget(widget)

    def set_has_digits(self, has: bool) -> None:
        """Say whether there are test digits."""
        self._digit.setEnabled(has)

    def _arrange(self) -> None:
        buttons = {self._undo: "undo", self._redo: "redo", self._clear: "clear", self._keep: "keep"}
        buttons |= {self._tools[Tool.PEN]: "pen", self._tools[Tool.ERASER]: "eraser"}
        icons = QHBoxLayout()
        icons.setSpacing(GRID // 2)
        for button, name in buttons.items():
            button.setIcon(icon(name))
            button.setAutoRaise(True)
            icons.addWidget(button)
        group = QButtonGroup(self)
        for button in self._tools.values():
            button.setCheckable(True)
            group.addButton(button)
        self._width.setRange(*(round(_WIDTH_STEPS * width) for width in PEN_WIDTH_RANGE))
        self._width.setValue(round(_WIDTH_STEPS * self._canvas.pen_width))
        self._width.setFixedWidth(8 * GRID)
        self._normalize.setChecked(True)
        self._digit.setShortcut(QKeySequence("Ctrl+G"))
        self._keep.setShortcut(QKeySequence("Ctrl+K"))
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        self._row.addLayout(icons)
        self._row.addWidget(self._width)
        self._row.addWidget(self._normalize)
        self._row.addStretch(1)
        self._row.addWidget(self._digit)

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self._undo: (self.tr("Undo"), self.tr("Take back the last stroke (Ctrl+Z on the canvas)")),
            self._redo: (self.tr("Redo"), self.tr("Bring it back (Ctrl+Y on the canvas)")),
            self._clear: (self.tr("Clear"), self.tr("Clear the canvas (Delete on the canvas); undo brings it back")),
            self._keep: (
                self.tr("Keep"),
                self.tr("Keep this drawing in “Drawings”, which shows how surprising it is to the model (Ctrl+K)"),
            ),
            self._tools[Tool.PEN]: (self.tr("Pen"), self.tr("Draw (P on the canvas)")),
            self._tools[Tool.ERASER]: (
                self.tr("Eraser"),
                self.tr("Erase (E on the canvas); the other end of a tablet's pen does too"),
            ),
            self._width: (
                self.tr("Pen width"),
                self.tr("Width of the pen, in pixels of a 28×28 image ([ and ] on the canvas)"),
            ),
            self._digit: (
                self.tr("Random test digit"),
                self.tr("Put one of the held-out images on the canvas, or of all where none are held out (Ctrl+G)"),
            ),
            self._normalize: (
                self.tr("Centre and scale"),
                self.tr(
                    "Make the drawing as MNIST's digits were made: 20 pixels high or wide, centred by its mass.\n"
                    "Switch it off to see why that matters."
                ),
            ),
        }
        explain(tips)

    def _set_pen_width(self, value: int) -> None:
        self._canvas.set_pen_width(value / _WIDTH_STEPS)
        self.input_changed.emit()

    def _show_pen_width(self) -> None:
        # The slider's steps are coarser than what the canvas can be given: it must not answer.
        with QSignalBlocker(self._width):
            self._width.setValue(round(_WIDTH_STEPS * self._canvas.pen_width))

    def _show_tool(self) -> None:
        self._tools[self._canvas.tool].setChecked(True)

    def _show_history(self) -> None:
        canvas = self._canvas
        self._undo.setEnabled(canvas.can_undo)
        self._redo.setEnabled(canvas.can_redo)
        self._clear.setEnabled(bool(canvas.strokes()) or canvas.picture() is not None)
