from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.completion_view import CompletionView
from rbm_studio.app.images import grey_values

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> CompletionView:
    view = CompletionView()
    qtbot.addWidget(view)
    view.resize(200, 120)
    view.show()
    qtbot.waitExposed(view)
    return view


def shades(count: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """Return pictures of one brightness each, no two alike."""
    return np.repeat(np.linspace(0.2, 1, count, dtype=np.float32), 12).reshape(count, 3, 4)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 16])
def test_all_pictures_are_shown_whole(view: CompletionView, count: int) -> None:
    view.set_pictures(shades(count))
    shown = grey_values(view.grab().toImage())
    for picture in view.pictures():
        brightness = picture.pixelColor(0, 0).lightnessF()
        area = (np.abs(shown - brightness) < 0.01).sum()
        assert area > 200 * 120 / count / 8, brightness


def test_one_image_holds_them_all(view: CompletionView) -> None:
    assert view.picture().isNull()
    view.set_pictures(shades(4))
    whole = grey_values(view.picture())
    assert whole.shape == (7, 9)
    np.testing.assert_allclose(whole[:3, :4], 0.2, atol=1 / 255)
    np.testing.assert_allclose(whole[4:, 5:], 1, atol=1 / 255)
    np.testing.assert_allclose(whole[3], 0.5, atol=1 / 255)


def test_at_first_there_is_nothing(view: CompletionView) -> None:
    assert view.pictures() == []
    assert view.grab().toImage().pixelColor(100, 60) == view.grab().toImage().pixelColor(1, 1)
