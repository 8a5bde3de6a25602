from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rbm_studio.app import measurement
from rbm_studio.app.measurement import ANNEALED, Parts, Subject
from rbm_studio.app.state import Images, Model
from rbm_studio.core.health import IMAGES, fixed_part
from rbm_studio.core.likelihood import exact_log_partition, log_likelihood
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.parameters import gaussian_parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.data import Dataset

from .conftest import bars

SIDE = 4


def images_of(train: int = 60, test: int = 20, *, labelled: bool = False) -> Images:
    labels = [np.arange(count, dtype=np.uint8) % 3 if labelled else None for count in (train, test)]
    data = Dataset("Bars", "made up", bars(train, SIDE), labels[0], bars(test, SIDE, seed=1), labels[1])
    return Images.prepare(data, (SIDE, SIDE))


def model_of(hidden: int = 5, *, labels: int = 0, **settings: Any) -> Model:
    rng = np.random.default_rng(3)
    parameters = gaussian_parameters(SIDE * SIDE, hidden, rng, label_num=labels)
    parameters.w[...] = rng.normal(0, 0.5, parameters.w.shape)
    training = replace(settings_for("cd-1"), **settings)
    return Model(parameters, (SIDE, SIDE), training, epochs_trained=2.5)


def subject_of(model: Model | None = None, images: Images | None = None) -> Subject:
    return Subject(model or model_of(), Parts.of(images or images_of()))


def ignore(_share: float) -> None:
    pass


def applicable(subject: Subject) -> list[str]:
    return [name for name in METRICS if not subject.problem(name)]


def test_it_is_measured_on_the_images_of_the_health() -> None:
    images = images_of(train=2 * IMAGES + 7, test=IMAGES + 1)
    for binarisation in ("grey", "stochastic", "threshold"):
        sides = subject_of(model_of(binarisation=binarisation), images).sides("free_energy")
        for side, of in (("training", images.train), ("held_out", images.test)):
            [block] = sides[side].blocks()
            np.testing.assert_array_equal(block.visible, fixed_part(of, binarisation))


def test_every_metric_that_applies_is_measured_with_the_epoch_of_the_parameters() -> None:
    subject = subject_of(model_of(labels=3), images_of(labelled=True))
    names = applicable(subject)
    assert names == list(METRICS)
    points = subject.measure(names, ignore)
    assert list(points) == names
    for name, point in points.items():
        assert point.epoch == 2.5
        for side, data in subject.sides(name).items():
            expected = METRICS[name].measure(subject.model.parameters, data, np.random.default_rng(0))
            assert getattr(point, side) == pytest.approx(expected, rel=1e-6), (name, side)
    assert points["free_energy_gap"].training is None
    assert points["gradient_cosine"].held_out is None
    assert points["true_kl"].training is not None
    assert points["true_kl"].held_out is not None


def test_grey_images_are_made_binary_where_only_those_have_a_probability() -> None:
    subject = subject_of(model_of(binarisation="grey", threshold=0.3))
    assert {data.binarisation_in_words for data in subject.sides("true_kl").values()} == {"thresholded at 0.3"}
    assert {data.binarisation_in_words for data in subject.sides("cross_entropy").values()} == {"grey values"}
    subject = subject_of(model_of(binarisation="stochastic"))
    assert {data.binarisation_in_words for data in subject.sides("true_kl").values()} == {"made binary at random"}


@pytest.mark.parametrize(
    ("name", "model", "problem"),
    [
        ("accuracy", model_of(), "The model has no label units."),
        ("accuracy", model_of(labels=3), "The classes of these images are not known."),
        ("gradient_cosine", model_of(gradient="exact"), "The training takes the exact gradient itself."),
        ("cross_entropy", model_of(), ""),
    ],
)
def test_what_does_not_apply_says_why(name: str, model: Model, problem: str) -> None:
    assert subject_of(model).problem(name) == problem


def test_a_model_too_large_to_sum_up_is_measured_by_annealing_only() -> None:
    parameters = gaussian_parameters(36, 30, np.random.default_rng(0))
    data = Dataset("Bars", "made up", bars(20, 6), None, bars(10, 6, seed=1), None)
    subject = Subject(Model(parameters, (6, 6), settings_for("cd-1")), Parts.of(Images.prepare(data, (6, 6))))
    assert "25 units" in subject.problem("true_kl")
    assert "25 units" in subject.problem("log_likelihood")
    assert "20 units" in subject.problem("gradient_cosine")
    assert subject.problem(ANNEALED) == ""


def test_an_unlabelled_set_is_left_out() -> None:
    images = images_of(labelled=True)
    images = replace(images, dataset=replace(images.dataset, test_labels=None))
    subject = subject_of(model_of(labels=3), images)
    assert list(subject.sides("accuracy")) == ["training"]


@pytest.mark.parametrize("gradient", ["pcd", "tempering"])
def test_the_cosine_is_that_of_the_estimators_chains_and_waits_for_them(gradient: str) -> None:
    model = model_of(gradient=gradient)
    assert subject_of(model).problem("gradient_cosine") == ""
    assert subject_of(model).measure(["gradient_cosine"], ignore) == {}
    none = replace(model, particles=np.zeros((0, 16), dtype=np.float32))
    assert subject_of(none).measure(["gradient_cosine"], ignore) == {}
    # All pixels on, in every chain: far from this model.
    wrong = replace(model, particles=np.ones((20, 16), dtype=np.float32))
    points = subject_of(wrong).measure(["gradient_cosine"], ignore)
    from_data = subject_of(model_of(gradient="cd")).measure(["gradient_cosine"], ignore)
    assert points["gradient_cosine"].training != pytest.approx(from_data["gradient_cosine"].training, abs=0.01)


def test_annealing_brackets_the_exact_likelihood_of_held_out_images() -> None:
    subject = subject_of(model_of(binarisation="threshold"))
    point = subject.measure([ANNEALED], ignore)[ANNEALED]
    parameters = subject.model.parameters
    log_partition = exact_log_partition(parameters)
    [training], [held_out] = (subject.sides(ANNEALED)[side].blocks() for side in ("training", "held_out"))
    exact = log_likelihood(parameters, held_out.visible, log_partition)
    assert point.training == pytest.approx(log_likelihood(parameters, training.visible, log_partition), abs=0.1)
    assert point.held_out == pytest.approx(exact, abs=0.1)
    assert point.lower is not None
    assert exact - 1.0 < point.lower < exact + 0.1


def test_progress_grows_from_0_to_1_over_all_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 20)
    shares: list[float] = []
    subject_of().measure(["free_energy", "true_kl", ANNEALED], shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {round(share, 1) for share in shares} >= {0.3, 0.7, 1.0}


def test_what_the_report_raises_ends_the_measurement() -> None:
    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    for name in ("free_energy", "true_kl", ANNEALED):
        with pytest.raises(KeyboardInterrupt):
            subject_of().measure([name], stop)


def test_the_same_model_gives_the_same_figures() -> None:
    names = [*applicable(subject_of()), ANNEALED]
    assert subject_of().measure(names, ignore) == subject_of().measure(names, ignore)
