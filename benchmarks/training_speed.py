"""Training on the CPU: against the article's algorithm, scikit-learn and the bare matrix products."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits
from benchmarks.article_reference import ArticleReference
from benchmarks.table import Row, verdict
from benchmarks.timing import Times, interleave
from rbm_studio.core.backend import CPU
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rbm_studio.core.backend import Backend, FloatArray

PRESET = "cd-1"
"""As the references do: CD-1 on grey values."""
BATCH_SIZES = (100, 1000)
IMAGES = {64: 20_000, 256: 10_000, 512: 6000, 1024: 4000}
"""Hidden units, and how many images are timed with them: the plain references take seconds for so many."""
TIMES_THE_ARTICLE = 5.0
TIMES_SCIKIT_LEARN = 2.5

_ROUNDS = 5
_QUICK_ROUNDS = 3
_ENDLESS = 100_000


def run(quick: bool) -> list[Row]:
    """Time passes through some thousand images, in turns."""
    return [row for size in BATCH_SIZES for hidden_num in IMAGES for row in _compare(hidden_num, size, quick)]


def _most_times_the_products(hidden_num: int) -> float:
    return 1.8 if hidden_num < 256 else 1.1


def _compare(hidden_num: int, batch_size: int, quick: bool) -> list[Row]:
    count = max(IMAGES[hidden_num] // (4 if quick else 1), 2 * batch_size)
    images = digits.training_images()[:count]
    reference = ArticleReference(images.shape[1], hidden_num)
    passes: dict[str, Callable[[], object]] = {
        "article": lambda: reference.train_epoch(images, batch_size),
        "ours": ours(digits.training_levels()[:count], hidden_num, batch_size),
        "products": _floor(images, hidden_num, batch_size),
    }
    scikit_learn = _scikit_learn(images, hidden_num, batch_size)
    if scikit_learn is not None:
        passes["scikit-learn"] = scikit_learn
    times = interleave(passes, _QUICK_ROUNDS if quick else _ROUNDS)
    return _rows(times, f"an image, {hidden_num} hidden, batch {batch_size}", hidden_num, len(images))


def _rows(times: Times, name: str, hidden_num: int, images: int) -> list[Row]:
    def per_image(which: str) -> str:
        return f"{1e6 * times.median(which) / images:.2f} µs"

    def faster(which: str, reference: str, target: float) -> Row:
        ratio = times.ratio(which, "ours")
        return Row(
            name,
            per_image("ours"),
            f"{reference}: {per_image(which)}",
            f"{ratio:.1f} × as fast",
            f"≥ {target:g} ×",
            verdict(ratio >= target),
        )

    rows = [faster("article", "article's algorithm, plain NumPy", TIMES_THE_ARTICLE)]
    if "scikit-learn" in times.seconds:
        rows.append(faster("scikit-learn", "scikit-learn BernoulliRBM", TIMES_SCIKIT_LEARN))
    most = _most_times_the_products(hidden_num)
    ratio = times.ratio("ours", "products")
    reference = f"five float32 products alone: {per_image('products')}"
    rows.append(
        Row(name, per_image("ours"), reference, f"{ratio:.2f} × its time", f"≤ {most:g} ×", verdict(ratio <= most))
    )
    return rows


def ours(
    levels: npt.NDArray[np.uint8],
    hidden_num: int,
    batch_size: int,
    backend: Backend = CPU,
    preset: str = PRESET,
    **settings: Any,
) -> Callable[[], object]:
    """Return a pass through images of shape (n, D), with a preset and these settings."""
    mean: FloatArray = levels.mean(axis=0, dtype=np.float64).astype(np.float32) / 255
    parameters = PRESETS[preset].initial_parameters(levels.shape[1], hidden_num, 0, mean, len(levels))
    wanted = settings_for(preset, batch_size=batch_size, epochs=_ENDLESS, **settings)
    training = Training(parameters, levels, wanted, backend=backend)

    def epoch() -> None:
        while training.step().epoch_kl is None:
            pass

    return epoch


def _floor(images: FloatArray, hidden_num: int, batch_size: int) -> Callable[[], object]:
    """Return what no CD-1 step in float32 can do without: its five products, their results allocated beforehand."""
    rng = np.random.default_rng(0)
    visible_num = images.shape[1]
    w = rng.random((visible_num, hidden_num), dtype=np.float32)
    model = rng.random((batch_size, visible_num), dtype=np.float32)
    hidden = rng.random((batch_size, hidden_num), dtype=np.float32)
    visible_out, hidden_out, w_gradient = np.empty_like(model), np.empty_like(hidden), np.empty_like(w)

    def epoch() -> None:
        for begin in range(0, len(images), batch_size):
            data = images[begin : begin + batch_size]
            n = len(data)
            np.matmul(data, w, out=hidden_out[:n])
            np.matmul(hidden[:n], w.T, out=visible_out[:n])
            np.matmul(model[:n], w, out=hidden_out[:n])
            np.matmul(data.T, hidden[:n], out=w_gradient)
            np.matmul(model[:n].T, hidden[:n], out=w_gradient)

    return epoch


def _scikit_learn(images: FloatArray, hidden_num: int, batch_size: int) -> Callable[[], object] | None:
    """Return an epoch of scikit-learn's persistent contrastive divergence, or None where it is not installed."""
    try:
        networks: Any = importlib.import_module("sklearn.neural_network")
    except ImportError:
        return None
    rbm = networks.BernoulliRBM(hidden_num, batch_size=batch_size, n_iter=1, random_state=0)
    return lambda: rbm.fit(images)
