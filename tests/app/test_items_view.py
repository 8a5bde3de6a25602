from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from rbm_studio.app.items_view import keys_step

KEY = Qt.Key


@pytest.mark.parametrize(
    ("key", "place", "target"),
    [
        (KEY.Key_Left, 4, 3),
        (KEY.Key_Left, 0, 0),
        (KEY.Key_Right, 9, 9),
        (KEY.Key_Up, 5, 1),
        (KEY.Key_Up, 2, 2),
        (KEY.Key_Down, 5, 9),
        (KEY.Key_Down, 7, 7),
        (KEY.Key_Home, 6, 0),
        (KEY.Key_End, 6, 9),
        (KEY.Key_Right, -1, 0),
        (KEY.Key_Up, -1, 0),
        (KEY.Key_End, -1, 9),
        (KEY.Key_A, 4, None),
    ],
)
def test_the_keys_go_from_item_to_item_and_no_further(key: Qt.Key, place: int, target: int | None) -> None:
    # Ten items in four columns: the last row has two.
    assert keys_step(key, place, 10, 4) == target


def test_without_items_no_key_leads_anywhere() -> None:
    assert keys_step(KEY.Key_End, -1, 0, 1) is None
