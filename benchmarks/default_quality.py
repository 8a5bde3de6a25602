"""The default preset at every size: the log-likelihood of test images, and what its chains make up from noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import digits
from benchmarks.judge import CLASSES, accuracy, judge
from benchmarks.table import Row, verdict
from benchmarks.timing import interleave
from benchmarks.trained_models import Trained, bracket, train
from benchmarks.training_speed import ours
from rbm_studio.core.class_drawing import MOST_STEPS, ClassDrawing
from rbm_studio.core.gibbs import Clamp, GibbsChains, noise
from rbm_studio.core.likeness import know
from rbm_studio.core.sampling import sample_visible
from rbm_studio.core.settings import TrainingSettings

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
"""The default of the first version; its time is the reference."""
DEFAULT = TrainingSettings().preset


def run(quick: bool) -> list[Row]:
    """Train models with the default preset, and measure each; without ``quick`` it takes an hour."""
    sizes = (16, 64, 256) if quick else tuple(LEAST)
    rows = []
    for hidden in sizes:
        for seed in SEEDS[:1] if quick else SEEDS:
            model = train(DEFAULT, hidden, seed)
            rows.append(_likelihood(model, seed))
            if hidden == 64:
                rows.append(_article(model.kls, seed))
            if hidden in DREAMERS:
                rows.append(_dream(model.parameters, f"{hidden} hidden, seed {seed}"))
    if not quick:
        rows.append(_likelihood(train(DEFAULT, 64, 0, epochs=100), 0))
        rows += [_draw(train(DEFAULT, hidden, 0, labels=True).parameters, hidden) for hidden in DRAWERS]
    return [*rows, *(_time(hidden, quick) for hidden in (64, 512))]


def _likelihood(model: Trained, seed: int) -> Row:
    hidden = model.parameters.hidden_num
    figure, upper = bracket(model.parameters, seed)
    how = f"{len(model.kls)} epochs in {model.seconds:.0f} s"
    name = f"AIS / reverse AIS, test images thresholded at 0.5, {hidden} hidden, seed {seed}"
    return Row(name, figure, how, "", f"≥ {LEAST[hidden]:g} nats", verdict(upper >= LEAST[hidden]))


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
    right = [int(judge(_drawn(parameters, digit)).counts[digit]) for digit in range(CLASSES)]
    return Row(
        f"Draw a 0 … 9: of {DRAWN} each so many are that digit to the classifier, {hidden} hidden",
        " ".join(map(str, right)),
        "",
        "",
        f"each ≥ {LEAST_RIGHT}",
        verdict(min(right) >= LEAST_RIGHT),
    )


def _drawn(parameters: Parameters, digit: int) -> FloatArray:
    """Return what the window's *Draw a d* ends with, of shape (DRAWN, D)."""
    rng = np.random.default_rng(digit)
    known = know(parameters, _of_digit(digit))
    # Pixels that are on as often as their biases say, as the window starts them.
    idle = np.zeros((DRAWN, parameters.hidden_num), dtype=np.float32)
    chains = GibbsChains(parameters, sample_visible(parameters, idle, rng), rng)
    chains.clamp = Clamp(label=digit)
    drawing = ClassDrawing(chains, digit, lambda: known, lambda: sample_visible(parameters, idle, rng))
    for _ in range(MOST_STEPS):
        chains.step()
        drawing.follow_step()
        if drawing.is_done:
            break
    return chains.visible_probabilities


def _of_digit(digit: int) -> FloatArray:
    """Return the test images of a digit, as the default shows them, as the window does to know when one is good."""
    images: FloatArray = (digits.test_images()[digits.test_labels() == digit] > 0.5).astype(np.float32)
    return images


def _time(hidden: int, quick: bool) -> Row:
    count = 6000 if quick else 20_000
    levels = digits.training_levels()[:count]
    passes = {name: ours(levels, hidden, 100, preset=name) for name in (OLD, DEFAULT)}
    times = interleave(passes, 3 if quick else 7)
    ratio = times.ratio(DEFAULT, OLD)
    return Row(
        f"time of an epoch, monitoring included, {hidden} hidden",
        f"{1e6 * times.median(DEFAULT) / count:.1f} µs an image",
        f"{OLD}: {1e6 * times.median(OLD) / count:.1f} µs",
        f"{ratio:.2f} × its time",
        f"≤ {MOST_TIME:g} ×",
        verdict(ratio <= MOST_TIME),
    )
