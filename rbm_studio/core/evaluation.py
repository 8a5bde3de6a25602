"""All that can be measured about a model, each figure with its data, its binarisation and its error."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.annealing import annealed_log_partition, reverse_annealed_log_likelihood
from rbm_studio.core.fantasy_figures import fantasy_figures
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, Cancelled, exact_log_partition
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.parameters import log_odds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.metrics import Metric
    from rbm_studio.core.parameters import Parameters


@dataclass(frozen=True)
class Figure:
    """A number about a model, and all that it needs to be understood.

    Attributes
    ----------
    name : str
        A key of `METRICS`, or ``"log_partition"``, or a log-likelihood with how it was estimated.
    title : str
        For people.
    value : float
    standard_error : float or None
        Where it is estimated.
    unit : str
    data : str
        Which images it is of; "" if of none.
    binarisation : str
        How they were shown to the model; "" if there were none.
    note : str
        What it measures.
    """

    name: str
    title: str
    value: float
    standard_error: float | None
    unit: str
    data: str
    binarisation: str
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as Python's own types, which JSON can hold."""
        return asdict(self)


@dataclass
class _Watch:
    """Tells how far the evaluation is, and ends it when asked to."""

    progress: Callable[[str, float], None] | None
    cancelled: Callable[[], bool] | None
    what: str = ""

    def start(self, what: str) -> None:
        self.what = what
        self.advance(0, 1)

    def advance(self, done: int, total: int) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if self.progress is not None:
            self.progress(self.what, done / total)


def evaluate(
    parameters: Parameters,
    test: MetricData,
    training: MetricData | None = None,
    *,
    chains: int = 100,
    temperatures: int = 5000,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Figure]:
    """Measure all that can be measured about a model.

    Parameters
    ----------
    parameters : Parameters
    test : MetricData
        Images that it did not learn from.
    training : MetricData, optional
        Images that it learnt from, shown in the same way.
    chains, temperatures : int
        Of the annealing in both directions, where the partition function cannot be summed.
    seed : int
        Of all that is sampled to measure.
    progress : callable, optional
        Called with what is being measured, and which part is done, 0..1, of this pass through the images.
    cancelled : callable, optional
        Asked between blocks of images whether to end.

    Returns
    -------
    list of Figure
        The partition function, then all of `METRICS` that apply, then the log-likelihood by reverse annealing where
        the others are estimates. What needs binary images is measured on images made binary by their threshold where
        they are shown as grey values, and says so.

    Raises
    ------
    Cancelled
        If ``cancelled`` returned True.
    """
    watch = _Watch(progress, cancelled)
    watch.start("Partition function")
    sets = [replace(data, watch=watch.advance) for data in (training, test) if data is not None]
    annealing = _Annealing(chains, temperatures, _base_visible_bias(sets[0].as_states()), seed, watch)
    partition = _partition_function(parameters, annealing)
    sets = [replace(data, log_partition=partition.value) for data in sets]
    if training is not None:
        sets[1] = replace(sets[1], training=sets[0])
    figures = [partition, *_figures(parameters, sets, partition, seed, watch)]
    watch.start("Chains from noise")
    figures += [Figure(**each) for each in fantasy_figures(parameters, sets[0], sets[-1], **annealing.of_chains())]
    if partition.standard_error is not None:
        figures.append(_lower_bound(parameters, sets[-1].as_states(), annealing))
    return figures


def _figures(
    parameters: Parameters, sets: list[MetricData], partition: Figure, seed: int, watch: _Watch
) -> Iterator[Figure]:
    for metric in METRICS.values():
        # The gradient is that of what the model learns from.
        for data in sets[:1] if metric.name == "gradient_cosine" else sets:
            shown = metric.shown(data)
            if metric.problem(parameters, shown):
                continue
            watch.start(f"{metric.title}, {data.name}")
            value = metric.measure(parameters, shown, np.random.default_rng(seed))
            figure = _figure(metric, value, shown)
            yield _annealed(figure, partition.standard_error) if metric.needs_partition_function else figure


def _figure(metric: Metric, value: float, data: MetricData) -> Figure:
    note = metric.note + (f" B = {data.batch_size}." if metric.name == "article_kl" else "")
    return Figure(metric.name, metric.title, value, None, metric.unit, data.name, data.binarisation_in_words, note)


def _annealed(figure: Figure, standard_error: float | None) -> Figure:
    """Return a figure with how the partition function in it was estimated, if it was."""
    if standard_error is None:
        return figure
    return replace(
        figure,
        name=f"{figure.name}_ais",
        title=f"{figure.title} (AIS)",
        standard_error=standard_error,
        note=f"{figure.note} The partition function is estimated, and {_FLATTERY}",
    )


_FLATTERY = "where the chains miss a mode it comes out too low: this flatters the model (Salakhutdinov & Murray 2008)."


@dataclass(frozen=True, eq=False)
class _Annealing:
    chains: int
    temperatures: int
    base_visible_bias: FloatArray
    seed: int
    watch: _Watch

    def options(self) -> dict[str, Any]:
        """Return what both directions take."""
        return {
            "rng": np.random.default_rng(self.seed),
            "base_visible_bias": self.base_visible_bias,
            "chains": self.chains,
            "temperatures": self.temperatures,
            "progress": self.watch.advance,
            "cancelled": self.watch.cancelled,
        }

    def of_chains(self) -> dict[str, Any]:
        """Return what chains from noise take."""
        names = {"rng": "rng", "base_visible_bias": "independent", "progress": "progress", "cancelled": "cancelled"}
        return {names[name]: value for name, value in self.options().items() if name in names}


def _partition_function(parameters: Parameters, annealing: _Annealing) -> Figure:
    watch = annealing.watch
    if min(parameters.visible_num, parameters.hidden_num) <= MAX_EXACT_UNITS:
        value = exact_log_partition(parameters, progress=watch.advance, cancelled=watch.cancelled)
        note = "The logarithm of the sum over all states of the smaller layer."
        return Figure("log_partition", "ln Z", value, None, "nats", "", "", note)
    estimate = annealed_log_partition(parameters, **annealing.options())
    note = (
        f"Estimated by annealed importance sampling with {annealing.chains} chains and {annealing.temperatures} "
        f"temperatures; {_FLATTERY}"
    )
    return Figure("log_partition_ais", "ln Z (AIS)", estimate.value, estimate.standard_error, "nats", "", "", note)


def _lower_bound(parameters: Parameters, data: MetricData, annealing: _Annealing) -> Figure:
    metric = METRICS["log_likelihood"]
    annealing.watch.start(f"{metric.title} (reverse AIS), {data.name}")
    images = np.concatenate([block.visible for block in data.blocks()])
    estimate = reverse_annealed_log_likelihood(parameters, images, **annealing.options())
    return replace(
        _figure(metric, estimate.value, data),
        name="log_likelihood_reverse_ais",
        title=f"{metric.title} (reverse AIS)",
        standard_error=estimate.standard_error,
        note=f"{metric.note} Estimated by annealing in reverse: a lower bound of how probable the images are to the "
        "chains of AIS (Burda, Grosse & Salakhutdinov 2015). With more temperatures these come near the model; "
        "where the two figures differ, neither can be trusted.",
    )


def _base_visible_bias(data: MetricData) -> FloatArray:
    """Return the biases of independent pixels as bright as the images': from there the annealing errs least."""
    total = np.sum([block.visible.sum(axis=0, dtype=np.float64) for block in data.blocks()], axis=0)
    return log_odds(total / len(data), len(data))
