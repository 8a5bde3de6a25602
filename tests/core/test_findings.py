from __future__ import annotations

import string
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from rbm_studio.core.fantasies import Fantasies, Ink, Spread
from rbm_studio.core.findings import FINDINGS, Finding, find
from rbm_studio.core.health import Distribution, FreeEnergies, Health, Particles, measure_health
from rbm_studio.core.overfitting import Likelihood
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.settings import TrainingSettings

from .runs import zeros

PLAIN = settings_for("cd-1")
SPARSE = settings_for("cd-1", sparsity_cost=0.1, sparsity_target=0.1)
UNITS = 4


def healthy(**changes: Any) -> Health:
    """Return what no rule finds fault with: ten epochs old, measured on a hundred images."""
    measured = measure_health(zeros(6, UNITS), np.full((100, 6), 0.5, dtype=np.float32))
    well: dict[str, Any] = {
        "epochs": 10.0,
        "mean_activity": np.array([0.2, 0.3, 0.4, 0.5]),
        "certain": np.full(UNITS, 0.8),
        "largest_weights": np.full(UNITS, 5.0, dtype=np.float32),
        "held_out_images": 100,
        "free_energies": FreeEnergies(-100.0, -95.0, 2.0),
        "particles": particles(0.1, 1.0),
    }
    return updated(replace(measured, **{**well, **changes}), 1e-3)


def updated(health: Health, ratio: float | None) -> Health:
    return replace(health, weights=Distribution(health.weights.values, None, ratio))


def particles(misfit: float, spread: float, count: int = 100) -> Particles:
    return Particles(np.zeros((count, 6), dtype=np.float32), misfit, spread)


def activity(*means: float) -> Health:
    return healthy(mean_activity=np.array(means))


def all_of(value: float) -> Health:
    return activity(*[value] * UNITS)


def fantasies(**changes: Any) -> Fantasies:
    """Return what 200 chains of a model that is well look like."""
    well: dict[str, Any] = {
        "chains": 200,
        "steps": 1000,
        "ground": 0,
        "ink": Ink(Spread(0.14, 0.04, 200), 0.005),
        "data_ink": Ink(Spread(0.13, 0.04, 500), 0.0),
        "misfit": 0.3,
        "strays": 0.1,
        "free_energy": Spread(-460.0, 20.0, 200),
        "data_free_energy": Spread(-470.0, 20.0, 500),
        "ceiling": -56.0,
        "independent": -206.0,
        "excess": Spread(150.0, 20.0, 500),
        "binarisation": "thresholded at 0.5",
    }
    return Fantasies(**{**well, **changes})


RISING = (Likelihood(1.0, -120.0, -121.0, 0.5), Likelihood(2.0, -90.0, -100.0, 0.5))
FALLEN = (Likelihood(3.5, -90.0, -92.0, 0.5), Likelihood(9.0, -80.0, -100.0, 0.5))
WORSE_ALL_ROUND = (Likelihood(3.5, -90.0, -92.0, 0.5), Likelihood(9.0, -105.0, -109.0, 0.5))

FAULTS: list[tuple[str, Health, TrainingSettings]] = [
    ("broken", healthy(finite=False), PLAIN),
    ("dead", activity(0.2, 0.009, 0.4, 0.0), PLAIN),
    ("stuck", activity(0.2, 0.991, 0.4, 1.0), PLAIN),
    ("exploded", healthy(largest_weights=np.array([1, 17, 2, 40], dtype=np.float32)), PLAIN),
    ("large_update", updated(healthy(), 0.04), PLAIN),
    ("small_update", updated(healthy(), 2e-5), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0)), PLAIN),
    ("worse_than_pixels", healthy(fantasies=fantasies(excess=Spread(-9.0, 20.0, 100))), PLAIN),
    ("chains_fade", healthy(fantasies=fantasies(ink=Ink(Spread(0.1, 0.05, 200), 0.08))), PLAIN),
    ("chains_off", healthy(fantasies=fantasies(misfit=0.6, strays=0.3)), PLAIN),
    ("particles_off", healthy(particles=particles(0.6, 1.0)), PLAIN),
    ("particles_alike", healthy(particles=particles(0.1, 0.05)), PLAIN),
    ("certain", healthy(certain=np.full(UNITS, 0.97)), PLAIN),
    ("twins", healthy(twins=(1, 3)), PLAIN),
    ("busy", all_of(0.85), PLAIN),
    ("quiet", replace(all_of(0.005), images=1000), PLAIN),
    ("above_target", activity(0.2, 0.3, 0.2, 0.25), SPARSE),
    ("below_target", activity(0.02, 0.03, 0.02, 0.05), SPARSE),
    ("at_target", activity(0.1, 0.105, 0.095, 0.1), SPARSE),
    ("biases_off", healthy(bias_error=0.2), settings_for("article")),
]

SOUND: list[tuple[str, Health, TrainingSettings]] = [
    ("dead", activity(0.2, 0.011, 0.4, 0.3), PLAIN),
    ("stuck", activity(0.2, 0.989, 0.4, 0.3), PLAIN),
    ("dead", replace(activity(0.2, 0.05, 0.4, 0.3), images=10), PLAIN),
    ("stuck", replace(activity(0.2, 0.95, 0.4, 0.3), images=10), PLAIN),
    ("exploded", healthy(largest_weights=np.full(UNITS, 15, dtype=np.float32)), PLAIN),
    ("large_update", updated(healthy(), 0.03), PLAIN),
    ("large_update", updated(healthy(epochs=0.9), 0.04), PLAIN),
    ("large_update", updated(healthy(), None), PLAIN),
    ("small_update", updated(healthy(), 4e-5), PLAIN),
    ("small_update", updated(healthy(epochs=0.9), 2e-5), PLAIN),
    ("small_update", updated(healthy(), 2e-5), settings_for("cd-1", schedule="linear")),
    ("small_update", updated(healthy(), None), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -92.5, 2.0)), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -120.0, 2.0)), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -100.0, 0.0)), PLAIN),
    ("overfitted", healthy(free_energies=None), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0), images=19), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0), held_out_images=19), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0), life=()), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0), life=RISING), PLAIN),
    ("overfitted", healthy(free_energies=FreeEnergies(-100.0, -91.0, 2.0), life=WORSE_ALL_ROUND), PLAIN),
    ("worse_than_pixels", healthy(fantasies=fantasies(excess=Spread(-7.0, 20.0, 100))), PLAIN),
    ("worse_than_pixels", healthy(fantasies=fantasies(data_free_energy=Spread(0.0, 1.0, 19))), PLAIN),
    ("chains_fade", healthy(fantasies=fantasies(ink=Ink(Spread(0.1, 0.05, 200), 0.03))), PLAIN),
    ("chains_off", healthy(fantasies=fantasies(misfit=0.4, strays=0.3)), PLAIN),
    ("chains_off", healthy(fantasies=fantasies(misfit=0.6, strays=0.2)), PLAIN),
    ("chains_off", healthy(fantasies=fantasies(misfit=0.6, strays=0.3, settled=False)), PLAIN),
    ("particles_off", healthy(particles=particles(0.45, 1.0)), PLAIN),
    ("particles_off", healthy(particles=particles(0.6, 1.0, count=20)), PLAIN),  # chance alone makes it 0.22
    ("particles_off", healthy(particles=particles(0.6, 1.0), epochs=0.9), PLAIN),
    ("particles_off", healthy(particles=None), PLAIN),
    ("particles_alike", healthy(particles=particles(0.1, 0.2)), PLAIN),
    ("particles_alike", healthy(particles=particles(0.1, 0.0, count=1)), PLAIN),
    ("particles_alike", healthy(particles=particles(0.1, 0.0), epochs=0.9), PLAIN),
    ("particles_alike", healthy(particles=None), PLAIN),
    ("certain", healthy(certain=np.full(UNITS, 0.94)), PLAIN),
    ("certain", healthy(certain=np.full(UNITS, 0.97)), SPARSE),  # sparse units nearly always know: off
    ("twins", healthy(twins=(1, 3), epochs=0.9), PLAIN),
    ("busy", all_of(0.79), PLAIN),
    ("busy", all_of(0.85), settings_for("cd-1", sparsity_cost=0.1, sparsity_target=0.9)),
    ("quiet", replace(all_of(0.011), images=1000), PLAIN),
    ("quiet", replace(all_of(0.005), images=1000), settings_for("cd-1", sparsity_cost=0.1, sparsity_target=0.005)),
    ("above_target", activity(0.15, 0.2, 0.19, 0.25), SPARSE),
    ("above_target", activity(0.2, 0.3, 0.2, 0.25), replace(SPARSE, sparsity_cost=0.0)),
    ("above_target", replace(activity(0.2, 0.3, 0.2, 0.25), epochs=0.9), SPARSE),
    ("below_target", activity(0.04, 0.05, 0.06, 0.06), SPARSE),
    ("below_target", activity(0.02, 0.03, 0.02, 0.05), PLAIN),
    ("at_target", activity(0.1, 0.105, 0.095, 0.12), SPARSE),
    ("at_target", activity(0.1, 0.105, 0.095, 0.1), PLAIN),
    ("biases_off", healthy(bias_error=0.14), settings_for("article")),
    ("biases_off", healthy(bias_error=0.2), PLAIN),  # training may have led them there
]


def names(health: Health, settings: TrainingSettings = PLAIN) -> list[str]:
    return [finding.name for finding in find(health, settings)]


def found(name: str, health: Health, settings: TrainingSettings = PLAIN) -> Finding:
    return next(finding for finding in find(health, settings) if finding.name == name)


def test_no_rule_finds_fault_with_a_healthy_model() -> None:
    assert names(healthy()) == []
    assert names(activity(0.08, 0.12, 0.1, 0.15), SPARSE) == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_few_images_a_new_model_is_neither_dead_nor_stuck_nor_overfitted(count: int) -> None:
    images, held_out = ((np.random.default_rng(seed).random((count, 16)) < 0.5).astype(np.float32) for seed in (0, 1))
    model = PRESETS["cd-1"].initial_parameters(16, UNITS, 0, images.mean(axis=0), count)
    assert not {"dead", "stuck", "overfitted"} & set(names(measure_health(model, images, held_out=held_out)))


@pytest.mark.parametrize(("name", "health", "settings"), FAULTS, ids=[name for name, *_ in FAULTS])
def test_each_fault_is_found_and_nothing_else(name: str, health: Health, settings: TrainingSettings) -> None:
    assert names(health, settings) == [name]


@pytest.mark.parametrize(("name", "health", "settings"), SOUND, ids=[name for name, *_ in SOUND])
def test_a_rule_keeps_still_where_its_limit_is_not_passed(
    name: str, health: Health, settings: TrainingSettings
) -> None:
    assert name not in names(health, settings)


def test_every_rule_is_tried() -> None:
    assert {name for name, *_ in FAULTS} == set(FINDINGS)


def test_the_gravest_comes_first() -> None:
    several = replace(activity(1.0, 0.0, 0.4, 0.3), finite=False, free_energies=FreeEnergies(0.0, 50.0, 1.0))
    assert names(several) == ["broken", "dead", "stuck", "overfitted"]


def test_the_units_concerned_are_named() -> None:
    finding = found("dead", activity(0.2, 0.009, 0.4, 0.0))
    assert finding.units == (1, 3)
    assert str(finding).startswith("2 of 4 hidden units never switch on. Lower the learning rate")
    assert str(finding).endswith("(Hinton 2010, sections 8.1 and 15)")
    assert finding.setting == "learning_rate"
    assert found("dead", activity(0.1, 0.1, 0.1, 0.0), SPARSE).setting == "sparsity_cost"
    assert found("stuck", activity(1.0, 0.5, 0.4, 0.3)).units == (0,)
    exploded = found("exploded", healthy(largest_weights=np.array([1, 17, 2, 40], dtype=np.float32)))
    assert exploded.units == (1, 3)
    assert "the largest is 40." in str(exploded)
    assert found("twins", healthy(twins=(0, 2, 3))).units == (0, 2, 3)


def test_the_figures_are_told() -> None:
    assert "by 0.04 of their size" in str(found("large_update", updated(healthy(), 0.04)))
    assert "(it is 0.15)" in str(found("large_update", updated(healthy(), 0.04)))
    overfitted = found("overfitted", healthy(free_energies=FreeEnergies(-100.0, -60.0, 2.4)))
    assert "40 ± 2 nats" in str(overfitted)
    assert "target is 10.0%" in str(found("above_target", activity(0.2, 0.3, 0.2, 0.25), SPARSE))


def test_overfitting_is_told_with_the_epoch_since_when_held_out_images_became_less_likely() -> None:
    health = healthy(free_energies=FreeEnergies(-100.0, -60.0, 2.4), life=FALLEN)
    text = str(found("overfitted", health))
    assert text.startswith("Overfitting since epoch 3.5: ")
    assert "8 nats less likely than they were then" in text


def test_white_noise_is_excused_by_nothing_and_the_remedy_is_the_estimator_s() -> None:
    noise = fantasies(ink=Ink(Spread(0.5, 0.02, 200), 0.0), settled=False)
    assert found("chains_off", healthy(fantasies=noise), replace(PLAIN, gradient="cd")).setting == "gradient"
    other = found("chains_off", healthy(fantasies=noise), replace(PLAIN, gradient="pcd"))
    assert other.setting == "learning_rate"
    assert "learning rate that falls" in other.remedy


def test_dead_and_stuck_units_are_told_of_once() -> None:
    dead = replace(all_of(0.0), certain=np.ones(UNITS), twins=(0, 1, 2, 3), particles=particles(0.1, 0.0), epochs=10.0)
    assert names(updated(dead, 1e-9)) == ["dead"]
    half = replace(activity(0.0, 1.0, 0.4, 0.5), certain=np.array([1.0, 1.0, 0.8, 0.9]), twins=(0, 1, 2))
    assert names(half) == ["dead", "stuck"]
    assert found("twins", replace(half, twins=(0, 2, 3))).units == (2, 3)


def test_a_new_model_whose_biases_are_not_the_data_s_is_told_of_whatever_the_preset() -> None:
    assert names(healthy(bias_error=0.2, epochs=0.0)) == ["biases_off"]


@pytest.mark.parametrize("name", FINDINGS)
def test_a_rule_points_at_a_setting_and_names_its_source(name: str) -> None:
    rule = FINDINGS[name]
    assert rule.setting in {field.name for field in fields(TrainingSettings)} | {"hidden_num"}
    assert any(year in rule.source for year in ("2010, section", "2008"))
    assert rule.problem.endswith(".")
    assert rule.remedy.endswith(".")


@pytest.mark.parametrize(("name", "health", "settings"), FAULTS, ids=[name for name, *_ in FAULTS])
def test_the_templates_have_no_field_without_a_value(name: str, health: Health, settings: TrainingSettings) -> None:
    finding = found(name, health, settings)
    for template in (finding.problem, finding.remedy):
        wanted = {field for _, field, _, _ in string.Formatter().parse(template) if field}
        assert wanted <= set(finding.fields)
