from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.unit_probes import unit_effect

from .enumeration import random_parameters


@pytest.mark.parametrize("unit", [0, 3])
def test_the_effect_of_a_unit_is_that_of_its_state(unit: int) -> None:
    p = random_parameters(6, 4)
    v = np.random.default_rng(3).random(6).astype(np.float32)
    w, a, b = (array.astype(np.float64) for array in (p.w, p.visible_bias, p.hidden_bias))
    h = 1 / (1 + np.exp(-(v @ w + b)))

    def restored(state: float | None) -> np.ndarray:
        given = h.copy()
        if state is not None:
            given[unit] = state
        return 1 / (1 + np.exp(-(w @ given + a)))

    effect = unit_effect(p, v, unit)
    assert effect.probability == pytest.approx(h[unit], rel=1e-5)
    np.testing.assert_allclose(effect.restored, restored(None), rtol=1e-5)
    np.testing.assert_allclose(effect.switched_off, restored(0), rtol=1e-5)
    np.testing.assert_allclose(effect.forced_on, restored(1), rtol=1e-5)


def test_with_label_units_the_probability_has_them_summed_out() -> None:
    p = random_parameters(6, 4)
    rng = np.random.default_rng(5)
    u, c = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    p = Parameters(p.w, p.visible_bias, p.hidden_bias, u, c)
    v = rng.random(6).astype(np.float32)
    effect = unit_effect(p, v, 1)
    assert effect.probability == pytest.approx(p.expect_hidden(v[None])[0, 1], rel=1e-6)
    np.testing.assert_allclose(effect.restored, p.expect_visible(p.expect_hidden(v[None]))[0], rtol=1e-5)
