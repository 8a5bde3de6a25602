"""What the article's class says of input that it cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.core.training import TrainingDivergedError
from tests.patterns import D, H, bits

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


BAD_DATA: dict[str, tuple[Any, str]] = {
    "grey levels": (np.full((3, D), 255.0), r"lie in 255\.\.255, but must lie in 0\.\.1.*Divide grey levels.*by 255"),
    "negative": (np.full((3, D), -1.0), r"but must lie in 0\.\.1.*Scale them to 0\.\.1"),
    "NaN": (np.full((3, D), np.nan), r"NaN \(not a number\).*Replace missing values"),
    "infinite": (np.full((3, D), np.inf), r"but must lie in 0\.\.1"),
    "width": (np.zeros((3, D + 1)), r"shape \(3, 7\), but the RBM has 6 visible units.*\(number of images, 6\)"),
    "not flat": (np.zeros((3, 2, 3)), r"shape \(3, 2, 3\), but the RBM has 6 visible units"),
    "empty": (np.zeros((0, D)), r"no images in the data.*at least one"),
    "objects": (np.full((3, D), None), r"array of object.*numbers in 0\.\.1"),
    "text": ([["a"] * D], r"array of <U1.*numbers in 0\.\.1"),
    "ragged": ([[0.0] * D, [0.0]], r"rows of the data differ in length"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_data_that_cannot_be_used(trained: RBM, images: FloatArray, name: str) -> None:
    data, message = BAD_DATA[name]
    before, epochs = bits(trained), len(trained.history)
    for use in (
        lambda: trained.fit(data),
        # That there are no held-out images is nothing wrong.
        lambda: trained.fit(images if name != "empty" else data, held_out=data),
        lambda: trained.reconstruct(data),
        lambda: trained.expect_hidden(data),
        lambda: trained.get_hidden(data),
        lambda: trained.sample_hidden(data),
    ):
        with pytest.raises(RBMStudioError, match=message):
            use()
    np.testing.assert_array_equal(bits(trained), before)
    assert len(trained.history) == epochs


def test_bytes_are_grey_levels_to_train_on_only(trained: RBM) -> None:
    levels = np.full((3, D), 7, dtype=np.uint8)
    with pytest.raises(RBMStudioError, match=r"lie in 7\.\.7, but must lie in 0\.\.1.*by 255"):
        trained.reconstruct(levels)
    before = bits(trained)
    trained.fit(levels, epochs=1, held_out=levels, verbose=False)
    assert not np.array_equal(bits(trained), before)


@pytest.mark.parametrize("method", ["expect_visible", "sample_visible"])
def test_hidden_values_that_cannot_be_used(trained: RBM, method: str) -> None:
    use = getattr(trained, method)
    with pytest.raises(RBMStudioError, match=r"hidden values .* shape \(2, 6\), but the RBM has 4 hidden units"):
        use(np.zeros((2, D)))
    with pytest.raises(RBMStudioError, match=r"lie in 0\.\.3, but must lie in 0\.\.1"):
        use([[0, 1, 2, 3]])


def test_pairs_of_unequal_number(trained: RBM) -> None:
    with pytest.raises(RBMStudioError, match=r"3 rows of visible and 2 rows of hidden units.*as many of one"):
        trained.calculate_energy(np.zeros((3, D)), np.zeros((2, H)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"visible_num": 0}, r"number of visible units is 0.*whole number from 1 to 1000000"),
        ({"visible_num": 784.0}, r"number of visible units is 784\.0.*whole number"),
        ({"hidden_num": 0}, r"number of hidden units is 0.*whole number from 1 to 4096"),
        ({"hidden_num": 4097}, r"number of hidden units is 4097.*whole number from 1 to 4096"),
        ({"hidden_num": "64"}, r"number of hidden units is 64.*whole number"),
        ({"learning_rate": 0}, r"learning rate is 0.*above 0"),
        ({"learning_rate": "0.1"}, r"learning rate is 0\.1.*a number above 0"),
        ({"momentum": 1.0}, r"momentum is 1\.0.*less than 1"),
        ({"seed": -1}, r"seed is -1.*from 0 to"),
        ({"preset": "articel"}, r"no preset 'articel'.*Known presets: recommended, cd-1, article"),
        ({"gradient": "cd1"}, r"no gradient estimator 'cd1'.*cd, pcd, tempering, exact"),
        ({"sparsity": 0.1}, r"no setting 'sparsity'\. Known settings: preset, learning_rate"),
        ({"labels": -1}, r"number of classes is -1.*from 0 to 1000"),
        ({"labels": 1}, r"cannot learn a single class\. Give at least 2, or 0"),
        ({"labels": 2.0}, r"number of classes is 2\.0.*whole number"),
    ],
)
def test_sizes_and_settings_that_are_impossible(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(RBMStudioError, match=message):
        RBM(**({"visible_num": D, "hidden_num": H} | arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, r"number of epochs is 0.*from 1 to"),
        ({"epochs": 1.5}, r"number of epochs is 1\.5.*whole number"),
        ({"batch_size": 0}, r"batch size is 0.*from 1 to"),
        ({"batch_size": -5}, r"batch size is -5.*from 1 to"),
    ],
)
def test_arguments_of_fit_that_are_impossible(images: FloatArray, arguments: dict[str, Any], message: str) -> None:
    rbm = RBM(D, H)
    with pytest.raises(RBMStudioError, match=message):
        rbm.fit(images, **arguments)
    assert rbm.loss_history == []


@pytest.mark.parametrize("rate", [1e6, 1e8])
def test_a_learning_rate_that_explodes(images: FloatArray, rate: float) -> None:
    rbm = RBM(D, H, learning_rate=rate)
    with pytest.raises(TrainingDivergedError, match=r"parameters exploded.*last good.*Lower the learning rate"):
        rbm.fit(images, epochs=3, batch_size=10, verbose=False)
    assert rbm.parameters.is_finite
    assert np.isfinite(rbm.reconstruct(images)).all()


def test_labels_that_cannot_be_used(images: FloatArray) -> None:
    rbm = RBM(D, H, labels=3)
    before = bits(rbm)
    for labels, message in (
        (np.arange(60) % 4, r"lie in 0\.\.3, but the model has 3 label units"),
        (np.zeros(59, dtype=int), r"one whole number for each of the 60 images"),
        (np.zeros(60), r"type float64"),
        (["three"] * 60, r"type <U5"),
    ):
        for use in (rbm.fit, rbm.partial_fit):
            with pytest.raises(RBMStudioError, match=message):
                use(images, labels)
    np.testing.assert_array_equal(bits(rbm), before)


def test_a_model_without_label_units_knows_no_classes(trained: RBM, images: FloatArray) -> None:
    for ask in (trained.predict, trained.predict_proba):
        with pytest.raises(RBMStudioError, match=r"no label units, so it knows no classes\. Train one with labels"):
            ask(images)


@pytest.mark.parametrize("rate", [1e6, 1e8])
def test_a_stream_that_explodes_leaves_settings_and_parameters_sound(images: FloatArray, rate: float) -> None:
    rbm = RBM(D, H, learning_rate=rate, schedule="linear", epochs=7)
    settings = rbm.settings
    with pytest.raises(TrainingDivergedError):
        rbm.partial_fit(images)
    assert rbm.settings == settings
    assert rbm.parameters.is_finite


def test_held_out_images_on_another_scale_are_refused() -> None:
    levels = np.full((4, D), 200, np.uint8)
    with pytest.raises(RBMStudioError, match="which scale is meant cannot be told"):
        RBM(D, H).fit(levels, held_out=np.ones((4, D), np.uint8))
    with pytest.raises(RBMStudioError, match="which scale is meant cannot be told"):
        RBM(D, H).fit(np.ones((4, D), np.uint8), held_out=levels)
    RBM(D, H, epochs=1).fit(levels, held_out=0 * levels, verbose=False)
