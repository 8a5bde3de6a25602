"""The controls of the canvas in the Draw panel: pen and eraser, and what the canvas has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QSlider

from rbm_studio.app.images import grey_image
from rbm_studio.app.tools import Tool

from .driving import click, drag, message, named, settle, status
from .test_draw_panel import SEEN, STROKE, panel_of, picture, tool, wait_until_other

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def test_the_eraser_takes_ink_away_and_undo_brings_it_back(qtbot: QtBot, window: MainWindow) -> None:
    panel = panel_of(window)
    drag(panel.canvas, *STROKE)
    panel.refresh()
    before = picture(window, SEEN)
    click(tool(window, "Eraser"))
    assert panel.canvas.tool is Tool.ERASER
    drag(panel.canvas, *STROKE)
    qtbot.waitUntil(lambda: picture(window, SEEN).sum() < before.sum())
    click(tool(window, "Undo"))
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), before))
    click(tool(window, "Pen"))
    drag(panel.canvas, (0.2, 0.5), (0.8, 0.5))
    qtbot.waitUntil(lambda: picture(window, SEEN).sum() > before.sum())


def test_the_buttons_and_the_slider_follow_the_keys_of_the_canvas(window: MainWindow) -> None:
    canvas = panel_of(window).canvas
    canvas.setFocus()
    assert tool(window, "Pen").isChecked()
    QTest.keyClick(canvas, Qt.Key.Key_E)
    assert tool(window, "Eraser").isChecked()
    assert not tool(window, "Pen").isChecked()
    QTest.keyClick(canvas, Qt.Key.Key_P)
    assert tool(window, "Pen").isChecked()
    slider = named(window.panel("draw"), QSlider, "Pen width")
    before = slider.value()
    QTest.keyClicks(canvas, "]")
    assert slider.value() > before
    assert canvas.pen_width == pytest.approx(slider.value() / 10, abs=0.05)


def test_a_picture_from_a_file_is_seen_as_a_drawing_is(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    ink = np.zeros((60, 60), dtype=np.float32)
    ink[5:25, 8:12] = 1
    assert grey_image(1 - ink).save(str(tmp_path / "one.png"))
    panel = panel_of(window)
    empty = picture(window, SEEN)
    panel.canvas.open_picture(tmp_path / "one.png")
    wait_until_other(qtbot, window, SEEN, empty)
    assert "inverted" in status(window)
    centred = picture(window, SEEN)
    assert centred[:, 3:5].sum() > 0.8 * centred.sum()
    settle(qtbot, window.panel("draw"))
    click(named(panel, QCheckBox, "Centre and scale"))
    wait_until_other(qtbot, window, SEEN, centred)
    assert picture(window, SEEN)[4:].max() == 0


def test_a_picture_that_cannot_be_used_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"no picture")
    panel_of(window).canvas.open_picture(path)
    assert "broken.png" in message(qtbot)
