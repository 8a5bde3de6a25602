"""What a run must keep, besides the parameters, to go on as if it had not been interrupted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.backend import to_host
from rbm_studio.core.random_numbers import check_random_state
from rbm_studio.core.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rbm_studio.core.backend import Backend, FloatArray

MOST_EPOCHS = 1e9
"""Passes through the data over a model's life: a thousand a second, for ten days."""
LARGEST = 1e15
"""Of a parameter, and of any other number: its square is far from the end of float32."""
LARGEST_KEPT = 1e30
"""Of what an update rule keeps, squares of gradients among them."""


@dataclass
class Position:
    """Where in a run the next batch lies.

    Attributes
    ----------
    epoch, batch : int
        Whole epochs done, and batches of the present one.
    images : int
        Images shown in this run.
    measured : int
        Images whose KL was measured in the present epoch.
    total : float
        The sum of their KL.
    total_images : int
        How many images the run trains on; 0 before it has begun.
    order : dict
        The state of the generator that shuffles, before the present epoch's order was drawn.
    kl : float or None
        The newest KL that was measured; None before the first.
    gathered : dict of float
        What a caller sums up along the way, and wants to find again.
    """

    epoch: int = 0
    batch: int = 0
    images: int = 0
    measured: int = 0
    total: float = 0.0
    total_images: int = 0
    order: dict[str, Any] = field(default_factory=dict)
    kl: float | None = None
    gathered: dict[str, float] = field(default_factory=dict)


@dataclass
class TrainingState:
    """The rest of a run.

    Attributes
    ----------
    settings : TrainingSettings
        Of the run.
    device : str
        The name of the backend that the arrays lie on.
    order : numpy.random.Generator
        Shuffles the images.
    sources : list of dict
        Where the random numbers of each part of a batch stand; see `RandomSource.get_state`.
    kept : list of list of arrays
        What the update rule keeps of w, the visible and the hidden biases (label units among the visible); the first
        of each is the last update.
    chains : array
        Of the estimators that keep them; of shape (chains, H) for ``"pcd"``; empty else.
    offsets : list of two arrays, or empty
        μ and λ of the centred gradient.
    activity : array of shape (H,), or empty
        The running mean of each hidden unit's activity, which the sparsity penalty looks at.
    epochs_trained : float
        Passes through the data over the model's life.
    updates : int
        Updates over the model's life.
    kept_updates : int
        Updates since ``kept`` was started.
    position : Position
        Where the run stands.
    """

    settings: TrainingSettings
    device: str
    order: np.random.Generator
    epochs_trained: float = 0.0
    updates: int = 0
    kept_updates: int = 0
    sources: list[dict[str, Any]] = field(default_factory=list)
    kept: list[list[FloatArray]] = field(default_factory=list)
    chains: FloatArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    offsets: list[FloatArray] = field(default_factory=list)
    activity: FloatArray = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    position: Position = field(default_factory=Position)

    @classmethod
    def start(cls, settings: TrainingSettings, device: str, epochs_trained: float = 0.0) -> TrainingState:
        """Return the state of a model whose momentum and random numbers are not known, as that of a new one."""
        order = np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(1,)))
        return cls(settings, device, order, epochs_trained)

    def moved(self, backend: Backend) -> TrainingState:
        """Return this state with its arrays on another device."""
        return self.restored(self.arrays(), self.facts(), backend)

    @property
    def unfinished(self) -> bool:
        """Whether the run was interrupted."""
        at = self.position
        return at.total_images > 0 and at.epoch < self.settings.epochs

    def continues(self, settings: TrainingSettings, images: int) -> bool:
        """Return whether a run with these settings, on so many images, is this one's rest."""
        return self.unfinished and self.settings == settings and self.position.total_images == images

    @property
    def is_finite(self) -> bool:
        """Whether all numbers in the arrays are; others would break the next run."""
        return all(np.isfinite(array).all() for array in self.arrays().values())

    def arrays(self) -> dict[str, FloatArray]:
        """Return copies of the arrays in host memory, by name, for a file."""
        return {name: to_host(array) for name, array in self._named().items()}

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        return sum(int(array.nbytes) for array in self._named().values())

    def _named(self) -> dict[str, FloatArray]:
        named = {
            f"kept.{place}.{slot}": array for place, slots in enumerate(self.kept) for slot, array in enumerate(slots)
        }
        named |= {f"offsets.{place}": array for place, array in enumerate(self.offsets)}
        named |= {"chains": self.chains, "activity": self.activity}
        return {name: array for name, array in named.items() if array.size}

    def facts(self) -> dict[str, Any]:
        """Return all else, as JSON can hold it."""
        return {
            "settings": self.settings.as_dict(),
            "order": dict(self.order.bit_generator.state),
            "epochs_trained": self.epochs_trained,
            "updates": self.updates,
            "kept_updates": self.kept_updates,
            "sources": self.sources,
            "position": asdict(self.position),
        }

    @classmethod
    def restored(cls, arrays: Mapping[str, FloatArray], facts: Mapping[str, Any], backend: Backend) -> TrainingState:
        """Return the state that `arrays` and `facts` were taken of.

        Raises
        ------
        KeyError, TypeError, ValueError
            If they are not such.
        """
        device = {name: backend.to_device(array) for name, array in arrays.items()}
        settings = TrainingSettings(**facts["settings"])
        position = _position(facts["position"], settings)
        for source in facts["sources"]:
            if source:
                check_random_state(source)
        if len({source["kind"] for source in facts["sources"] if source}) > 1:
            raise ValueError("random numbers of several kinds")
        slots = sorted(name for name in device if name.startswith("kept."))
        kept: list[list[FloatArray]] = [[], [], []]
        for name in slots:
            kept[int(name.split(".")[1])].append(device[name])
        state = cls(
            settings=settings,
            device=backend.name,
            order=_generator(facts["order"]),
            epochs_trained=_number(facts["epochs_trained"], 0.0, MOST_EPOCHS),
            updates=_count(facts["updates"]),
            kept_updates=_count(facts["kept_updates"]),
            sources=[dict(source) for source in facts["sources"]],
            kept=kept if slots else [],
            offsets=[device[name] for name in ("offsets.0", "offsets.1") if name in device],
            position=position,
        )
        state.chains = device.get("chains", state.chains)
        state.activity = device.get("activity", state.activity)
        return state


def _position(facts: Mapping[str, Any], settings: TrainingSettings) -> Position:
    counts = {name: _count(facts[name]) for name in ("epoch", "batch", "images", "measured", "total_images")}
    order = dict(facts["order"])
    if order:
        _generator(order)
    # Older files know neither.
    kl, gathered = facts.get("kl"), dict(facts.get("gathered", {}))
    position = Position(
        **counts,
        total=_number(facts["total"]),
        order=order,
        kl=None if kl is None else _number(kl),
        gathered={str(name): _number(value, 0.0 if name == "count" else -LARGEST) for name, value in gathered.items()},
    )
    at, images = position, position.total_images
    within = at.batch * settings.batch_size < max(images, 1) and at.epoch <= settings.epochs
    # An epoch that was begun cannot go on without knowing its order.
    known = bool(order) or not at.batch
    if not (within and known and at.images <= (at.epoch + 1) * images and at.measured <= images):
        raise ValueError(position)
    return position


def _generator(state: Mapping[str, Any]) -> np.random.Generator:
    generator = np.random.default_rng()
    generator.bit_generator.state = dict(state)
    # NumPy takes what it does not keep.
    if generator.bit_generator.state != state:
        raise ValueError(state)
    return generator


def _count(value: Any) -> int:
    # A truth value is a whole number to Python, but counts nothing; and no run lasts for more updates than that.
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(value)
    return value


def _number(value: Any, lowest: float = -LARGEST, highest: float = LARGEST) -> float:
    # The comparison is false for NaN.
    if type(value) not in (int, float) or not lowest <= value <= highest:
        raise ValueError(value)
    return float(value)
