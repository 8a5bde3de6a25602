"""A GPU whose memory is full, or that is gone, in the midst of what the library does on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio import RBM
from rbm_studio.core import backend as backend_module
from rbm_studio.core.backend import CPU, Backend, backend_for, gpu_problem
from rbm_studio.core.gpu_errors import GPUError, GPUMemoryError, gpu_errors
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from tests.core.failing_gpu import FULL, GONE, FailingGPU, failing_gpu
from tests.core.runs import D, initial, run

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

SETTINGS = settings_for("cd-1", batch_size=10, epochs=4)


@pytest.fixture
def images() -> FloatArray:
    return np.random.default_rng(0).random((50, D), dtype=np.float32)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> tuple[FailingGPU, Backend]:
    return failing_gpu(monkeypatch)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [(FULL, GPUMemoryError, "The GPU's memory is full."), (GONE, GPUError, "stopped working .cudaErrorDeviceUnav")],
)
def test_what_cupy_raises_in_a_run_is_in_words(
    gpu: tuple[FailingGPU, Backend], images: FloatArray, error: Exception, kind: type[GPUError], words: str
) -> None:
    xp, backend = gpu
    training = Training(initial(), images, SETTINGS, backend=backend)
    training.step()
    xp.fail_after(7, error)
    with pytest.raises(kind, match=words) as caught:
        run(training)
    assert type(caught.value.__cause__) is type(error)


def test_a_run_goes_on_on_the_cpu_from_where_the_gpu_was_full(
    gpu: tuple[FailingGPU, Backend], images: FloatArray
) -> None:
    xp, backend = gpu
    training = Training(initial(), images, SETTINGS, backend=backend)
    for _ in range(7):
        training.step()
    xp.fail_after(2, FULL)
    with pytest.raises(GPUMemoryError):
        training.step()
    state = training.state.moved(CPU)
    assert state.epochs_trained == pytest.approx(1.4)
    rest = Training(training.snapshot(), images, SETTINGS, state=state, resume=True)
    assert len(run(rest)) == 13
    assert rest.state.epochs_trained == pytest.approx(4.0)
    assert rest.snapshot().is_finite


def test_a_start_on_a_full_gpu_is_in_words(
    gpu: tuple[FailingGPU, Backend], images: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    xp, backend = gpu

    def full(*_: object, **__: object) -> None:
        raise type(FULL)(*FULL.args)

    monkeypatch.setattr(xp, "array", full, raising=False)
    with pytest.raises(GPUMemoryError):
        Training(initial(), images, SETTINGS, backend=backend)


def test_errors_of_others_pass() -> None:
    for error in (MemoryError("the host's"), ValueError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, gpu_errors():
            raise error
        assert caught.value is error


def test_a_gpu_that_is_full_when_it_is_looked_for_may_have_room_later(
    gpu: tuple[FailingGPU, Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = GPUMemoryError("The GPU's memory is full.")
    answers: list[GPUMemoryError | tuple[Backend, str]] = [full, (gpu[1], "")]

    def find() -> tuple[Backend, str]:
        answer = answers.pop(0)
        if isinstance(answer, GPUMemoryError):
            raise answer
        return answer

    monkeypatch.setattr(backend_module, "_find_gpu", find)
    with pytest.raises(GPUMemoryError):
        backend_for("auto")
    assert backend_for("auto") is gpu[1]
    answers.append(full)
    # It is there: the choice stays open.
    assert gpu_problem() == ""


def test_the_class_keeps_what_it_learned_and_goes_on(
    gpu: tuple[FailingGPU, Backend], images: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    xp, backend = gpu
    monkeypatch.setattr(backend_module, "_find_gpu", lambda: (backend, ""))
    rbm = RBM(D, 6, use_GPU=True)
    xp.fail_after(40, FULL)
    with pytest.raises(GPUMemoryError):
        rbm.fit(images, epochs=4, batch_size=10, verbose=False)
    before = len(rbm.history)
    assert 0 < before < 4
    rbm.use_GPU = False
    rbm.fit(images, epochs=4, batch_size=10, verbose=False, resume=True)
    assert [round(record.epoch) for record in rbm.history] == [1, 2, 3, 4]


def test_a_gpu_that_is_gone_leaves_the_class_as_it_was(
    gpu: tuple[FailingGPU, Backend], images: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    xp, backend = gpu
    monkeypatch.setattr(backend_module, "_find_gpu", lambda: (backend, ""))
    rbm = RBM(D, 6, use_GPU=True)
    xp.fail_after(40, GONE)
    with pytest.raises(GPUError, match="stopped working"):
        rbm.fit(images, epochs=4, batch_size=10, verbose=False)
    assert rbm.history == []
    rbm.use_GPU = False
    rbm.fit(images, epochs=1, batch_size=10, verbose=False)
    assert np.isfinite(rbm.w).all()
