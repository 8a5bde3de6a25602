"""The GPU's way against the CPU's with the same random numbers: on a stand-in of CuPy that no NumPy call may touch."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.state import TrainingState
from rbm_studio.core.training import Training
from rbm_studio.core.updates import UPDATES
from rbm_studio.core.workspace import LEAST_IMAGES
from tests.core.compiled import NEEDS_A_COMPILER, CompiledModule
from tests.core.kernel_equivalents import CPU_WITH_THE_GPUS_NUMBERS
from tests.core.runs import run
from tests.core.stand_in import RawModule, stand_in_gpu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import Backend
    from rbm_studio.core.settings import TrainingSettings

D, H, C, N = 45, 9, 3, 70
OPTIONS: list[dict[str, Any]] = [
    {"centred": True},
    {"sparsity_cost": 0.1, "sparsity_target": 0.2},
    {"l1": 0.001, "l2": 0.01},
    {"max_norm": 0.2},
    {"clip_norm": 0.1},
    {"clip_norm": 1e6, "centred": True, "sparsity_cost": 0.1, "l2": 0.001},
    {"gradient": "pcd", "chains": 13, "k": 2},
    {"gradient": "tempering", "chains": 5, "temperatures": 4, "centred": True},
    {"k": 3, "final_k": 1, "schedule": "linear", "visible_units": "sampled"},
    {"momentum": 0.0, "schedule": "exponential"},
    {"batch_size": 1, "epochs": 1},
    {"batch_size": 1000},
]


def levels() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    values = (rng.random((N, D)) * rng.random(D) * 255).astype(np.uint8)
    values[:, [0, 7, 8, 20]] = 0
    return values


def training(backend: Backend, settings: TrainingSettings, *, labels: bool = False, grey: bool = False) -> Training:
    shown = levels()
    mean = shown.mean(axis=0, dtype=np.float32) / np.float32(255)
    start = PRESETS[settings.preset].initial_parameters(D, H, 1, mean, N, C if labels else 0)
    classes = np.arange(N) % C if labels else None
    images = shown.astype(np.float32) / np.float32(254) if grey else shown
    return Training(start, images, settings, labels=classes, held_out=images[:50], backend=backend)


def assert_same(settings: TrainingSettings, module: type[RawModule] = RawModule, **options: bool) -> None:
    ours, theirs = (
        training(backend, settings, **options) for backend in (stand_in_gpu(module), CPU_WITH_THE_GPUS_NUMBERS)
    )
    pairs = list(zip(run(ours), run(theirs), strict=True))
    for name, array in theirs.snapshot().arrays().items():
        found = ours.snapshot().arrays()[name]
        assert type(found) is np.ndarray
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, array, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(ours.last_update().arrays()[name], theirs.last_update().arrays()[name], atol=1e-6)
    np.testing.assert_allclose(ours.particles(), theirs.particles(), atol=1e-5)
    for mine, other in pairs:
        assert replace(mine, kl=0, epoch_kl=None, held_out_kl=None) == replace(
            other, kl=0, epoch_kl=None, held_out_kl=None
        )
        if other.epoch_kl is not None:
            assert mine.kl == pytest.approx(other.kl, abs=1e-6)
            assert mine.epoch_kl == pytest.approx(other.epoch_kl, abs=1e-6)
            assert mine.held_out_kl == pytest.approx(other.held_out_kl, abs=1e-6)


@pytest.mark.parametrize("labels", [False, True], ids=["", "labels"])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset: str, labels: bool) -> None:
    assert_same(settings_for(preset, epochs=3, batch_size=20), labels=labels)


@pytest.mark.parametrize("labels", [False, True], ids=["", "labels"])
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("visible", ["mean-field", "sampled"])
@pytest.mark.parametrize("gradient", GRADIENTS)
def test_estimators_and_update_rules(gradient: str, visible: str, update: str, labels: bool) -> None:
    rate = 0.01 if update == "adam" else 0.1
    settings = settings_for(
        "cd-1",
        gradient=gradient,
        visible_units=visible,
        update=update,
        learning_rate=rate,
        k=2,
        epochs=2,
        batch_size=20,
    )
    assert_same(replace(settings, temperatures=3), labels=labels)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(f"{k}={v}" for k, v in options.items()))
def test_options(options: dict[str, Any]) -> None:
    settings = settings_for("cd-1", **{"batch_size": 20, "epochs": 2, **options})
    assert_same(settings)
    assert_same(settings, labels=True)


@pytest.mark.parametrize(("name", "grey", "labels"), [*product(BINARISATIONS, [False, True], [False, True])])
def test_binarisations(name: str, grey: bool, labels: bool) -> None:
    settings = settings_for("cd-1", binarisation=name, threshold=0.3, batch_size=20, epochs=2)
    assert_same(settings, grey=grey, labels=labels)


@NEEDS_A_COMPILER
@pytest.mark.parametrize(
    "settings",
    [
        settings_for("cd-1", batch_size=35, epochs=2),
        settings_for(
            "cd-1", batch_size=35, epochs=1, gradient="pcd", binarisation="stochastic", visible_units="sampled"
        ),
        settings_for("cd-1", batch_size=35, epochs=1, gradient="tempering", temperatures=3, sparsity_cost=0.1),
    ],
    ids=["cd", "pcd", "tempering"],
)
def test_the_kernels_own_source(settings: TrainingSettings) -> None:
    assert_same(settings, CompiledModule)
    assert_same(settings, CompiledModule, labels=True)


def test_the_exact_gradient_needs_no_random_numbers_to_be_the_cpus() -> None:
    settings = settings_for("cd-1", gradient="exact", batch_size=20, epochs=2)
    ours, theirs = (training(backend, settings) for backend in (stand_in_gpu(), CPU))
    for each in (ours, theirs):
        run(each)
    for name, array in theirs.snapshot().arrays().items():
        np.testing.assert_allclose(ours.snapshot().arrays()[name], array, rtol=1e-4, atol=1e-6)


def test_dark_pixels_fill_up_the_units_to_what_products_like() -> None:
    shown = np.zeros((LEAST_IMAGES, 100), dtype=np.uint8)
    shown[:, 10:50] = 100
    mean = shown.mean(axis=0, dtype=np.float32) / np.float32(255)
    start = PRESETS["cd-1"].initial_parameters(100, 4, 0, mean, len(shown))
    settings = settings_for("cd-1", epochs=1)
    runs = [
        Training(start, shown, settings, backend=backend)
        for backend in (CPU, stand_in_gpu(), CPU_WITH_THE_GPUS_NUMBERS)
    ]
    assert [each._joint.w.shape[0] for each in runs] == [40, 64, 64]
    _, ours, theirs = runs
    assert run(ours)[-1].epoch_kl == pytest.approx(run(theirs)[-1].epoch_kl, abs=1e-6)
    np.testing.assert_allclose(ours.snapshot().visible_bias, theirs.snapshot().visible_bias, atol=1e-6)


def test_images_that_lie_column_by_column_in_memory_are_the_same_images() -> None:
    settings = settings_for("cd-1", epochs=1)
    start = PRESETS["cd-1"].initial_parameters(D, H, 1)
    first, second = (
        Training(start, images, settings, backend=stand_in_gpu()) for images in (levels(), np.asfortranarray(levels()))
    )
    assert run(first)[-1] == run(second)[-1]


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("gradient", GRADIENTS)
def test_a_run_that_was_interrupted_and_saved_goes_on_to_the_same_bits(gradient: str, steps: int) -> None:
    settings = settings_for("cd-1", gradient=gradient, batch_size=20, epochs=2, temperatures=3, centred=True)
    whole, first = (training(stand_in_gpu(), settings) for _ in range(2))
    progress = run(whole)
    for _ in range(steps):
        first.step()
    state = first.state
    facts = json.loads(json.dumps(state.facts()))
    assert all(source["kind"] == "philox" for source in facts["sources"])
    saved = TrainingState.restored(state.arrays(), facts, stand_in_gpu())
    shown = levels()
    again = Training(
        first.snapshot(), shown, settings, held_out=shown[:50], backend=stand_in_gpu(), state=saved, resume=True
    )
    rest = run(again)
    for name, array in whole.snapshot().arrays().items():
        np.testing.assert_array_equal(again.snapshot().arrays()[name], array)
    assert rest[-1].epoch_kl == pytest.approx(progress[-1].epoch_kl, abs=1e-12)


@pytest.mark.parametrize("there", [True, False], ids=["CPU to GPU", "GPU to CPU"])
def test_a_model_can_go_on_on_another_device(there: bool) -> None:
    # The exact gradient needs no random numbers: momentum and all else that is kept must have come along.
    settings = settings_for("cd-1", gradient="exact", batch_size=20, epochs=2, update="adam", centred=True)
    first, second = (CPU, stand_in_gpu()) if there else (stand_in_gpu(), CPU)
    begun, stayed = training(first, settings), training(CPU, settings)
    for each in (begun, stayed):
        run(each)
    moved = Training(begun.snapshot(), levels(), settings, backend=second, state=begun.state)
    stayed = Training(stayed.snapshot(), levels(), settings, state=stayed.state)
    for each in (moved, stayed):
        run(each)
    assert moved.state.device == second.name
    for name, array in stayed.snapshot().arrays().items():
        np.testing.assert_allclose(moved.snapshot().arrays()[name], array, rtol=1e-3, atol=1e-5)
