"""Measuring a model, all in one go and on any thread, on a fixed part of the images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.core.annealing import annealed_log_partition, independent_biases, reverse_annealed_log_likelihood
from rbm_studio.core.health import IMAGES
from rbm_studio.core.likelihood import exact_log_partition, log_likelihood
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metrics import Metric

ANNEALED = "log_likelihood_ais"
"""The name of the log-likelihood as annealed importance sampling estimates it, in both directions."""

CHAINS, TEMPERATURES = 100, 1000

_COSINE = "gradient_cosine"
_KEEP_CHAINS = ("pcd", "tempering")
_SEED = 0
"""The same for each measurement: what changes is the model."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The images that are measured on, always the same."""

    training: MetricData
    held_out: MetricData

    @classmethod
    def of(cls, images: Images) -> Parts:
        """Return evenly spaced images of each set: those that the model's health is measured on, too."""
        return cls(_part(images.train, images.train_labels), _part(images.test, images.test_labels))


def _part(images: npt.NDArray[Any], labels: npt.NDArray[Any] | None) -> MetricData:
    rows = np.linspace(0, len(images) - 1, min(IMAGES, len(images))).round().astype(np.intp)
    return MetricData(images[rows], None if labels is None else labels[rows])


class Subject:
    """A model, and the images that it is measured on, as its training shows them.

    Parameters
    ----------
    model : Model
    parts : Parts
        Of images of the model's size.
    """

    def __init__(self, model: Model, parts: Parts) -> None:
        self.model = model
        settings = model.training
        keeps_chains = settings.gradient in _KEEP_CHAINS
        self._waits_for_chains = keeps_chains and (model.particles is None or not len(model.particles))
        self._training = replace(
            parts.training,
            binarisation=settings.binarisation,
            threshold=settings.threshold,
            batch_size=settings.batch_size,
            settings=settings,
            particles=model.particles if keeps_chains else None,
        )
        self._held_out = replace(
            parts.held_out,
            binarisation=settings.binarisation,
            threshold=settings.threshold,
            batch_size=settings.batch_size,
            training=self._training,
        )

    def problem(self, name: str) -> str:
        """Return why a quantity cannot be had of this model on these images, in a sentence; "" if it can."""
        if name == ANNEALED or self.sides(name):
            return ""
        if name == _COSINE and self.model.training.gradient == "exact":
            return "The training takes the exact gradient itself."
        return METRICS[name].problem(self.model.parameters, METRICS[name].shown(self._held_out))

    def sides(self, name: str) -> dict[str, MetricData]:
        """Return the images that a quantity can be had of, shown as it needs them: ``"training"``, ``"held_out"``."""
        sides = {"training": self._training, "held_out": self._held_out}
        if name == ANNEALED:
            return {side: data.as_states() for side, data in sides.items()}
        if name == _COSINE:
            # The gradient is that of what the model learns from.
            del sides["held_out"]
            if self.model.training.gradient == "exact":
                return {}
        metric = METRICS[name]
        shown = {side: metric.shown(data) for side, data in sides.items()}
        return {side: data for side, data in shown.items() if not metric.problem(self.model.parameters, data)}

    def measure(self, names: Collection[str], report: Callable[[float], None]) -> dict[str, CurvePoint]:
        """Measure some quantities, which have no `problem`.

        Parameters
        ----------
        names : collection of str
        report : callable
            Called with which part is done, 0..1; what it raises ends the measurement.

        Returns
        -------
        dict of str to CurvePoint
            Without those that must wait: the estimator's chains come with the first step.
        """
        metrics = [METRICS[name] for name in names if name != ANNEALED]
        sums = any(metric.needs_partition_function for metric in metrics)
        steps = _Steps(sums + 2 * (ANNEALED in names), report)
        partition = None
        if sums:
            partition = exact_log_partition(self.model.parameters, progress=steps.next())
        points: dict[str, CurvePoint] = {}
        for metric in metrics:
            steps.tell()
            if not (metric.name == _COSINE and self._waits_for_chains):
                points[metric.name] = self._point(metric, partition)
        if ANNEALED in names:
            points[ANNEALED] = self._annealed(steps)
        return points

    def _point(self, metric: Metric, partition: float | None) -> CurvePoint:
        values = {
            side: metric.measure(
                self.model.parameters, replace(data, log_partition=partition), np.random.default_rng(_SEED)
            )
            for side, data in self.sides(metric.name).items()
        }
        return CurvePoint(self.model.epochs_trained, values.get("training"), values.get("held_out"))

    def _annealed(self, steps: _Steps) -> CurvePoint:
        parameters = self.model.parameters
        training, held_out = (_states(data) for data in self.sides(ANNEALED).values())
        rng = np.random.default_rng(_SEED)
        options: dict[str, Any] = {
            "base_visible_bias": independent_biases(training),
            "chains": CHAINS,
            "temperatures": TEMPERATURES,
        }
        partition = annealed_log_partition(parameters, rng, progress=steps.next(), **options)
        lower = reverse_annealed_log_likelihood(parameters, held_out, rng, progress=steps.next(), **options)
        return CurvePoint(
            self.model.epochs_trained,
            log_likelihood(parameters, training, partition.value),
            log_likelihood(parameters, held_out, partition.value),
            lower.value,
        )


def _states(data: MetricData) -> FloatArray:
    return np.concatenate([block.visible for block in data.blocks()])


class _Steps:
    """Makes one measure of progress of several, each as long as any other."""

    def __init__(self, count: int, report: Callable[[float], None]) -> None:
        self._count = count
        self._begun = 0
        self._report = report

    def next(self) -> Callable[[int, int], None]:
        """Return what takes the progress of the next one."""
        before = self._begun
        self._begun += 1
        return lambda done, total: self._report((before + done / total) / self._count)

    def tell(self) -> None:
        """Tell how far those before have come."""
        self._report(self._begun / max(1, self._count))
