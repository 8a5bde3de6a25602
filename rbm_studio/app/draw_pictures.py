"""The pictures of the Draw panel in the order of the chain, and what is said under each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.completion_view import CompletionView
from rbm_studio.app.controls import explain
from rbm_studio.app.cover_view import CoverView
from rbm_studio.app.images import grey_image
from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.pictures import PixelPicture, plot_picture
from rbm_studio.app.stage_view import HiddenView, StageView
from rbm_studio.app.theme import GRID
from rbm_studio.core.gibbs import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QResizeEvent

    from rbm_studio.app.lab_chain import LabChain
    from rbm_studio.app.likeness_words import Caveat
    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.selection import Selection
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.gibbs import GibbsChains


class DrawPictures(QWidget):
    """The drawing | what the network sees of it, v | the hidden units, h | p(v|h) | chains | classes.

    The last two are there when they have something to show.

    Parameters
    ----------
    selection : Selection
        The hidden units and the pixel that are pointed at.
    parent : QWidget, optional

    Attributes
    ----------
    canvas : DrawingCanvas
    seen, hidden, reconstruction : CoverView, HiddenView, StageView
    completions : CompletionView
    labels : LabelBars
    """

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.canvas = DrawingCanvas()
        self.seen, self.hidden, self.reconstruction = CoverView(), HiddenView(selection), StageView()
        self.completions, self.labels = CompletionView(), LabelBars()
        self._captions: dict[QWidget, _Caption] = {}
        self._columns: dict[QWidget, QWidget] = {}
        self._arrange()
        self._explain()
        self.seen.clicked.connect(self._select_pixel)
        selection.pixel_changed.connect(lambda: self.seen.set_outlined(selection.pixel))

    def _arrange(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        named: dict[QWidget, str] = {
            self.canvas: self.tr("Your drawing"),
            self.seen: "",
            self.hidden: self.tr("Hidden units"),
            self.reconstruction: self.tr("Reconstruction"),
            self.completions: "",
            self.labels: self.tr("What is this?"),
        }
        for picture, name in named.items():
            caption = _Caption(name)
            # A widget: a layout of hidden ones would keep its room.
            whole = QWidget()
            column = QVBoxLayout(whole)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(GRID // 2)
            column.addWidget(picture, 1)
            column.addWidget(caption)
            layout.addWidget(whole, 1)
            self._captions[picture], self._columns[picture] = caption, whole
        self._columns[self.completions].hide()
        self._columns[self.labels].hide()

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self.seen: (
                self.tr("What the network sees"),
                self.tr(
                    "The visible units, v: your drawing, pixel by pixel, or what the chain has made of it.\n"
                    "With “Cover” open, drag over it to cover pixels."
                ),
            ),
            self.hidden: (
                self.tr("Hidden units"),
                self.tr(
                    "The hidden units, h, unit 1 at the top left: black is 0, white is 1.\n"
                    "Click one to see it everywhere."
                ),
            ),
            self.reconstruction: (
                self.tr("Reconstruction"),
                self.tr("The visible units' expectation, given the hidden units: p(v|h)"),
            ),
            self.completions: (
                self.tr("Chains"),
                self.tr("p(v|h) of each chain: what is not covered is held, the model fills in the rest"),
            ),
            self.labels: (self.tr("What is this?"), ""),
        }
        explain(tips)
        self._explain_labels(None)

    def caption(self, picture: QWidget) -> str:
        """Return what is said under a picture."""
        return self._captions[picture].text()

    def pictures(self) -> list[Picture]:
        """Return what can be copied or saved of what is shown, in its order."""
        found: list[Picture] = []
        if self.canvas.strokes() or self.canvas.picture() is not None:
            found.append(self.canvas.sheet(self.tr("Your drawing")))
        for view in (self.seen, self.hidden, self.reconstruction, self.completions):
            picture = view.picture()
            if not self._columns[view].isHidden() and not picture.isNull():
                found.append(PixelPicture(view.accessibleName(), picture))
        if not self._columns[self.labels].isHidden():
            found.append(plot_picture(self.labels.accessibleName(), self.labels, self.tr("p(y|v), class by class")))
        return found

    def _say(self, picture: QWidget, words: str, *, short: str = "", marked: bool = False) -> None:
        self._captions[picture].say(words, short or words, bold=marked)
        if isinstance(picture, StageView):
            picture.set_marked(marked)

    # --- at rest

    def show_seen(self, visible: FloatArray, lab: LabChain) -> None:
        """Show the drawing as the network sees it, of shape (height, width), and what of it is covered."""
        self.seen.set_covered(lab.held.covered)
        self.seen.set_hides(True)
        self.seen.set_image(grey_image(visible))
        covered = int(lab.held.covered.sum())
        seen = self.tr("Seen as {0}×{1}").format(*visible.shape)
        words = self.tr("{0} px covered").format(covered) if covered else seen
        self._say(self.seen, words)

    def show_restored(self, hidden: FloatArray, restored: FloatArray, *, sampled: bool) -> None:
        """Show the hidden units, of shape (H,), and the picture of shape (height, width) restored from them."""
        self.hidden.set_units(hidden)
        on = (round(float(hidden.sum())), hidden.size)
        if sampled:
            self._say(
                self.hidden, self.tr("{0} of {1} units on").format(*on), short=self.tr("{0} of {1} on").format(*on)
            )
        else:
            self._say(self.hidden, self.tr("{0} units, p(h|v)").format(hidden.size), short=self.tr("p(h|v)"))
        self.reconstruction.set_image(grey_image(restored))
        self._say(self.reconstruction, self.tr("Reconstruction"))

    def show_no_model(self) -> None:
        """Say what would be there with a model."""
        self._say(self.hidden, self.tr("Hidden units"))
        self._say(self.reconstruction, self.tr("Reconstruction"))

    # --- the chain

    def show_stage(self, chains: GibbsChains, lab: LabChain, shape: tuple[int, int]) -> None:
        """Show the first chain's stages, and mark the one that was made last."""
        stage = chains.stage
        self.seen.set_covered(lab.held.covered)
        self.seen.set_hides(False)
        self.seen.set_image(grey_image(chains.visible[0].reshape(shape)))
        expects = stage is Stage.HIDDEN_PROBABILITIES
        self.hidden.set_units((chains.hidden_probabilities if expects else chains.hidden)[0])
        # Before the chains' first expectation of v there is but what they started from.
        to_come = not lab.steps and stage is not Stage.VISIBLE_PROBABILITIES
        expected = chains.visible_probabilities[0].reshape(shape)
        self.reconstruction.set_image(grey_image(np.zeros_like(expected) if to_come else expected))
        in_v, in_h = stage is Stage.VISIBLE, stage in (Stage.HIDDEN_PROBABILITIES, Stage.HIDDEN)
        in_p = stage is Stage.VISIBLE_PROBABILITIES
        # Arrows point from where the stage came.
        v = self.tr("← v sampled") if in_v else self.tr("v sampled") if lab.steps else self.tr("v: the drawing")
        self._say(self.seen, v, marked=in_v)
        on = round(float(chains.hidden[0].sum()))
        sampled = self.tr("h sampled") if in_h else self.tr("h: {0} on").format(on)
        h = self.tr("→ p(h|v)") if expects else sampled
        self._say(self.hidden, h, marked=in_h)
        p = self.tr("→ p(v|h)") if in_p else self.tr("p(v|h) to come") if to_come else self.tr("p(v|h)")
        self._say(self.reconstruction, p, marked=in_p)

    def show_completions(
        self, chains: GibbsChains | None, lab: LabChain, shape: tuple[int, int], *, mean: bool
    ) -> None:
        """Show p(v|h) of all chains, or their mean, while something is held."""
        held = chains is not None and lab.held.anything
        self._columns[self.completions].setVisible(held)
        if chains is None or not held:
            return
        pictures = chains.visible_probabilities.reshape(-1, *shape)
        count = len(chains)
        self.completions.set_pictures(pictures.mean(axis=0, keepdims=True) if mean else pictures)
        if mean and count > 1:
            words = self.tr("Mean of {0} chains").format(count)
        elif lab.held.covers:
            words = self.tr("Completions: {0}").format(count)
        else:
            words = self.tr("Drawn as {0}").format(lab.held.label)
        self._say(self.completions, words)

    def show_labels(self, probabilities: NDArray[np.float64] | None, caveat: Caveat | None = None) -> None:
        """Show the probabilities of the classes, of shape (C,), and why they are to be doubted; None hides them."""
        self._columns[self.labels].setVisible(probabilities is not None)
        if probabilities is not None:
            self.labels.set_probabilities(probabilities, caveat)
            self._explain_labels(caveat)

    def show_no_answer(self) -> None:
        """Say that nothing is drawn, in the place of the classes."""
        self._columns[self.labels].show()
        self.labels.set_nothing(self.tr("Draw something: then it says here what it takes it for."))
        self._explain_labels(None)

    def _explain_labels(self, caveat: Caveat | None) -> None:
        explained = self.tr(
            "How likely the model takes each class to be, p(y|v): the hidden units are summed out.\n"
            "With pixels covered, or a class held: the mean over the chains.\n"
            "It always names some class; the free energy tells whether the image is like the data at all."
        )
        self.labels.setToolTip(explained if caveat is None else f"{caveat.words}\n\n{explained}")

    def _select_pixel(self, row: int, column: int) -> None:
        image = self.seen.image()
        if image is not None:
            self._selection.toggle_pixel(row * image.width() + column)


class _Caption(QLabel):
    """A line under a picture; a shorter one where it finds no room."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = self._short = words
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, words: str, short: str, *, bold: bool) -> None:
        self._words, self._short = words, short
        font = self.font()
        if font.bold() != bold:
            font.setBold(bold)
            self.setFont(font)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().horizontalAdvance(self._words) <= self.width()
        words = self._words if fits else self._short
        if words != self.text():
            self.setText(words)
