"""The health of models and images that nobody should have: every figure is a number, or is not there."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.fantasies import dream
from rbm_studio.core.findings import find
from rbm_studio.core.health import measure_health
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.health import Health

D, N = 12, 40
RNG = np.random.default_rng(0)
STATES = (RNG.random((N, D)) < 0.3).astype(np.float32)

IMAGES: dict[str, FloatArray] = {
    "states": STATES,
    "one": STATES[:1],
    "two alike": np.repeat(STATES[:1], 2, axis=0),
    "dark": np.zeros((N, D), np.float32),
    "bright": np.ones((N, D), np.float32),
    "grey": np.full((N, D), 0.3, np.float32),
    "nearly alike": np.full((N, D), 0.3, np.float32) + (RNG.random((N, D)) < 0.5).astype(np.float32) * np.float32(3e-8),
    "one bright pixel": np.eye(1, D, dtype=np.float32).repeat(N, axis=0),
}


def model(w: float, a: float = 0.0, b: float = 0.0, hidden: int = 5, labels: int = 0, noise: bool = True) -> Parameters:
    signs = np.random.default_rng(1).choice([-1, 1], (D, hidden)) if noise else np.ones((D, hidden))
    more = (np.full((labels, hidden), w, np.float32), np.full(labels, b, np.float32)) if labels else ()
    return Parameters((w * signs).astype(np.float32), np.full(D, a, np.float32), np.full(hidden, b, np.float32), *more)


MODELS = {
    "zeros": model(0),
    "healthy": model(0.1),
    "one hidden unit": model(0.5, hidden=1),
    "labels": model(0.5, labels=3),
    "all alike": model(3, noise=False),
    "all on": model(0, 100, 100),
    "all off": model(0, -100, -100),
    "tiny": model(1e-38, 1e-38, 1e-38),
    "large": model(1e3, 1e3, -1e3),
    "huge": model(1e15, -1e15, 1e15),
    "huge alike": model(1e15, noise=False),
    "beyond": model(1e30, 1e30, -1e30),
    "last": model(3e38, -3e38, 3e38),
    "last of one": model(3e38, hidden=1, noise=False),
    "infinite": model(np.inf),
    "infinite biases": model(0.1, np.inf, -np.inf),
    "not numbers": model(np.nan, np.nan, np.nan),
}


def particles(name: str) -> FloatArray | None:
    broken = STATES.copy()
    broken[::2, 0] = np.nan
    return {
        "none": None,
        "states": STATES,
        "alike": np.ones((N, D), np.float32),
        "broken in part": broken,
        "broken": np.full((N, D), np.nan, np.float32),
        "infinite": np.full((N, D), np.inf, np.float32),
    }[name]


def figures(health: Health) -> dict[str, float]:
    """Return all single numbers that Health shows."""
    found = {}
    for name in ("weights", "visible_biases", "hidden_biases", "label_weights"):
        distribution = getattr(health, name)
        if distribution is not None and distribution.ratio is not None:
            found[f"ratio of {name}"] = distribution.ratio
    if health.free_energies is not None:
        found |= {f"F {key}": value for key, value in vars(health.free_energies).items()}
        found["gap"] = health.free_energies.gap
    if health.particles is not None:
        found |= {"misfit": health.particles.misfit, "spread": health.particles.spread}
    return found


@pytest.mark.parametrize(
    ("images", "shown"),
    [
        *((images, "states") for images in IMAGES),
        *(("states", shown) for shown in ("none", "alike", "broken in part", "broken", "infinite")),
    ],
)
@pytest.mark.parametrize("name", MODELS)
def test_no_figure_is_nan_and_no_finding_says_so(name: str, images: str, shown: str) -> None:
    p, data = MODELS[name], IMAGES[images]
    for update in (None, p, model(3e38), model(np.nan)):
        if update is not None and update.arrays().keys() != p.arrays().keys():
            continue
        health = measure_health(p, data, held_out=data[::-1], update=update, particles=particles(shown), epochs=5.0)
        assert all(map(math.isfinite, figures(health).values())), figures(health)
        assert math.isfinite(health.bias_error) or not p.is_finite
        assert health.finite == p.is_finite
        # Inputs of more than 3e38 are beyond float32.
        if p.is_finite and not name.startswith("last"):
            for array in (health.mean_activity, health.certain, health.lengths, health.activations):
                assert np.isfinite(array).all()
        for settings in (settings_for("cd-1"), settings_for("article", sparsity_cost=0.1)):
            for finding in find(health, settings):
                assert "nan" not in str(finding)
                assert "inf" not in str(finding).replace("infinite", "")


@pytest.mark.parametrize("images", IMAGES)
@pytest.mark.parametrize("name", [name for name, each in MODELS.items() if each.is_finite])
def test_chains_of_any_model_say_no_nan(name: str, images: str) -> None:
    data = IMAGES[images]
    dreaming = dream(MODELS[name], np.random.default_rng(0), chains=20, steps=3)
    found = dreaming.compare(data, (data > 0.5).astype(np.float32), "binary")
    numbers = (found.misfit, found.strays, found.ink.blanks, found.data_ink.blanks, found.independent)
    assert all(map(math.isfinite, numbers))
    health = replace(measure_health(MODELS[name], data, epochs=5.0), fantasies=found)
    for finding in find(health, settings_for("cd-1")):
        assert "nan" not in str(finding)
        assert "inf" not in str(finding).replace("infinite", "")


def test_deviations_are_measured_in_what_is_no_rounding() -> None:
    # Grey values whose mean is rounded differ from it by a little, and by no deviation.
    health = measure_health(model(0.1), IMAGES["grey"], particles=IMAGES["grey"] + np.float32(0.1))
    assert health.particles is not None
    assert health.particles.misfit == pytest.approx(0.1, rel=1e-3)


def test_particles_that_are_no_numbers_are_left_out() -> None:
    whole, part = (
        measure_health(model(0.1), STATES, particles=each).particles
        for each in (STATES[1::2], particles("broken in part"))
    )
    assert whole is not None
    assert part is not None
    assert (part.misfit, part.spread, len(part.images)) == (whole.misfit, whole.spread, N // 2)
    assert measure_health(model(0.1), STATES, particles=particles("broken")).particles is None
