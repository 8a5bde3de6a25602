"""The order that the filters stand in, found in the background while the model trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from rbm_studio.app.background import Background
from rbm_studio.core.filter_order import descending_order, similarity_order
from rbm_studio.core.health import fixed_part
from rbm_studio.core.similarity import filter_norms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model

ACTIVITY_IMAGES = 1000
"""Training images that a mean activity is of: a unit that is on for one in a hundred is on for ten of them."""

INTERVAL_MS = 2000
"""Filters change their places no more often than this while they train."""

BY_INDEX, BY_NORM, BY_ACTIVITY, BY_SIMILARITY = "index", "norm", "activity", "similarity"


@dataclass(frozen=True, eq=False)
class Ordering:
    """An order, and what was measured for it.

    Attributes
    ----------
    model : Model
        Whose filters they are.
    by : str
        What they are ordered by.
    order : intp ndarray of shape (H,), or None
        Which unit stands at each place; None for the order of the indices.
    epochs : float
        Passes through the data that the model had behind it.
    activity : float64 ndarray of shape (H,), or None
        Mean p(h = 1 | v) of each unit, if it was asked for and there are images.
    images : int
        How many training images it is the mean of.
    """

    model: Model
    by: str
    order: NDArray[np.intp] | None
    epochs: float
    activity: NDArray[np.float64] | None
    images: int


class FilterOrdering(QObject):
    """Orders a session's filters, anew as they change, but calmly; and measures the units' activity where it is wanted.

    Parameters
    ----------
    session : Session
    is_in_view : callable
        Whether anybody sees it: nothing is measured else.
    parent : QObject, optional

    Attributes
    ----------
    changed : Signal()
        `newest` is another.
    """

    changed = Signal()

    def __init__(self, session: Session, is_in_view: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_in_view = is_in_view
        self._by = BY_INDEX
        self._wants_activity = False
        self._newest: Ordering | None = None
        # Which model's life is measured: what was measured of another comes too late.
        self._life = 0
        self._background = Background("Ordering the filters", INTERVAL_MS, self)
        self._background.done.connect(self._take)
        self._background.failed.connect(session.failed)
        session.curve_started.connect(self._begin_again)
        session.images_changed.connect(self._begin_again)
        session.ending.connect(self._background.shut_down)

    @property
    def by(self) -> str:
        """What the filters are to be ordered by."""
        return self._by

    @property
    def newest(self) -> Ordering | None:
        """The newest order of the present model, if it is by what was chosen."""
        return self._newest if self._newest is not None and self._newest.by == self._by else None

    @property
    def activity(self) -> tuple[NDArray[np.float64], float] | None:
        """The mean activities that were measured last, and after how many epochs."""
        newest = self._newest
        return None if newest is None or newest.activity is None else (newest.activity, newest.epochs)

    @property
    def can_measure_activity(self) -> bool:
        """Whether there are images of the model's size."""
        images, model = self._session.images, self._session.model
        return images is not None and model is not None and images.dataset.image_shape == model.image_shape

    def choose(self, by: str) -> None:
        """Order by something else."""
        if by != self._by:
            self._by = by
            self.refresh(urgent=True)
            self.changed.emit()

    def want_activity(self, wanted: bool) -> None:
        """Say whether anybody wants to know the units' activity, whatever they are ordered by."""
        if wanted != self._wants_activity:
            self._wants_activity = wanted
            self.refresh(urgent=wanted)

    def refresh(self, *, urgent: bool = False) -> None:
        """Measure the newest parameters when it is their turn, or at once; if that is of use, and anybody sees it."""
        model, images = self._session.model, self._session.images
        with_activity = (self._wants_activity or self._by == BY_ACTIVITY) and self.can_measure_activity
        if model is None or (self._by == BY_INDEX and not with_activity) or not self._is_in_view():
            self._background.forget()
            return
        newest = self._newest
        if (
            newest is not None
            and newest.model.parameters is model.parameters
            and newest.by == self._by
            and (newest.activity is not None or not with_activity)
        ):
            return
        cases = images if with_activity else None
        by, epochs, life = self._by, self._session.epochs_trained, self._life
        self._background.request(lambda: (life, _measure(model, by, epochs, cases)), urgent=urgent)

    def _begin_again(self) -> None:
        self._life += 1
        self._background.forget()
        self._newest = None
        self.refresh(urgent=True)

    def _take(self, result: tuple[int, Ordering]) -> None:
        life, ordering = result
        if life == self._life:
            self._newest = ordering
            self.changed.emit()


def _measure(model: Model, by: str, epochs: float, images: Images | None) -> Ordering:
    """Measure; on another thread, so nothing here may touch a widget."""
    parameters, training = model.parameters, model.training
    activity, count = None, 0
    # Parameters that training has blown up may overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        if images is not None:
            cases = fixed_part(images.train, training.binarisation, training.threshold, ACTIVITY_IMAGES)
            activity, count = parameters.expect_hidden(cases).mean(axis=0, dtype=np.float64), len(cases)
        order = None
        if by == BY_NORM:
            order = descending_order(filter_norms(parameters.w))
        elif by == BY_SIMILARITY:
            order = similarity_order(parameters.w)
        elif by == BY_ACTIVITY and activity is not None:
            order = descending_order(activity)
    return Ordering(model, by, order, epochs, activity, count)
