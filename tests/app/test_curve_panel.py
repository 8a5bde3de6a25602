from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsView

from rbm_studio.app.panels.curve_panel import CurvePanel

from .driving import button, click, message, pick, press, status, train

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow


def panel(window: MainWindow) -> CurvePanel:
    found = window.panel("curve")
    assert isinstance(found, CurvePanel)
    return found


def test_several_points_an_epoch_for_training_and_held_out_images(
    qtbot: QtBot, window: MainWindow, session: Session
) -> None:
    session.choose_preset("article")  # measures all images
    session.change_settings(learning_rate=0.001)
    train(qtbot, window)
    [(title, table)] = panel(window).plot.runs()
    assert title == "12 hidden, article, rate 0.001, batch 20"
    assert len(table) == 6  # 3 epochs, a point for each 100 images
    assert (table[:, 1] > 0).all()
    assert (table[1::2, 2] > 0).all()  # at each epoch's end
    assert table[-1, 0] == 3


def test_a_new_model_keeps_the_earlier_curve(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    train(qtbot, window)
    press(window, "Reset")
    session.change_settings(learning_rate=0.05)
    train(qtbot, window)
    titles = [title for title, _ in panel(window).plot.runs()]
    assert titles == ["12 hidden, recommended, rate 1, batch 20", "12 hidden, recommended, rate 0.05, batch 20"]


def test_training_on_goes_on_with_the_curve(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    train(qtbot, window)
    [(_, table)] = panel(window).plot.runs()
    assert table[-1, 0] == 6
    assert (table[1:, 0] > table[:-1, 0]).all()


def test_nothing_is_saved_before_there_is_a_curve(qtbot: QtBot, window: MainWindow) -> None:
    assert not button(panel(window), "Save…").isEnabled()
    train(qtbot, window)
    assert button(panel(window), "Save…").isEnabled()


def test_the_curve_is_saved_as_numbers(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    click(button(panel(window), "Save…"))
    pick(qtbot, tmp_path / "kl.csv")
    with (tmp_path / "kl.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == [1, 2, 3]
    assert float(rows[-1]["training"]) == panel(window).plot.runs()[0][1][-1, 1]
    assert status(window) == "Saved kl.csv"


def test_the_curve_is_saved_as_pictures(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    for name in ("kl.png", "kl.svg"):
        click(button(panel(window), "Save…"))
        pick(qtbot, tmp_path / name)
    assert not QImage(str(tmp_path / "kl.png")).isNull()
    assert (tmp_path / "kl.svg").read_text(encoding="utf-8").count("<path") > 0


def test_a_place_that_cannot_be_written_is_explained(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    blocked = tmp_path / "folder.csv"
    blocked.mkdir()
    panel(window).save(blocked)
    assert "is a folder" in message(qtbot)
    assert blocked.is_dir()


def test_the_log_axis_has_a_key(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    axis = button(panel(window), "Log axis")
    before = panel(window).grab().toImage()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(axis.isChecked)
    assert panel(window).plot.grab().toImage() != before


def test_pointing_at_the_curve_reads_it(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    plot = panel(window).plot
    view = plot.findChild(QGraphicsView)
    assert isinstance(view, QGraphicsView)
    QTest.mouseMove(view.viewport(), view.viewport().rect().center())
    for word in ("epoch", "training", "held-out"):
        assert word in plot.reading()


def test_the_curve_of_an_opened_model_can_be_saved(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    assert window.session.save_model(tmp_path / "bars.safetensors")
    press(window, "Reset")
    window.session.book.delete(window.session.book.runs)
    save = button(panel(window), "Save…")
    assert not save.isEnabled()
    assert window.session.open_model(tmp_path / "bars.safetensors")
    [(_, table)] = panel(window).plot.runs()
    assert table[:, 0].tolist() == [1, 2, 3]
    assert save.isEnabled()
