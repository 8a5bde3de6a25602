"""The cards of the Health panel: each measurement's plot, with what it says and on which data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QObject

from rbm_studio.app.card_grid import Card
from rbm_studio.app.chain_words import caption
from rbm_studio.app.gap_view import GapPoint, GapView
from rbm_studio.app.histogram_pair import HistogramPair
from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import tile
from rbm_studio.app.numbers import fixed, short
from rbm_studio.app.pictures import PixelPicture
from rbm_studio.app.theme import GRID
from rbm_studio.app.units_histogram import UnitsHistogram
from rbm_studio.app.units_scatter import UnitsScatter
from rbm_studio.app.units_view import UnitsView

if TYPE_CHECKING:
    from rbm_studio.app.chain_watch import Dreamt
    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.state import Model
    from rbm_studio.core.health import Distribution, Health, Particles

PARTICLES = 40
_PARTICLE_COLUMNS = 10
_GAP_GREY = 0.35


class HealthCards(QObject):
    """Makes the cards, and fills them.

    Parameters
    ----------
    parent : QObject, optional

    Attributes
    ----------
    units : UnitsView
    scatter : UnitsScatter
    biases : UnitsHistogram
        Of the hidden units' biases.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.units = UnitsView()
        self.scatter = UnitsScatter()
        self.biases = UnitsHistogram(self.tr("values"))
        self._gap = GapView()
        self._particles = ImageView()
        self._particles.setMinimumHeight(15 * GRID)
        self._dreamt = ImageView()
        self._dreamt.setMinimumHeight(15 * GRID)
        self._histograms = [HistogramPair(), HistogramPair(), HistogramPair(self.biases), HistogramPair()]
        self._units_card = Card(self.tr("Hidden units: p(h = 1 | v)"), self.units, self._units_tip(), wide=True)
        self._scatter_card = Card(
            self.tr("Units: length of filter × mean activity"), self.scatter, self._scatter_tip(), wide=True
        )
        names = (
            self.tr("Weights"),
            self.tr("Visible biases"),
            self.tr("Hidden biases"),
            self.tr("Weights of the label units"),
        )
        tips = (self._weights_tip(), self._biases_tip(), self._hidden_biases_tip(), self._weights_tip())
        self._histogram_cards = [
            Card(name, body, tip) for name, body, tip in zip(names, self._histograms, tips, strict=True)
        ]
        self._gap_card = Card(self.tr("Free-energy gap (nats)"), self._gap, self._gap_tip())
        self._particles_card = Card(self.tr("Negative particles"), self._particles, self._particles_tip(), wide=True)
        self._dreamt_card = Card(self.tr("Chains from noise"), self._dreamt, self._dreamt_tip(), wide=True)
        *_, self._label_card = self._histogram_cards
        self._label_card.set_present(False)
        _, _, self._biases_card, _ = self._histogram_cards
        # The pair has the card's name: a screen reader reads what has the focus.
        self.biases.setAccessibleName(self._biases_card.title())
        self._health: Health | None = None
        self._units_caption = self._scatter_caption = self._biases_caption = ""
        self.units.hovered.connect(self._read_unit)
        self.scatter.hovered.connect(self._read_unit)
        self.biases.hovered.connect(self._read_bar)

    def cards(self) -> list[Card]:
        """Return all cards, in their order."""
        *plain, labels = self._histogram_cards
        # Last, for it is not always there: the others keep their places.
        return [
            self._units_card,
            self._scatter_card,
            *plain,
            self._gap_card,
            self._particles_card,
            self._dreamt_card,
            labels,
        ]

    def pictures(self) -> list[Picture]:
        """Return what can be copied or saved: the plots as drawings, and what is made of pixels as it is."""
        pixels = (
            (self._units_card.title(), self.units.picture()),
            (self._particles_card.title(), self._particles.picture()),
            (self._dreamt_card.title(), self._dreamt.picture()),
        )
        if self.units.picture().isNull():
            return []
        always = (self._units_card, self._scatter_card)
        plots = [card for card in (*always, *self._histogram_cards) if card.is_present]
        if self._gap.points():
            plots.append(self._gap_card)
        return [
            *(card.picture() for card in plots),
            *(
                PixelPicture(self.tr("{0}, pixel by pixel").format(name), image)
                for name, image in pixels
                if not image.isNull()
            ),
        ]

    def begin_again(self) -> None:
        """Begin another model's life: its gap has a curve of its own."""
        self._gap.clear()

    def clear(self, notice: str) -> None:
        """Show nothing, and why."""
        self._health = None
        for view in (self.units, self.scatter):
            view.set_placeholder(notice)
        self._gap.clear()
        self._gap.set_placeholder(notice)
        self._particles.set_image(None)
        self._particles.set_placeholder(notice)
        for pair in self._histograms:
            pair.values.set_histogram(None)
            pair.updates.set_histogram(None)
        self.biases.set_units(None, np.empty(0, dtype=np.float32))
        self._units_caption = self._scatter_caption = self._biases_caption = ""
        for card in self.cards():
            card.set_caption("")

    def point_at(self, units: tuple[int, ...]) -> None:
        """Mark units that are pointed at, here or elsewhere, and tell of one."""
        unit = units[0] if len(units) == 1 else -1
        self.units.set_hovered(unit)
        for view in (self.units, self.scatter, self.biases):
            view.set_lit(units)
        self._read_unit(unit)
        self._read_bar(self.biases.hovered_bar())

    def set_selected(self, units: tuple[int, ...]) -> None:
        """Mark units that are selected."""
        for view in (self.units, self.scatter, self.biases):
            view.set_selected(units)

    def data_words(self, health: Health, model: Model) -> str:
        """Return what is measured on, and how it is made binary."""
        return self.tr("{0} training and {1} held-out images, always the same; {2}").format(
            health.images, health.held_out_images, self._binarisation(model)
        )

    def show(self, health: Health, model: Model) -> None:
        """Show a measurement of a model."""
        self._health = health
        self._show_units(health, model)
        ratios = (
            self.tr("|Δw| ÷ |w| = {0}; right: about 0.001"),
            self.tr("|Δa| ÷ |a| = {0}"),
            self.tr("|Δb| ÷ |b| = {0}"),
            self.tr("|Δu| ÷ |u| = {0}; right: about 0.001"),
        )
        distributions = (health.weights, health.visible_biases, health.hidden_biases, health.label_weights)
        self._label_card.set_present(health.label_weights is not None)
        for pair, card, words, distribution in zip(
            self._histograms, self._histogram_cards, ratios, distributions, strict=True
        ):
            if distribution is not None:
                self._show_distribution(pair, card, words, distribution)
        self._biases_caption = self._biases_card.caption()
        self.biases.set_units(health.hidden_biases.values, health.hidden_bias)
        self._read_bar(self.biases.hovered_bar())
        self._show_gap(health, model)
        self._show_particles(health.particles, model)

    def _show_units(self, health: Health, model: Model) -> None:
        training = model.training
        target = training.sparsity_target if training.sparsity_cost > 0 else None
        self.units.set_units(health.activations, health.mean_activity, target)
        self._units_caption = self.tr("{0} training images down; bars: means of {1}; {2}").format(
            len(health.activations), health.images, self._binarisation(model)
        )
        self.scatter.set_units(health.lengths, health.mean_activity)
        self._scatter_caption = self.tr("{0} hidden units; means of {1} training images; {2}").format(
            QLocale().toString(health.hidden_num), health.images, self._binarisation(model)
        )
        self._read_unit(self.units.hovered_unit())

    def _read_unit(self, unit: int) -> None:
        health = self._health
        if health is None or not 0 <= unit < health.hidden_num:
            self._units_card.set_caption(self._units_caption)
            self._scatter_card.set_caption(self._scatter_caption)
            return
        activity = fixed(float(health.mean_activity[unit]) * 100, 1) + "%"
        self._units_card.set_caption(
            self.tr("Unit {0}: on for {1} of {2} images; largest weight {3}").format(
                unit + 1, activity, health.images, short(float(health.largest_weights[unit]))
            )
        )
        self._scatter_card.set_caption(
            self.tr("Unit {0}: length {1}; on for {2} of {3} images").format(
                unit + 1, short(float(health.lengths[unit]), 3), activity, health.images
            )
        )

    def _read_bar(self, number: int) -> None:
        histogram = self.biases.histogram()
        if histogram is None or number < 0:
            self._biases_card.set_caption(self._biases_caption)
            return
        low, high = (short(float(edge)) for edge in histogram.edges[number : number + 2])
        last = len(histogram.counts) - 1
        words = {0: self.tr("{0} of {1} units: b below {3}"), last: self.tr("{0} of {1} units: b from {2}")}
        said = words.get(number, self.tr("{0} of {1} units: b from {2} to {3}")).format(
            int(histogram.counts[number]), int(histogram.counts.sum()), low, high
        )
        self._biases_card.set_caption(said)
        self.biases.setAccessibleDescription(said)

    def _show_distribution(self, pair: HistogramPair, card: Card, words: str, distribution: Distribution) -> None:
        pair.values.set_histogram(distribution.values)
        pair.updates.set_histogram(distribution.updates, self.tr("none yet"))
        ratio = distribution.ratio
        card.set_caption(words.format("–" if ratio is None else short(ratio)))

    def _show_gap(self, health: Health, model: Model) -> None:
        energies = health.free_energies
        if energies is None:
            self._gap.set_placeholder(
                self.tr("The free energies are too large to be compared.")
                if health.held_out_images
                else self.tr("There are no held-out images.")
            )
            self._gap_card.set_caption("")
            return
        self._gap.append(GapPoint(health.epochs, energies.gap, energies.error))
        self._gap_card.set_caption(
            self.tr("Held-out less training: {0} ± {1}; {2}").format(
                fixed(energies.gap, 1),
                fixed(energies.error, 1),
                self._binarisation(model),
            )
        )

    def _show_particles(self, particles: Particles | None, model: Model) -> None:
        if particles is None:
            self._particles.set_image(None)
            self._particles.set_placeholder(self.tr("Where the chains of the last update ended is shown here."))
            self._particles_card.set_caption("")
            return
        shown = particles.images[:PARTICLES].reshape(-1, *model.image_shape)
        self._particles.set_image(grey_image(tile(shown, _PARTICLE_COLUMNS, 1, _GAP_GREY)))
        self._particles_card.set_caption(
            self.tr("{0} of {1}; their mean is {2} deviations off the data's").format(
                len(shown), len(particles.images), fixed(particles.misfit, 2)
            )
        )

    def show_dreamt(self, dreamt: Dreamt | None) -> None:
        """Show where chains from noise ended; without them, when they will be there."""
        if dreamt is None:
            self._dreamt.set_image(None)
            self._dreamt.set_placeholder(self.tr("After a training 200 chains are run from noise: see where they end."))
            self._dreamt_card.set_caption("")
            return
        shown = dreamt.images.reshape(-1, *dreamt.model.image_shape)
        self._dreamt.set_image(grey_image(tile(shown, _PARTICLE_COLUMNS, 1, _GAP_GREY)))
        self._dreamt_card.set_caption(caption(dreamt))

    def _binarisation(self, model: Model) -> str:
        words = {
            "grey": self.tr("grey values"),
            "stochastic": self.tr("binary at random"),
            "threshold": self.tr("binary above {0}").format(short(model.training.threshold)),
        }
        return words[model.training.binarisation]

    # --- what the cards measure, and how to read them

    def _units_tip(self) -> str:
        return self.tr(
            "Each column is a hidden unit, each row a training image: white where the unit is on for it.\n"
            "A black column is a dead unit, a white one is stuck (Hinton 2010, section 15).\n"
            "The bars are the units' mean activities; a line marks the sparsity target, if there is one.\n"
            "Click a unit to point it out, or go there with Left and Right, and press Enter."
        )

    def _weights_tip(self) -> str:
        return self.tr(
            "All weights, and what the last update added to them; the outermost bars hold what lies beyond.\n"
            "Updates should be about 0.001 of the weights, to within an order of magnitude (Hinton 2010, section 7.1)."
        )

    def _biases_tip(self) -> str:
        return self.tr(
            "All of these biases, and what the last update added to them; the outermost bars hold what lies beyond.\n"
            "Updates of biases may be larger, for their size, than those of weights (Hinton 2010, section 7.1)."
        )

    def _hidden_biases_tip(self) -> str:
        return "\n".join(
            (
                self._biases_tip(),
                self.tr(
                    "Point at a bar of the values to light its units up everywhere, click it to select them;\n"
                    "or go there with Left and Right, and press Enter. Ticks: units pointed at or selected elsewhere."
                ),
            )
        )

    def _scatter_tip(self) -> str:
        return self.tr(
            "Each dot is a hidden unit: to the right how long its filter is, upwards how often it is on.\n"
            "A unit with a short filter, or with an activity near 0% (dead) or 100% (stuck), has learned little\n"
            "(Hinton 2010, section 15). Healthy ones are long, and on for some images but not for others.\n"
            "Click a dot to select its unit; or go there with the arrow keys, and press Enter."
        )

    def _gap_tip(self) -> str:
        return self.tr(
            "Mean free energy of held-out images less that of training images, measured while this is in view.\n"
            "About 0: no overfitting. What it rises to measures the overfitting (Hinton 2010, section 6).\n"
            "The band is two standard errors wide on either side."
        )

    def _particles_tip(self) -> str:
        return self.tr(
            "Where the chains of the last update's negative phase ended: what the model believes in.\n"
            "With CD they start at the batch's images; with PCD and tempering they should come to look like data."
        )

    def _dreamt_tip(self) -> str:
        return self.tr(
            "Where chains ended that started at noise, and took a thousand Gibbs steps: what the model believes in\n"
            "by itself. They should look like data, whatever the reconstructions do (Decelle et al. 2021)."
        )
