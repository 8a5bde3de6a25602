"""Six patterns of 2×2, of which none is held out: every panel has something to say, and nothing breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget, QMessageBox

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.images import grey_values
from rbm_studio.app.pairs_view import PairsView
from rbm_studio.app.session import Session
from rbm_studio.cli import main

from .driving import LEFT, button, choose, click, labels, named, pick, shown, train
from .settings_page import select
from .test_curve_metrics import choice, epochs, plots, reasons, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

PATTERNS = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]], np.uint8)


@pytest.fixture
def patterns(tmp_path: Path) -> Path:
    path = tmp_path / "patterns.npz"
    np.savez(path, images=PATTERNS.reshape(-1, 2, 2), labels=np.arange(6, dtype=np.uint8))
    return path


@pytest.fixture
def tiny(qtbot: QtBot, show: Callable[[Session], MainWindow], patterns: Path) -> MainWindow:
    """A window in which the patterns were opened and trained on."""
    session = Session()
    window = show(session)
    with qtbot.waitSignal(session.images_changed):
        window.open_path(patterns)
    qtbot.waitUntil(lambda: session.task is None)
    session.change_settings(hidden_num=3, batch_size=6, epochs=20, device="cpu")
    train(qtbot, window)
    return window


def raised(window: MainWindow, name: str) -> QDockWidget:
    window.docks[name].show()
    window.docks[name].raise_()
    return window.docks[name]


def test_the_model_learns_from_all_of_them(tiny: MainWindow) -> None:
    images, model = tiny.session.images, tiny.session.model
    assert images is not None
    assert model is not None
    assert (images.train.shape, images.test.shape) == ((6, 4), (0, 4))
    assert "6 training, 0 held-out; 1 is full ink" in labels(tiny.panel("dataset"))
    assert model.history[-1].epoch == 20
    assert all(record.held_out_kl is None for record in model.history)


def test_every_panel_has_something_to_show(qtbot: QtBot, tiny: MainWindow) -> None:
    for name in tiny.docks:
        raised(tiny, name).grab()
    raised(tiny, "health")
    qtbot.waitUntil(lambda: any("6 training and 0 held-out images" in words for words in labels(tiny.panel("health"))))
    raised(tiny, "unit")
    click(button(tiny.panel("unit"), "Unit 1"))
    # The patterns that switch it on are those that it learnt from.
    qtbot.waitUntil(
        lambda: any("p(h = 1 | v)" in said and "6 training images" in said for said in labels(tiny.panel("unit")))
    )
    assert not shown(QMessageBox)


def test_each_quantity_that_can_be_had_is_measured(qtbot: QtBot, tiny: MainWindow) -> None:
    box = choice(tiny)
    names = [box.itemText(row) for row in range(box.count()) if " – " not in box.itemText(row)]
    assert len(names) >= 6
    assert reasons(tiny)["Free-energy gap"] == "There are no images to measure it on."
    for name in names:
        select(box, name)
        qtbot.waitUntil(lambda: bool(plots(tiny)) and len(epochs(plots(tiny)[0])) > 0)
        assert "held-out" not in words(tiny)
    assert not shown(QMessageBox)


def test_the_live_curve_says_that_none_is_held_out(tiny: MainWindow) -> None:
    assert "no image is held out" in words(tiny)


def test_their_pairs_are_named_for_what_they_are_and_a_pattern_comes_on_the_canvas(tiny: MainWindow) -> None:
    title = "Reconstructions: training images, input and restored"
    assert tiny.docks["reconstructions"].windowTitle() == title
    view = named(tiny, PairsView, "Training images and their reconstructions")
    np.testing.assert_array_equal([grey_values(left).ravel() for left, _ in view.pairs()], PATTERNS)
    click(button(tiny.panel("draw"), "Test digit"))
    picture = canvas_of(tiny).picture()
    assert picture is not None
    assert grey_values(picture).ravel().tolist() in PATTERNS.tolist()
    QTest.mouseClick(view, LEFT, pos=view.pair_rect(3).center().toPoint())
    picture = canvas_of(tiny).picture()
    assert picture is not None
    assert grey_values(picture).ravel().tolist() == PATTERNS[3].tolist()


def canvas_of(window: MainWindow) -> DrawingCanvas:
    canvas = window.panel("draw").findChild(DrawingCanvas)
    assert isinstance(canvas, DrawingCanvas)
    return canvas


def test_the_experiment_comes_back_with_its_moments(qtbot: QtBot, tiny: MainWindow, tmp_path: Path) -> None:
    path, session = tmp_path / "tiny.rbmx", tiny.session
    with qtbot.waitSignal(session.documents.saving.saved):
        choose(tiny, "File", "Save as…")
        pick(qtbot, path)
    kept = len(session.moments.kept)
    choose(tiny, "File", "New experiment")
    tiny.open_path(path)
    qtbot.waitUntil(lambda: session.task is None)
    assert len(session.moments.kept) == kept > 1
    session.timeline.look_at(session.moments.kept[0])
    assert session.timeline.past is not None
    train(qtbot, tiny)
    assert not shown(QMessageBox)


def test_commands_train_and_judge_by_the_images_that_there_are(
    patterns: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, picture = tmp_path / "tiny.safetensors", tmp_path / "tiny.png"
    assert main(["train", "--data", str(patterns), "--hidden", "3", "--epochs", "3", "--output", str(model)]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(model), "--data", str(patterns)]) == 0
    told = capsys.readouterr().out
    assert "6 training images" in told
    assert "test images" not in told
    assert "True KL divergence" in told
    assert main(["reconstruct", str(model), "--data", str(patterns), "--output", str(picture)]) == 0
    assert "6 pairs" in capsys.readouterr().err
