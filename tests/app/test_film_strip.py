from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.film_strip import FilmStrip
from rbm_studio.app.images import grey_values

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot


def painted(film: FilmStrip) -> list[float]:
    """Return the brightness of each picture, row after row: of long runs of pixels that no text or ground has."""
    values = np.rint(grey_values(film.grab().toImage()) * 255).astype(int)
    found: list[float] = []
    tops = [y for y in range(values.shape[0]) if _runs(values[y])]
    starts = [y for y in tops if y - 1 not in tops]
    for y in starts:
        found += _runs(values[min(y + 8, values.shape[0] - 1)])
    return found


def _runs(row: NDArray[np.int_]) -> list[float]:
    ground = row[-1]
    runs, start = [], 0
    for x in range(1, len(row) + 1):
        if x == len(row) or row[x] != row[start]:
            if x - start >= 16 and row[start] != ground:
                runs.append(float(row[start]))
            start = x
    return runs


def film_of(qtbot: QtBot, count: int, width: int, height: int, captions: list[str] | None = None) -> FilmStrip:
    film = FilmStrip()
    qtbot.addWidget(film)
    film.resize(width, height)
    levels = (np.arange(count) * 4 + 10).astype(np.uint8)
    names = [f"step {number}" for number in range(count)]
    film.set_film(np.repeat(levels, 64).reshape(count, 8, 8), names, captions or [""] * count)
    film.show()
    qtbot.waitExposed(film)
    return film


@pytest.mark.parametrize(("width", "height"), [(400, 70), (240, 160), (600, 300)])
def test_the_newest_pictures_that_fit_are_shown_in_order(qtbot: QtBot, width: int, height: int) -> None:
    shown = painted(film_of(qtbot, 40, width, height))
    assert len(shown) >= 6
    assert shown == [10 + 4 * number for number in range(40)][-len(shown) :]


def test_few_pictures_are_all_shown(qtbot: QtBot) -> None:
    assert painted(film_of(qtbot, 3, 400, 70)) == [10, 14, 18]


def test_captions_are_drawn_below(qtbot: QtBot) -> None:
    bare, named = (film_of(qtbot, 3, 400, 70, captions) for captions in ([""] * 3, ["1", "2", "3"]))
    assert named.captions() == ["1", "2", "3"]
    assert bare.grab().toImage() != named.grab().toImage()
    assert named.accessibleDescription() == "step 0 … step 2"


def test_without_pictures_nothing_is_drawn(qtbot: QtBot) -> None:
    film = FilmStrip()
    qtbot.addWidget(film)
    film.resize(200, 80)
    assert len(np.unique(grey_values(film.grab().toImage()))) == 1
