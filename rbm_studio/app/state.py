"""What the session's state is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.core.presets import preset_named, settings_for
from rbm_studio.core.settings import SETTING_NAMES, TrainingSettings
from rbm_studio.storage.experiment_file import DatasetIdentity
from rbm_studio.storage.image_digest import image_digest

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.app.run_messages import Snapshot
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.data import Dataset
    from rbm_studio.storage.provenance import Provenance
    from rbm_studio.storage.script_file import Trained

SPEED_WINDOW_S = 2.0
_FREE = ("epochs", "batch_size", "seed")
"""What a preset leaves to the person, unless it names it."""


class RunState(Enum):
    """Whether the program trains."""

    IDLE = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()


@dataclass(frozen=True)
class Settings:
    """What the Model panel sets.

    Attributes
    ----------
    hidden_num : int
        Hidden units of the next new model.
    image_shape : tuple of int
        (height, width) of the images, and so of the visible units.
    device : str
        ``"auto"``, ``"cpu"`` or ``"gpu"``.
    labels : bool
        Whether the next new model learns the labels too, where the dataset has any.
    training : TrainingSettings
    """

    hidden_num: int = 64
    image_shape: tuple[int, int] = (28, 28)
    device: str = "auto"
    labels: bool = False
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def value(self, name: str) -> Any:
        """Return a setting by its name, whether it is one of these or of `training`."""
        return getattr(self if hasattr(self, name) else self.training, name)

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of what is not as the preset has it; epochs, batch size and seed only where the preset names them."""
        preset, own = preset_named(self.training.preset), settings_for(self.training.preset)
        judged = [name for name in SETTING_NAMES if name not in _FREE or name in preset.settings]
        return tuple(name for name in judged if getattr(self.training, name) != getattr(own, name))

    def with_preset(self, name: str) -> Settings:
        """Return these settings with a preset's; epochs, batch size and seed that a person set stay.

        Those that the new preset names are the preset's all the same.
        """
        before = settings_for(self.training.preset)
        kept = {
            free: getattr(self.training, free)
            for free in _FREE
            if free not in preset_named(name).settings and getattr(self.training, free) != getattr(before, free)
        }
        return replace(self, training=settings_for(name, **kept))


@dataclass(frozen=True)
class Images:
    """A dataset at the size that the visible units have.

    Attributes
    ----------
    dataset : Dataset
        Resampled.
    original : Dataset
        As it was opened.
    train, test : uint8 ndarrays of shape (n, pixels)
        Views of the resampled images.
    mean : float32 ndarray of shape (pixels,)
        Of the training images, in 0..1.
    identity : DatasetIdentity
        What tells them from other images, whatever their size was made.
    train_digest, values : str
        Of `train`, as `rbm_studio.storage.image_digest.image_digest` returns them.
    """

    dataset: Dataset
    original: Dataset
    train: npt.NDArray[np.uint8]
    test: npt.NDArray[np.uint8]
    mean: FloatArray
    identity: DatasetIdentity
    train_digest: str = ""
    values: str = ""

    @property
    def class_num(self) -> int:
        """How many classes the labels tell apart; 0 where there are none."""
        return self.dataset.class_num

    @property
    def train_labels(self) -> npt.NDArray[np.uint8] | None:
        """The classes of `train`, of shape (n,), from 0; None where they are not known."""
        return self.dataset.train_labels

    @property
    def test_labels(self) -> npt.NDArray[np.uint8] | None:
        """The classes of `test`, of shape (n,), from 0; None where they are not known."""
        return self.dataset.test_labels

    def can_have(self, shape: tuple[int, int]) -> bool:
        """Whether there can be images of another size: of the same proportions, and no larger than the original's."""
        height, width = self.original.image_shape
        return shape[0] * width == shape[1] * height and shape[0] <= height

    def resampled(self, shape: tuple[int, int]) -> Images:
        """Return the same images at another size; takes a while for many."""
        return Images.prepare(self.original, shape)

    @classmethod
    def prepare(cls, original: Dataset, shape: tuple[int, int]) -> Images:
        """Resample a dataset; takes a while for a large one."""
        dataset = original.resampled(shape)
        train = dataset.train_images.reshape(len(dataset.train_images), -1)
        test = dataset.test_images.reshape(len(dataset.test_images), -1)
        mean = (train.mean(axis=0, dtype=np.float64) / 255).astype(np.float32)
        counts = len(original.train_images), len(original.test_images)
        identity = DatasetIdentity(original.name, original.digest, *counts, original.image_shape)
        return cls(dataset, original, train, test, mean, identity, *image_digest(train))


@dataclass(frozen=True)
class Model:
    """The model that the panels show.

    Attributes
    ----------
    parameters : Parameters
        The newest copy.
    image_shape : tuple of int
        (height, width) of its visible units.
    training : TrainingSettings
        That trained it last; those that drew its parameters, and will train it, as long as it is new.
    history : EpochHistory
    update : Parameters or None
        What the last step of its training added to its parameters, if it was trained since it is here.
    particles : float32 ndarray of shape (n, pixels), or None
        The negative particles of that step.
    epochs_trained : float
        Passes through the data that the parameters have behind them.
    origin : str
        The name of another program's file that it began with; "" where it began here.
    trainings : tuple of Trained, or None
        By which it came to be what it is, from parameters that were drawn here; None where that is not known.
    provenance : Provenance or None
        On what, and by what, it was trained last; None where that is not known.
    """

    parameters: Parameters
    image_shape: tuple[int, int]
    training: TrainingSettings
    history: EpochHistory = field(default_factory=EpochHistory)
    update: Parameters | None = None
    particles: FloatArray | None = None
    epochs_trained: float = 0.0
    origin: str = ""
    trainings: tuple[Trained, ...] | None = None
    provenance: Provenance | None = None

    def at(self, snapshot: Snapshot) -> Model:
        """Return the model as far as its training has come."""
        return replace(
            self,
            parameters=snapshot.parameters,
            update=snapshot.update,
            particles=snapshot.particles,
            epochs_trained=snapshot.epochs_trained,
        )


class Speed:
    """Images per second over the last seconds."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, int]] = []

    def restart(self) -> None:
        """Forget what was before, such as a pause."""
        self._samples.clear()

    def add(self, images: int) -> None:
        """Take the time at which a number of images had been shown in this run."""
        now = time.monotonic()
        self._samples = [sample for sample in self._samples if now - sample[0] < SPEED_WINDOW_S]
        self._samples.append((now, images))

    @property
    def images_per_second(self) -> float:
        """The speed; 0 if it is not known."""
        (first, before), (last, after) = (self._samples[0], self._samples[-1]) if self._samples else ((0.0, 0),) * 2
        return (after - before) / (last - first) if last > first else 0.0
