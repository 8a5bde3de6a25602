from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage

from rbm_studio.app.dots_image import dots_image

BLUE = QColor(0, 114, 178, 128)


def alphas(image: QImage) -> list[list[int]]:
    return [[image.pixelColor(x, y).alpha() for x in range(image.width())] for y in range(image.height())]


def test_a_dot_is_round_and_where_it_was_put() -> None:
    found = np.array(alphas(dots_image(np.array([4.0]), np.array([3.0]), (9, 7), 4, BLUE)))
    expected = np.zeros((7, 9), dtype=int)
    expected[1:5, 2:6] = 128
    expected[[1, 1, 4, 4], [2, 5, 2, 5]] = 0
    np.testing.assert_array_equal(found, expected)


def test_dots_on_one_another_are_denser() -> None:
    image = dots_image(np.array([4.0, 4.0, 20.0]), np.array([3.0, 3.0, 3.0]), (24, 7), 4, BLUE)
    assert [image.pixelColor(x, 3).alpha() for x in (4, 20)] == [192, 128]
    assert abs(image.pixelColor(20, 3).blue() - BLUE.blue()) <= 1


def test_what_lies_outside_is_cut_off() -> None:
    found = np.array(alphas(dots_image(np.array([0.0, 50.0]), np.array([0.0, -50.0]), (9, 7), 4, BLUE)))
    assert np.argwhere(found).max() == 1
