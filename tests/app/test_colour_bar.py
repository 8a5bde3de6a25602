from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.colour_bar import ColourBar

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
