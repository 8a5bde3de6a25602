"""Training on the CPU, batches of 1000: against the article's algorithm, scikit-learn and the bare matrix products."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits
from benchmarks.article_reference import ArticleReference
from benchmarks.table import Row, verdict
from benchmarks.timing import Times, interleave
from rbm_studio.core.presets import PRESETS, TrainingSettings
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray

BATCH_SIZE = 1000
AT_LEAST = 4.0
"""How many times the speed of the article's algorithm the recommended preset must have."""

_ROUNDS = {64: 5, 512: 3}
_QUICK_ROUNDS = 3
_QUICK_IMAGES = 10_000
_ENDLESS = 100_000


def run(quick: bool) -> list[Row]:
    """Time whole epochs, in turns."""
    images = digits.training_images()
    if quick:
        images = images[:_QUICK_IMAGES]
    return [row for hidden_num in _ROUNDS for row in _compare(images, hidden_num, quick)]


def _compare(images: FloatArray, hidden_num: int, quick: bool) -> list[Row]:
    reference = ArticleReference(images.shape[1], hidden_num)
    epochs: dict[str, Callable[[], object]] = {
        "reference": lambda: reference.train_epoch(images, BATCH_SIZE),
        "products": _floor(images, hidden_num),
        **{preset: _ours(images, hidden_num, preset) for preset in PRESETS},
    }
    scikit_learn = _scikit_learn(images, hidden_num)
    if scikit_learn is not None:
        epochs["scikit-learn"] = scikit_learn
    times = interleave(epochs, _QUICK_ROUNDS if quick else _ROUNDS[hidden_num])
    return [row for preset in PRESETS for row in _rows(times, hidden_num, preset, len(images))]


def _rows(times: Times, hidden_num: int, preset: str, images: int) -> list[Row]:
    def per_image(name: str) -> str:
        return f"{1e6 * times.median(name) / images:.2f} µs"

    name = f"an image, {hidden_num} hidden, {preset}"
    speed_up = times.ratio("reference", preset)
    has_target = preset == "recommended"
    rows = [
        Row(
            name,
            per_image(preset),
            f"article's algorithm, plain NumPy: {per_image('reference')}",
            f"{speed_up:.1f} × as fast",
            f"≥ {AT_LEAST:g} ×" if has_target else "",
            verdict(speed_up >= AT_LEAST) if has_target else "",
        )
    ]
    if "scikit-learn" in times.seconds:
        ratio = f"{times.ratio('scikit-learn', preset):.1f} × as fast"
        rows.append(Row(name, per_image(preset), f"scikit-learn BernoulliRBM: {per_image('scikit-learn')}", ratio))
    floor = f"{times.ratio(preset, 'products'):.2f} × its time"
    rows.append(Row(name, per_image(preset), f"five float32 products alone: {per_image('products')}", floor))
    return rows


def _ours(images: FloatArray, hidden_num: int, preset: str) -> Callable[[], object]:
    mean: FloatArray = images.mean(axis=0)
    parameters = PRESETS[preset].initial_parameters(images.shape[1], hidden_num, 0, mean, len(images))
    settings = TrainingSettings.for_preset(preset, batch_size=BATCH_SIZE, epochs=_ENDLESS)
    training = Training(parameters, images, settings)

    def epoch() -> None:
        while training.step().epoch_kl is None:
            pass

    return epoch


def _floor(images: FloatArray, hidden_num: int) -> Callable[[], object]:
    """Return what no CD-1 step in float32 can do without: its five products, their results allocated beforehand."""
    rng = np.random.default_rng(0)
    visible_num = images.shape[1]
    w = rng.random((visible_num, hidden_num), dtype=np.float32)
    model = rng.random((BATCH_SIZE, visible_num), dtype=np.float32)
    hidden = rng.random((BATCH_SIZE, hidden_num), dtype=np.float32)
    visible_out, hidden_out, w_gradient = np.empty_like(model), np.empty_like(hidden), np.empty_like(w)

    def epoch() -> None:
        for begin in range(0, len(images), BATCH_SIZE):
            data = images[begin : begin + BATCH_SIZE]
            n = len(data)
            np.matmul(data, w, out=hidden_out[:n])
            np.matmul(hidden[:n], w.T, out=visible_out[:n])
            np.matmul(model[:n], w, out=hidden_out[:n])
            np.matmul(data.T, hidden[:n], out=w_gradient)
            np.matmul(model[:n].T, hidden[:n], out=w_gradient)

    return epoch


def _scikit_learn(images: FloatArray, hidden_num: int) -> Callable[[], object] | None:
    """Return an epoch of scikit-learn's persistent contrastive divergence, or None where it is not installed."""
    try:
        networks: Any = importlib.import_module("sklearn.neural_network")
    except ImportError:
        return None
    rbm = networks.BernoulliRBM(hidden_num, batch_size=BATCH_SIZE, n_iter=1, random_state=0)
    return lambda: rbm.fit(images)
