"""What the model makes of each kept drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.images import grey_image
from rbm_studio.core.health import fixed_part
from rbm_studio.core.surprise import surprise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QImage

    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.backend import FloatArray


class Order(Enum):
    """By what kept drawings stand in order, always rising."""

    FREE_ENERGY = "free_energy"
    CROSS_ENTROPY = "cross_entropy"
    TIME = "time"


@dataclass(frozen=True)
class Figures:
    """A kept drawing as the model sees it.

    Attributes
    ----------
    seen : QImage
    restored : QImage or None
        Its mean-field reconstruction; None without a model.
    free_energy, cross_entropy : float
        In nats; NaN without a model.
    rank : float
        Which part of the held-out images is less surprising, 0..1; NaN where that is not known.
    """

    seen: QImage
    restored: QImage | None = None
    free_energy: float = math.nan
    cross_entropy: float = math.nan
    rank: float = math.nan

    def value(self, order: Order) -> float:
        """Return what it stands in order by; what is not known comes last."""
        if order is Order.TIME:
            return 0.0
        value = self.free_energy if order is Order.FREE_ENERGY else self.cross_entropy
        return value if math.isfinite(value) else math.inf


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures of all that were kept.

    Attributes
    ----------
    figures : mapping of Kept to Figures
    model : Model or None
        Of which.
    epochs : float
        That it had behind it.
    compared : int
        How many held-out images they were compared with.
    mean : float
        The mean free energy of those, in nats; NaN where there are none.
    """

    figures: Mapping[Kept, Figures]
    model: Model | None
    epochs: float
    compared: int = 0
    mean: float = math.nan


def in_order(kept: Sequence[Kept], figures: Mapping[Kept, Figures], order: Order) -> list[Kept]:
    """Return drawings in order; what is not measured comes last, and equal ones as they were kept."""
    # Sorting is stable.
    return sorted(kept, key=lambda each: figures[each].value(order) if each in figures else math.inf)


class TrayMeasuring:
    """Measures on one thread at a time; remembers what does not change with the model's parameters."""

    def __init__(self) -> None:
        self._seen: dict[Kept, FloatArray] = {}
        self._shape = (0, 0)
        self._reference: tuple[Images, tuple[str, float], FloatArray] | None = None

    def measure(
        self, kept: tuple[Kept, ...], shape: tuple[int, int], model: Model | None, images: Images | None, epochs: float
    ) -> Measured:
        """Measure drawings, as the model's training shows it images; on any thread.

        Parameters
        ----------
        kept : tuple of Kept
        shape : tuple of int
            (height, width) of the model's images.
        model : Model or None
            None: the drawings are only rendered.
        images : Images or None
            Those held out are compared with, if they have that size.
        epochs : float
            That the model has behind it.
        """
        self._render(kept, shape)
        seen = [self._seen[each] for each in kept]
        pictures = [grey_image(each) for each in seen]
        if model is None or not kept:
            return Measured(dict(zip(kept, map(Figures, pictures), strict=True)), model, epochs)
        settings = model.training
        visible = np.concatenate(
            # One by one: what is made binary at random then does not depend on what else is kept.
            [fixed_part(each.reshape(1, -1), settings.binarisation, settings.threshold) for each in seen]
        )
        others = self._others(model, images)
        with np.errstate(over="ignore", invalid="ignore"):  # a model that has diverged is no reason for a warning
            found = surprise(model.parameters, visible, others)
        restored = map(grey_image, found.reconstructions.reshape(-1, *shape))
        numbers = (found.free_energies.tolist(), found.cross_entropies.tolist(), found.ranks.tolist())
        figures = map(Figures, pictures, restored, *numbers)
        mean = float(found.reference.mean()) if len(others) else math.nan
        return Measured(dict(zip(kept, figures, strict=True)), model, epochs, len(others), mean)

    def _render(self, kept: tuple[Kept, ...], shape: tuple[int, int]) -> None:
        known = self._seen if shape == self._shape else {}
        self._shape = shape
        self._seen = {each: known[each] if each in known else each.seen(shape) for each in kept}

    def _others(self, model: Model, images: Images | None) -> FloatArray:
        if images is None or images.dataset.image_shape != model.image_shape:
            return np.empty((0, model.parameters.visible_num), dtype=np.float32)
        settings = model.training
        shown = (settings.binarisation, settings.threshold)
        known = self._reference
        if known is None or known[0] is not images or known[1] != shown:
            known = images, shown, fixed_part(images.test, *shown)
            self._reference = known
        return known[2]
