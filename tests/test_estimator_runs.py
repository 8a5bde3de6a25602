"""Runs of the article's class in parts: interrupted and resumed, from files, and from streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.core import images as images_module
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from tests.core.reference import Reference, stacked
from tests.core.runs import RUNS
from tests.patterns import D, H, bits, three_patterns, trained_rbm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.training import Progress

EVERY_RUN = pytest.mark.parametrize("name", RUNS)


class StoppedError(Exception):
    """What a caller raises to stop a run."""


def stop_after(batches: int) -> Callable[[Progress], None]:
    seen: list[Progress] = []

    def stop(at: Progress) -> None:
        seen.append(at)
        if len(seen) == batches:
            raise StoppedError

    return stop


def new(name: str, labels: int = 0) -> RBM:
    settings: dict[str, Any] = {"batch_size": 25, "epochs": 3} | RUNS[name]
    return RBM(D, H, labels=labels, **settings)


def classes(labels: int) -> NDArray[np.int64] | None:
    return np.arange(60) % 3 if labels else None


class TestInterrupted:
    @EVERY_RUN
    @pytest.mark.parametrize("labels", [0, 3])
    @pytest.mark.parametrize("after", [1, 2, 3, 5, 7])
    def test_a_run_saved_in_its_middle_is_finished_by_another_process(
        self, images: FloatArray, tmp_path: Path, name: str, labels: int, after: int
    ) -> None:
        whole = new(name, labels).fit(images, classes(labels), held_out=images[:9], verbose=False)
        broken = new(name, labels)
        with pytest.raises(StoppedError):
            broken.fit(images, classes(labels), held_out=images[:9], verbose=False, progress=stop_after(after))
        broken.save(tmp_path / "model.safetensors")
        opened = RBM(D, H, seed=5, labels=labels).load(tmp_path / "model.safetensors")
        for each in (broken, opened):
            each.fit(images, classes(labels), held_out=images[:9], verbose=False, resume=True)
            np.testing.assert_array_equal(bits(each), bits(whole))
            np.testing.assert_array_equal(stacked(each.parameters)[0], stacked(whole.parameters)[0])
            assert each.history == whole.history

    def test_a_call_that_is_refused_leaves_the_interrupted_run_as_it_is(self, images: FloatArray) -> None:
        whole = new("cd", 3).fit(images, classes(3), verbose=False)
        rbm = new("cd", 3)
        with pytest.raises(StoppedError):
            rbm.fit(images, classes(3), verbose=False, progress=stop_after(4))
        with pytest.raises(RBMStudioError, match="one whole number for each of the 9 images"):
            rbm.fit(images, classes(3), held_out=images[:9], held_out_labels=[0], verbose=False)
        rbm.fit(images, classes(3), verbose=False, resume=True)
        np.testing.assert_array_equal(bits(rbm), bits(whole))

    def test_the_lines_go_on_with_the_epoch_that_was_interrupted(
        self, images: FloatArray, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rbm = new("cd")
        with pytest.raises(StoppedError):
            rbm.fit(images, progress=stop_after(5))
        capsys.readouterr()
        rbm.fit(images, resume=True)
        assert [line[:11] for line in capsys.readouterr().out.splitlines()[1:]] == ["Epoch [2/3]", "Epoch [3/3]"]
        assert [record.epoch for record in rbm.history] == [1, 2, 3]

    @EVERY_RUN
    def test_a_model_can_be_used_and_saved_while_it_is_trained(
        self, images: FloatArray, tmp_path: Path, name: str
    ) -> None:
        path, seen = tmp_path / "model.safetensors", []

        def save(at: Progress) -> None:
            seen.append(bits(rbm))
            if at.images == 145:  # within the third epoch
                rbm.save(path)

        # A second run: the first has left parameters and a state.
        rbm = new(name).fit(images, verbose=False)
        rbm.fit(images, verbose=False, progress=save)
        assert len(seen) == 9
        assert len({values.tobytes() for values in seen}) == 9
        np.testing.assert_array_equal(seen[-1], bits(rbm))
        opened = RBM(D, H).load(path)
        np.testing.assert_array_equal(bits(opened), seen[6])
        opened.fit(images, verbose=False, resume=True)
        np.testing.assert_array_equal(bits(opened), bits(rbm))
        assert opened.history == rbm.history

    def test_without_resume_another_run_begins(self, images: FloatArray) -> None:
        rbm = new("cd")
        with pytest.raises(StoppedError):
            rbm.fit(images, verbose=False, progress=stop_after(4))
        seen: list[Progress] = []
        rbm.fit(images, verbose=False, progress=seen.append)
        assert [at.epoch for at in seen] == [1, 1, 1, 2, 2, 2, 3, 3, 3]

    def test_resume_with_nothing_to_resume_is_a_run(self, images: FloatArray) -> None:
        first = new("cd").fit(images, verbose=False, resume=True)
        np.testing.assert_array_equal(bits(first), bits(new("cd").fit(images, verbose=False)))


class TestStream:
    @EVERY_RUN
    def test_the_same_images_again_and_again_are_epochs(self, images: FloatArray, name: str) -> None:
        streamed = new(name)
        for _ in range(4):
            assert streamed.partial_fit(images) is streamed
        settings: dict[str, Any] = {"batch_size": 25} | RUNS[name] | {"final_rate": 1.0, "final_k": 0, "epochs": 4}
        fitted = RBM(D, H, **settings).fit(images, verbose=False)
        np.testing.assert_array_equal(bits(streamed), bits(fitted))
        assert streamed.history == fitted.history

    @pytest.mark.parametrize("labels", [0, 3])
    def test_momentum_and_means_go_on_from_call_to_call(self, labels: int) -> None:
        rng = np.random.default_rng(0)
        chunks = [(rng.random((n, D)) < 0.4).astype(np.float32) for n in (10, 7, 1, 10)]
        own = [rng.integers(0, 3, len(chunk)) for chunk in chunks]
        changes: dict[str, Any] = {
            "gradient": "exact", "centred": True, "offset_rate": 0.2, "sparsity_cost": 0.3, "learning_rate": 0.2,
            "momentum_epochs": 2.0,
        }  # fmt: skip
        # A model that is not new: its biases do not start at the first images.
        rbm = RBM(D, H, labels=labels, preset="cd-1", **changes)
        rbm.partial_fit(chunks[0], own[0])
        settings = settings_for("cd-1", **changes)
        reference = Reference(_copy(rbm.parameters), settings)
        kept = rbm._state
        assert kept is not None
        reference.velocity = [slots[0].astype(np.float64) for slots in kept.kept]
        reference.mu, reference.lam = (offsets.astype(np.float64) for offsets in kept.offsets)
        reference.activity = kept.activity.astype(np.float64)
        for place, (chunk, classes_) in enumerate(zip(chunks[1:], own[1:], strict=True), 1):
            rbm.partial_fit(chunk, classes_)
            shown = np.concatenate([chunk, np.eye(3)[classes_]], axis=1) if labels else chunk.astype(np.float64)
            reference.step(shown, 0.2, 0.5 if place < 2 else 0.9)
            for array, other in zip(stacked(rbm.parameters), reference.arrays, strict=True):
                np.testing.assert_allclose(array, other, atol=1e-5)

    def test_chains_go_on_from_call_to_call(self, images: FloatArray) -> None:
        rbm = RBM(D, H, gradient="pcd", chains=8, learning_rate=1e-9)
        rbm.partial_fit(images)
        kept = rbm._state
        assert kept is not None
        # States that no run would start with.
        kept.chains[...] = np.eye(8, H)
        before = kept.chains.copy()
        rbm._parameters.w[...] = 0
        rbm._parameters.hidden_bias[...] = np.where(np.arange(H) == 1, 50, -50)
        rbm.partial_fit(images)
        assert rbm._state is kept
        assert not np.array_equal(kept.chains, before)
        np.testing.assert_array_equal(kept.chains, np.tile([0, 1, 0, 0], (8, 1)))

    @pytest.mark.parametrize("gradient", ["pcd", "tempering"])
    def test_chains_go_on_also_where_a_call_has_few_images(self, images: FloatArray, gradient: str) -> None:
        rbm = RBM(D, H, gradient=gradient, batch_size=25, learning_rate=1e-9)
        kept = []
        for count in (60, 7, 3, 60):
            rbm.partial_fit(images[:count])
            assert rbm._state is not None
            kept.append(rbm._state.chains)
        assert len(kept[0]) == 25
        assert all(chains is kept[0] for chains in kept)

    def test_settings_stay(self, images: FloatArray) -> None:
        rbm = RBM(D, H, schedule="linear", epochs=7, final_k=3)
        settings = rbm.settings
        rbm.partial_fit(images)
        assert rbm.settings == settings

    def test_a_stream_may_follow_a_run_and_a_run_a_stream(self, images: FloatArray) -> None:
        rbm = RBM(D, H, preset="best-likelihood")
        rbm.fit(images, epochs=2, verbose=False)
        rbm.partial_fit(1 - images)
        rbm.fit(images, epochs=2, verbose=False)
        assert [record.epoch for record in rbm.history] == [1, 2, 3, 4, 5]


def _copy(p: Parameters) -> Parameters:
    return Parameters(**{name: array.copy() for name, array in p.arrays().items()})


class TestLargeFiles:
    @EVERY_RUN
    @pytest.mark.parametrize("kind", [np.uint8, np.float32, np.bool_])
    def test_a_file_is_trained_on_as_its_numbers_are(
        self, tmp_path: Path, name: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(images_module, "_ROWS", 16)
        levels = np.random.default_rng(0).integers(0, 256, (60, D)).astype(np.uint8)
        values: npt.NDArray[Any] = levels if kind is np.uint8 else levels.astype(np.float32) / 255
        if kind is np.bool_:
            values = (levels > 99).astype(np.float32)
        file = np.memmap(tmp_path / "images", dtype=kind, mode="w+", shape=values.shape)
        file[...] = values
        file.flush()
        read_only = np.memmap(tmp_path / "images", dtype=kind, mode="r", shape=values.shape)
        from_file = new(name).fit(read_only, verbose=False, held_out=read_only[:9])
        from_memory = new(name).fit(values, verbose=False, held_out=values[:9])
        np.testing.assert_array_equal(bits(from_file), bits(from_memory))
        assert from_file.history == from_memory.history
        np.testing.assert_array_equal(
            bits(new(name).partial_fit(read_only[:30])), bits(new(name).partial_fit(values[:30]))
        )


class TestLabels:
    def test_a_model_tells_what_it_learned_the_names_of(self, images: FloatArray) -> None:
        rbm = RBM(D, H, seed=3, labels=3)
        assert rbm.fit(images, classes(3), epochs=40, batch_size=10, verbose=False) is rbm
        np.testing.assert_array_equal(rbm.predict(images), classes(3))
        found = rbm.predict_proba(images)
        assert found.shape == (60, 3)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
        np.testing.assert_array_equal(found.argmax(axis=1), rbm.predict(images))
        np.testing.assert_array_equal(found, rbm.parameters.label_probabilities(images))
        assert rbm.predict(images[0]).shape == (1,)

    def test_lists_will_do(self, images: FloatArray) -> None:
        names = np.arange(60) % 3
        expected = RBM(D, H, labels=3).fit(images, names, epochs=1, verbose=False)
        from_lists = RBM(D, H, labels=3).fit(images.tolist(), names.tolist(), epochs=1, verbose=False)
        np.testing.assert_array_equal(bits(from_lists), bits(expected))

    def test_a_stream_has_labels_too(self, images: FloatArray) -> None:
        rbm = RBM(D, H, seed=3, labels=3, batch_size=10)
        for _ in range(40):
            rbm.partial_fit(images, classes(3))
        assert (rbm.predict(images) == classes(3)).mean() > 0.9


def test_settings_change_between_two_trainings() -> None:
    rbm = trained_rbm()
    assert rbm.change_settings(learning_rate=0.01, gradient="pcd") is rbm
    assert (rbm.settings.learning_rate, rbm.settings.gradient, rbm.settings.epochs) == (0.01, "pcd", 30)
    rbm.fit(three_patterns(), epochs=2, verbose=False)
    assert rbm.history[-1].epoch == 32
    before = rbm.settings
    with pytest.raises(RBMStudioError, match="There is no setting 'rate'"):
        rbm.change_settings(rate=3)
    with pytest.raises(RBMStudioError, match="learning rate"):
        rbm.change_settings(learning_rate=-1)
    assert rbm.settings == before
