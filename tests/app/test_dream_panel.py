"""The sampling lab, as a person uses it."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from rbm_studio.app.autocorrelation_view import AutocorrelationView
from rbm_studio.app.chain_grid import ChainGrid
from rbm_studio.app.dream_runner import DreamRunner
from rbm_studio.app.fields import Choice, CountBox, NumberBox
from rbm_studio.app.film_strip import FilmStrip
from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.panels.dream_panel import DreamPanel
from rbm_studio.app.session import Session
from rbm_studio.app.visits_view import VisitsView
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model
from tests.core.enumeration import all_states

from .conftest import bars_dataset, load
from .driving import LEFT, button, choose_item, click, drag, labels, model_of, named, press, train, wait_until_idle
from .test_draw_lab import knowing as sure
from .test_labels import labelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def panel(window: MainWindow) -> DreamPanel:
    found = window.panel("dream")
    assert isinstance(found, DreamPanel)
    return found


def look(qtbot: QtBot, window: MainWindow) -> None:
    """Bring the dock to the front, as a click on its tab does."""
    window.docks["dream"].raise_()
    qtbot.waitUntil(lambda: grid(window).pictures() is not None or bool(grid(window).placeholder()))


@pytest.fixture
def dreaming(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A window with the dock in front, and chains in it."""
    look(qtbot, window)
    qtbot.waitUntil(lambda: grid(window).pictures() is not None)
    return window


def grid(window: MainWindow) -> ChainGrid:
    return named(panel(window), ChainGrid, "Chains")


def film(window: MainWindow) -> FilmStrip:
    return named(panel(window), FilmStrip, "The chosen chain's past")


def mixing(window: MainWindow) -> AutocorrelationView:
    return named(panel(window), AutocorrelationView, "Autocorrelation of the chains")


def visits(window: MainWindow) -> VisitsView:
    return named(panel(window), VisitsView, "Classes visited")


def runner(window: MainWindow) -> DreamRunner:
    found = panel(window).findChild(DreamRunner)
    assert isinstance(found, DreamRunner)
    return found


def pictures(window: MainWindow) -> NDArray[np.uint8]:
    found = grid(window).pictures()
    assert found is not None, grid(window).placeholder()
    return found


def step(window: MainWindow) -> int:
    return int(labels(panel(window))[0].removeprefix("Step ").replace(",", ""))


def tool(window: MainWindow, name: str) -> QToolButton:
    return named(panel(window), QToolButton, name)


def do(window: MainWindow, name: str) -> None:
    assert tool(window, name).isEnabled()
    click(tool(window, name))


def run(window: MainWindow) -> None:
    click(button(panel(window), "Run"))


def pause(qtbot: QtBot, window: MainWindow) -> None:
    click(button(panel(window), "Pause"))
    qtbot.waitUntil(lambda: runner(window).idle)


def choose(window: MainWindow, name: str, text: str) -> None:
    """Go to an item of a list by the keyboard."""
    choose_item(named(panel(window), Choice, name), text)


def enter(box: CountBox | NumberBox, text: str) -> None:
    box.lineEdit().selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def chains(window: MainWindow) -> CountBox:
    return named(panel(window), CountBox, "Number of chains")


def temperature(window: MainWindow) -> NumberBox:
    return named(panel(window), NumberBox, "Temperature")


def open_model(qtbot: QtBot, window: MainWindow, path: Path, p: Parameters) -> None:
    """Open a model, and wait until it dreams."""
    before = pictures(window)
    save_model(path, SavedModel(p))
    window.open_path(path)
    qtbot.waitUntil(lambda: pictures(window) is not before)


def of(bias: float = 0.0, drive: float = 0.0) -> Parameters:
    """Return a model of 64 pixels with this bias, which the first of 3 hidden units drives."""
    w = np.zeros((64, 3), dtype=np.float32)
    w[:, 0] = drive
    return Parameters(w, np.full(64, bias, dtype=np.float32), np.zeros(3, dtype=np.float32))


# --- running


def test_at_first_the_drawing_is_in_front_and_nothing_dreams(window: MainWindow) -> None:
    assert not window.panel("draw").visibleRegion().isEmpty()
    assert panel(window).visibleRegion().isEmpty()
    assert grid(window).pictures() is None


def test_it_begins_with_noise_and_waits(dreaming: MainWindow) -> None:
    assert pictures(dreaming).shape == (16, 8, 8)
    assert set(np.unique(pictures(dreaming))) == {0, 255}
    assert 0.4 < pictures(dreaming).mean() / 255 < 0.6
    assert step(dreaming) == 0
    assert film(dreaming).names() == ["step 0"]
    assert runner(dreaming).idle


def test_it_runs_and_pauses(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "300 steps/s")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 30)
    assert any("steps/s" in text for text in labels(panel(dreaming)))
    pause(qtbot, dreaming)
    last = step(dreaming)
    do(dreaming, "One step")
    qtbot.waitUntil(lambda: step(dreaming) == last + 1)


def test_a_single_step_pauses(qtbot: QtBot, dreaming: MainWindow) -> None:
    run(dreaming)
    do(dreaming, "One step")
    qtbot.waitUntil(lambda: runner(dreaming).idle)
    assert button(panel(dreaming), "Run").isEnabled()
    assert step(dreaming) > 0


def test_speed_is_changed_while_it_runs(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "1 step/s")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 0)
    choose(dreaming, "Speed", "fastest")
    qtbot.waitUntil(lambda: step(dreaming) > 500)
    pause(qtbot, dreaming)


def test_a_restart_begins_with_new_chains(qtbot: QtBot, dreaming: MainWindow) -> None:
    first = pictures(dreaming).copy()
    do(dreaming, "One step")
    qtbot.waitUntil(lambda: step(dreaming) == 1)
    do(dreaming, "Restart")
    assert step(dreaming) == 0
    assert not np.array_equal(pictures(dreaming), first)


def test_a_restart_goes_on_running(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 100)
    do(dreaming, "Restart")
    assert step(dreaming) == 0
    qtbot.waitUntil(lambda: step(dreaming) > 100)
    pause(qtbot, dreaming)


def test_there_are_as_many_chains_as_are_asked_for(dreaming: MainWindow) -> None:
    for count in (1, 100):
        enter(chains(dreaming), str(count))
        assert len(pictures(dreaming)) == count
    assert (chains(dreaming).minimum(), chains(dreaming).maximum()) == (1, 100)


def test_out_of_sight_it_rests_and_then_goes_on(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 10)
    dreaming.docks["draw"].raise_()
    qtbot.waitUntil(lambda: runner(dreaming).idle)
    dreaming.docks["dream"].raise_()
    last = step(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > last)
    pause(qtbot, dreaming)


def test_closing_while_it_runs_ends_its_thread(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 10)
    dreaming.discard()
    assert not any(thread.name == "dreaming" for thread in threading.enumerate())


# --- where chains start


def test_chains_start_from_training_images(dreaming: MainWindow) -> None:
    choose(dreaming, "Start", "Images")
    images = dreaming.session.images
    assert images is not None
    known = {row.tobytes() for row in images.train}
    assert all(picture.tobytes() in known for picture in pictures(dreaming))
    assert len({picture.tobytes() for picture in pictures(dreaming)}) > 1


def test_chains_start_from_the_drawing(qtbot: QtBot, window: MainWindow) -> None:
    draw = window.panel("draw")
    assert isinstance(draw, DrawPanel)

    def seen() -> NDArray[np.uint8]:
        visible = window.session.drawings.visible
        assert visible is not None
        return np.rint(visible * 255).astype(np.uint8)

    with qtbot.waitSignal(window.session.drawings.changed):
        drag(draw.canvas, (0.3, 0.2), (0.3, 0.8))
    look(qtbot, window)
    choose(window, "Start", "Drawing")
    assert (pictures(window) == seen()).all()
    do(window, "One step")
    qtbot.waitUntil(lambda: step(window) == 1)
    before = seen()
    window.docks["draw"].raise_()
    qtbot.waitUntil(lambda: not draw.visibleRegion().isEmpty())
    with qtbot.waitSignal(window.session.drawings.changed):
        drag(draw.canvas, (0.2, 0.5), (0.8, 0.5))
    qtbot.waitUntil(lambda: not np.array_equal(seen(), before))
    window.docks["dream"].raise_()
    qtbot.waitUntil(lambda: step(window) == 0 and bool((pictures(window) == seen()).all()))


def test_without_a_drawing_there_is_a_word(qtbot: QtBot, session: Session) -> None:
    alone = DreamPanel(session)
    qtbot.addWidget(alone)
    alone.resize(800, 300)
    alone.show()
    view = named(alone, ChainGrid, "Chains")
    qtbot.waitUntil(lambda: view.pictures() is not None)
    start = named(alone, Choice, "Start")
    QTest.keyClick(start, Qt.Key.Key_Down)
    QTest.keyClick(start, Qt.Key.Key_Down)
    assert start.currentText() == "Drawing"
    assert view.placeholder() == "Draw something in the Draw panel: the chains start from it."
    assert not named(alone, QToolButton, "Run the chains").isEnabled()
    session.drawings.show(np.eye(8, dtype=np.float32))
    qtbot.waitUntil(lambda: view.pictures() is not None)
    session.drawings.show(np.eye(9, dtype=np.float32))
    qtbot.waitUntil(lambda: view.placeholder() == "The drawing has another size than the model.")


def test_persistent_chains_are_watched_while_they_train(qtbot: QtBot, dreaming: MainWindow) -> None:
    session = dreaming.session
    session.change_settings(gradient="pcd", epochs=100_000)
    choose(dreaming, "Start", "Training")
    assert grid(dreaming).placeholder() == "The training's own chains are shown here as soon as the model trains."
    press(dreaming, "Train")
    qtbot.waitUntil(lambda: len(film(dreaming).names()) >= 3, timeout=20_000)
    assert pictures(dreaming).shape == (20, 8, 8)
    assert "20 chains of the training" in labels(panel(dreaming))
    assert all(name.startswith("epoch ") for name in film(dreaming).names())
    assert not tool(dreaming, "Run the chains").isEnabled()
    assert tool(dreaming, "Run the chains").toolTip().startswith("The training moves these chains")
    assert not temperature(dreaming).isEnabled()
    assert any("persistent (PCD)" in text for text in labels(panel(dreaming)))
    press(dreaming, "Stop")
    wait_until_idle(qtbot, session)
    particles = model_of(session).particles
    assert particles is not None
    newest = np.rint(particles * 255).astype(np.uint8).reshape(-1, 8, 8)
    qtbot.waitUntil(lambda: np.array_equal(pictures(dreaming), newest))
    assert mixing(dreaming).placeholder().startswith("The training moves these chains")
    choose(dreaming, "Start", "Noise")
    assert step(dreaming) == 0
    assert tool(dreaming, "Run the chains").isEnabled()


def test_it_is_said_where_particles_of_cd_come_from(qtbot: QtBot, dreaming: MainWindow) -> None:
    dreaming.session.change_settings(gradient="cd")
    train(qtbot, dreaming)
    choose(dreaming, "Start", "Training")
    assert any("each begins at an image" in text for text in labels(panel(dreaming)))


# --- what is changed on the way


def test_parameters_follow_the_training(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    dreaming.session.change_settings(epochs=100_000)
    press(dreaming, "Train")
    qtbot.waitUntil(lambda: dreaming.session.epochs_trained > 5 and step(dreaming) > 50, timeout=30_000)
    press(dreaming, "Stop")
    wait_until_idle(qtbot, dreaming.session)
    newest = model_of(dreaming.session).parameters
    possible = np.rint(255 * newest.expect_visible(all_states(12).astype(np.float32))).astype(np.int16)

    def are_of_the_newest() -> bool:
        shown = pictures(dreaming).reshape(16, 1, -1).astype(np.int16)
        return bool((np.abs(shown - possible).max(axis=2).min(axis=1) <= 1).all())

    qtbot.waitUntil(are_of_the_newest)
    pause(qtbot, dreaming)


def test_a_higher_temperature_moves_more_freely(qtbot: QtBot, dreaming: MainWindow, tmp_path: Path) -> None:
    open_model(qtbot, dreaming, tmp_path / "dark.safetensors", of(bias=-3.0))
    choose(dreaming, "What is shown", "Probabilities")
    choose(dreaming, "Speed", "fastest")
    run(dreaming)

    def brightness() -> float:
        return float(pictures(dreaming).mean() / 255)

    def logistic(z: float) -> float:
        return float(1 / (1 + np.exp(-z)))

    qtbot.waitUntil(lambda: abs(brightness() - logistic(-3.0)) < 0.01)
    enter(temperature(dreaming), "5")
    qtbot.waitUntil(lambda: abs(brightness() - logistic(-3.0 / 5)) < 0.01)
    do(dreaming, "Temperature 1")
    assert temperature(dreaming).value() == 1
    qtbot.waitUntil(lambda: abs(brightness() - logistic(-3.0)) < 0.01)
    enter(temperature(dreaming), "0.1")
    qtbot.waitUntil(lambda: brightness() == 0)
    pause(qtbot, dreaming)


def test_selected_units_are_held(qtbot: QtBot, dreaming: MainWindow, tmp_path: Path) -> None:
    open_model(qtbot, dreaming, tmp_path / "driven.safetensors", of(bias=-30.0, drive=60.0))
    hold = named(panel(dreaming), Choice, "Hold the selected hidden units")
    assert not hold.isEnabled()
    assert "Select hidden units first" in hold.toolTip()
    dreaming.session.selection.select_units((0,))
    assert hold.isEnabled()
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    choose(dreaming, "Hold the selected hidden units", "on")
    qtbot.waitUntil(lambda: bool((pictures(dreaming) == 255).all()))
    choose(dreaming, "Hold the selected hidden units", "off")
    qtbot.waitUntil(lambda: bool((pictures(dreaming) == 0).all()))
    qtbot.waitUntil(lambda: mixing(dreaming).placeholder() == "The chains do not move at all.")
    # Free again: the unit hangs on what it drives, which is off.
    dreaming.session.selection.select_units(())
    assert not hold.isEnabled()
    pause(qtbot, dreaming)


def test_states_or_probabilities(qtbot: QtBot, dreaming: MainWindow, tmp_path: Path) -> None:
    open_model(qtbot, dreaming, tmp_path / "grey.safetensors", of(bias=0.5))
    do(dreaming, "One step")
    qtbot.waitUntil(lambda: step(dreaming) == 1)
    assert set(np.unique(pictures(dreaming))) == {round(255 / (1 + np.exp(-0.5)))}
    choose(dreaming, "What is shown", "States")
    assert set(np.unique(pictures(dreaming))) == {0, 255}
    assert set(np.unique(film(dreaming).pictures())) == {0, 255}


def test_another_model_takes_over_while_it_runs(qtbot: QtBot, dreaming: MainWindow) -> None:
    session = dreaming.session
    faults: list[Exception] = []
    session.failed.connect(faults.append)
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 10)
    session.selection.select_units((11,))
    choose(dreaming, "Hold the selected hidden units", "on")
    session.change_settings(hidden_num=5)
    qtbot.waitUntil(lambda: step(dreaming) > 10)
    load(qtbot, session, bars_dataset(side=6))
    qtbot.waitUntil(lambda: pictures(dreaming).shape == (16, 6, 6) and step(dreaming) > 10)
    pause(qtbot, dreaming)
    assert faults == []


def test_a_model_that_is_brought_back_takes_over_too(qtbot: QtBot, dreaming: MainWindow) -> None:
    session = dreaming.session
    faults: list[Exception] = []
    session.failed.connect(faults.append)
    train(qtbot, dreaming)
    assert session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    train(qtbot, dreaming)
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: pictures(dreaming).shape == (16, 4, 4) and step(dreaming) > 10)
    # What is selected is deselected before the model tells of itself.
    session.selection.select_units((3,))
    session.bring_back()
    qtbot.waitUntil(lambda: pictures(dreaming).shape == (16, 8, 8) and step(dreaming) > 10)
    pause(qtbot, dreaming)
    assert faults == []


# --- one chain


def test_a_click_chooses_the_chain_whose_past_is_shown(qtbot: QtBot, dreaming: MainWindow) -> None:
    for number in range(3):
        do(dreaming, "One step")
        qtbot.waitUntil(partial(lambda number: step(dreaming) == number + 1, number))
    choose(dreaming, "Steps from one picture of the film to the next", "1")
    for number in range(3, 5):
        do(dreaming, "One step")
        qtbot.waitUntil(partial(lambda number: step(dreaming) == number + 1, number))
    assert "Chain 1" in labels(panel(dreaming))
    QTest.mouseClick(grid(dreaming), LEFT, pos=grid(dreaming).picture_rect(5).center().toPoint())
    assert "Chain 6" in labels(panel(dreaming))
    np.testing.assert_array_equal(film(dreaming).pictures()[-1], pictures(dreaming)[5])
    assert film(dreaming).names() == ["step 4", "step 5"]
    QTest.keyClick(grid(dreaming), Qt.Key.Key_Right)
    np.testing.assert_array_equal(film(dreaming).pictures()[-1], pictures(dreaming)[6])
    assert "Chain 7" in labels(panel(dreaming))


def test_the_film_takes_a_picture_every_so_many_steps(qtbot: QtBot, dreaming: MainWindow) -> None:
    choose(dreaming, "Speed", "fastest")
    choose(dreaming, "Steps from one picture of the film to the next", "5")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 300)
    pause(qtbot, dreaming)
    steps = [int(name.removeprefix("step ").replace(",", "")) for name in film(dreaming).names()]
    assert len(steps) == 40
    assert set(np.diff(steps)) == {5}
    assert any("every 5 steps" in text for text in labels(panel(dreaming)))


# --- does it mix?


def test_the_autocorrelation_is_measured(qtbot: QtBot, dreaming: MainWindow) -> None:
    assert mixing(dreaming).placeholder() == "Measured some 20 steps after the chains have started or were changed."
    choose(dreaming, "Speed", "fastest")
    run(dreaming)
    qtbot.waitUntil(lambda: step(dreaming) > 300)
    pause(qtbot, dreaming)
    found = mixing(dreaming).data()
    assert found is not None
    assert found.correlations[0] == 1
    # An untrained model forgets at once.
    assert found.spacing is not None
    assert found.spacing < 3
    assert any("independent after" in text or "2τ = " in text for text in labels(panel(dreaming)))


def test_without_label_units_it_is_said_what_is_missing(dreaming: MainWindow) -> None:
    assert "Learn the labels" in visits(dreaming).placeholder()
    assert visits(dreaming).data() is None
    assert not named(panel(dreaming), Choice, "Dream of a class").isVisible()


@pytest.fixture
def knowing(qtbot: QtBot, dreaming: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a model of three classes: of class y the rows 2 y and 2 y + 1 are on, and no others."""
    w = np.zeros((8, 8, 3), dtype=np.float32)
    for each in range(3):
        w[2 * each : 2 * each + 2, :, each] = 10
    a, b, c = (np.full(count, bias, dtype=np.float32) for count, bias in ((64, -5), (3, -60), (3, 0)))
    u = np.where(np.eye(3) == 1, 40, -40).astype(np.float32)
    open_model(qtbot, dreaming, tmp_path / "knowing.safetensors", Parameters(w.reshape(64, 3), a, b, u, c))
    return dreaming


def test_visits_of_the_classes_are_counted(qtbot: QtBot, knowing: MainWindow) -> None:
    choose(knowing, "Speed", "fastest")
    run(knowing)
    qtbot.waitUntil(lambda: step(knowing) > 100)
    pause(qtbot, knowing)
    counts = visits(knowing).data()
    assert counts is not None
    assert counts.shape == (3,)
    assert counts.sum() == 16 * step(knowing)
    assert set(film(knowing).captions()) <= {"0", "1", "2"}
    # The data are bars, of which the model knows nothing.
    assert any(
        text.startswith(("looks like ", "unlike the data", "cannot tell it from noise", "perhaps noise"))
        for text in labels(panel(knowing))
    )


def test_noise_is_not_taken_for_a_class_without_a_word_on_how_far_it_is_from_the_data(
    qtbot: QtBot, dreaming: MainWindow, tmp_path: Path
) -> None:
    load(qtbot, dreaming.session, labelled())
    open_model(qtbot, dreaming, tmp_path / "sure.safetensors", sure())

    def said() -> list[str]:
        return [text for text in labels(panel(dreaming)) if "unlike the data" in text or "looks like" in text]

    qtbot.waitUntil(lambda: any("unlike the data" in text for text in said()))
    assert not any("%" in text for text in said())


def test_what_a_chain_looks_like_is_said_whole_in_a_small_window(qtbot: QtBot, knowing: MainWindow) -> None:
    def said() -> list[str]:
        return [
            text
            for text in labels(panel(knowing))
            if text.startswith(("looks like ", "unlike the data", "cannot tell it from noise", "perhaps noise"))
        ]

    knowing.resize(1024, 700)
    qtbot.waitUntil(lambda: said() != [] and said()[0].endswith(")"))
    knowing.resize(1900, 900)
    qtbot.waitUntil(lambda: said()[0].endswith(" steps"))


def test_dream_of_a_class(qtbot: QtBot, knowing: MainWindow) -> None:
    choose(knowing, "Dream of a class", "2")
    choose(knowing, "Speed", "fastest")
    choose(knowing, "Steps from one picture of the film to the next", "1")
    run(knowing)
    qtbot.waitUntil(lambda: step(knowing) > 200)
    pause(qtbot, knowing)
    assert set(film(knowing).captions()) == {"2"}
    assert visits(knowing).placeholder() == "The class is held at 2."
    # Its square is in the rows 4 and 5.
    rows = pictures(knowing).mean(axis=(0, 2))
    assert set(np.argsort(rows)[-2:]) == {4, 5}


def test_the_chosen_chains_classes_are_bars_where_there_is_room(qtbot: QtBot, knowing: MainWindow) -> None:
    bars = named(panel(knowing), LabelBars, "Class of the chosen chain")
    assert not bars.isVisible()
    knowing.docks["dream"].setFloating(True)
    knowing.docks["dream"].resize(1300, 400)
    qtbot.waitUntil(bars.isVisible)
    do(knowing, "One step")
    qtbot.waitUntil(lambda: step(knowing) == 1)
    choose(knowing, "What is shown", "States")
    state = pictures(knowing)[0].reshape(1, -1).astype(np.float32) / 255
    expected = model_of(knowing.session).parameters.label_probabilities(state)[0]
    np.testing.assert_allclose(bars.probabilities(), expected, rtol=1e-6)
    knowing.docks["dream"].setFloating(False)


# --- words


def test_without_a_model_there_is_a_word(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    look(qtbot, window)
    assert grid(window).placeholder() == "The model dreams here as soon as there are images."
    assert not tool(window, "Run the chains").isEnabled()
    load(qtbot, window.session, bars_dataset())
    qtbot.waitUntil(lambda: grid(window).pictures() is not None)
    assert tool(window, "Run the chains").isEnabled()


def test_images_of_another_size_are_no_start(qtbot: QtBot, dreaming: MainWindow) -> None:
    train(qtbot, dreaming)
    assert dreaming.session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: dreaming.session.task is None)
    # Noise has the model's size whatever the images have.
    qtbot.waitUntil(lambda: pictures(dreaming).shape == (16, 8, 8))
    choose(dreaming, "Start", "Images")
    words = "The images have another size than the model. Train starts a new model that fits."
    assert grid(dreaming).placeholder() == words
    press(dreaming, "Train")
    qtbot.waitUntil(lambda: grid(dreaming).pictures() is not None)
    assert pictures(dreaming).shape == (16, 4, 4)
    wait_until_idle(qtbot, dreaming.session)


# --- room


def test_it_fits_a_small_window_and_is_arranged_anew_without_growing_it(qtbot: QtBot, knowing: MainWindow) -> None:
    # As low as it can be: nothing may ask for more room on the way.
    height = knowing.minimumSizeHint().height()
    assert height < 700
    knowing.resize(1024, height)
    for _ in range(2):
        qtbot.waitUntil(lambda: 700 < panel(knowing).width() < 800)
        knowing.restore_default_layout()
        qtbot.waitUntil(lambda: 700 < knowing.panel("draw").width() < 800)
        assert (knowing.width(), knowing.height()) == (1024, height)
        knowing.docks["dream"].raise_()
        qtbot.waitUntil(lambda: not panel(knowing).visibleRegion().isEmpty())

    def all_inside() -> bool:
        inside = panel(knowing).rect()
        return all(
            inside.contains(widget.mapTo(panel(knowing), widget.rect().bottomRight()))
            for kind in (Choice, CountBox, NumberBox, QToolButton, ChainGrid, VisitsView)
            for widget in panel(knowing).findChildren(kind)
            if widget.isVisible()
        )

    qtbot.waitUntil(all_inside)
    assert (knowing.width(), knowing.height()) == (1024, height)
    assert visits(knowing).width() > 100
    assert grid(knowing).height() > 40


def test_every_control_has_a_name_and_a_tooltip(knowing: MainWindow) -> None:
    for kind in (Choice, CountBox, NumberBox, QToolButton):
        for widget in panel(knowing).findChildren(kind):
            assert widget.accessibleName(), widget
            assert widget.toolTip(), widget.accessibleName()
