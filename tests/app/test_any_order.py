"""The window in any order of what people do with it: what it shows is what there is, and nothing is left behind."""

from __future__ import annotations

import gc
import random
import re
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QObject, QThreadPool, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QMessageBox, QRadioButton, QSpinBox
from shiboken6 import Shiboken

from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.run_choice import RunChoice
from rbm_studio.app.session import Session
from rbm_studio.app.shared_drawings import DrawingsFile
from rbm_studio.app.state import RunState
from rbm_studio.app.window import PANELS, MainWindow
from rbm_studio.core.presets import PRESETS
from rbm_studio.errors import RBMStudioError
from tests.sizes import orders, sized

from .conftest import bars
from .driving import LEFT, drag, enabled, is_at_work, labels, process_deletions, state
from .settings_page import enter, field
from .test_labels import labelled
from .test_wrong_orders import POSSIBLE, ImpatientClass, model_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

RUNS, STEPS = sized(5, 22), sized(30, 100)
"""So many windows, and so much done to each."""

LEAST_AGE = 8
"""Steps before a window may be closed."""

DATA = ("bars", "few bars", "small bars", "classes", "broken", "missing")
SAVED = ("first", "second")
BUTTONS = dict(zip(("Train", "Pause", "Step", "Stop", "Reset"), range(5), strict=True))


def write_data(folder: Path) -> dict[str, Path]:
    """Write files of images of several sizes, with and without classes, one that is damaged, and one that is not."""
    paths = {name: folder / f"{name}.npz" for name in DATA}
    np.savez(paths["bars"], images=bars(220))
    np.savez(paths["few bars"], images=bars(7))
    np.savez(paths["small bars"], images=bars(150, side=4))
    classes = labelled()
    assert classes.train_labels is not None
    np.savez(paths["classes"], images=classes.train_images, labels=classes.train_labels)
    paths["broken"].write_bytes(paths["bars"].read_bytes()[:200])
    return paths


class Left:
    """What there is in the process, to be compared with what a window has left behind."""

    def __init__(self) -> None:
        process_deletions()
        QThreadPool.globalInstance().waitForDone()
        # The probe for a GPU of a test before is one that ends by itself.
        for thread in threading.enumerate():
            if thread.daemon and thread is not threading.current_thread():
                thread.join(timeout=5)
        gc.collect()
        self.threads = {thread.name for thread in threading.enumerate()}
        self.widgets = len(QApplication.allWidgets())
        self.windows = len(QApplication.topLevelWidgets())
        found = [each for each in gc.get_objects() if isinstance(each, QObject) and Shiboken.isValid(each)]
        self.objects = len(found)
        self.timers = sum(isinstance(each, QTimer) for each in found)

    def __le__(self, other: Left) -> bool:
        """Whether nothing is here that was not there; what earlier tests left may have gone meanwhile."""
        return self.threads <= other.threads and all(
            getattr(self, name) <= getattr(other, name) for name in ("widgets", "windows", "objects", "timers")
        )

    def __repr__(self) -> str:
        return str(vars(self))


class AnyOrder(RuleBasedStateMachine):
    """Opens a window, does to it what comes, and closes it; a rule more is a thing more that can be done.

    Attributes
    ----------
    qtbot, log : as pytest-qt has them
    folder : Path
    before : Left
        What there was before the first window.
    steps, steps_in_training, windows : int
        How much was done, how often there was a run at that, and to how many windows.
    """

    qtbot: QtBot
    log: Any
    folder: Path
    before: Left
    steps = 0
    steps_in_training = 0
    windows = 0

    def __init__(self) -> None:
        super().__init__()
        # What an earlier run saved is not there in this one.
        self.folder /= f"from window {self.windows}"
        self.folder.mkdir()
        self.data = write_data(self.folder)
        self.models = {path.stem: path for path in model_files(self.folder)}
        self.errors: list[Exception] = []
        self.open_window()

    # --- windows

    def open_window(self) -> None:
        """Open the window as the program does."""
        type(self).windows += 1
        self.age = 0
        window = MainWindow(Session())
        self.window, self.session = window, window.session
        self.session.setParent(window)
        self.session.failed.connect(self.errors.append)
        window.resize(1280, 800)
        window.restore_default_layout()
        window.show()
        self.drawings = DrawingsFile(self.session, self.folder / "drawings.json")
        self.qtbot.waitExposed(window)
        self.hands = ImpatientClass(self.qtbot, window, random.Random(0), list(self.models.values()))
        window.open_path(self.data["bars"])
        self.wait_for_task()
        self.session.change_settings(hidden_num=6, batch_size=20, epochs=1000, device="cpu")

    def forget_window(self) -> None:
        """Forget the window and all of it."""
        self.window.discard()
        assert not is_at_work("training")
        # The probe for a GPU goes to its end.
        self.qtbot.waitUntil(lambda: {each.name for each in threading.enumerate()} <= self.before.threads)
        kept = [weakref.ref(each) for each in (self.window, self.session)]
        self.window.deleteLater()
        # An error knows where it was raised.
        self.errors.clear()
        del self.window, self.session, self.drawings, self.hands
        process_deletions()
        gc.collect()
        assert [ref() for ref in kept] == [None, None]

    def teardown(self) -> None:
        if hasattr(self, "window"):
            # What failed holds what it failed on.
            if sys.exc_info()[0] is None:
                self.forget_window()
                assert Left() <= self.before
            else:
                self.window.discard()
                self.window.deleteLater()
                process_deletions()

    # --- what is done

    def wait_for_task(self) -> None:
        self.qtbot.waitUntil(lambda: self.session.task is None)

    def answer(self) -> None:
        self.hands.answer()

    def press(self, name: str) -> None:
        bar = self.window.training_bar
        QTest.mouseClick(bar.widgetForAction(bar.training_actions()[BUTTONS[name]]), LEFT)

    @rule(name=st.sampled_from(sorted(BUTTONS)))
    def presses(self, name: str) -> None:
        self.press(name)

    @initialize(trains=st.booleans())
    def begins(self, trains: bool) -> None:
        if trains:
            self.press("Train")

    @rule(milliseconds=st.sampled_from((0, 5, 50)))
    def trains(self, milliseconds: int) -> None:
        self.press("Train")
        self.lets_it_be(milliseconds)

    @rule(milliseconds=st.sampled_from((0, 5, 50, 150)))
    def lets_it_be(self, milliseconds: int) -> None:
        turns: list[bool] = []
        QTimer.singleShot(milliseconds, lambda: turns.append(True))
        self.qtbot.waitUntil(lambda: bool(turns))

    @precondition(lambda self: self.session.settings.training.epochs < 1000)
    @precondition(lambda self: self.session.run_state is RunState.RUNNING)
    @rule()
    def waits_for_the_end(self) -> None:
        self.qtbot.waitUntil(lambda: state(self.session) is RunState.IDLE, timeout=20_000)

    @rule(name=st.sampled_from(DATA), waits=st.booleans())
    def opens_images(self, name: str, waits: bool) -> None:
        self.window.open_path(self.data[name])
        if waits:
            self.wait_for_task()

    @rule(name=st.sampled_from(("one", "small", "with classes", "broken")), seed=st.integers(0, 9))
    def opens_a_model(self, name: str, seed: int) -> None:
        self.hands.rng.seed(seed)
        self.window.open_path(self.models[name])

    @rule(name=st.sampled_from(SAVED))
    def saves_the_model(self, name: str) -> None:
        path = self.folder / f"{name}.safetensors"
        if self.session.save_model(path):
            self.models[name] = path

    @rule(name=st.sampled_from(SAVED))
    def opens_what_was_saved(self, name: str) -> None:
        if name in self.models:
            self.window.open_path(self.models[name])

    @rule(name=st.sampled_from(SAVED))
    def saves_the_experiment(self, name: str) -> None:
        self.session.save_experiment(self.folder / f"{name}.rbmx")

    @rule(name=st.sampled_from(SAVED))
    def opens_an_experiment(self, name: str) -> None:
        self.session.open_experiment(self.folder / f"{name}.rbmx")

    @rule()
    def brings_back(self) -> None:
        self.session.bring_back()

    @rule(
        name=st.sampled_from(("Hidden units", "Epochs", "Batch size", "Seed")), value=st.sampled_from((1, 3, 40, 999))
    )
    def sets(self, name: str, value: int) -> None:
        box = field(self.window, name, QSpinBox)
        if box.isEnabled():
            enter(box, str(value))

    @rule(name=st.sampled_from(sorted(PRESETS)))
    def chooses_a_preset(self, name: str) -> None:
        self.session.choose_preset(name)

    @rule(new=st.booleans())
    def chooses_a_new_run(self, new: bool) -> None:
        choice = self.window.panel("model").findChild(RunChoice)
        assert isinstance(choice, RunChoice)
        radio = choice.findChildren(QRadioButton)[0 if new else 1]
        if not choice.isHidden() and radio.isEnabled():
            radio.click()

    @rule(labels=st.booleans())
    def sets_labels(self, labels: bool) -> None:
        self.session.change_settings(labels=labels)

    @rule(place=st.integers(0, 4))
    def sets_the_size_of_the_images(self, place: int) -> None:
        images = self.session.images
        assert images is not None
        sizes = images.original.sizes()
        self.session.set_image_shape(sizes[place % len(sizes)])

    @rule(places=st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)), min_size=2, max_size=5))
    def draws(self, places: list[tuple[float, float]]) -> None:
        self.window.docks["draw"].raise_()
        panel = self.window.panel("draw")
        assert isinstance(panel, DrawPanel)
        drag(panel.canvas, *places)

    @rule(name=st.sampled_from(sorted(PANELS)))
    def turns_to(self, name: str) -> None:
        self.window.docks[name].show()
        self.window.docks[name].raise_()

    @rule(units=st.lists(st.integers(0, 2), unique=True))
    def selects(self, units: list[int]) -> None:
        model = self.session.model
        if model is not None:
            self.session.selection.select_units(tuple(unit for unit in units if unit < model.parameters.hidden_num))

    @precondition(lambda self: self.age >= LEAST_AGE)
    @rule(answer=st.sampled_from(("Don't save", "Cancel")))
    def closes(self, answer: str) -> None:
        """Close the window, and where that is confirmed, open another one."""
        self.window.close()
        for box in self.window.findChildren(QMessageBox):
            next(each for each in box.buttons() if each.text().replace("&", "") == answer).click()
            process_deletions()
        if not self.window.isVisible():
            self.forget_window()
            assert Left() <= self.before
            self.open_window()

    # --- what is so at all times

    @invariant()
    def is_what_it_shows(self) -> None:
        type(self).steps += 1
        self.age += 1
        type(self).steps_in_training += self.session.run_state is not RunState.IDLE
        self.answer()
        assert all(isinstance(error, RBMStudioError) for error in self.errors), self.errors
        assert not [str(record) for record in self.log.records if not record.ignored]
        self.sees_the_run()
        self.sees_the_settings()
        self.sees_the_choice()
        self.sees_the_images()
        self.sees_the_curve()
        if state(self.session) is not RunState.RUNNING:
            # What follows a model does so ten times a second.
            self.qtbot.waitUntil(self.sees_the_model)

    def sees_the_run(self) -> None:
        session, window = self.session, self.window
        possible = POSSIBLE[session.run_state] - (set() if session.can_train else {"Train", "Step", "Reset"})
        assert enabled(window) == possible
        train = window.training_bar.training_actions()[0]
        assert train.text() == ("Resume" if state(session) is RunState.PAUSED else "Train")
        assert window.isWindowModified() == session.experiment.is_modified
        path = session.experiment.path
        assert window.windowTitle().startswith(path.name if path else session.experiment.name or "untitled experiment")
        if state(session) is RunState.IDLE:
            assert not is_at_work("training")
        words = " ".join(labels(window.training_bar))
        progress, newest = session.progress, session.newest
        now = progress.epochs_trained if progress is not None else newest.epochs_trained if newest is not None else 0.0
        told = re.match(r"(Stopped at epoch|Epoch) ([\d.,]+) of ([\d.,]+)", words)
        if state(session) is RunState.IDLE and now == 0:
            assert words.partition("  ·  next: ")[0] == ("Ready to train" if session.can_train else "")
        else:
            assert told is not None, words
            reads, ends = (float(number.replace(",", "")) for number in told.groups()[1:])
            # Cut off at the hundredth: no epoch is called done before it is.
            assert reads - 1e-6 <= now < reads + 0.01 + 1e-6
            assert reads <= ends
            assert state(session) is RunState.IDLE or told[1] == "Epoch"
        assert threading.active_count() < 30

    def sees_the_settings(self) -> None:
        settings, training = self.session.settings, self.session.settings.training
        shown = {name: field(self.window, name, QSpinBox) for name in ("Hidden units", "Epochs", "Batch size", "Seed")}
        assert [box.value() for box in shown.values()] == [
            settings.hidden_num,
            training.epochs,
            training.batch_size,
            training.seed,
        ]
        assert {box.isEnabled() for box in shown.values()} == {self.session.run_state is RunState.IDLE}
        height, width = settings.image_shape
        assert field(self.window, "Visible units", QComboBox).currentText().startswith(f"{height}×{width}")

    def sees_the_choice(self) -> None:
        session, present = self.session, self.session.book.present
        choice = self.window.panel("model").findChild(RunChoice)
        assert isinstance(choice, RunChoice)
        assert choice.isHidden() != session.next_run.is_open
        if session.next_run.is_open:
            new, on = choice.findChildren(QRadioButton)
            assert (new.isChecked(), on.isChecked()) == (session.trains_new_model, not session.trains_new_model)
        assert present is not None
        begun = [stage.begun for stage in present.stages]
        assert begun == sorted(set(begun))
        if present.stages and session.newest is not None:
            assert present.stages[-1].settings.training == session.newest.training

    def sees_the_images(self) -> None:
        images = self.session.images
        assert images is not None
        words = [label.text() for label in self.window.panel("dataset").findChildren(QLabel)]
        assert images.dataset.name in words
        assert f"{len(images.train)} training, {len(images.test)} held-out" in words
        assert images.dataset.image_shape == self.session.settings.image_shape

    def sees_the_curve(self) -> None:
        session, panel, model = self.session, self.window.panel("curve"), self.session.model
        assert isinstance(panel, CurvePanel)
        assert model is not None
        present = session.book.present
        assert present is not None
        live = session.book.history(LIVE).current
        assert live is not None
        assert live is present.curves[LIVE]
        assert live.title == present.name
        epochs = live.values("epoch")
        assert (np.diff(epochs) >= 0).all()
        if len(model.history):
            assert epochs[-1] >= model.history[-1].epoch
        if len(epochs):
            title, table = panel.plot.runs()[-1]
            assert (title, table[-1, 0]) == (present.name, epochs[-1])
        assert (np.diff([record.epoch for record in model.history]) > 0).all()
        kept = [moment.epochs for moment in session.moments.kept]
        assert kept == sorted(kept)
        assert kept[-1] <= session.epochs_trained

    def sees_the_model(self) -> None:
        model, selection = self.session.model, self.session.selection
        assert model is not None
        count = model.parameters.hidden_num
        assert max((*selection.units, selection.hovered)) < count
        assert selection.pixel < model.parameters.visible_num
        mosaic = self.window.panel("weights").findChild(MosaicView)
        assert isinstance(mosaic, MosaicView)
        filters = mosaic.filters()
        assert filters is not None
        assert filters.count == count
        if not mosaic.visibleRegion().isEmpty():
            assert np.array_equal(filters.weights.reshape(-1, count), model.parameters.w)


@pytest.mark.soak
def test_the_window_shows_what_there_is_in_any_order(
    qtbot: QtBot,
    qtlog: Any,
    application: QApplication,
    tmp_path: Path,
    figure: Callable[[str, object], None],
) -> None:
    assert application is not None
    given = {"qtbot": qtbot, "log": qtlog, "folder": tmp_path, "before": Left(), "steps": 0, "windows": 0}
    machine: Any = type("AnyOrder", (AnyOrder,), given)
    first = machine()
    first.forget_window()
    # What the program has but once came with the first window, and stays.
    machine.before = Left()
    run_state_machine_as_test(machine, settings=orders(RUNS, STEPS))
    figure("steps", machine.steps)
    figure("steps in training", machine.steps_in_training)
    figure("windows", machine.windows)
