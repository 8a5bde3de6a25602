"""The default preset at every size: the log-likelihood of test images, and what its chains make up from noise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits
from benchmarks.judge import CLASSES, accuracy, judge
from benchmarks.table import Row, verdict
from benchmarks.timing import interleave
from benchmarks.training_speed import ours
from rbm_studio.core.annealing import independent_biases
from rbm_studio.core.bracket import likelihood_bracket
from rbm_studio.core.gibbs import Clamp, GibbsChains, noise
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

LEAST = {16: -142.0, 64: -109.0, 256: -85.0, 512: -80.0, 1000: -81.0, 2000: -83.0}
"""Nats, of the test images thresholded at 0.5, for so many hidden units, after ten epochs."""
SEEDS = (0, 1, 2)
ARTICLE = (0.3689, 0.2504, 0.2144, 0.1982, 0.1875, 0.1797, 0.1736, 0.1685, 0.1645, 0.1612)
MOST_KL = 0.125
DREAMERS, DRAWERS = (64, 256, 512, 1000), (256, 512)
CHAINS, STEPS, DRAWN = 500, 1000, 100
LEAST_CONFIDENCE, MOST_BLANK, LEAST_RIGHT = 0.8, 0.02, 85
MOST_TIME = 1.5
OLD = "cd-1"
"""The default until now; its time is the reference."""

_TEMPERATURES, _ANNEALED = 5000, 200


def run(quick: bool) -> list[Row]:
    """Train models with the default preset, and measure each; without ``quick`` it takes an hour."""
    sizes = (16, 64, 256) if quick else tuple(LEAST)
    rows = []
    for hidden in sizes:
        for seed in SEEDS[:1] if quick else SEEDS:
            parameters, kls, seconds = trained(hidden, seed)
            rows.append(_likelihood(parameters, hidden, seed, f"10 epochs in {seconds:.0f} s", LEAST[hidden]))
            if hidden == 64:
                rows.append(_article(kls, seed))
            if hidden in DREAMERS:
                rows.append(_dream(parameters, f"{hidden} hidden, seed {seed}"))
    if not quick:
        parameters, _, seconds = trained(64, 0, epochs=100)
        rows.append(_likelihood(parameters, 64, 0, f"100 epochs in {seconds:.0f} s", LEAST[64]))
        rows += [_draw(trained(hidden, 0, labels=True)[0], hidden) for hidden in DRAWERS]
    return [*rows, *(_time(hidden, quick) for hidden in (64, 512))]


def trained(hidden: int, seed: int, *, labels: bool = False, **changes: Any) -> tuple[Parameters, list[float], float]:
    """Return a model of the default preset, the article's KL of the test images after each epoch, and the seconds."""
    levels = digits.training_levels()
    settings = settings_for(TrainingSettings().preset, seed=seed, **changes)
    mean: FloatArray = digits.training_images().mean(axis=0)
    start = PRESETS[settings.preset].initial_parameters(
        levels.shape[1], hidden, seed, mean, len(levels), CLASSES if labels else 0
    )
    training = Training(start, levels, settings, labels=digits.training_labels() if labels else None)
    test = MetricData(digits.test_images(), digits.test_labels() if labels else None)
    kls, seconds = [], 0.0
    while not training.finished:
        begin = time.perf_counter()
        progress = training.step()
        seconds += time.perf_counter() - begin
        if progress.epoch_kl is not None:
            kls.append(METRICS["article_kl"].measure(training.snapshot(), test, np.random.default_rng(seed)))
    return training.snapshot(), kls, seconds


def _likelihood(parameters: Parameters, hidden: int, seed: int, how: str, least: float) -> Row:
    states = (digits.test_images() > 0.5).astype(np.float32)
    found = likelihood_bracket(
        parameters,
        states,
        np.random.default_rng(seed),
        base_visible_bias=independent_biases((digits.training_images() > 0.5).astype(np.float32)),
        chains=_ANNEALED,
        temperatures=_TEMPERATURES,
    )
    upper, lower = found.upper, found.lower
    figure = (
        f"{upper.value:.2f} nats, exact" if found.method == "exact" else f"{upper.value:.2f} / {lower.value:.2f} nats"
    )
    errors = "" if found.method == "exact" else f"s.e. {upper.standard_error:.2f} / {lower.standard_error:.2f}"
    name = f"AIS / reverse AIS, test images thresholded at 0.5, {hidden} hidden, seed {seed}"
    return Row(name, figure, how, errors, f"≥ {least:g} nats", verdict(upper.value >= least))


def _article(kls: list[float], seed: int) -> Row:
    met = all(kl <= theirs for kl, theirs in zip(kls, ARTICLE, strict=True)) and kls[-1] <= MOST_KL
    return Row(
        f"article's KL of grey test images, batches of 1,000, 64 hidden, seed {seed}",
        " ".join(f"{kl:.4f}" for kl in kls),
        " ".join(f"{kl:.4f}" for kl in ARTICLE),
        "",
        f"≤ the article's; at last ≤ {MOST_KL}",
        verdict(met),
    )


def _dream(parameters: Parameters, name: str) -> Row:
    rng = np.random.default_rng(0)
    chains = GibbsChains(parameters, noise(CHAINS, parameters.visible_num, rng), rng)
    chains.step(STEPS)
    found = judge(chains.visible_probabilities)
    return Row(
        f"{CHAINS} chains from noise after {STEPS:,} steps, {name}",
        f"confidence {found.confidence:.2f}, blank {found.blank:.1%}, of each digit {' '.join(map(str, found.counts))}",
        f"classifier: right about {accuracy():.1%} of the test images",
        "",
        f"≥ {LEAST_CONFIDENCE:g}, < {MOST_BLANK:.0%}, each ≥ 1",
        verdict(found.confidence >= LEAST_CONFIDENCE and found.blank < MOST_BLANK and bool(found.counts.all())),
    )


def _draw(parameters: Parameters, hidden: int) -> Row:
    right = []
    for digit in range(CLASSES):
        rng = np.random.default_rng(digit)
        chains = GibbsChains(parameters, noise(DRAWN, parameters.visible_num, rng), rng)
        chains.clamp = Clamp(label=digit)
        chains.step(STEPS)
        right.append(int(judge(chains.visible_probabilities).counts[digit]))
    return Row(
        f"Draw a 0 … 9: of {DRAWN} each so many are that digit to the classifier, {hidden} hidden",
        " ".join(map(str, right)),
        "",
        "",
        f"each ≥ {LEAST_RIGHT}",
        verdict(min(right) >= LEAST_RIGHT),
    )


def _time(hidden: int, quick: bool) -> Row:
    count = 6000 if quick else 20_000
    levels = digits.training_levels()[:count]
    passes = {name: ours(levels, hidden, 100, preset=name) for name in (OLD, TrainingSettings().preset)}
    times = interleave(passes, 3 if quick else 7)
    ratio = times.ratio(TrainingSettings().preset, OLD)
    return Row(
        f"time of an epoch, monitoring included, {hidden} hidden",
        f"{1e6 * times.median(TrainingSettings().preset) / count:.1f} µs an image",
        f"{OLD}: {1e6 * times.median(OLD) / count:.1f} µs",
        f"{ratio:.2f} × its time",
        f"≤ {MOST_TIME:g} ×",
        verdict(ratio <= MOST_TIME),
    )
