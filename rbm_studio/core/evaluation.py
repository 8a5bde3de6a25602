"""All that can be measured about a model, each figure with its data, its binarisation and its error."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.bracket import Bracket, likelihood_bracket, narrowed
from rbm_studio.core.fantasy_figures import fantasy_figures
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, Cancelled, Estimate
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.parameters import log_odds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.metrics import Metric
    from rbm_studio.core.parameters import Parameters

UPPER, LOWER = "log_likelihood_ais", "log_likelihood_reverse_ais"
"""The names of a bracket's ends among the figures."""


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
        Where it is estimated; infinite where there is but one chain.
    unit : str
    data : str
        Which images it is of; "" if of none.
    binarisation : str
        How they were shown to the model; "" if there were none.
    note : str
        What it measures.
    split : {"training", "test"} or None
        Which part of the images it is of; None if of none.
    count : int or None
        How many images.
    effective_chains : float or None
        Where it is estimated by annealing: as `Estimate.effective_chains`.
    chains, temperatures : int or None
        Of the annealing.
    """

    name: str
    title: str
    value: float
    standard_error: float | None
    unit: str
    data: str
    binarisation: str
    note: str
    split: str | None = None
    count: int | None = None
    effective_chains: float | None = None
    chains: int | None = None
    temperatures: int | None = None

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
    within: float = math.inf,
    most_temperatures: int = 0,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Figure]:
    """Measure all that can be measured about a model.

    Parameters
    ----------
    parameters : Parameters
    test : MetricData
        Images that it did not learn from; none where none are held out.
    training : MetricData, optional
        Images that it learnt from, shown in the same way.
    chains, temperatures : int
        Of the annealing in both directions, where the partition function cannot be summed.
    within : float
        With wider a bracket of the test images' log-likelihood than these nats, errors included, the annealing is
        done again with twice as many temperatures.
    most_temperatures : int
        But not with more than these.
    seed : int
        Of all that is sampled to measure.
    progress : callable, optional
        Called with what is being measured, and which part is done, 0..1, of this pass through the images.
    cancelled : callable, optional
        Asked between blocks of images, and at each step of the annealing, whether to end.

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
    sets = {
        split: replace(data, watch=watch.advance)
        for split, data in (("training", training), ("test", test))
        if data is not None and len(data)
    }
    annealing = _Annealing(chains, temperatures, max(temperatures, most_temperatures), within, seed)
    bracket = _bracket(parameters, sets, annealing, watch)
    sets = {split: replace(data, log_partition=bracket.log_partition.value) for split, data in sets.items()}
    if len(sets) > 1:
        sets["test"] = replace(sets["test"], training=sets["training"])
    by = _Annealed(bracket.log_partition, chains, bracket.temperatures) if bracket.temperatures else None
    figures = [_partition_function(bracket, by), *_figures(parameters, sets, by, seed, watch)]
    figures += _fantasies(parameters, sets, seed, watch)
    if by is not None:
        split, data = _judged(sets)
        figures.append(_lower_bound(data.as_states(), replace(by, estimate=bracket.lower), split))
    return figures


def bracket_of(figures: Iterable[Figure]) -> Bracket | None:
    """Return the bracket of the test images' log-likelihood among the figures of `evaluate`; None if it is exact."""
    found = {(figure.name, figure.split): figure for figure in figures}
    ends = [found.get(key) for key in ((LOWER, "test"), (UPPER, "test"), ("log_partition_ais", None))]
    lower, upper, partition = (None if end is None else _estimate(end) for end in ends)
    if lower is None or upper is None or partition is None:
        return None
    return Bracket("AIS", lower, upper, partition, found[LOWER, "test"].temperatures or 0)


def _estimate(figure: Figure) -> Estimate:
    # None stands for what an exact figure has.
    error, effective = figure.standard_error or 0.0, figure.effective_chains or math.inf
    return Estimate(figure.value, error, effective)


def _bracket(parameters: Parameters, sets: dict[str, MetricData], annealing: _Annealing, watch: _Watch) -> Bracket:
    is_exact = min(parameters.visible_num, parameters.hidden_num) <= MAX_EXACT_UNITS
    watch.start("Images")
    base = _base_visible_bias(next(iter(sets.values())).as_states())
    # The exact partition function is one for all images.
    images = np.concatenate([block.visible for block in _judged(sets)[1].as_states().blocks()])
    widths: list[str] = []

    def at(temperatures: int) -> Bracket:
        through = f"AIS, {temperatures:,} temperatures{widths[-1] if widths else ''}"
        watch.start("Partition function" if is_exact else through)
        found = likelihood_bracket(
            parameters,
            images,
            np.random.default_rng(annealing.seed),
            base_visible_bias=base,
            chains=annealing.chains,
            temperatures=temperatures,
            progress=watch.advance,
        )
        widths.append(f"; so far {_width(found)}")
        return found

    return narrowed(at, annealing.within, temperatures=annealing.temperatures, most=annealing.most)


def _fantasies(parameters: Parameters, sets: dict[str, MetricData], seed: int, watch: _Watch) -> list[Figure]:
    """Return what chains from noise show of a model, and the bound of the likelihood that they give."""
    watch.start("Chains from noise")
    training = next(iter(sets.values()))
    split, judged = _judged(sets)
    found = fantasy_figures(
        parameters,
        training,
        judged,
        _base_visible_bias(training.as_states()),
        np.random.default_rng(seed),
        progress=watch.advance,
    )
    of_images: dict[str, Any] = {"split": split, "count": len(judged)}
    return [Figure(**each, **(of_images if each["data"] == judged.name else {})) for each in found]


def _judged(sets: dict[str, MetricData]) -> tuple[str, MetricData]:
    """Return the images that judge the model: the test images, or where there are none, those that it learnt from."""
    return list(sets.items())[-1]


def _width(bracket: Bracket) -> str:
    return "inverted" if bracket.is_inverted else f"{bracket.width:.2g} nats wide"


def _figures(
    parameters: Parameters, sets: dict[str, MetricData], by: _Annealed | None, seed: int, watch: _Watch
) -> Iterator[Figure]:
    for metric in METRICS.values():
        for split, data in sets.items():
            # The gradient is that of what the model learns from.
            if metric.name == "gradient_cosine" and split != next(iter(sets)):
                continue
            shown = metric.shown(data)
            if metric.problem(parameters, shown):
                continue
            watch.start(f"{metric.title}, {data.name}")
            value = metric.measure(parameters, shown, np.random.default_rng(seed))
            figure = _figure(metric, value, shown, split)
            yield figure if by is None or not metric.needs_partition_function else by.applied_to(figure)


def _figure(metric: Metric, value: float, data: MetricData, split: str) -> Figure:
    note = metric.note + (f" B = {data.batch_size}." if metric.name == "article_kl" else "")
    words = data.binarisation_in_words
    return Figure(metric.name, metric.title, value, None, metric.unit, data.name, words, note, split, len(data))


_FLATTERY = "where the chains miss a mode it comes out too low: this flatters the model (Salakhutdinov & Murray 2008)."


@dataclass(frozen=True)
class _Annealing:
    chains: int
    temperatures: int
    most: int
    within: float
    seed: int


@dataclass(frozen=True)
class _Annealed:
    """How the partition function in a figure was estimated."""

    estimate: Estimate
    chains: int
    temperatures: int

    def certainty(self) -> dict[str, Any]:
        """Return what a figure says of it."""
        return {
            "standard_error": self.estimate.standard_error,
            "effective_chains": self.estimate.effective_chains,
            "chains": self.chains,
            "temperatures": self.temperatures,
        }

    def applied_to(self, figure: Figure) -> Figure:
        """Return a figure that says so."""
        return replace(
            figure,
            name=f"{figure.name}_ais",
            title=f"{figure.title} (AIS)",
            note=f"{figure.note} The partition function is estimated, and {_FLATTERY}",
            **self.certainty(),
        )


def _partition_function(bracket: Bracket, by: _Annealed | None) -> Figure:
    note = "The logarithm of the sum over all states of the smaller layer."
    exact = Figure("log_partition", "ln Z", bracket.log_partition.value, None, "nats", "", "", note)
    if by is None:
        return exact
    note = (
        f"Estimated by annealed importance sampling with {by.chains} chains and {by.temperatures} temperatures; "
        f"{_FLATTERY}"
    )
    return replace(exact, name="log_partition_ais", title="ln Z (AIS)", note=note, **by.certainty())


def _lower_bound(data: MetricData, by: _Annealed, split: str) -> Figure:
    metric = METRICS["log_likelihood"]
    return replace(
        _figure(metric, by.estimate.value, data, split),
        name=LOWER,
        title=f"{metric.title} (reverse AIS)",
        note=f"{metric.note} Estimated by annealing in reverse: a lower bound of how probable the images are to the "
        "chains of AIS (Burda, Grosse & Salakhutdinov 2015). With more temperatures these come near the model; "
        "where the two figures differ, neither can be trusted.",
        **by.certainty(),
    )


def _base_visible_bias(data: MetricData) -> FloatArray:
    """Return the biases of independent pixels as bright as the images': from there the annealing errs least."""
    total = np.sum([block.visible.sum(axis=0, dtype=np.float64) for block in data.blocks()], axis=0)
    return log_odds(total / len(data), len(data))
