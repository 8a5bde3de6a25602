"""What the session's state is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.presets import TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.data import Dataset

SPEED_WINDOW_S = 2.0


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
    training : TrainingSettings
    """

    hidden_num: int = 64
    image_shape: tuple[int, int] = (28, 28)
    device: str = "auto"
    training: TrainingSettings = field(default_factory=TrainingSettings)


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
    """

    dataset: Dataset
    original: Dataset
    train: npt.NDArray[np.uint8]
    test: npt.NDArray[np.uint8]
    mean: FloatArray

    @classmethod
    def prepare(cls, original: Dataset, shape: tuple[int, int]) -> Images:
        """Resample a dataset; takes a while for a large one."""
        dataset = original.resampled(shape)
        train = dataset.train_images.reshape(len(dataset.train_images), -1)
        test = dataset.test_images.reshape(len(dataset.test_images), -1)
        mean = (train.mean(axis=0, dtype=np.float64) / 255).astype(np.float32)
        return cls(dataset, original, train, test, mean)


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
    history : tuple of EpochRecord
    path : Path or None
        The file that it was opened from, or saved in last.
    """

    parameters: Parameters
    image_shape: tuple[int, int]
    training: TrainingSettings
    history: tuple[EpochRecord, ...] = ()
    path: Path | None = None


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
