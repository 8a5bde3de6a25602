from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from rbm_studio.app.tools import tool_cursor

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_the_circle_is_light_with_a_dark_edge_and_points_with_its_middle(ratio: float) -> None:
    cursor = tool_cursor(40.0, ratio)
    pixmap = cursor.pixmap()
    assert pixmap.devicePixelRatio() == ratio
    image = pixmap.toImage()
    middle = image.width() // 2
    assert image.pixelColor(middle, middle).lightness() > 128
    row = [image.pixelColor(x, middle) for x in range(middle)]
    inked = [colour.lightness() for colour in row if colour.alpha() > 200]
    assert max(inked) > 200
    assert min(inked) < 100
    assert image.pixelColor(round(middle * 0.4), middle).alpha() == 0


def test_a_circle_that_systems_would_cut_is_a_cross() -> None:
    assert tool_cursor(300.0, 1.0).shape() is Qt.CursorShape.CrossCursor
    assert tool_cursor(2.0, 1.0).shape() is Qt.CursorShape.BitmapCursor
