"""Two models' filters side by side and their differences, with what a pair says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from rbm_studio.app.colour_scale import ColourBar
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.numbers import fixed, short
from rbm_studio.app.pair_mosaic import PairMosaic
from rbm_studio.app.pictures import plot_picture
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from rbm_studio.app.moments import Moment
    from rbm_studio.app.pair_pictures import PairPictures
    from rbm_studio.app.pictures import Picture

_EMPTY = np.empty((0, 1, 1), dtype=np.float32)


class ComparisonView(QWidget):
    """Three mosaics in one order of pairs: left, right, and right − left; pointing at a pair lights it in all three.

    Parameters
    ----------
    headings : sequence of three QWidget
        What stands above each.
    parent : QWidget, optional

    Attributes
    ----------
    hovered : Signal(int)
        The pair that is pointed at, or -1.
    clicked : Signal(int)
    """

    hovered = Signal(int)
    clicked = Signal(int)

    def __init__(self, headings: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: PairPictures | None = None
        self._lit = -1
        self._notice = QLabel()
        self.mosaics = [PairMosaic() for _ in range(3)]
        self._captions = [ElidedLabel(Qt.TextElideMode.ElideRight) for _ in range(3)]
        self._bars = [ColourBar() for _ in range(3)]
        self._is_common = False
        self._arrange(headings)
        for mosaic in self.mosaics:
            mosaic.hovered.connect(self.hovered)
            mosaic.clicked.connect(self.clicked)
        self.clear("")

    def _arrange(self, headings: Sequence[QWidget]) -> None:
        names = (
            self.tr("Filters of the left model"),
            self.tr("Filters of the right model"),
            self.tr("Differences of the filters, right less left"),
        )
        tips = (
            self.tr("One tile a pair: the same place in all three pictures. Where there is no partner it is empty."),
            self.tr("One tile a pair: the same place in all three pictures. Where there is no partner it is empty."),
            self.tr(
                "What would have to be added to the left filter to make it the right one.\n"
                "The number, or the bar where there is no room for one, is the pair's similarity: the cosine of the "
                "two filters."
            ),
        )
        colours = (
            self.tr("Colours of the left model's weights"),
            self.tr("Colours of the right model's weights"),
            self.tr("Colours of the differences, in a scale of their own"),
        )
        how = self.tr("Point at a pair, or go there with the arrow keys; click or press Enter to select its unit.")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 2)
        for column, mosaic in enumerate(self.mosaics):
            mosaic.setAccessibleName(names[column])
            mosaic.setToolTip(f"{tips[column]}\n{how}")
            grid.addWidget(headings[column], 0, column)
            grid.addWidget(mosaic, 1, column)
            grid.addWidget(self._captions[column], 2, column)
            grid.setColumnStretch(column, 1)
            grid.addWidget(self._bars[column], 3, column)
            self._bars[column].setAccessibleName(colours[column])
            self._bars[column].setToolTip(self.tr("{0}; beyond the ends they stay the same").format(colours[column]))
        grid.setRowStretch(1, 1)
        self._notice.setWordWrap(True)
        self._notice.setObjectName("quiet")
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._notice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        grid.addWidget(self._notice, 1, 0, 1, 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as there is room for."""
        super().resizeEvent(event)
        self.light(self._lit)

    # --- what is shown

    def pictures(self) -> PairPictures | None:
        """Return what is shown."""
        return self._pictures

    def notice(self) -> str:
        """Return what stands in the place of the pictures."""
        return self._notice.text()

    def captions(self) -> tuple[str, ...]:
        """Return what stands below the pictures."""
        return tuple(caption.accessibleName() for caption in self._captions)

    def clear(self, notice: str) -> None:
        """Show nothing, and why."""
        self._pictures = None
        self._notice.setText(notice)
        self._notice.setVisible(True)
        for mosaic, caption in zip(self.mosaics, self._captions, strict=True):
            mosaic.set_tiles(_EMPTY, 1.0)
            caption.set_text("")
        for bar in self._bars:
            bar.set_limit(None)
        self.light(-1)

    def show_pictures(self, pictures: PairPictures) -> None:
        """Show another comparison."""
        self._pictures = pictures
        self._notice.setText("")
        self._notice.setVisible(False)
        limits = [pictures.left_limit, pictures.right_limit, pictures.difference_limit]
        if self._is_common:
            limits[:2] = [max(limits[:2])] * 2
        for mosaic, bar, tiles, limit, similarity in zip(
            self.mosaics,
            self._bars,
            (pictures.left_tiles, pictures.right_tiles, pictures.differences),
            limits,
            (None, None, pictures.pairs.similarity),
            strict=True,
        ):
            mosaic.set_tiles(tiles, limit, similarity)
            bar.set_limit(limit)
        self.light(self._lit if self._lit < len(pictures.pairs.left) else -1)

    def set_common_scale(self, on: bool) -> None:
        """Colour both models' weights in one scale, or each in its own."""
        self._is_common = on
        if self._pictures is not None:
            self.show_pictures(self._pictures)

    def light(self, pair: int) -> None:
        """Outline a pair in all three, and say what there is to say of it; of all pairs with -1."""
        self._lit = pair
        for mosaic in self.mosaics:
            mosaic.light(pair)
        pictures = self._pictures
        if pictures is None:
            return
        left, right, difference = self._captions
        if pair < 0:
            for caption, moment in ((left, pictures.left), (right, pictures.right)):
                whole, short_form = self._model_words(moment)
                fits = caption.fontMetrics().horizontalAdvance(whole) <= caption.width()
                caption.set_text(whole if fits else short_form, self._model_note(moment))
            difference.set_text(self._total_words(pictures), self._total_note(pictures))
        else:
            left.set_text(self._unit_words(pictures.left, int(pictures.pairs.left[pair])))
            right.set_text(self._unit_words(pictures.right, int(pictures.pairs.right[pair])))
            difference.set_text(self._pair_words(pictures, pair))

    def prints(self, left: str, right: str) -> list[Picture]:
        """Return what can be copied or saved of sides with these names: the three mosaics, each with its colours."""
        pictures = self._pictures
        if pictures is None:
            return []
        names = (
            self.tr("Filters: {0}").format(left),
            self.tr("Filters: {0}").format(right),
            self.tr("Differences: {0} less {1}").format(right, left),
        )
        pairs = self.tr("{0} pairs of filters: {1} at the left, {2} at the right").format(
            len(pictures.pairs.left), left, right
        )
        words = (
            self._model_words(pictures.left)[0],
            self._model_words(pictures.right)[0],
            self.tr("{0}. In each tile: the pair's similarity, as a number or a bar").format(
                self._total_words(pictures)
            ),
        )
        return [
            plot_picture(name, mosaic, f"{pairs}. {said}.")
            for name, mosaic, said in zip(names, self.mosaics, words, strict=True)
        ]

    def lit(self) -> int:
        """Return the pair that is pointed at, or -1."""
        return self._lit

    def mark(self, pairs: tuple[int, ...]) -> None:
        """Outline the pairs that are selected."""
        for mosaic in self.mosaics:
            mosaic.mark(pairs)

    # --- words

    def _model_words(self, moment: Moment) -> tuple[str, str]:
        """Return the figures of a model, and the same in fewer letters."""
        record = moment.record
        if record is None:
            return (self.tr("KL not known"),) * 2
        training = fixed(record.training_kl, 4)
        if record.held_out_kl is None:
            return (self.tr("KL {0}").format(training),) * 2
        held_out = fixed(record.held_out_kl, 4)
        whole, short_form = self.tr("KL {0}, held out {1}"), self.tr("KL {0} / {1}")
        return whole.format(training, held_out), short_form.format(training, held_out)

    def _model_note(self, moment: Moment) -> str:
        units = self.tr("{0} hidden units.").format(moment.parameters.hidden_num)
        if moment.record is None:
            return f"{units}\n" + self.tr("No KL is known: no whole epoch lies behind it.")
        return f"{units}\n" + self.tr(
            "The article's KL in nats per pixel: mean over the training images of epoch {0},\n"
            "and of held-out images at its end."
        ).format(epoch_text(moment.record.epoch))

    def _total_words(self, pictures: PairPictures) -> str:
        found = pictures.found
        return self.tr("Similarity {0}, ‖Δ‖ {1}").format(
            fixed(found.mean_similarity, 2), short(found.total_distance, 3)
        )

    def _total_note(self, pictures: PairPictures) -> str:
        found = pictures.found
        return self.tr(
            "Mean similarity (cosine) of {0} pairs, and the norm of the difference of their weights.\n"
            "Norm of all weights: {1} at the left, {2} at the right. Biases are left out."
        ).format(int(found.matched.sum()), short(found.left_norm, 3), short(found.right_norm, 3))

    def _unit_words(self, moment: Moment, unit: int) -> str:
        if unit < 0:
            return self.tr("No partner")
        bias = float(moment.parameters.hidden_bias[unit])
        return self.tr("Unit {0}, bias {1}").format(unit + 1, fixed(bias, 2))

    def _pair_words(self, pictures: PairPictures, pair: int) -> str:
        pairs = pictures.pairs
        if not pairs.matched[pair]:
            return self.tr("In one model only")
        return self.tr("Similarity {0}, ‖Δ‖ {1}").format(
            fixed(pairs.similarity[pair], 2), short(float(pairs.distance[pair]), 3)
        )
