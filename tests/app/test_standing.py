from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel

from rbm_studio.app.standing import epoch_text, goes_on

from .conftest import bars_dataset, load
from .driving import answer, labels, press, settle, train, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QObject
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

PLACE = re.compile(r"epoch ([\d.,]+) of ([\d.,]+)", re.IGNORECASE)


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        (0, "0"),
        (10, "10"),
        (10 - 1e-9, "10"),
        (100_000, "100,000"),
        (7.69, "7.69"),
        (1.2, "1.20"),
        (0.1 + 0.2, "0.30"),
        # An epoch that is not done is not called so, nor is one over that only just was.
        (9.998, "9.99"),
        (10.004, "10.00"),
    ],
)
def test_whole_epochs_are_whole_and_others_have_two_places(application: QObject, epochs: float, words: str) -> None:
    assert application is not None
    assert epoch_text(epochs) == words


def bars_of(window: MainWindow) -> list[str]:
    """Return what the training bar and the timeline say, each as a whole."""
    label = window.training_bar.findChild(QLabel)
    assert isinstance(label, QLabel)
    timeline = [text for text in labels(window.timeline_bar) if "epoch" in text]
    return [label.text(), *timeline]


def places(window: MainWindow) -> list[tuple[str, ...]]:
    """Return at which epoch of which both say that the run is."""
    found = [PLACE.search(text) for text in bars_of(window)]
    assert all(found), bars_of(window)
    return [match.groups() for match in found if match]


def test_a_run_that_goes_on_with_a_model_counts_the_epochs_of_its_life_everywhere(
    qtbot: QtBot, window: MainWindow
) -> None:
    session = window.session
    train(qtbot, window)
    assert places(window) == [("3", "3")] * 2
    seen: list[list[tuple[str, ...]]] = []
    session.progressed.connect(lambda: seen.append(places(window)))
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert seen
    for training_bar, timeline in seen:
        assert training_bar == timeline
        assert training_bar[1] == "6"
    settle(qtbot, window.timeline_bar)
    assert bars_of(window) == ["Epoch 6 of 6  ·  done", "Now: epoch 6 of 6"]


def test_a_run_that_was_stopped_says_so_with_the_same_digits_on_both_sides(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, bars_dataset())
    session.change_settings(batch_size=30, epochs=2)
    for _ in range(10):
        with qtbot.waitSignal(session.newest_changed):
            press(window, "Step")
    press(window, "Stop")
    wait_until_idle(qtbot, session)
    settle(qtbot, window.timeline_bar)
    # Seven batches are an epoch of 200 images, and of the second there were three of thirty.
    assert bars_of(window) == ["Stopped at epoch 1.45 of 2  ·  Train finishes it", "Now: epoch 1.45 of 2"]
    # It goes on with another run, of two epochs more.
    session.change_settings(learning_rate=0.05)
    assert bars_of(window)[0] == "Stopped at epoch 1.45 of 2  ·  next: goes on with rate 1 → 0.05"
    train(qtbot, window)
    settle(qtbot, window.timeline_bar)
    assert bars_of(window) == ["Epoch 3.45 of 3.45  ·  done", "Now: epoch 3.45 of 3.45"]


def test_an_experiment_that_is_opened_again_says_where_its_run_stands(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session = window.session
    with qtbot.waitSignal(session.newest_changed):
        press(window, "Step")
    press(window, "Stop")
    wait_until_idle(qtbot, session)
    said = bars_of(window)
    assert said == ["Stopped at epoch 0.10 of 3  ·  Train finishes it", "Now: epoch 0.10 of 3"]
    path = tmp_path / "lesson.rbmx"
    assert session.save_experiment(path)
    session.reset()
    assert bars_of(window)[0] == "Ready to train"
    window.open_path(path)
    answer(qtbot, "Don't save")
    settle(qtbot, window.timeline_bar)
    assert bars_of(window) == said
    assert goes_on(session)
