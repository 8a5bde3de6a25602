"""A run: the life of a model from its first parameters, what it was to do, and what was measured of it."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.curve_history import CurveRun, Tag
from rbm_studio.app.epoch_history import EpochHistory

if TYPE_CHECKING:
    from rbm_studio.app.experiment import Owner
    from rbm_studio.app.measures import Measure
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.stages import Stage
    from rbm_studio.app.state import Settings
    from rbm_studio.storage.experiment_file import DatasetIdentity
    from rbm_studio.storage.provenance import Provenance
    from rbm_studio.storage.script_file import Trained


@dataclass(eq=False)
class Run(Tag):
    """A run.

    Attributes
    ----------
    name : str
        What the user knows it by.
    settings : Settings
        Of its last training.
    stages : tuple of Stage
        With what it was trained, one after another; the last has the `settings`. Empty before the first training, and
        where the past of its model is not known.
    dataset : str
        The name of the images.
    owner : Owner or None
        That of the document that it belongs to; None before it belongs to any, and once that was given up with it.
    began : datetime
        With its time zone.
    seconds : float
        How long it has trained, without pauses.
    epochs : float
        Passes through the data.
    curves : dict of CurveRun
        What was measured, by quantity.
    end : Moment or None
        The model as an earlier run left it, as long as there is room for it.
    history : EpochHistory
        That belongs to the end.
    data : DatasetIdentity or None
        The images that the end was trained on, if they are known.
    origin, trainings, provenance
        Of the end; see `Model`.
    identity : str
        What tells it from every other run, wherever its file goes.
    is_named : bool
        Whether the user gave it its name.
    """

    settings: Settings
    dataset: str
    owner: Owner | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    epochs: float = 0.0
    curves: dict[str, CurveRun] = field(default_factory=dict)
    end: Moment | None = None
    history: EpochHistory = field(default_factory=EpochHistory)
    data: DatasetIdentity | None = None
    origin: str = ""
    trainings: tuple[Trained, ...] | None = None
    provenance: Provenance | None = None
    stages: tuple[Stage, ...] = ()
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    is_named: bool = False

    def mark(self, epochs: float | None = None) -> tuple[object, ...]:
        """Return what is another once a person has done something with it, or it was trained beyond so many epochs."""
        how = self.name, self.is_named, self.is_shown, self.settings, self.stages, self.dataset
        return *how, self.epochs if epochs is None else epochs

    def copy(self, name: str, owner: Owner) -> Run:
        """Return another run that is as far as this one, without its end."""
        copy = replace(self, name=name, is_named=False, owner=owner, identity=uuid.uuid4().hex, curves={})
        copy.end, copy.history = None, EpochHistory()
        for quantity, curve in self.curves.items():
            copy.curves[quantity] = CurveRun(copy)
            copy.curves[quantity].extend_from(curve, math.inf)
        return copy

    def lasts(self, quantity: str, column: str) -> dict[Measure | None, float]:
        """Return the last values of a quantity by measure, of those by which it was measured."""
        curve = self.curves.get(quantity)
        return curve.lasts(column) if curve is not None else {}

    def last(self, quantity: str, column: str) -> float:
        """Return the last value of a quantity that was measured; NaN where none was."""
        curve = self.curves.get(quantity)
        return curve.last(column) if curve is not None else float("nan")

    def __post_init__(self) -> None:
        # A file may have left it empty.
        if not self.name.strip():
            self.name = QCoreApplication.translate("run", "Run without a name")
