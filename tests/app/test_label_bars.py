from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPalette

from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.likeness_words import Caveat
from rbm_studio.app.theme import dark_palette, light_palette

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

FIVE = np.array([0.02, 0.06, 0.9, 0.0, 0.02])


def bars_of(
    qtbot: QtBot, probabilities: NDArray[np.float64], palette: QPalette, width: int = 300, height: int = 160
) -> LabelBars:
    bars = LabelBars()
    qtbot.addWidget(bars)
    bars.setPalette(palette)
    bars.resize(width, height)
    bars.set_probabilities(probabilities)
    return bars


def lengths(bars: LabelBars, colour: QColor, rows: int) -> list[int]:
    """Return the longest run of a colour in each row of bars, to the right of the answer."""
    image = bars.grab().toImage()
    height = min(bars.height() / rows, 28.0)
    top = (bars.height() - rows * height) / 2
    return [longest_run(image, round(top + (row + 0.5) * height), colour) for row in range(rows)]


def longest_run(image: QImage, y: int, colour: QColor) -> int:
    longest = run = 0
    for x in range(round(0.4 * image.width()), image.width()):
        run = run + 1 if image.pixelColor(x, y).rgb() == colour.rgb() else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("palette", [light_palette(), dark_palette()], ids=["light", "dark"])
def test_bars_are_as_long_as_their_classes_are_likely(qtbot: QtBot, palette: QPalette) -> None:
    bars = bars_of(qtbot, FIVE, palette)
    role = QPalette.ColorRole
    accent, quiet, track = map(palette.color, (role.Accent, role.PlaceholderText, role.Button))
    best = lengths(bars, accent, 5)
    assert [length > 0 for length in best] == [False, False, True, False, False]
    others = lengths(bars, quiet, 5)
    room = best[2] / 0.9
    assert others[1] == pytest.approx(0.06 * room, abs=1)
    assert lengths(bars, track, 5)[3] == pytest.approx(room, abs=2)


def test_the_likeliest_class_is_told(qtbot: QtBot) -> None:
    bars = bars_of(qtbot, FIVE, light_palette())
    assert bars.answer() == "2: 90%"
    assert bars.accessibleDescription() == "2: 90%"
    bars.set_probabilities(np.array([1.0, 0.0]))
    assert bars.answer() == "0: 100%"
    # Nearly certain is not certain.
    bars.set_probabilities(np.array([0.004, 0.996]))
    assert bars.answer() == "1: 99%"


def test_a_doubtful_answer_is_quiet(qtbot: QtBot) -> None:
    palette = light_palette()
    accent = palette.color(QPalette.ColorRole.Accent).rgb()

    def answer_in_accent(probabilities: NDArray[np.float64]) -> bool:
        image = bars_of(qtbot, probabilities, palette).grab(QRect(0, 0, 90, 160)).toImage()
        return any(image.pixelColor(x, y).rgb() == accent for x in range(90) for y in range(160))

    assert answer_in_accent(np.array([0.1, 0.6, 0.3]))
    assert not answer_in_accent(np.array([0.3, 0.4, 0.3]))


def test_where_there_is_no_room_the_likeliest_are_shown_in_order(qtbot: QtBot) -> None:
    probabilities = np.arange(26.0)[::-1] / 325
    probabilities[[20, 3]] = probabilities[[3, 20]]
    bars = bars_of(qtbot, probabilities, light_palette(), height=60)
    assert bars.classes() == [0, 1, 2, 4, 20]
    assert not bars.grab().isNull()
    bars.resize(300, 26 * 12)
    assert bars.classes() == list(range(26))


def test_an_answer_in_doubt_is_quiet_and_has_no_percent(qtbot: QtBot) -> None:
    palette = light_palette()
    bars = bars_of(qtbot, FIVE, palette)
    words = "Unlike any image it has learned: free energy 210 nats above the data's."
    bars.set_probabilities(FIVE, Caveat("unlike the data", "unlike the data: F +210 nats", words))
    assert bars.answer() == bars.accessibleDescription() == f"2? {words}"
    image = bars.grab().toImage()
    accent = palette.color(QPalette.ColorRole.Accent).rgb()
    assert not any(image.pixel(x, y) == accent for x in range(300) for y in range(160))


def test_of_nothing_there_is_no_answer_but_the_reason(qtbot: QtBot) -> None:
    bars = bars_of(qtbot, FIVE, light_palette())
    before = bars.size()
    bars.set_nothing("Draw something.")
    assert (bars.answer(), bars.accessibleDescription(), bars.size()) == ("", "Draw something.", before)


def test_without_classes_nothing_is_drawn(qtbot: QtBot) -> None:
    bars = LabelBars()
    qtbot.addWidget(bars)
    image = bars.grab().toImage()
    assert len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}) == 1
    assert bars.answer() == ""
