from __future__ import annotations

import pytest

from rbm_studio.core.presets import settings_for
from rbm_studio.core.schedules import SCHEDULES, SEARCH, gibbs_steps, learning_rate, momentum


@pytest.mark.parametrize(
    ("schedule", "start", "middle", "end"),
    [
        ("constant", 0.2, 0.2, 0.2),
        ("linear", 0.2, 0.101, 0.002),
        ("exponential", 0.2, 0.02, 0.002),
        ("search-then-converge", 0.2, 0.101, 0.002),
    ],
)
def test_the_learning_rate_falls_from_its_value_to_a_part_of_it(
    schedule: str, start: float, middle: float, end: float
) -> None:
    settings = settings_for("cd-1", learning_rate=0.2, schedule=schedule, final_rate=0.01)
    assert [learning_rate(settings, done, 0.0) for done in (0.0, 0.5, 1.0)] == pytest.approx([start, middle, end])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_final_rate_of_1_is_no_fall(schedule: str) -> None:
    settings = settings_for("cd-1", learning_rate=0.2, schedule=schedule, final_rate=1.0)
    assert [learning_rate(settings, done, 0.0) for done in (0.0, 0.3, 1.0)] == pytest.approx([0.2] * 3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_only_search_then_converge_looks_at_the_models_life(schedule: str) -> None:
    settings = settings_for("cd-1", learning_rate=0.2, schedule=schedule, final_rate=1.0)
    parts = [1.0, 0.5, 0.25] if schedule == "search-then-converge" else [1.0] * 3
    rates = [learning_rate(settings, 0.0, updates) for updates in (0.0, SEARCH, 3 * SEARCH)]
    assert rates == pytest.approx([0.2 * part for part in parts])


def test_momentum_is_lower_in_a_models_first_epochs() -> None:
    settings = settings_for("cd-1", momentum=0.9, initial_momentum=0.5, momentum_epochs=5.0)
    assert [momentum(settings, epochs) for epochs in (0.0, 4.99, 5.0, 100.0)] == [0.5, 0.5, 0.9, 0.9]


def test_momentum_never_starts_higher_than_it_ends() -> None:
    assert momentum(settings_for("cd-1", momentum=0.2, initial_momentum=0.5), 0.0) == 0.2
    assert momentum(settings_for("cd-1", momentum=0.9, momentum_epochs=0.0), 0.0) == 0.9


def test_adam_has_one_momentum() -> None:
    assert momentum(settings_for("cd-1", momentum=0.9, momentum_epochs=5.0, update="adam"), 0.0) == 0.9


def steps(k: int, final_k: int, epochs: int) -> list[int]:
    settings = settings_for("cd-1", k=k, final_k=final_k)
    return [gibbs_steps(settings, epoch / epochs) for epoch in range(epochs + 1)]


def test_k_grows_evenly() -> None:
    assert steps(1, 0, 4) == [1] * 5
    assert steps(3, 3, 4) == [3] * 5
    assert steps(1, 5, 10) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]
    assert steps(1, 25, 1) == [1, 25]
    assert steps(1, 3, 6) == [1, 1, 2, 2, 3, 3, 3]


def test_k_may_fall() -> None:
    assert steps(5, 1, 10) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 1]
