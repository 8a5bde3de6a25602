"""The cards of a hidden unit's page: what it looks for, when it is on, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.card_grid import Card
from rbm_studio.app.colour_scale import calm_limit, reach_of
from rbm_studio.app.images import diverging_image, grey_image
from rbm_studio.app.numbers import fixed, short, signed
from rbm_studio.app.picture_row import CaptionedPicture, PictureRow
from rbm_studio.app.pictures import PixelPicture
from rbm_studio.app.probability_histogram import ProbabilityHistogram
from rbm_studio.app.theme import GRID
from rbm_studio.app.unit_cards import UnitCards
from rbm_studio.app.weights_picture import WeightsPicture
from rbm_studio.core.similarity import cosines, most_alike
from rbm_studio.core.unit_activity import EXTREMES, Extremes
from rbm_studio.core.unit_probes import unit_effect

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.state import Model
    from rbm_studio.app.unit_measuring import Measured, UnitMeasuring
    from rbm_studio.core.backend import FloatArray

ALIKE = 6
_EFFECTS = 6
# Smaller changes of a probability are shown pale: they are none.
_LEAST_CHANGE = 0.01
_SMALL = 0.001


class HiddenUnitCards(UnitCards):
    """Makes the cards, and fills them; see `UnitCards`."""

    def __init__(self, measuring: UnitMeasuring, parent: QObject | None = None) -> None:
        super().__init__(measuring, self.tr("Its incoming weights"), self._weights_tip(), parent)
        self._filter_words = ""
        self._pixel = -1
        self._alike: tuple[int, ...] = ()
        self._change_limit: float | None = None
        self._filter, self._probabilities = WeightsPicture(), ProbabilityHistogram()
        self._most, self._least = PictureRow(EXTREMES), PictureRow(EXTREMES)
        self._like = PictureRow(ALIKE, widest="0000: 0.00", active=True)
        # Side by side, or each difference below what it is of.
        self._effect = PictureRow(_EFFECTS, columns=(_EFFECTS, _EFFECTS // 2))
        self._make_cards()
        self._filter.picture.setAccessibleName(self.tr("Filter of the hidden unit"))
        self._filter.chosen.connect(self.pixel_chosen)
        self._filter.pointed_at.connect(self._read_pixel)
        self._like.clicked.connect(lambda index: self.unit_chosen.emit(self._alike[index]))
        self._like.hovered.connect(
            lambda index: self.unit_pointed_at.emit(self._alike[index] if 0 <= index < len(self._alike) else -1)
        )

    def _make_cards(self) -> None:
        probability = self.tr("p(h = 1 | v) over the data")
        self._filter_card = Card(self.tr("Filter: its weights"), self._filter, self._filter_tip())
        self._probabilities_card = Card(probability, self._probabilities, self._probabilities_tip())
        self._most_card = Card(self.tr("Switched on most by"), self._most, self._extremes_tip())
        self._least_card = Card(self.tr("Switched on least by"), self._least, self._extremes_tip())
        self._effect_card = Card(self.tr("Your drawing, restored"), self._effect, self._effect_tip())
        self._like_card = Card(self.tr("Units most like it"), self._like, self._like_tip())

    def cards(self) -> list[tuple[Card, int]]:
        """Return all cards in their order, each with the width that it wants."""
        return [
            (self._filter_card, 31 * GRID),
            # What the unit does, seen whole beside what it looks for, also in a window of 1024 px.
            (self._effect_card, 58 * GRID),
            (self._probabilities_card, 42 * GRID),
            (self._most_card, 58 * GRID),
            (self._like_card, 68 * GRID),
            (self._least_card, 58 * GRID),
            (self._weights_card, 30 * GRID),
        ]

    def prints(self, whose: str) -> list[Picture]:
        """Return what can be copied or saved: the cards that show something, and the filter pixel by pixel."""
        shows = {
            self._filter_card: True,
            self._probabilities_card: self._probabilities.counts() is not None,
            self._weights_card: True,
            self._most_card: bool(self._most.pictures()),
            self._least_card: bool(self._least.pictures()),
            self._like_card: bool(self._like.pictures()),
            self._effect_card: bool(self._effect.pictures()),
        }
        pixels = self.tr("Filter, pixel by pixel ({0})").format(whose)
        return [
            *(card.picture(whose) for card, has_something in shows.items() if has_something),
            PixelPicture(pixels, self._filter.picture.picture()),
        ]

    # --- what follows from the parameters alone

    def show_model(self, model: Model, unit: int) -> None:
        """Show a unit's weights, and the units that are like it."""
        p = model.parameters
        weights = np.ascontiguousarray(p.w[:, unit])
        self._width = model.image_shape[1]
        self._filter.set_values(weights, self._width, whose=unit)
        self._filter_words = self.tr("Bias {0}, length {1}.").format(
            signed(float(p.hidden_bias[unit])), short(float(np.linalg.norm(weights)), 3)
        )
        self._read_pixel(self._pixel)
        self._show_weights(weights, unit)
        self._show_alike(model, unit)

    def _read_pixel(self, pixel: int) -> None:
        self._pixel = pixel
        weight = self._filter.value(pixel)
        row, column = divmod(pixel, self._width)
        if weight is None:
            self._filter_card.set_caption(self._filter_words, self.tr("Click a pixel for its own page."))
        else:
            self._filter_card.set_caption(
                self.tr("Row {0}, column {1}: weight {2}").format(row + 1, column + 1, signed(weight))
            )

    def _show_alike(self, model: Model, unit: int) -> None:
        w = model.parameters.w
        alike = cosines(w[:, [unit]], w)[0]
        self._alike = most_alike(alike, unit, ALIKE)
        limit = self._filter.limit()
        pictures = [
            CaptionedPicture(
                diverging_image(w[:, other].reshape(model.image_shape), limit),
                self.tr("{0}: {1}").format(other + 1, fixed(float(alike[other]), 2)),
            )
            for other in self._alike
        ]
        self._like_card.set_caption(
            self.tr("Number of the unit, and cosine of the filters."), self.tr("Click one to go there.")
        )
        self._like.set_pictures(pictures, self.tr("There is no other unit."))

    def point_out(self, unit: int) -> None:
        """Outline a unit that is pointed at elsewhere, if it is among those that are alike."""
        self._like.set_marked(self._alike.index(unit) if unit in self._alike else -1)

    # --- what the unit does over the data

    def show_activity(self, measured: Measured | None, unit: int) -> None:
        """Show when a unit is on; without a measurement, why there is none."""
        if measured is None:
            words = self._measuring.missing_words()
            for card in (self._probabilities_card, self._most_card, self._least_card):
                card.set_caption("")
            self._probabilities.set_counts(None, words)
            for row in (self._most, self._least):
                row.set_pictures([], words)
            return
        activity = measured.activity
        self._probabilities.set_counts(activity.counts[unit])
        self._probabilities_card.set_caption(
            self.tr("Mean activity {0}; {1}").format(
                fixed(float(activity.mean_activity[unit]), 3), self._measuring.training_words(measured)
            )
        )
        self._show_extremes(self._most, self._most_card, activity.most, measured, unit)
        self._show_extremes(self._least, self._least_card, activity.least, measured, unit)

    def _show_extremes(self, row: PictureRow, card: Card, extremes: Extremes, measured: Measured, unit: int) -> None:
        card.set_caption(self.tr("p(h = 1 | v); {0}").format(self._measuring.test_words(measured)))
        images = measured.images.examples[measured.test_rows[extremes.images[unit]]]
        shape = measured.images.dataset.image_shape
        row.set_pictures(
            [
                CaptionedPicture(grey_image(image.reshape(shape)), _probability(float(probability)))
                for image, probability in zip(images, extremes.probabilities[unit], strict=True)
            ]
        )

    # --- what the unit does to the drawing

    def show_effect(self, model: Model, visible: FloatArray | None, unit: int) -> None:
        """Show what becomes of the drawing's reconstruction without the unit, and with it forced on."""
        if visible is None or visible.shape != model.image_shape:
            self._effect_card.set_caption("")
            self._effect.set_pictures([], self.tr("Draw a digit, to see what this unit does to it."))
            return
        effect = unit_effect(model.parameters, visible.ravel(), unit)
        off, on = effect.switched_off - effect.restored, effect.forced_on - effect.restored
        reach = max(reach_of(off), reach_of(on), _LEAST_CHANGE)
        limit = self._change_limit = calm_limit(reach, self._change_limit)
        shape = model.image_shape
        whose = self.tr("bare paper") if not visible.any() else self.tr("drawing")
        self._effect_card.set_caption(
            self.tr("p(h = 1 | {0}) = {1}; mean field; colour: ±{2}").format(
                whose, _probability(effect.probability), short(limit)
            )
        )
        self._effect.set_pictures(
            [
                CaptionedPicture(grey_image(visible), self.tr("drawing")),
                CaptionedPicture(grey_image(effect.restored.reshape(shape)), self.tr("as it is")),
                CaptionedPicture(grey_image(effect.switched_off.reshape(shape)), self.tr("unit off")),
                CaptionedPicture(diverging_image(off.reshape(shape), limit), self.tr("change")),
                CaptionedPicture(grey_image(effect.forced_on.reshape(shape)), self.tr("unit on")),
                CaptionedPicture(diverging_image(on.reshape(shape), limit), self.tr("change")),
            ]
        )

    # --- what the cards measure, and how to read them

    def _filter_tip(self) -> str:
        return self.tr(
            "The weights between this unit and each pixel: ink where it is orange switches the unit on,\n"
            "ink where it is blue switches it off. Below: the bias, and the length of the weights as a vector.\n"
            "Click a pixel, or go there with the arrow keys and press Enter."
        )

    def _probabilities_tip(self) -> str:
        return self.tr(
            "How many training images switch the unit on how far: their p(h = 1 | v), in bars 0.05 wide.\n"
            "A useful unit is off for most images, and on for some."
        )

    def _extremes_tip(self) -> str:
        return self.tr("Test images at this end of the unit's p(h = 1 | v), which stands below each.")

    def _effect_tip(self) -> str:
        return self.tr(
            "What the network restores from the drawing: as it is, with this unit's state held at 0, and at 1.\n"
            "The others keep their probabilities p(h = 1 | v). Orange: more ink than as it is; blue: less."
        )

    def _like_tip(self) -> str:
        return self.tr(
            "The units whose filters point most nearly the same way: the cosine of the angle between their weights,\n"
            "1 for the same filter, 0 for one that has nothing to do with it. Colours as those of the filter."
        )

    def _weights_tip(self) -> str:
        return self.tr("How many of this unit's weights have which size; the outermost bars hold what lies beyond.")


def _probability(value: float) -> str:
    """Return a probability in as many places as tell it from 0."""
    return fixed(value, 3) if value >= _SMALL or value == 0 else short(value, 2)
