from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QScrollArea, QToolButton

from rbm_studio.app.chain_notice import ChainNotice
from rbm_studio.app.findings_view import FindingButton
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.core.parameters import Parameters
from rbm_studio.data import Dataset
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import load
from .driving import click, is_at_work, labels, press, train

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

AT_WORK = "Running chains from noise"


def notice(window: MainWindow) -> ChainNotice:
    found = window.panel("curve").findChild(ChainNotice)
    assert isinstance(found, ChainNotice)
    return found


def wait_for_chains(qtbot: QtBot, window: MainWindow) -> None:
    chains = window.session.chains
    qtbot.waitUntil(lambda: chains.dreamt is not None and not chains.is_at_work, timeout=60_000)


def open_fading_model(window: MainWindow, path: Path) -> None:
    bias = np.full(64, -12, dtype=np.float32)
    save_model(path, SavedModel(Parameters(np.zeros((64, 12), np.float32), bias, np.zeros(12, np.float32))))
    window.open_path(path)


def test_a_model_that_was_only_drawn_has_no_chains(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.session.chains.is_at_work
    train(qtbot, window)
    wait_for_chains(qtbot, window)
    dreamt = window.session.chains.dreamt
    assert dreamt is not None
    assert dreamt.model.epochs_trained == 3
    press(window, "Reset")
    assert window.session.chains.dreamt is None
    assert not window.session.chains.is_at_work


def test_health_names_the_figures_and_the_curve_says_when_the_chains_fail(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    curve = window.panel("curve")
    assert isinstance(curve, CurvePanel)
    before = curve.height(), curve.plot.height()
    assert not notice(window).isVisible()
    open_fading_model(window, tmp_path / "fading.safetensors")
    wait_for_chains(qtbot, window)
    qtbot.waitUntil(notice(window).isVisible)
    assert before == (curve.height(), curve.plot.height())
    assert "Worse than lone pixels" in notice(window).text()
    health = window.panel("health")
    assert health.visibleRegion().isEmpty()
    click(notice(window))
    qtbot.waitUntil(lambda: not health.visibleRegion().isEmpty())

    def told() -> list[str]:
        return [button.words()[0] for button in health.findChildren(FindingButton) if button.isVisible()]

    qtbot.waitUntil(lambda: any("fade away" in words for words in told()), timeout=20_000)
    assert any(words.startswith("The log-likelihood is at most") for words in told())
    figures = next(text for text in labels(health) if "chains from noise" in text and "held-out" in text)
    assert "200 chains from noise, 1,000 steps, epoch 0" in figures
    assert "blanks 100.0%" in figures


def test_closing_ends_the_chains(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_fading_model(window, tmp_path / "fading.safetensors")
    qtbot.waitUntil(lambda: is_at_work(AT_WORK), timeout=20_000)
    window.discard()
    assert not is_at_work(AT_WORK)


def test_overfitting_is_told_since_when_and_the_best_moment_is_offered(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    noise = np.random.default_rng(0).integers(0, 2, (70, 8, 8)).astype(np.uint8) * 255
    # Nothing is to be learned from it: what is learned is learned by heart.
    load(qtbot, session, Dataset("Noise", "made up", noise[:30], None, noise[30:], None))
    session.change_settings(gradient="cd", centred=False, visible_units="mean-field", binarisation="threshold")
    session.change_settings(learning_rate=0.1, momentum=0.9, schedule="constant", epochs=150, batch_size=10)
    window.docks["health"].raise_()
    train(qtbot, window)
    qtbot.waitUntil(lambda: session.life.fall is not None, timeout=60_000)
    panel = window.panel("health")

    def offers() -> list[QToolButton]:
        return [
            each
            for each in panel.findChildren(QToolButton)
            if each.isVisible() and each.text().startswith("Look at epoch")
        ]

    qtbot.waitUntil(lambda: len(offers()) == 1, timeout=20_000)
    best = session.life.best_moment()
    assert best is not None
    words = [button.words()[0] for button in panel.findChildren(FindingButton) if button.isVisible()]
    (told,) = [each for each in words if each.startswith("Overfitting since epoch")]
    assert f"since epoch {best.epochs:.4g}:" in told
    offer = offers()[0]
    panel.findChildren(QScrollArea)[0].ensureWidgetVisible(offer)
    click(offer)
    assert session.timeline.past is best
    press_continue = next(each for each in window.timeline_bar.timeline_actions() if "Continue" in each.text())
    press_continue.trigger()
    qtbot.waitUntil(lambda: session.timeline.past is None)
    assert session.epochs_trained == best.epochs
    assert session.life.life == ()
