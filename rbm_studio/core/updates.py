"""What a gradient does to the parameters: the update rules, by name in `UPDATES`, and the penalties on the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.settings import TrainingSettings

ADAM_SECOND = 0.999
"""The decay of the mean square gradient (Kingma & Ba 2015)."""
ADAM_EPSILON = 1e-8


@dataclass(frozen=True)
class Step:
    """The numbers of one update.

    Attributes
    ----------
    rate : float
        The learning rate.
    momentum : float
        How much of the last update is kept.
    number : int
        Which update it is since what the rule keeps was 0, from 1.
    """

    rate: float
    momentum: float
    number: int


class UpdateRule(Protocol):
    """Moves parameters along a gradient.

    Attributes
    ----------
    kept : tuple of str
        Names of the arrays of the parameters' own size that it keeps; the first is the last update.
    formula : str
        What `apply` does, for the GPU, in C: of ``target``, ``gradient``, what is kept and the `numbers`.
    """

    kept: tuple[str, ...]
    formula: str

    def gradient_scale(self, step: Step) -> float:
        """Return what the gradient is to be multiplied by before it comes here."""

    def numbers(self, step: Step) -> dict[str, float]:
        """Return the numbers of an update, by name."""

    def apply(self, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step) -> None:
        """Change ``target`` and what is kept; the gradient may be written over."""


class Momentum:
    """Stochastic gradient ascent with momentum: Δ ← momentum · Δ + rate · gradient (Polyak 1964)."""

    kept: tuple[str, ...] = ("velocity",)
    formula = "velocity = momentum * velocity + gradient; target += velocity"

    def gradient_scale(self, step: Step) -> float:
        """Return the learning rate: so it costs no pass over the weights."""
        return step.rate

    def numbers(self, step: Step) -> dict[str, float]:
        """Return the numbers; see `UpdateRule`."""
        return {"momentum": step.momentum}

    def apply(self, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step) -> None:
        """Change ``target``; see `UpdateRule`."""
        velocity = kept[0]
        if step.momentum:
            np.multiply(velocity, np.float32(step.momentum), out=velocity)
            np.add(velocity, gradient, out=velocity)
        else:
            np.copyto(velocity, gradient)
        np.add(target, velocity, out=target)


class Adam:
    """Steps of the gradient's running mean over the root of its running mean square (Kingma & Ba, ICLR 2015)."""

    kept: tuple[str, ...] = ("last", "mean", "square")
    formula = (
        "mean = first * mean + (1 - first) * gradient; square = second * square + (1 - second) * gradient * gradient; "
        "last = rate * (mean / (sqrt(square) + epsilon)); target += last"
    )

    def gradient_scale(self, step: Step) -> float:
        """Return 1: Adam's step does not depend on the gradient's scale."""
        del step
        return 1.0

    def numbers(self, step: Step) -> dict[str, float]:
        """Return the numbers; see `UpdateRule`."""
        # The means start at 0; this takes that bias away.
        root = math.sqrt(1 - ADAM_SECOND**step.number)
        rate = step.rate * root / (1 - step.momentum**step.number)
        return {"first": step.momentum, "second": ADAM_SECOND, "epsilon": ADAM_EPSILON * root, "rate": rate}

    def apply(self, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step) -> None:
        """Change ``target``; see `UpdateRule`."""
        last, mean, square = kept
        first, second, epsilon, rate = map(np.float32, self.numbers(step).values())
        np.multiply(mean, first, out=mean)
        np.multiply(gradient, 1 - first, out=last)
        np.add(mean, last, out=mean)
        np.multiply(gradient, gradient, out=gradient)
        np.multiply(gradient, 1 - second, out=gradient)
        np.multiply(square, second, out=square)
        np.add(square, gradient, out=square)
        np.sqrt(square, out=last)
        np.add(last, epsilon, out=last)
        np.divide(mean, last, out=last)
        np.multiply(last, rate, out=last)
        np.add(target, last, out=target)


UPDATES: dict[str, UpdateRule] = {"sgd": Momentum(), "adam": Adam()}
"""The update rules that the settings can name."""


def decay(w: FloatArray, gradient: FloatArray, settings: TrainingSettings, scale: float, xp: Any) -> None:
    """Subtract the gradient of l1 · Σ|w| + l2 · Σw²/2 (Hinton 2010, section 10), times ``scale``, in place."""
    if settings.l2:
        gradient -= w * np.float32(settings.l2 * scale)
    if settings.l1:
        gradient -= xp.sign(w) * np.float32(settings.l1 * scale)


def limit_norms(w: FloatArray, settings: TrainingSettings, xp: Any) -> None:
    """Scale down, in place, the weights of hidden units whose norm exceeds ``max_norm`` (Srebro & Shraibman 2005)."""
    if settings.max_norm:
        norms = xp.sqrt(xp.einsum("ij,ij->j", w, w))
        w *= np.float32(settings.max_norm) / xp.maximum(norms, np.float32(settings.max_norm))


def clip_factor(gradients: tuple[FloatArray, ...], settings: TrainingSettings, scale: float, xp: Any) -> Any:
    """Return what brings the norm of all gradients down to ``clip_norm`` (Pascanu, Mikolov & Bengio 2013); at most 1.

    The gradients are already multiplied by ``scale``. The factor is a number of the device: to read it would wait.
    """
    if not settings.clip_norm:
        return np.float32(1)
    norm = xp.sqrt(sum(xp.vdot(gradient, gradient) for gradient in gradients))
    least = np.float32(settings.clip_norm * scale)
    return least / xp.maximum(norm, least)
