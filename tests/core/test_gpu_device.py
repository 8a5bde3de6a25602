"""The GPU itself against the CPU: skipped, with the reason, where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU, Backend, backend_for, gpu_problem
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.metrics import article_kl
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.state import TrainingState
from rbm_studio.core.training import Training, TrainingDivergedError
from rbm_studio.core.updates import UPDATES
from tests.core.kernel_equivalents import CPU_WITH_THE_GPUS_NUMBERS, HostPhilox
from tests.core.runs import flat, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.settings import TrainingSettings

pytestmark = pytest.mark.gpu
D, H, C, N = 100, 24, 3, 1200
OPTIONS: list[dict[str, Any]] = [
    {"centred": True, "sparsity_cost": 0.1},
    {"l1": 0.001, "l2": 0.01, "max_norm": 0.5, "clip_norm": 0.1},
    {"k": 3, "visible_units": "sampled", "update": "adam", "learning_rate": 0.01},
]


@pytest.fixture(scope="module")
def gpu() -> Backend:
    problem = gpu_problem()
    if problem:
        pytest.skip(problem)
    return backend_for("gpu")


def levels() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    # Stripes of three kinds, with noise.
    kind = np.arange(N) % C
    values = 200 * (np.arange(D) % C == kind[:, None]) + rng.integers(0, 56, (N, D))
    values[:, :30] = 0
    shown: NDArray[np.uint8] = values.astype(np.uint8)
    return shown


def training(backend: Backend, settings: TrainingSettings, *, labels: bool = False) -> Training:
    shown = levels()
    mean = shown.mean(axis=0, dtype=np.float32) / np.float32(255)
    start = PRESETS[settings.preset].initial_parameters(D, H, 1, mean, N, C if labels else 0)
    classes = np.arange(N) % C if labels else None
    return Training(start, shown, settings, labels=classes, held_out=shown[:100], backend=backend)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1000, 517)])
def test_random_numbers_are_those_of_the_reference(gpu: Backend, shape: tuple[int, int]) -> None:
    seed = np.random.SeedSequence(5)
    source, reference = gpu.generator(seed), HostPhilox(seed)
    out: Any = gpu.xp.empty(shape, dtype=np.float32)
    for _ in range(2):
        source.random(out=out, dtype=np.float32)
        np.testing.assert_array_equal(gpu.to_host(out), reference.draw(np.empty(shape, dtype=np.float32)))


@pytest.mark.parametrize("labels", [False, True], ids=["", "labels"])
def test_the_exact_gradient_is_the_cpus(gpu: Backend, labels: bool) -> None:
    settings = settings_for("cd-1", gradient="exact", batch_size=100, epochs=1)
    start = PRESETS["cd-1"].initial_parameters(D, 8, 1, label_num=C if labels else 0)
    runs = [
        Training(start, levels(), settings, labels=np.arange(N) % C if labels else None, backend=backend)
        for backend in (gpu, CPU_WITH_THE_GPUS_NUMBERS)
    ]
    for each in runs:
        run(each)
    ours, theirs = (each.snapshot().arrays() for each in runs)
    for name, array in theirs.items():
        np.testing.assert_allclose(ours[name], array, rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("labels", [False, True], ids=["", "labels"])
@pytest.mark.parametrize("gradient", ["cd", "pcd", "tempering"])
def test_one_step_with_the_same_random_numbers_is_the_cpus(gpu: Backend, gradient: str, labels: bool) -> None:
    # Later steps part: where a probability is within rounding of a random number, a unit comes out otherwise.
    settings = settings_for("cd-1", gradient=gradient, visible_units="sampled", batch_size=200, temperatures=3)
    ours, theirs = (training(backend, settings, labels=labels) for backend in (gpu, CPU_WITH_THE_GPUS_NUMBERS))
    mine, other = ours.step(), theirs.step()
    # One unit of one image that comes out otherwise changes a weight by 0.15 / 200.
    for name, array in theirs.last_update().arrays().items():
        np.testing.assert_allclose(ours.last_update().arrays()[name], array, atol=2e-3, err_msg=name)
    assert mine.kl == pytest.approx(other.kl, abs=1e-3)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_learn_as_on_the_cpu(gpu: Backend, preset: str) -> None:
    settings = settings_for(preset, batch_size=100, epochs=5)
    ours, theirs = (run(training(backend, settings))[-1] for backend in (gpu, CPU))
    assert ours.epoch_kl == pytest.approx(theirs.epoch_kl, abs=0.01)
    assert ours.held_out_kl == pytest.approx(theirs.held_out_kl, abs=0.01)


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("name", BINARISATIONS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_learn_as_on_the_cpu(gpu: Backend, options: dict[str, Any], name: str, update: str) -> None:
    rate = 0.01 if update == "adam" else 0.1
    settings = settings_for("cd-1", binarisation=name, update=update, learning_rate=rate, batch_size=100, epochs=5)
    settings = replace(settings, **options)
    ours, theirs = (run(training(backend, settings, labels=True))[-1] for backend in (gpu, CPU))
    assert ours.epoch_kl == pytest.approx(theirs.epoch_kl, abs=0.02)


@pytest.mark.parametrize("gradient", ["cd", "pcd", "tempering"])
def test_the_same_seed_gives_the_same_bits_also_when_interrupted(gpu: Backend, gradient: str) -> None:
    settings = settings_for("cd-1", gradient=gradient, batch_size=100, epochs=2, temperatures=3, centred=True)
    whole, again, first = (training(gpu, settings) for _ in range(3))
    run(whole)
    run(again)
    np.testing.assert_array_equal(flat(again.snapshot()), flat(whole.snapshot()))
    for _ in range(7):
        first.step()
    state = first.state
    saved = TrainingState.restored(state.arrays(), state.facts(), gpu)
    shown = levels()
    rest = Training(first.snapshot(), shown, settings, held_out=shown[:100], backend=gpu, state=saved, resume=True)
    run(rest)
    np.testing.assert_array_equal(flat(rest.snapshot()), flat(whole.snapshot()))


def test_a_run_that_explodes_is_halted(gpu: Backend) -> None:
    ours = training(gpu, settings_for("cd-1", learning_rate=1e8, batch_size=10))
    with pytest.raises(TrainingDivergedError):
        run(ours)
    assert ours.snapshot().is_finite


def test_extreme_inputs_stay_finite(gpu: Backend) -> None:
    z = np.array([[-1e4, -200, -87, 0, 87, 200, 1e4]], dtype=np.float32)
    own, inputs = gpu.operations, gpu.to_device(z)
    nats = own.cross_entropy(gpu.to_device(np.ones_like(z)), inputs, gpu.to_device(np.zeros_like(z[0])), inputs)
    assert own.read([[nats]]) == pytest.approx([np.logaddexp(0, -z.astype(np.float64)).sum()], rel=1e-5)
    np.testing.assert_allclose(gpu.to_host(inputs)[0], [0, 0, 0, 0.5, 1, 1, 1], atol=1e-37)
    assert np.isfinite(article_kl(own.read([[nats]])[0], 7, 10))
