"""What crosses from the thread that trains to the window: copies that nothing changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rbm_studio.app.curve_history import CurvePoint
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState
    from rbm_studio.core.training import Progress, Training


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where a training stands, in copies that nothing changes afterwards.

    Attributes
    ----------
    parameters : Parameters
    update : Parameters
        What the last step added to each of them.
    particles : float32 ndarray of shape (n, D)
        The newest negative particles; none before the first step.
    epochs_trained : float
        Passes through the data that the parameters have behind them.
    """

    parameters: Parameters
    update: Parameters
    particles: FloatArray
    epochs_trained: float

    @classmethod
    def take(cls, training: Training) -> Snapshot:
        """Copy what there is; on the worker."""
        return cls(training.snapshot(), training.last_update(), training.particles(), training.state.epochs_trained)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that it takes to go on from a moment of a run, in copies that nothing changes afterwards.

    Attributes
    ----------
    parameters : Parameters
    state : TrainingState
    records : tuple of EpochRecord
        All epochs of the run until then.
    """

    parameters: Parameters
    state: TrainingState
    records: tuple[EpochRecord, ...]

    @property
    def epochs_trained(self) -> float:
        """Passes through the data that the parameters have behind them."""
        return self.state.epochs_trained


@dataclass
class Update:
    """What the worker made since the last drain.

    Attributes
    ----------
    points : list of CurvePoint
    records : list of EpochRecord
    progress : Progress or None
        The newest.
    snapshot : Snapshot or None
        The newest, if there is a new one.
    checkpoints : list of Checkpoint
        Moments on the way to go on from; see `TrainingRunner.keep_every`.
    seconds : float
        That the batches took; pauses are none of them.
    """

    points: list[CurvePoint] = field(default_factory=list)
    records: list[EpochRecord] = field(default_factory=list)
    progress: Progress | None = None
    snapshot: Snapshot | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    finished : bool
        Whether all epochs were done.
    snapshot : Snapshot or None
        The last good parameters; None if the run could not even start.
    state : TrainingState or None
        What a later run of the same model goes on with.
    error : Exception or None
        What ended it.
    records : tuple of EpochRecord, or None
        The run's epochs until then, where later ones were lost.
    """

    finished: bool
    snapshot: Snapshot | None
    state: TrainingState | None
    error: Exception | None
    records: tuple[EpochRecord, ...] | None = None
