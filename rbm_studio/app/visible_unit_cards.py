"""The cards of a visible unit's page: a pixel's weights to all hidden units, and how the model restores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.card_grid import Card
from rbm_studio.app.facts_view import FactsView
from rbm_studio.app.images import grey_image
from rbm_studio.app.numbers import fixed, short, signed
from rbm_studio.app.pictures import PixelPicture
from rbm_studio.app.pixel_chooser import PixelChooser
from rbm_studio.app.theme import GRID
from rbm_studio.app.unit_cards import UnitCards
from rbm_studio.app.weights_picture import WeightsPicture
from rbm_studio.core.similarity import cosines, most_alike

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.state import Images, Model
    from rbm_studio.app.unit_measuring import Measured, UnitMeasuring


class VisibleUnitCards(UnitCards):
    """Makes the cards, and fills them; see `UnitCards`."""

    def __init__(self, measuring: UnitMeasuring, parent: QObject | None = None) -> None:
        super().__init__(measuring, self.tr("Its weights"), self._weights_tip(), parent)
        self._read_unit, self._read_other = -1, -1
        self._most_alike = -1
        self._bias = 0.0
        self._place = PixelChooser()
        self._units, self._alike = WeightsPicture(), WeightsPicture(limit=1.0)
        self._facts = FactsView(
            [
                self.tr("Bias"),
                self.tr("p(v = 1) by the bias alone"),
                self.tr("Mean in the data"),
                self.tr("Mean when restored"),
            ]
        )
        self._make_cards()
        self._place.setAccessibleName(self.tr("Place of the pixel"))
        self._units.picture.setAccessibleName(self.tr("Weights of the pixel to the hidden units"))
        self._alike.picture.setAccessibleName(self.tr("Pixels like it"))
        self._connect()

    def _make_cards(self) -> None:
        self._place_card = Card(self.tr("Where it lies"), self._place, self._place_tip())
        self._units_card = Card(self.tr("Weights to the hidden units"), self._units, self._units_tip())
        self._facts_card = Card(self.tr("How often it is on"), self._facts, self._facts_tip())
        self._alike_card = Card(self.tr("Pixels most like it"), self._alike, self._alike_tip())

    def _connect(self) -> None:
        self._place.clicked.connect(lambda row, column: self.pixel_chosen.emit(row * self._width + column))
        self._alike.chosen.connect(self.pixel_chosen)
        self._alike.pointed_at.connect(self._read_alike)
        self._units.chosen.connect(self.unit_chosen)
        self._units.pointed_at.connect(self._read_weight)
        self._units.pointed_at.connect(self.unit_pointed_at)

    def cards(self) -> list[tuple[Card, int]]:
        """Return all cards in their order, each with the width that it wants."""
        return [
            (self._place_card, 26 * GRID),
            (self._units_card, 34 * GRID),
            (self._facts_card, 42 * GRID),
            (self._alike_card, 31 * GRID),
            (self._weights_card, 30 * GRID),
        ]

    def prints(self, whose: str) -> list[Picture]:
        """Return what can be copied or saved: the cards, and the maps pixel by pixel."""
        cards = (self._place_card, self._units_card, self._alike_card, self._weights_card)
        maps = ((self._units_card, self._units), (self._alike_card, self._alike))
        return [
            *(card.picture(whose) for card in cards),
            *(
                PixelPicture(self.tr("{0}, pixel by pixel ({1})").format(card.title(), whose), shown.picture.picture())
                for card, shown in maps
            ),
        ]

    def show_model(self, model: Model, images: Images | None, pixel: int) -> None:
        """Show a pixel's place and weights, and the pixels that are like it."""
        p = model.parameters
        self._width = model.image_shape[1]
        self._show_place(model, images, pixel)
        row = p.w[pixel]
        self._units.set_values(row, whose=pixel)
        self._read_weight(self._read_unit)
        alike = cosines(p.w[[pixel]].T, p.w.T)[0]
        self._most_alike = next(iter(most_alike(alike, pixel, 1)), -1)
        self._alike.set_values(alike, self._width)
        self._alike.set_marked(pixel)
        self._read_alike(self._read_other)
        self._show_weights(row, pixel)
        self._bias = float(p.visible_bias[pixel])

    def _show_place(self, model: Model, images: Images | None, pixel: int) -> None:
        height, width = model.image_shape
        known = images is not None and images.dataset.image_shape == model.image_shape
        mean = images.mean if images is not None and known else np.zeros(height * width, dtype=np.float32)
        self._place.set_image(grey_image(mean.reshape(height, width)))
        self._place.set_marked(divmod(pixel, width))
        self._place_card.set_caption(self.tr("Mean of the data.") if known else "", self.tr("Click another pixel."))

    def _read_weight(self, unit: int) -> None:
        self._read_unit = unit
        weight = self._units.value(unit)
        if weight is None:
            self._units_card.set_caption(
                self.tr("Hidden unit 1 at the top left."), self.tr("Click a unit for its own page.")
            )
        else:
            self._units_card.set_caption(self.tr("Hidden unit {0}: weight {1}").format(unit + 1, signed(weight)))

    def _read_alike(self, pixel: int) -> None:
        self._read_other = pixel
        words, shown = self.tr("Row {0}, column {1}: cosine {2}"), pixel
        if self._alike.value(shown) is None:
            words, shown = self.tr("Most: row {0}, column {1}, cosine {2}"), self._most_alike
        cosine = self._alike.value(shown)
        row, column = divmod(shown, self._width)
        self._alike_card.set_caption("" if cosine is None else words.format(row + 1, column + 1, fixed(cosine, 2)))

    def point_out(self, unit: int) -> None:
        """Outline a hidden unit that is pointed at elsewhere."""
        self._units.set_marked(unit)

    def show_activity(self, measured: Measured | None, pixel: int) -> None:
        """Show how often the pixel is on in the data, and in their reconstructions, as far as that is known."""
        alone = 1 / (1 + np.exp(-np.clip(self._bias, -80, 80)))
        figures = [signed(self._bias), short(float(alone), 3)]
        if measured is None:
            self._facts.set_figures([*figures, "–", "–"])
            self._facts_card.set_caption(self._measuring.missing_words())
            return
        activity = measured.activity
        means = (activity.mean_visible[pixel], activity.mean_reconstruction[pixel])
        self._facts.set_figures([*figures, *(fixed(float(mean), 3) for mean in means)])
        self._facts_card.set_caption(self.tr("Means, mean field; {0}").format(self._measuring.training_words(measured)))

    # --- what the cards measure, and how to read them

    def _place_tip(self) -> str:
        return self.tr(
            "Where the pixel lies in the image; behind it the mean of all training images.\n"
            "Click another pixel, or go there with the arrow keys and press Enter."
        )

    def _units_tip(self) -> str:
        return self.tr(
            "This pixel's weight to each hidden unit, row by row in the units' order: where it is orange, ink here\n"
            "switches the unit on, and the unit puts ink here. Click a unit, or go there with the arrow keys and Enter."
        )

    def _facts_tip(self) -> str:
        return self.tr(
            "The pixel's bias, and how often it would be on without any hidden unit; its mean in the training images,\n"
            "and in their reconstructions: p(v = 1 | h), with p(h = 1 | v) in the place of h."
        )

    def _alike_tip(self) -> str:
        return self.tr(
            "For each pixel, the cosine of the angle between its weights and those of this one: orange pixels go\n"
            "with it, blue ones against it. Click a pixel, or go there with the arrow keys and press Enter."
        )

    def _weights_tip(self) -> str:
        return self.tr("How many of this pixel's weights have which size; the outermost bars hold what lies beyond.")
