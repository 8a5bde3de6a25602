"""The Draw panel: a drawing, what the network makes of it, and what it restores from that, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.icons import icon
from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.mosaic_layout import tile_columns
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.core.sampling import bernoulli
from rbm_studio.data.handwriting import render
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.session import Session
    from rbm_studio.core.backend import FloatArray

FRAME_MS = 8  # half a frame of a 60 Hz screen: waiting and work together then take less than one
_CANVAS_SIZE = 1.0  # the canvas gives its strokes as fractions of its side
_WIDTH_STEPS = 10  # of the slider, in each pixel of pen width
_WIDTH_RANGE = (1.0, 4.5)


class DrawPanel(QWidget):
    """A canvas; beside it the network's input, its hidden units, the reconstruction, and the classes if it knows any.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rng = np.random.default_rng()
        self.canvas = DrawingCanvas()
        self._seen, self._hidden, self.reconstruction = ImageView(), ImageView(), ImageView()
        self._labels, self._question = LabelBars(), QWidget()
        self._undo, self._redo, self._clear = QToolButton(), QToolButton(), QToolButton()
        self._keep = QToolButton()
        self._width = QSlider(Qt.Orientation.Horizontal)
        self._digit = QPushButton(icon("random_digit"), self.tr("Random test digit"))
        self._normalize = QCheckBox(self.tr("Centre and scale"))
        self._mode = QComboBox()
        self._seen_caption, self._hidden_caption = QLabel(), QLabel()
        self._throttle = Throttle(FRAME_MS, self.refresh, self)
        self._set_up_controls()
        self._arrange()
        self._explain()
        self._connect()
        self._show_history()
        self.refresh()

    def _set_up_controls(self) -> None:
        tools = ((self._undo, "undo"), (self._redo, "redo"), (self._clear, "clear"), (self._keep, "keep"))
        for button, name in tools:
            button.setIcon(icon(name))
            button.setAutoRaise(True)
        self._width.setRange(*(round(_WIDTH_STEPS * width) for width in _WIDTH_RANGE))
        self._width.setValue(round(_WIDTH_STEPS * self.canvas.pen_width))
        self._width.setFixedWidth(8 * GRID)
        self._normalize.setChecked(True)
        self._mode.addItem(self.tr("Hidden: sampled"), True)
        self._mode.addItem(self.tr("Hidden: mean field"), False)
        self._digit.setShortcut(QKeySequence("Ctrl+G"))
        self._keep.setShortcut(QKeySequence("Ctrl+K"))

    def _arrange(self) -> None:
        pictures = QHBoxLayout()
        pictures.setSpacing(GRID)
        columns: list[tuple[QLabel, QWidget]] = [
            (QLabel(self.tr("Your drawing")), self.canvas),
            (self._seen_caption, self._seen),
            (self._hidden_caption, self._hidden),
            (QLabel(self.tr("Reconstruction")), self.reconstruction),
            (QLabel(self.tr("What is this?")), self._labels),
        ]
        for caption, picture in columns:
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            # A widget: a layout of hidden ones would keep its room.
            whole = self._question if picture is self._labels else QWidget()
            column = QVBoxLayout(whole)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(GRID // 2)
            column.addWidget(picture, 1)
            column.addWidget(caption)
            pictures.addWidget(whole, 1)
        controls = QHBoxLayout()
        controls.setSpacing(GRID)
        pen = QLabel(self.tr("Pen"))
        pen.setBuddy(self._width)
        for widget in (self._undo, self._redo, self._clear, self._keep, pen, self._width, self._normalize):
            controls.addWidget(widget)
        controls.addStretch(1)
        controls.addWidget(self._mode)
        controls.addWidget(self._digit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID // 2)
        layout.setSpacing(GRID // 2)
        layout.addLayout(pictures, 1)
        layout.addLayout(controls)

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self._undo: (self.tr("Undo"), self.tr("Take back the last stroke (Ctrl+Z on the canvas)")),
            self._redo: (self.tr("Redo"), self.tr("Bring it back (Ctrl+Y on the canvas)")),
            self._clear: (self.tr("Clear"), self.tr("Clear the canvas (Delete on the canvas); undo brings it back")),
            self._keep: (
                self.tr("Keep"),
                self.tr("Keep this drawing in “Drawings”, which shows how surprising it is to the model (Ctrl+K)"),
            ),
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
            self._mode: (
                self.tr("Hidden units"),
                self.tr(
                    "Sampled: each is 0 or 1 by chance, as in the article.\nMean field: each keeps its probability."
                ),
            ),
            self._seen: (self.tr("What the network sees"), self.tr("The visible units: your drawing, pixel by pixel")),
            self._hidden: (
                self.tr("Hidden units"),
                self.tr("The hidden units, unit 1 at the top left: black is 0, white is 1"),
            ),
            self.reconstruction: (
                self.tr("Reconstruction"),
                self.tr("The visible units' expectation, given the hidden units"),
            ),
            self._labels: (
                self.tr("What is this?"),
                self.tr("How likely the model takes each class to be, p(y|v): the hidden units are summed out"),
            ),
        }
        for widget, (name, tip) in tips.items():
            widget.setAccessibleName(name)
            widget.setToolTip(tip)

    def _connect(self) -> None:
        canvas = self.canvas
        self._undo.clicked.connect(canvas.undo)
        self._redo.clicked.connect(canvas.redo)
        self._clear.clicked.connect(canvas.clear)
        self._keep.clicked.connect(self._session.drawings.keep)
        self._session.drawings.offered.connect(self._show_history)
        self._session.drawings.wanted.connect(self._put_back)
        self._width.valueChanged.connect(self._set_pen_width)
        self._digit.clicked.connect(self.show_random_digit)
        self._normalize.toggled.connect(self._throttle.request)
        self._mode.currentIndexChanged.connect(self._throttle.request)
        canvas.strokes_changed.connect(self._throttle.request)
        canvas.history_changed.connect(self._show_history)
        self._session.model_changed.connect(self._throttle.request)
        self._session.images_changed.connect(self._show_history)

    def _set_pen_width(self, value: int) -> None:
        self.canvas.set_pen_width(value / _WIDTH_STEPS)
        self._throttle.request()

    def show_random_digit(self) -> None:
        """Put one of the held-out images on the canvas."""
        images = self._session.images
        if images is not None:
            original = images.original.test_images
            self.canvas.set_picture(grey_image(original[self._rng.integers(len(original))]))

    def _put_back(self, kept: Kept) -> None:
        """Put a kept drawing on the canvas, as it was kept."""
        self._width.setValue(round(_WIDTH_STEPS * kept.pen_width))
        self._normalize.setChecked(kept.normalize)
        if kept.drawing.picture is not None:
            self.canvas.set_picture(kept.drawing.picture)
        else:
            self.canvas.set_strokes(kept.drawing.strokes)
        self.canvas.setFocus()

    def _show_history(self) -> None:
        empty = not self.canvas.strokes() and self.canvas.picture() is None
        self._undo.setEnabled(self.canvas.can_undo)
        self._redo.setEnabled(self.canvas.can_redo)
        self._clear.setEnabled(not empty)
        self._keep.setEnabled(self._session.drawings.can_keep)
        self._digit.setEnabled(self._session.images is not None)

    def refresh(self) -> None:
        """Show what the model makes of what lies on the canvas."""
        model = self._session.model
        shape = model.image_shape if model else self._session.settings.image_shape
        visible = self._input(shape)
        height, width = shape
        self._session.drawings.offer(
            Drawing(tuple(self.canvas.strokes()), self.canvas.picture()),
            pen_width=self.canvas.pen_width,
            normalize=self._normalize.isChecked(),
        )
        self._session.drawings.show(visible)
        self._seen.set_image(grey_image(visible))
        self._seen_caption.setText(self.tr("Seen as {0}×{1}").format(height, width))
        self._show_labels(visible)
        if model is None:
            self._hidden_caption.setText(self.tr("Hidden units"))
            return
        hidden = model.parameters.expect_hidden(visible.reshape(1, -1))
        sampled = bool(self._mode.currentData())
        if sampled:
            hidden = bernoulli(hidden, self._rng)
        restored = model.parameters.expect_visible(hidden)
        self._hidden.set_image(grey_image(_as_grid(hidden[0])))
        self._hidden_caption.setText(
            self.tr("{0} of {1} units on").format(round(float(hidden.sum())), hidden.size)
            if sampled
            else self.tr("{0} units, p(h|v)").format(hidden.size)
        )
        self.reconstruction.set_image(grey_image(restored.reshape(shape)))

    def _show_labels(self, visible: FloatArray) -> None:
        model = self._session.model
        knows_labels = model is not None and model.parameters.label_num > 0
        self._question.setVisible(knows_labels)
        if model is not None and knows_labels:
            self._labels.set_probabilities(model.parameters.label_probabilities(visible.reshape(1, -1))[0])

    def _input(self, shape: tuple[int, int]) -> FloatArray:
        picture = self.canvas.picture()
        image = (
            render(
                self.canvas.strokes(),
                pen_width=self.canvas.pen_width,
                normalize=self._normalize.isChecked(),
                canvas_size=_CANVAS_SIZE,
            )
            if picture is None
            else grey_values(picture)
        )
        return resample(image, shape)


def _as_grid(hidden: FloatArray) -> FloatArray:
    """Return hidden units as a picture, nearly square; the last row may have units missing, shown as off."""
    columns = tile_columns(len(hidden), 1.0)
    rows = -(-len(hidden) // columns)
    grid = np.zeros(rows * columns, dtype=np.float32)
    grid[: len(hidden)] = hidden
    return grid.reshape(rows, columns)
