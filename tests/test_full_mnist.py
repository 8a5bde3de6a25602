"""The figures of the article and of the project's aims, on the full MNIST."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio import RBM, load_mnist
from rbm_studio.core.annealing import annealed_log_partition
from rbm_studio.core.likelihood import exact_log_partition, log_likelihood

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.core.backend import FloatArray

pytestmark = pytest.mark.full_mnist

ARTICLE = (0.3689, 0.2504, 0.2144, 0.1982, 0.1875, 0.1797, 0.1736, 0.1685, 0.1645, 0.1612)


@pytest.fixture(scope="module")
def digits(mnist_folder: Path) -> tuple[FloatArray, FloatArray]:
    (x_train, _), (x_test, _) = load_mnist(mnist_folder)
    assert (x_train.shape, x_test.shape) == ((60_000, 784), (10_000, 784))
    return x_train, x_test


def printed_kls(rbm: RBM, x_train: FloatArray) -> list[float]:
    """Train as the article does; return the figures of the printed lines."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        rbm.fit(x_train, epochs=10, batch_size=1000)
    device, *lines = output.getvalue().splitlines()
    assert device == "# Computation will proceed on the CPU."
    numbered = [line.removeprefix(f"Epoch [{epoch}/10], KL Divergence: ") for epoch, line in enumerate(lines, 1)]
    return [float(figure) for figure in numbered]


@pytest.fixture(scope="module")
def recommended(digits: tuple[FloatArray, FloatArray]) -> tuple[RBM, list[float]]:
    rbm = RBM(visible_num=28 * 28, hidden_num=64)
    return rbm, printed_kls(rbm, digits[0])


def test_the_articles_preset_prints_the_articles_figures(digits: tuple[FloatArray, FloatArray]) -> None:
    kls = printed_kls(RBM(visible_num=28 * 28, hidden_num=64, preset="article"), digits[0])
    np.testing.assert_allclose(kls, ARTICLE, atol=0.005)


def test_the_recommended_preset_is_better_at_every_epoch(recommended: tuple[RBM, list[float]]) -> None:
    kls = recommended[1]
    assert len(kls) == 10
    assert all(kl <= article for kl, article in zip(kls, ARTICLE, strict=True))
    assert kls[-1] <= 0.125


def test_the_recommended_model_is_not_broken(
    digits: tuple[FloatArray, FloatArray], recommended: tuple[RBM, list[float]]
) -> None:
    x_train, x_test = ((images > 0.5).astype(np.float32) for images in digits)
    p = np.clip(x_train.mean(axis=0, dtype=np.float64), 1e-3, 0.999)
    base = np.log(p / (1.0 - p)).astype(np.float32)
    parameters = recommended[0].parameters
    log_z = annealed_log_partition(
        parameters, np.random.default_rng(0), base_visible_bias=base, chains=100, temperatures=6000
    )
    # Annealing errs on the flattering side where its chains disagree, so they must agree.
    assert log_z.standard_error < 0.5
    likelihood = log_likelihood(parameters, x_test, log_z.value)
    sampling_error = parameters.free_energy(x_test).std(ddof=1) / np.sqrt(len(x_test))
    assert likelihood - 2.0 * np.hypot(log_z.standard_error, sampling_error) > -120.0


def test_the_preview_is_past_the_articles_last_figure_after_its_two_epochs(
    digits: tuple[FloatArray, FloatArray],
) -> None:
    x_train, x_test = digits
    rbm = RBM(visible_num=28 * 28, hidden_num=64, preset="fast-preview")
    rbm.fit(x_train, held_out=x_test, verbose=False)
    assert len(rbm.history) == 2
    # The article's figure is of batches of 1000, this one of batches of 100.
    held_out_kl = rbm.history[-1].held_out_kl
    assert held_out_kl is not None
    assert held_out_kl - np.log(1000 / 100) / 784 < 0.13 < ARTICLE[-1]


def test_the_best_likelihood_is_the_fields_before_it_is_half_trained(digits: tuple[FloatArray, FloatArray]) -> None:
    # PyDeep's 16 hidden units, uncentred PCD-1: -149.05 nats after 50 epochs, by the exact partition function.
    rbm = RBM(visible_num=28 * 28, hidden_num=16, preset="best-likelihood")
    rbm.fit(digits[0], epochs=10, verbose=False)
    thresholded = (digits[1] > 0.5).astype(np.float32)
    assert log_likelihood(rbm.parameters, thresholded, exact_log_partition(rbm.parameters)) > -147.0


def test_a_model_with_label_units_recognises_digits(mnist_folder: Path) -> None:
    (x_train, y_train), (x_test, y_test) = load_mnist(mnist_folder)
    rbm = RBM(visible_num=28 * 28, hidden_num=64, labels=10)
    rbm.fit(x_train, y_train, epochs=5, verbose=False)
    assert (rbm.predict(x_test) == y_test).mean() > 0.88
