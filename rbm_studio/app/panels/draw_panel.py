"""The Draw panel: a drawing, what the network makes of it and restores from it, live, and the chain that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.chain_controls import ChainControls
from rbm_studio.app.class_row import KEYS, ClassRow
from rbm_studio.app.cover_controls import CoverControls
from rbm_studio.app.draw_pictures import DrawPictures
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import as_seen
from rbm_studio.app.images import grey_image
from rbm_studio.app.lab_chain import LabChain
from rbm_studio.app.likeness_words import caveat, has_ink
from rbm_studio.app.pen_controls import PenControls
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.app.yardstick import Yardstick, as_trained
from rbm_studio.core.gibbs import Stage
from rbm_studio.core.sampling import sample_hidden

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model
    from rbm_studio.core.backend import FloatArray

FRAME_MS = 8  # half a frame of a 60 Hz screen: waiting and work together then take less than one


class DrawPanel(QWidget):
    """A canvas; beside it the network's input, its hidden units, the reconstruction, and the classes if it knows any.

    Where the model knows classes, a row of them asks it to draw one. Two rows of controls come when they are asked for:
    one steps or runs the Gibbs chain from the drawing, the other covers a part of it, or holds a class, and lets the
    model complete the rest.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    rng : numpy.random.Generator, optional
        Where samples come from; unpredictable without it.

    Attributes
    ----------
    pictures : DrawPictures
    canvas : DrawingCanvas
    reconstruction : StageView
    lab : LabChain
    """

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, rng: np.random.Generator | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._rng = rng or np.random.default_rng()
        self._drawing: FloatArray = np.zeros((0, 0), dtype=np.float32)
        self._run_state = session.run_state
        # The one that the drawing and the chains are of: the session may have another one a little earlier.
        self._model: Model | None = None
        # Numbers of its own: how often the window is drawn anew has no part in what the chains do.
        self._yardstick = Yardstick(session, self)
        self._read: tuple[Model, FloatArray] | None = None
        own = self._rng.spawn(1)[0]
        self.lab = LabChain(own, lambda: not self.visibleRegion().isEmpty(), self._yardstick.known, self)
        self.pictures = DrawPictures(session.selection)
        self.canvas, self.reconstruction = self.pictures.canvas, self.pictures.reconstruction
        self._mode = QComboBox()
        self._pen = PenControls(self.canvas)
        self._chain = ChainControls(self.lab, self._mode)
        self._cover = CoverControls(self.lab, self._chain.run_action)
        self._classes = ClassRow(self.lab)
        self._rows = {self._switch(self.tr("Chain")): self._chain, self._switch(self.tr("Cover")): self._cover}
        self._pen.add(PictureButton(self.pictures.pictures, session))
        self._throttle = Throttle(FRAME_MS, self.refresh, self)
        self._arrange()
        self._explain()
        self._connect()
        self._show_images()
        self._offer_to_keep()
        self.refresh()

    def _switch(self, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setArrowType(Qt.ArrowType.RightArrow)
        self._pen.add(button)
        return button

    def _arrange(self) -> None:
        self._mode.addItem(self.tr("Hidden: sampled"), True)
        self._mode.addItem(self.tr("Hidden: mean field"), False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID // 2)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.pictures, 1)
        layout.addWidget(self._pen)
        layout.addWidget(self._classes)
        for row in self._rows.values():
            layout.addWidget(row)
            row.hide()

    def _explain(self) -> None:
        self._mode.setAccessibleName(self.tr("Hidden units"))
        self._mode.setToolTip(
            self.tr(
                "Of the live reconstruction. Sampled: each hidden unit is 0 or 1 by chance, as in the article.\n"
                "Mean field: each keeps its probability."
            )
        )
        chain, cover = self._rows
        chain.setToolTip(self.tr("Go on from the drawing, stage by stage: v → p(h|v) → h → p(v|h) → v (F3, F4)"))
        cover.setToolTip(self.tr("Cover a part of the drawing, or name a class, and let the model complete the rest"))

    def _connect(self) -> None:
        session, lab = self._session, self.lab
        self.addActions([self._chain.step_action, self._chain.run_action])
        for button in self._rows:
            button.toggled.connect(self._keep_one_row)
        self._pen.input_changed.connect(self._throttle.request)
        self._pen.digit_asked.connect(self.show_random_digit)
        self._pen.keep_asked.connect(session.drawings.keep)
        session.drawings.offered.connect(self._offer_to_keep)
        session.drawings.wanted.connect(self._put_back)
        session.drawings.came.connect(self._put)
        self._mode.currentIndexChanged.connect(self._throttle.request)
        self._cover.mean_changed.connect(self._show_completions)
        self.canvas.strokes_changed.connect(self._throttle.request)
        self.canvas.failed.connect(session.failed)
        self.canvas.noticed.connect(session.noticed)
        session.ending.connect(self.canvas.shut_down)
        self.pictures.seen.brushed.connect(lab.cover_pixels)
        self._classes.asked.connect(lab.draw)
        self._yardstick.changed.connect(self._show_answer)
        lab.moved.connect(self._show_chain)
        lab.restarted.connect(self._show_restart)
        lab.run_changed.connect(self._open_chain)
        self._chain.step_action.triggered.connect(self._open_chain)
        session.model_changed.connect(self._throttle.request)
        session.images_changed.connect(self._show_images)
        session.run_state_changed.connect(self._follow_training)
        session.curve_started.connect(self._leave_chain)

    def _keep_one_row(self) -> None:
        """Close the other row before one opens: there is no height for both, and the window would grow for them."""
        opened = self.sender()
        for button in self._rows:
            if isinstance(opened, QToolButton) and opened.isChecked() and button is not opened:
                button.setChecked(False)
        for button, row in sorted(self._rows.items(), key=lambda item: item[0].isChecked()):
            row.setVisible(button.isChecked())
            button.setArrowType(Qt.ArrowType.DownArrow if button.isChecked() else Qt.ArrowType.RightArrow)
        self._show_brush()
        self._close_chain()

    def _close_chain(self) -> None:
        """Bring the live reconstruction back with the last row that says what the chain does, and can stop it."""
        chain, *_ = self._rows
        if not any(button.isChecked() for button in self._rows):
            self.lab.pause()
        if not chain.isChecked():
            self._leave_chain()

    def _open_chain(self) -> None:
        chain, *others = self._rows
        stepped = self.sender() is self._chain.step_action
        if (self.lab.is_running or stepped) and not any(button.isChecked() for button in others):
            chain.setChecked(True)

    def _show_brush(self) -> None:
        self.pictures.seen.set_brush(self._cover.isVisibleTo(self) or self.lab.held.covers)

    def _offer_to_keep(self) -> None:
        self._pen.set_can_keep(self._session.drawings.can_keep)

    def _show_images(self) -> None:
        self._pen.set_has_digits(self._session.images is not None)

    def _follow_training(self) -> None:
        state, before = self._session.run_state, self._run_state
        self._run_state = state
        if state is RunState.RUNNING and before is RunState.IDLE:
            self._leave_chain()

    def _leave_chain(self) -> None:
        """Bring the live reconstruction back when a training begins or another model comes, unless the chain runs."""
        if self.lab.is_active and not self.lab.is_running:
            self.lab.restart()

    def show_random_digit(self) -> None:
        """Put one of the held-out images on the canvas."""
        images = self._session.images
        if images is not None:
            original = images.original.examples
            self.canvas.set_picture(grey_image(original[self._rng.integers(len(original))]))

    def _put_back(self, kept: Kept) -> None:
        """Put a kept drawing on the canvas, as it was kept."""
        self._put(kept)
        self.canvas.setFocus()

    def _put(self, kept: Kept) -> None:
        drawing = kept.drawing
        self._pen.choose(kept.pen_width, normalizes=kept.normalize)
        if drawing.picture is not None:
            self.canvas.set_picture(drawing.picture, imported=drawing.is_imported)
        else:
            self.canvas.set_strokes(drawing.strokes)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Let a chain go on that stood still out of sight: Qt shows no dock behind another, but does not hide it."""
        super().paintEvent(event)
        self.lab.wake()

    def minimumSizeHint(self) -> QSize:
        """Return the least size, without the row of classes: the pictures make room for it, and the window need not."""
        least = super().minimumSizeHint()
        if not self._classes.isHidden():
            least.setHeight(least.height() - self._classes.minimumSizeHint().height() - GRID // 2)
        return least

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Draw a class by its figure; stop that, or put it away, with Escape."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        label = event.key() - Qt.Key.Key_0
        taken = plain and not event.isAutoRepeat()
        if taken and 0 <= label < KEYS:
            taken = self._classes.ask(label)
        elif taken and event.key() == Qt.Key.Key_Escape:
            taken = self._classes.end()
        else:
            taken = False
        if not taken:
            super().keyPressEvent(event)

    # --- the drawing

    def refresh(self) -> None:
        """Show what the model makes of what lies on the canvas."""
        model = self._model = self._session.model
        shape = model.image_shape if model else self._session.settings.image_shape
        drawing, pen_width, normalizes = self._on_canvas(), self.canvas.pen_width, self._pen.normalizes
        self._drawing = as_seen(drawing, shape, pen_width=pen_width, normalize=normalizes)
        self._session.drawings.show(self._drawing)
        self._session.drawings.offer(drawing, pen_width=pen_width, normalize=normalizes)
        began = self.lab.set_input(model.parameters if model else None, self._drawing)
        for row in (self._cover, self._classes):
            row.set_classes(model.parameters.label_num if model else 0)
        self._classes.set_advice(self._advice(model))
        if began or not self.lab.is_active:
            self._show_live()
        if began:
            # Chains that go on will show themselves, when the hand gives them the time.
            if not (self.lab.is_running or self.lab.is_settling):
                self._show_completions()
            self._chain.show_count()
            self._cover.show_state()
            self._classes.show_state()

    def _advice(self, model: Model | None) -> str:
        """Return why a model may not draw its classes."""
        if model is None or not model.epochs_trained:
            return self.tr("It is not trained yet.")
        if model.training.gradient == "cd":
            return self.tr("It was trained by CD, whose chains never run freely: PCD learns what its own chains draw.")
        return self.tr("Longer training, or more hidden units, may help.")

    def _on_canvas(self) -> Drawing:
        canvas, picture = self.canvas, self.canvas.picture()
        if picture is None:
            return Drawing(tuple(canvas.strokes()))
        # What the eraser took of a picture is gone from it.
        return Drawing(picture=picture, is_imported=canvas.picture_is_imported)

    def _show_live(self) -> None:
        model, chains = self._model, self.lab.chains
        self.pictures.show_seen(self._drawing, self.lab)
        if model is None or chains is None:
            self.pictures.show_no_model()
            self._show_labels(None, self._drawing)
            return
        # Nobody sees what is covered: in its place is what the chains have put there so far.
        visible = chains.visible if self.lab.held.covers else self._drawing.reshape(1, -1)
        self._show_labels(model, chains.visible if self.lab.held.anything else visible)
        sampled = bool(self._mode.currentData())
        hidden = (
            sample_hidden(model.parameters, visible[:1], self._rng)
            if sampled
            else model.parameters.expect_hidden(visible[:1])
        )
        restored = model.parameters.expect_visible(hidden).reshape(self._drawing.shape)
        self.pictures.show_restored(hidden[0], restored, sampled=sampled)

    def _show_labels(self, model: Model | None, visible: FloatArray) -> None:
        self._read = None if model is None or not model.parameters.label_num else (model, visible)
        self._show_answer()

    def _show_answer(self) -> None:
        if self._read is None:
            self.pictures.show_labels(None)
            return
        model, visible = self._read
        if not has_ink(visible):
            self.pictures.show_no_answer()
            return
        # The mean over chains that sample v given what is held estimates p(y | what is held).
        probabilities = model.parameters.label_probabilities(visible).mean(axis=0)
        self.pictures.show_labels(probabilities, caveat(self._yardstick.known(), as_trained(model, visible)))

    # --- the chain

    def _show_restart(self) -> None:
        self._show_brush()
        self._show_live()
        self._show_completions()

    def _show_chain(self) -> None:
        model, chains = self._model, self.lab.chains
        if model is None or chains is None:
            return
        self._show_completions()
        if self.lab.is_active:
            self.pictures.show_stage(chains, self.lab, self._drawing.shape)
            if chains.stage is Stage.VISIBLE:
                self._show_labels(model, chains.visible if self.lab.held.covers else chains.visible[:1])
        elif self.lab.held.covers:
            self._show_live()
        elif self.lab.held.label is not None:
            self._show_labels(model, chains.visible)

    def _show_completions(self) -> None:
        self.pictures.show_completions(self.lab.chains, self.lab, self._drawing.shape, mean=self._cover.shows_mean)
