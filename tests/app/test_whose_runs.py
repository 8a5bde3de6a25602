"""Which runs belong to which document, as a person opens, discards, copies and saves: what each file holds after it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPlainTextEdit, QToolButton

from rbm_studio.app.experiment_files import gather
from rbm_studio.app.looks import MOST_SHOWN
from rbm_studio.app.opened_experiment import opened
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.storage.experiment_file import load_experiment, save_experiment

from .conftest import bars_dataset, load
from .driving import (
    SlowDisk,
    answer,
    button,
    choose,
    click,
    message,
    model_of,
    pick,
    press,
    shown,
    state,
    status,
    wait_until_idle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.run import Run
    from rbm_studio.app.window import MainWindow
    from rbm_studio.storage.model_file import SavedModel


class Person:
    """Somebody at a window, who looks at the table of runs."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window, self.session = qtbot, window, window.session
        window.docks["runs"].raise_()
        view = window.panel("runs").findChild(RunsView)
        assert isinstance(view, RunsView)
        self.table = view
        qtbot.waitUntil(lambda: view.runs.rowCount() > 0)

    # --- runs

    @property
    def names(self) -> list[str]:
        """The rows, from the newest."""
        return [run.name for run in self.table.runs.runs]

    @property
    def earlier(self) -> list[str]:
        """The rows but for the present run's, in the order of their names."""
        present = self.session.book.present
        return sorted(run.name for run in self.table.runs.runs if run is not present)

    def run(self, name: str) -> Run:
        (found,) = [run for run in self.session.book.runs if run.name == name]
        return found

    def trains_anew(self, name: str, **settings: object) -> None:
        """Begin a run, train it, and give it a name."""
        press(self.window, "Reset")
        self.session.change_settings(**settings)
        self.trains_on()
        assert self.session.book.present is not None
        self.renames(self.session.book.present.name, name)

    def trains_on(self) -> None:
        press(self.window, "Train")
        wait_until_idle(self.qtbot, self.session)

    def chooses(self, name: str) -> None:
        row = self.names.index(name)
        self.table.scrollTo(self.table.runs.index(row, 0))
        place = self.table.visualRect(self.table.runs.index(row, 0)).center()
        QTest.mouseClick(self.table.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def clicks(self, name: str) -> None:
        found = [b for b in self.window.panel("runs").findChildren(QToolButton) if b.accessibleName() == name]
        assert len(found) == 1
        click(found[0])

    def renames(self, name: str, to: str) -> None:
        self.chooses(name)
        self.clicks("Rename")
        (editor,) = [each for each in self.table.findChildren(QLineEdit) if each.isVisible()]
        editor.selectAll()
        QTest.keyClicks(editor, to)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        self.qtbot.waitUntil(lambda: not self.table.is_edited)

    def hides(self, name: str) -> None:
        self.chooses(name)
        self.clicks("Show or hide")

    def deletes(self, name: str) -> None:
        self.chooses(name)
        self.clicks("Delete")

    def brings_back(self, name: str) -> None:
        self.chooses(name)
        click(button(self.window.panel("runs"), "Bring back"))

    # --- documents

    def notes(self, words: str) -> None:
        editor = self.window.panel("notes").findChild(QPlainTextEdit)
        assert isinstance(editor, QPlainTextEdit)
        editor.insertPlainText(words)

    def begins(self, instead: str = "") -> None:
        choose(self.window, "File", "New experiment")
        self.answers(instead)

    def opens(self, path: Path, instead: str = "") -> None:
        choose(self.window, "File", "Open…")
        pick(self.qtbot, path)
        self.answers(instead)

    def answers(self, instead: str) -> None:
        """Answer what becomes of the changes; without an answer there is no question."""
        if instead:
            answer(self.qtbot, instead)
        assert not shown(QMessageBox)

    def saves(self, path: Path | None = None) -> None:
        with self.qtbot.waitSignal(self.session.documents.saving.saved):
            choose(self.window, "File", "Save" if path is None else "Save as…")
            if path is not None:
                pick(self.qtbot, path)


@pytest.fixture
def person(qtbot: QtBot, window: MainWindow) -> Person:
    return Person(qtbot, window)


@pytest.fixture
def path(person: Person, tmp_path: Path) -> Path:
    """A file with an earlier run, d1, and the present one, d2; it is open."""
    path = tmp_path / "d.rbmx"
    person.trains_anew("d1")
    person.trains_anew("d2", seed=1)
    person.saves(path)
    return path


def runs_in(path: Path) -> list[str]:
    return [run.facts["name"] for run in load_experiment(path).runs]


def content(path: Path) -> dict[str, Any]:
    """Return all that a file holds of models and runs."""
    saved = load_experiment(path)
    return {
        "model": _bits(saved.model),
        "present": saved.facts["present_run"],
        "moments": [(moment.epochs, _bits(moment.model)) for moment in saved.moments],
        "runs": [
            (run.facts, {name: table.tobytes() for name, table in run.curves.items()}, _bits(run.model))
            for run in saved.runs
        ],
    }


def _bits(model: SavedModel | None) -> object:
    if model is None:
        return None
    state = None
    if model.state is not None:
        state = model.state.facts(), {name: array.tobytes() for name, array in model.state.arrays().items()}
    return {name: array.tobytes() for name, array in model.parameters.arrays().items()}, state, model.history


# --- opened


def test_a_run_that_was_taken_elsewhere_is_still_the_file_s(person: Person, path: Path) -> None:
    before = content(path)
    person.begins()
    person.brings_back("d1")
    person.opens(path, "Don't save")
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before
    assert load_experiment(path).facts["notes"] == "Only a note."


def test_a_run_of_another_document_is_brought_back_as_a_copy(person: Person, path: Path, tmp_path: Path) -> None:
    before, d1 = content(path), person.run("d1")
    end, curve = d1.end, d1.curves[LIVE].rows().tobytes()
    person.begins()
    person.chooses("d1")
    assert "with a copy here" in button(person.window.panel("runs"), "Bring back").toolTip()
    person.brings_back("d1")
    assert person.names == ["d1 (2)", "d2", "d1"]
    assert status(person.window) == "“d1 (2)” is a copy: its run stays with its own experiment."
    copy = person.run("d1 (2)")
    assert copy.identity != d1.identity
    assert copy.curves[LIVE].rows().tobytes() == curve
    assert end is not None
    assert model_of(person.session).parameters is end.parameters
    person.trains_on()
    assert (copy.epochs, d1.epochs) == (6.0, 3.0)
    assert d1.end is end
    assert d1.curves[LIVE].rows().tobytes() == curve
    person.saves(tmp_path / "new.rbmx")
    assert runs_in(tmp_path / "new.rbmx") == ["d1 (2)"]
    assert load_experiment(tmp_path / "new.rbmx").runs[0].facts["id"] == copy.identity
    person.opens(path)
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before
    # It went on as it would have done in its own document.
    taken = model_of(person.session)
    person.brings_back("d1")
    assert model_of(person.session) is not taken
    person.trains_on()
    trained = model_of(person.session).parameters
    person.opens(tmp_path / "new.rbmx", "Don't save")
    assert model_of(person.session).parameters.w.tobytes() == trained.w.tobytes()


def test_runs_that_are_here_already_give_way_to_those_of_the_file(person: Person, path: Path) -> None:
    before = content(path)
    person.begins()
    person.renames("d1", "another name")
    person.deletes("d2")
    person.opens(path)
    assert sorted(person.names) == ["d1", "d2"]
    assert not person.session.book.can_bring_back_deleted
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before


def test_guests_are_in_no_file_and_may_go(person: Person, path: Path, tmp_path: Path) -> None:
    before, other = content(path), tmp_path / "other.rbmx"
    person.begins()
    person.trains_anew("mine")
    person.renames("d1", "another name")
    person.hides("d2")
    person.deletes("d2")
    person.saves(other)
    assert runs_in(other) == ["mine"]
    person.opens(path)
    assert content(path) == before
    assert sorted(person.names) == ["d1", "d2", "mine"]


def test_a_file_s_runs_stay_shown_however_many_are_here(person: Person, path: Path) -> None:
    before = content(path)
    person.begins()
    person.session.change_settings(epochs=1)
    for _ in range(MOST_SHOWN + 1):
        press(person.window, "Reset")
        person.trains_on()
    person.saves(path.with_name("mine.rbmx"))
    person.opens(path)
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before


# --- discarded


def bring_back_and_train(person: Person) -> None:
    person.brings_back("d1")
    person.trains_on()


def continue_from_here(person: Person) -> None:
    session = person.session
    session.timeline.look_at(session.timeline.stops()[1])
    session.continue_from_here()


def delete_and_save_and_undo(person: Person) -> None:
    person.deletes("d1")
    person.saves()
    person.clicks("Bring back what was deleted")


DISCARDED: dict[str, tuple[Callable[[Person], None], list[str]]] = {
    "a note": (lambda person: person.notes("Gone."), ["d1", "d2"]),
    "another name": (lambda person: person.renames("d1", "gone"), ["d2"]),
    "hidden": (lambda person: person.hides("d1"), ["d2"]),
    "deleted": (lambda person: person.deletes("d1"), ["d2"]),
    "brought back": (lambda person: person.brings_back("d1"), ["d1", "d2"]),
    "brought back and trained": (bring_back_and_train, ["d2"]),
    "trained": (lambda person: person.trains_on(), ["d1"]),
    "another run": (lambda person: person.trains_anew("gone"), ["d1", "d2"]),
    "an untrained one": (lambda person: press(person.window, "Reset"), ["d1", "d2"]),
    "from a moment": (continue_from_here, ["d1", "d2"]),
    "deleted, saved, and had back": (delete_and_save_and_undo, ["d2"]),
}


@pytest.mark.parametrize("what", DISCARDED)
@pytest.mark.parametrize("way", ["opened again", "begun anew"])
def test_what_is_discarded_is_gone(person: Person, path: Path, tmp_path: Path, what: str, way: str) -> None:
    act, stays = DISCARDED[what]
    act(person)
    before = content(path)
    if way == "begun anew":
        person.begins("Don't save")
        assert person.earlier == stays
        assert not person.session.book.can_bring_back_deleted
        person.trains_anew("other")
        person.saves(tmp_path / "other.rbmx")
        assert runs_in(tmp_path / "other.rbmx") == ["other"]
    person.opens(path, "" if way == "begun anew" else "Don't save")
    names = [name for name in person.names if name != "other"]
    assert sorted(names) == sorted(runs_in(path))
    assert not person.session.book.can_bring_back_deleted
    person.notes("Only a note.")
    person.saves()
    after = content(path)
    assert after == before
    assert load_experiment(path).facts["notes"] == "Only a note."


def test_what_was_never_saved_is_gone(person: Person, path: Path) -> None:
    person.begins()
    person.trains_anew("first")
    person.trains_anew("second")
    person.deletes("first")
    person.begins("Don't save")
    assert person.earlier == ["d1", "d2"]
    assert not person.session.book.can_bring_back_deleted
    assert person.session.book.previous is None or person.session.book.previous.name == "d2"
    assert runs_in(path) == ["d1", "d2"]


def test_what_cannot_be_opened_discards_nothing(person: Person, path: Path) -> None:
    bad = path.with_name("bad.rbmx")
    bad.write_bytes(b"not an experiment")
    bring_back_and_train(person)
    choose(person.window, "File", "Open…")
    pick(person.qtbot, bad)
    answer(person.qtbot, "Don't save")
    assert "bad.rbmx" in message(person.qtbot)
    assert person.names == ["d1", "d2"]
    assert person.session.experiment.is_modified
    person.saves()
    assert [run.facts["epochs"] for run in load_experiment(path).runs] == [3.0, 6.0]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_run_saved_on_its_way_stays_only_if_it_did_not_go_on(person: Person, path: Path, goes_on: bool) -> None:
    session = person.session
    person.brings_back("d1")
    session.change_settings(epochs=100_000)
    press(person.window, "Train")
    person.qtbot.waitUntil(lambda: session.progress is not None and session.progress.images > 0)
    press(person.window, "Pause")
    person.saves()
    before = content(path)
    if goes_on:
        images = session.progress.images if session.progress is not None else 0
        press(person.window, "Step")
        person.qtbot.waitUntil(lambda: session.progress is not None and session.progress.images > images)
        assert state(session) is RunState.PAUSED
    person.begins("Don't save")
    assert person.earlier == (["d2"] if goes_on else ["d1", "d2"])
    person.opens(path)
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before


def test_a_file_that_is_ready_late_has_what_there_was_when_it_was_asked_for(
    person: Person, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    person.renames("d1", "as saved")
    choose(person.window, "File", "Save")
    assert disk.reached.wait(10)
    person.renames("d2", "gone")
    disk.released.set()
    person.qtbot.waitUntil(lambda: not person.session.documents.saving.is_saving)
    assert person.session.experiment.is_modified
    person.begins("Don't save")
    assert person.earlier == ["as saved"]
    assert runs_in(path) == ["as saved", "d2"]


# --- copies


def test_a_copied_file_is_another_document(person: Person, path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.rbmx"
    shutil.copy(path, copy)
    before = content(copy)
    person.trains_anew("only in the first")
    person.saves()
    person.opens(copy)
    assert sorted(person.names) == ["d1", "d2", "only in the first"]
    person.notes("Only a note.")
    person.saves()
    assert content(copy) == before
    person.trains_anew("only in the second")
    person.saves()
    assert runs_in(copy) == ["d1", "d2", "only in the second"]
    assert runs_in(path) == ["d1", "d2", "only in the first"]
    person.opens(path)
    person.saves()
    assert runs_in(path) == ["d1", "d2", "only in the first"]


def test_saved_under_another_name_it_is_another_document(person: Person, path: Path, tmp_path: Path) -> None:
    other, before = tmp_path / "other.rbmx", content(path)
    person.saves(other)
    assert load_experiment(other).facts["id"] != load_experiment(path).facts["id"]
    assert person.session.experiment.identity == load_experiment(other).facts["id"]
    person.trains_anew("only here")
    person.saves()
    assert load_experiment(other).facts["id"] == person.session.experiment.identity
    assert runs_in(other) == ["d1", "d2", "only here"]
    person.opens(path)
    person.notes("Only a note.")
    person.saves()
    assert content(path) == before
    assert runs_in(other) == ["d1", "d2", "only here"]


def test_the_copy_in_another_window_is_another_document(
    qtbot: QtBot, person: Person, path: Path, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    session = Session()
    load(qtbot, session, bars_dataset())
    second = Person(qtbot, show(session))
    assert session.open_experiment(path)
    assert "is a copy of it" in message(qtbot)
    assert session.experiment.identity != person.session.experiment.identity
    session.change_settings(epochs=1)
    second.trains_anew("of the second")
    second.saves(tmp_path / "second.rbmx")
    person.trains_anew("of the first")
    person.saves()
    assert runs_in(path) == ["d1", "d2", "of the first"]
    assert runs_in(tmp_path / "second.rbmx") == ["d1", "d2", "of the second"]
    assert load_experiment(tmp_path / "second.rbmx").facts["id"] != load_experiment(path).facts["id"]
    # Given up, nothing of the copy stays but what its own file has.
    second.renames("d1", "gone")
    second.begins("Don't save")
    assert second.earlier == ["d2", "of the second"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_was_recovered_is_a_document_of_its_own(person: Person, path: Path, tmp_path: Path, is_kept: bool) -> None:
    before, left, session = content(path), tmp_path / "left.rbmx", person.session
    person.renames("d1", "renamed")
    save_experiment(left, gather(session, None))
    person.begins("Don't save")
    assert person.earlier == ["d2"]
    assert session.documents.recover(opened(load_experiment(left)), path, "d")
    assert sorted(person.names) == ["d2", "renamed"]
    assert session.experiment.is_modified
    if is_kept:
        person.saves()
        assert runs_in(path) == ["renamed", "d2"]
        person.begins()
        assert person.earlier == ["d2", "renamed"]
    else:
        # As far as is known, nothing of it is in the file as it is.
        person.begins("Don't save")
        assert person.earlier == []
        assert content(path) == before


# --- images


def test_without_images_there_is_no_new_experiment_that_has_the_old_model(
    qtbot: QtBot, person: Person, path: Path, show: Callable[[Session], MainWindow]
) -> None:
    person.session.documents.close()
    window = show(Session())
    assert window.session.open_experiment(path)
    qtbot.waitUntil(lambda: window.session.task is None)
    before = window.session.book.runs
    choose(window, "File", "New experiment")
    assert "There are no images to begin a new model with." in message(qtbot)
    assert window.session.experiment.path == path
    assert window.session.book.own == before
    with qtbot.waitSignal(window.session.documents.saving.saved):
        choose(window, "File", "Save")
    assert runs_in(path) == ["d1", "d2"]


def test_a_run_is_not_brought_back_into_another_document(qtbot: QtBot, person: Person, path: Path) -> None:
    session = person.session
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    person.trains_anew("small")
    person.saves()
    person.brings_back("d1")
    assert session.task is not None
    person.begins()
    new = model_of(session)
    qtbot.waitUntil(lambda: session.task is None)
    assert model_of(session) is new
    assert not session.experiment.is_modified
    assert runs_in(path) == ["d1", "d2", "small"]


def test_a_write_protected_file_is_not_written_over(person: Person, path: Path) -> None:
    before = path.read_bytes()
    path.chmod(0o444)
    person.notes("New.")
    choose(person.window, "File", "Save")
    assert "d.rbmx was not saved: the file is write-protected." in message(person.qtbot)
    assert path.read_bytes() == before
    assert person.window.isWindowModified()
    path.chmod(0o644)
    person.saves()
    assert load_experiment(path).facts["notes"] == "New."
