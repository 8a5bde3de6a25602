"""What a run makes of its images and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from rbm_studio.core.workspace import LEAST_IMAGES
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import random_model
from tests.core.reference import Reference, stacked
from tests.core.runs import RUNS, D, epoch_rows, flat, initial, run, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rbm_studio.core.settings import TrainingSettings

EVERY_RUN = pytest.mark.parametrize("name", RUNS)


def trained(images: NDArray[Any], settings: TrainingSettings, **options: Any) -> Training:
    training = Training(initial(settings.preset), images, settings, **options)
    run(training)
    return training


def levels(count: int, pixels: int = D) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, pixels)).astype(np.uint8)


class TestUnevenBatches:
    def test_a_last_batch_of_one_image_counts_as_a_batch_of_that_image(self) -> None:
        # All images are the same, so that it is the number of updates that counts, and not which images they see.
        image = np.array([[1, 0, 1, 1, 0]], dtype=np.float32)
        found = []
        for images, batch_size in ((1001, 100), (1100, 100), (11, 1)):
            settings = settings_for(
                "cd-1", gradient="exact", batch_size=batch_size, epochs=1, learning_rate=0.1, momentum_epochs=0
            )
            training = Training(random_model(5, 3), np.repeat(image, images, axis=0), settings)
            assert len(run(training)) == 11
            found.append(training)
        for other in found[1:]:
            np.testing.assert_allclose(flat(other.snapshot()), flat(found[0].snapshot()), atol=1e-5)

    def test_1001_images_are_one_more_than_1000(self) -> None:
        images = (np.random.default_rng(0).random((1001, 5)) < 0.4).astype(np.float32)
        settings = settings_for("cd-1", gradient="exact", batch_size=100, epochs=1, learning_rate=0.1, momentum=0.5)
        p = random_model(5, 3)
        training, reference = Training(p, images, settings), Reference(p, settings)
        steps = run(training)
        rows = epoch_rows(training)
        for first in range(0, 1001, 100):
            reference.step(images[rows[first : first + 100]].astype(np.float64), 0.1, 0.5)
        for array, other in zip(stacked(training.snapshot()), reference.arrays, strict=True):
            np.testing.assert_allclose(array, other, atol=1e-5)
        assert [step.images for step in steps[-2:]] == [1000, 1001]
        # The last image's KL weighs as one of all that were measured.
        counts = [5] * 10 + [1]
        mean = np.average([step.kl for step in steps], weights=counts)
        assert steps[-1].epoch_kl == pytest.approx(mean, rel=1e-9)

    def test_the_kl_of_an_epoch_weighs_the_images_that_were_measured(self) -> None:
        images = levels(1001)
        for name, every in (("cd", 20), ("pcd", 20), ("article", 1)):
            steps = run(Training(initial(), images, settings_of(name, batch_size=100, epochs=2, chains=100)))
            counts = [-(-100 // every)] * 10 + [1]
            for epoch in (steps[:11], steps[11:]):
                mean = np.average([step.kl for step in epoch], weights=counts)
                assert epoch[-1].epoch_kl == pytest.approx(mean, rel=1e-9)

    @EVERY_RUN
    def test_each_image_is_shown_once_an_epoch(self, name: str) -> None:
        # A single image lights each pixel: no gradient of the data would be right that missed one.
        training = Training(initial(settings_of(name).preset), levels(50), settings_of(name))
        for _ in range(2):
            for _ in range(training.batches):
                training.step()
            assert sorted(epoch_rows(training)) == list(range(50))


class TestKindsOfImages:
    @EVERY_RUN
    def test_levels_fractions_and_files_give_the_same_bits(self, name: str, tmp_path: Path) -> None:
        images, settings = levels(50), settings_of(name)
        expected = flat(trained(images, settings).snapshot())
        fractions = images.astype(np.float32) / 255
        np.testing.assert_array_equal(flat(trained(fractions, settings).snapshot()), expected)
        for kind, values in ((np.uint8, images), (np.float32, fractions)):
            file = np.memmap(tmp_path / "images", dtype=kind, mode="w+", shape=images.shape)
            file[...] = values
            file.flush()
            read_only = np.memmap(tmp_path / "images", dtype=kind, mode="r", shape=images.shape)
            np.testing.assert_array_equal(flat(trained(read_only, settings).snapshot()), expected)

    def test_fractions_that_are_no_levels_are_kept_as_they_are(self) -> None:
        images = np.random.default_rng(0).random((14, 5), dtype=np.float32)
        settings = settings_for("cd-1", gradient="exact", batch_size=14, epochs=1, learning_rate=1.0, momentum=0.0)
        p = random_model(5, 3)
        training, reference = Training(p, images, settings), Reference(p, settings)
        run(training)
        reference.step(images.astype(np.float64), 1.0, 0.0)
        np.testing.assert_allclose(training.snapshot().visible_bias, reference.a, atol=1e-6)

    @EVERY_RUN
    def test_a_threshold_is_as_good_as_images_that_are_binary(self, name: str) -> None:
        images = levels(50)
        binary = (images > 0.3 * 255).astype(np.uint8) * np.uint8(255)
        settings = settings_of(name, binarisation="threshold", threshold=0.3)
        expected = trained(binary, settings_of(name, binarisation="grey"))
        np.testing.assert_array_equal(flat(trained(images, settings).snapshot()), flat(expected.snapshot()))

    def test_stochastic_states_are_as_frequent_as_the_images_are_bright(self) -> None:
        # Without weights, and with these kept out, the visible biases learn the mean image.
        p = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((4, 1), (4,), (1,))))
        image = np.array([[0, 51, 128, 230]], dtype=np.uint8)
        settings = settings_for(
            "cd-1",
            binarisation="stochastic", gradient="exact", batch_size=500, epochs=300, learning_rate=1.0,
            max_norm=1e-6, schedule="linear",
        )  # fmt: skip
        training = Training(p, np.repeat(image, 500, axis=0), settings)
        seen = set()
        while not training.finished:
            training.step()
            seen.add(training.last_update().visible_bias.tobytes())
        q = 1 / (1 + np.exp(-training.snapshot().visible_bias))
        np.testing.assert_allclose(q, image[0] / 255, atol=0.03)
        # Made anew in each epoch.
        assert len(seen) == 300


class TestDarkPixels:
    def images(self, count: int) -> NDArray[np.uint8]:
        images = levels(count)
        images[:, [2, 7, 8]] = 0
        return images

    def model(self, labels: int = 0) -> Parameters:
        p = random_model(D, 6, labels, scale=0.1)
        p.w[[2, 7, 8]], p.visible_bias[[2, 7, 8]] = 0, (-7.5, -8, -20)
        return p

    @EVERY_RUN
    @pytest.mark.parametrize("labels", [0, 3])
    def test_pixels_that_tell_nothing_change_nothing(self, name: str, labels: int) -> None:
        images, p = self.images(LEAST_IMAGES), self.model(labels)
        lit = np.delete(np.arange(D), [2, 7, 8])
        classes = np.arange(LEAST_IMAGES) % 3 if labels else None
        settings = settings_of(name, batch_size=300, epochs=1, chains=50)
        few_classes = None if classes is None else classes[:40]
        whole = Training(p, images, settings, labels=classes, held_out=images[:40], held_out_labels=few_classes)
        few = Parameters(p.w[lit], p.visible_bias[lit], p.hidden_bias, p.label_w, p.label_bias)
        alone = Training(few, images[:, lit], settings, labels=classes)
        steps, steps_alone = run(whole), run(alone)
        found, expected = whole.snapshot(), alone.snapshot()
        np.testing.assert_array_equal(found.w[lit], expected.w)
        np.testing.assert_array_equal(found.visible_bias[lit], expected.visible_bias)
        np.testing.assert_array_equal(found.hidden_bias, expected.hidden_bias)
        # These stay as they were, and are dark in what the model makes.
        np.testing.assert_array_equal(found.visible_bias[[2, 7, 8]], p.visible_bias[[2, 7, 8]])
        assert not found.w[[2, 7, 8]].any()
        assert not whole.last_update().visible_bias[[2, 7, 8]].any()
        assert not whole.particles()[:, [2, 7, 8]].any()
        np.testing.assert_array_equal(whole.particles()[:, lit], alone.particles())
        # But the KL is of all pixels.
        nats = np.log1p(np.exp(np.array([-7.5, -8, -20]))).sum()
        for step, other in zip(steps, steps_alone, strict=True):
            of_lit = other.kl * len(lit) + np.log(300)
            assert step.kl == pytest.approx((of_lit + nats - np.log(300)) / D, rel=1e-6)

    def test_few_images_teach_what_is_dark(self) -> None:
        images = np.zeros((3, D), dtype=np.float32)
        images[0, :3], images[1, 2:5], images[2, 1] = 1, 1, 1
        start = initial()
        start.w[5:] = 0
        start.visible_bias[...] = np.log(1 / 3)
        training = Training(start, images, settings_for("cd-1", epochs=1000, learning_rate=0.1))
        run(training)
        p = training.snapshot()
        assert (p.visible_bias[5:] < -3).all()
        assert p.expect_visible(p.expect_hidden(images))[:, 5:].max() < 0.05


class TestLabels:
    def patterns(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return three patterns, each a class, with a pixel in ten turned."""
        rng = np.random.default_rng(0)
        classes = rng.integers(0, 3, 240)
        patterns = np.repeat(np.eye(3), D // 3, axis=1)
        turned = rng.random((240, D)) < 0.1
        return np.abs(patterns[classes] - turned).astype(np.float32), classes

    @pytest.mark.parametrize("update", ["sgd", "adam"])
    @pytest.mark.parametrize("centred", [False, True])
    @pytest.mark.parametrize("gradient", GRADIENTS)
    def test_a_model_learns_to_tell_patterns_apart(self, gradient: str, centred: bool, update: str) -> None:
        images, classes = self.patterns()
        settings = settings_for(
            "cd-1",
            gradient=gradient, centred=centred, update=update, learning_rate=0.1 if update == "sgd" else 0.02,
            momentum=0.5, batch_size=20, epochs=20, temperatures=3, visible_units="sampled",
        )  # fmt: skip
        training = Training(initial(labels=3), images[:200], settings, labels=classes[:200])
        run(training)
        found = training.snapshot().label_probabilities(images[200:])
        assert (found.argmax(axis=1) == classes[200:]).mean() > 0.8
        # It is sure of what it has seen often.
        assert found.max(axis=1).mean() > 0.6

    def test_wrong_labels_do_not_help(self) -> None:
        images, classes = self.patterns()
        shuffled = np.random.default_rng(5).permutation(classes[:200])
        training = Training(initial(labels=3), images[:200], settings_of("cd", epochs=20), labels=shuffled)
        run(training)
        after = training.snapshot().label_probabilities(images[200:]).argmax(axis=1)
        assert (after == classes[200:]).mean() < 0.7

    def test_labels_that_do_not_fit_are_refused(self) -> None:
        images, classes = self.patterns()
        for bad, message in ((classes[:-1], "for each of the 240 images"), (classes + 1, r"lie in 1\.\.3")):
            with pytest.raises(RBMStudioError, match=message):
                Training(initial(labels=3), images, settings_of("cd"), labels=bad)
        with pytest.raises(RBMStudioError, match=r"lie in 1\.\.3"):
            Training(
                initial(labels=3), images, settings_of("cd"), labels=classes, held_out=images,
                held_out_labels=classes + 1,
            )  # fmt: skip
