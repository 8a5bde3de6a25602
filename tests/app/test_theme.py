from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from rbm_studio.app.theme import (
    BASE_POINT_SIZE,
    Appearance,
    apply_appearance,
    dark_palette,
    is_dark,
    light_palette,
    plot_colours,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

Role = QPalette.ColorRole
Group = QPalette.ColorGroup

TEXT_ON_GROUND = [
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.HighlightedText, Role.Highlight),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.PlaceholderText, Role.Base),
    (Role.Link, Role.Base),
    (Role.LinkVisited, Role.Base),
    # Icons of highlighted rows keep the colour of the text.
    (Role.WindowText, Role.Highlight),
]

# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009,
# table of severity 1: on linear RGB.
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear_rgb(colour: QColor) -> NDArray[np.float64]:
    channels = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.1's contrast ratio."""
    dim, bright = sorted(float(linear_rgb(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (bright + 0.05) / (dim + 0.05)


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    palette, sheet, font = qapp.palette(), qapp.styleSheet(), qapp.font()
    yield qapp
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.mark.parametrize("palette", [light_palette(), dark_palette()], ids=["light", "dark"])
class TestPalettes:
    @pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
    def test_text_reaches_wcag_aa(self, palette: QPalette, text: Role, ground: Role) -> None:
        for group in (Group.Active, Group.Inactive):
            assert contrast(palette.color(group, text), palette.color(group, ground)) >= 4.5

    @pytest.mark.parametrize(("text", "ground"), [(Role.WindowText, Role.Window), (Role.ButtonText, Role.Button)])
    def test_disabled_text_can_be_read_and_is_paler(self, palette: QPalette, text: Role, ground: Role) -> None:
        pale = contrast(palette.color(Group.Disabled, text), palette.color(Group.Disabled, ground))
        assert 3.0 <= pale < contrast(palette.color(text), palette.color(ground)) / 2

    def test_lines_stand_out_from_the_plot(self, palette: QPalette) -> None:
        colours = plot_colours(palette)
        assert contrast(colours.text, colours.background) >= 4.5
        assert contrast(colours.training, colours.background) >= 3.0
        assert contrast(colours.held_out, colours.background) >= 3.0
        assert min(contrast(colour, colours.background) for colour in colours.runs) >= 3.0
        assert 1.1 <= contrast(colours.grid, colours.background) < contrast(colours.earlier, colours.background) < 4.5

    @pytest.mark.parametrize("deficiency", DEFICIENCIES)
    def test_lines_differ_to_colour_blind_people(self, palette: QPalette, deficiency: str) -> None:
        colours = plot_colours(palette)
        matrix = np.array(DEFICIENCIES[deficiency])
        seen = [np.clip(matrix @ linear_rgb(each), 0, 1) ** (1 / 2.2) for each in (colours.training, colours.held_out)]
        for one, other in combinations(seen, 2):
            assert np.linalg.norm(one - other) > 0.3
        runs = [np.clip(matrix @ linear_rgb(each), 0, 1) ** (1 / 2.2) for each in colours.runs]
        for one, other in combinations(runs, 2):
            assert np.linalg.norm(one - other) > 0.3


def test_appearance_changes_and_changes_back(app: QApplication, qtbot: QtBot) -> None:
    button = QPushButton("Train")
    qtbot.addWidget(button)
    button.show()
    for appearance, dark in ((Appearance.DARK, True), (Appearance.LIGHT, False), (Appearance.DARK, True)):
        apply_appearance(app, appearance)
        assert is_dark(app.palette()) is dark
        assert is_dark(button.palette()) is dark
        ground = app.palette().color(Role.Button).name()
        assert ground in app.styleSheet()


def test_the_system_decides_unless_told_otherwise(app: QApplication) -> None:
    apply_appearance(app, Appearance.DARK)
    apply_appearance(app, Appearance.SYSTEM)
    # The test platform knows no scheme, and so gets the light one, also when its scheme changes.
    assert not is_dark(app.palette())


def test_text_is_large_enough_and_grows_no_more(app: QApplication, qtbot: QtBot) -> None:
    small = app.font()
    small.setPointSizeF(8.0)
    app.setFont(small)
    for _ in range(3):
        apply_appearance(app, Appearance.LIGHT)
    assert app.font().pointSizeF() == BASE_POINT_SIZE
    button = QPushButton("Train")
    qtbot.addWidget(button)
    button.ensurePolished()
    assert button.font().pointSizeF() == BASE_POINT_SIZE


def test_a_larger_font_is_left_alone(app: QApplication) -> None:
    large = app.font()
    large.setPointSizeF(16.0)
    app.setFont(large)
    apply_appearance(app, Appearance.LIGHT)
    assert app.font().pointSizeF() == 16.0
