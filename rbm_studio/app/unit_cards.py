"""What the cards of a hidden and of a visible unit's page have in common: whom they tell, and the unit's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, Signal

from rbm_studio.app.card_grid import Card
from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.numbers import short, signed
from rbm_studio.core.histogram import histogram

if TYPE_CHECKING:
    from rbm_studio.app.unit_measuring import UnitMeasuring
    from rbm_studio.core.backend import FloatArray


class UnitCards(QObject):
    """Makes the cards of one layer's units, and fills them.

    Parameters
    ----------
    measuring : UnitMeasuring
        Whose measurements are shown, and which knows how to name them.
    weights_title, weights_tip : str
        Of the histogram of the unit's weights.
    parent : QObject, optional

    Signals
    -------
    pixel_chosen : int
    unit_chosen : int
    unit_pointed_at : int
        The hidden unit that the pointer is on; -1 for none.
    """

    pixel_chosen = Signal(int)
    unit_chosen = Signal(int)
    unit_pointed_at = Signal(int)

    def __init__(
        self, measuring: UnitMeasuring, weights_title: str, weights_tip: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._measuring = measuring
        # Of the images, in pixels; and which unit's page it is.
        self._width = 1
        self._shown = -1
        self._weights = HistogramView(self.tr("weights"))
        self._weights_card = Card(weights_title, self._weights, weights_tip)

    def _show_weights(self, weights: FloatArray, index: int) -> None:
        """Show the histogram of a unit's weights, its bars at rest as long as it is the same unit's."""
        previous = self._weights.histogram() if index == self._shown else None
        self._weights.set_histogram(histogram(weights, previous))
        self._weights_card.set_caption(
            self.tr("{0} weights: mean {1}, standard deviation {2}").format(
                QLocale().toString(len(weights)), signed(float(weights.mean())), short(float(weights.std()))
            )
        )
        self._shown = index
