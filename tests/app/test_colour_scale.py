from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.colour_scale import ColourBar, ColourKey, calm_limit, reach_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_colour_bar_names_its_ends(qtbot: QtBot) -> None:
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(200, 20)
    empty = bar.grab().toImage()
    bar.set_limit(0.25)
    assert bar.accessibleDescription() == "±0.25"
    shown = bar.grab().toImage()
    assert shown != empty
    assert shown.pixelColor(100, 10).lightness() > 235
    bar.set_limit(None)
    assert bar.accessibleDescription() == ""
    assert bar.grab().toImage() == empty


@pytest.mark.parametrize("reach", [0.0, float("nan"), float("inf")])
def test_without_a_reach_there_is_a_limit_all_the_same(reach: float) -> None:
    assert calm_limit(reach) == 1
    assert reach_of(np.array([reach, 0], dtype=np.float32)) == 0


@pytest.mark.parametrize("reach", [1e-30, 1e-3, 0.123, 0.909, 1.0, 9.2, 91.0, 1e30])
def test_a_new_limit_leaves_some_room(reach: float) -> None:
    assert 1.1 * reach <= calm_limit(reach) * (1 + 1e-9)
    assert calm_limit(reach) <= 1.25 * reach


def test_the_key_is_drawn_from_orange_to_blue(qtbot: QtBot) -> None:
    bar = ColourKey()
    qtbot.addWidget(bar)
    bar.resize(60, 200)
    image = bar.grab().toImage()
    above, below = image.pixelColor(6, 60), image.pixelColor(6, 140)
    assert above.red() > above.blue()
    assert below.blue() > below.red()
