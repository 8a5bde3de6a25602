"""Documents in any order of what people do with them: each file and each window holds what it must, and no more.

After each step files and windows are compared with `plain_documents`, which knows only what was done. Of what comes out
of a training it knows no more than that it is the same each time.
"""

from __future__ import annotations

import gc
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QPlainTextEdit

from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.app.window import MainWindow
from rbm_studio.data import Dataset
from rbm_studio.data.handwriting import Stroke
from rbm_studio.storage.experiment_file import load_experiment
from tests.sizes import orders, sized

from .checked_documents import Outcomes, check_moments, points
from .conftest import load
from .driving import button, click, process_deletions, settle, shown, state
from .plain_documents import BATCH, IMAGES, Desk, Held, Life, Row, Wish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.run import Run

RUNS, STEPS = sized(5, 400), sized(80, 100)
"""So many times two windows are opened, and so much is done to them."""

LEAST_AGE = 30
"""Steps before a window is closed and opened anew, which takes as long as ten of them."""

FILES = ("a", "b", "c")
ANSWERS = ("Don't save", "Don't save", "Save", "Cancel")
WINDOWS = st.sampled_from((0, 0, 0, 1))
PLACES = st.integers(0, 9)
HIDDEN, RATES, EPOCHS, SEEDS = (2, 3), (0.05, 0.1), (1, 3), (0, 1)


def tiny_images() -> Dataset:
    rng = np.random.default_rng(0)
    images = (rng.random((IMAGES + 4, 4, 4)) < 0.4).astype(np.uint8) * 255
    return Dataset("Bits", "made up", images[:IMAGES], None, images[IMAGES:], None)


class AnyOrder(RuleBasedStateMachine):
    """Two windows, and the files that both may open; a rule more is a thing more that can be done.

    A rule that does not apply does nothing, rather than to have a precondition: which moments are kept on the way hangs
    on the clock, and Hypothesis takes what can be chosen from for the same each time.

    Attributes
    ----------
    qtbot : QtBot
    folder : Path
    outcomes : Outcomes
    steps, windows, documents, files_written : int
        How much was done, to how many windows, how many documents were begun or opened, and how many saved.
    """

    qtbot: QtBot
    folder: Path
    outcomes: Outcomes
    steps = 0
    windows = 0
    documents = 0
    files_written = 0

    def __init__(self) -> None:
        super().__init__()
        # What an earlier example saved is not there in this one.
        self.folder /= f"from window {self.windows}"
        self.folder.mkdir()
        self.held: dict[str, Held] = {}
        self.contents: dict[str, bytes] = {}
        self.keys: set[str] = set()
        self.age = 0
        self.desks: list[Desk] = [Desk(), Desk()]
        self.shown: list[MainWindow] = [self.new_window(0), self.new_window(1)]

    # --- windows

    def new_window(self, place: int) -> MainWindow:
        """Return a window that has begun a document; it is never shown, which costs the most."""
        type(self).windows += 1
        session = Session()
        window = MainWindow(session)
        session.setParent(window)
        load(self.qtbot, session, tiny_images())
        self.desks[place] = Desk()
        self.set_small(session)
        self.note_new_document(self.desks[place], session)
        return window

    @staticmethod
    def set_small(session: Session) -> None:
        session.change_settings(
            hidden_num=HIDDEN[0],
            learning_rate=RATES[0],
            epochs=EPOCHS[0],
            seed=SEEDS[0],
            batch_size=BATCH,
            device="cpu",
        )

    def note_new_document(self, desk: Desk, session: Session) -> None:
        type(self).documents += 1
        wish = Wish(EPOCHS[0], RATES[0], SEEDS[0])
        run = self.present(session)
        self.keys.add(run.identity)
        desk.begin(run.identity, run.name, HIDDEN[0], wish)

    @staticmethod
    def present(session: Session) -> Run:
        run = session.book.present
        assert run is not None
        return run

    def new_run(self, session: Session) -> tuple[str, str]:
        """Return the identity and the name of a run that has just begun: both must be new."""
        run = self.present(session)
        assert run.identity not in self.keys
        assert run.name not in [each.name for each in session.book.runs[:-1]]
        self.keys.add(run.identity)
        return run.identity, run.name

    def at(self, place: int) -> tuple[Desk, Session]:
        return self.desks[place], self.shown[place].session

    def other(self, place: int) -> Desk:
        return self.desks[1 - place]

    @staticmethod
    def finish(session: Session) -> None:
        """Bring a run that does not wait to its end."""
        while state(session) is not RunState.IDLE:
            session.checkpoint()
            session.deliver()

    @staticmethod
    def wait_for(session: Session, life: Life) -> None:
        """Let a run go on until it has come so far."""
        while session.epochs_trained < life.epochs - 1e-6:
            session.checkpoint()
            session.deliver()

    def end_window(self, place: int) -> None:
        window = self.shown[place]
        window.discard()
        window.deleteLater()
        process_deletions()

    def teardown(self) -> None:
        for place in (0, 1):
            self.end_window(place)
        self.shown.clear()
        gc.collect()

    # --- runs

    @rule(place=WINDOWS)
    def trains(self, place: int) -> None:
        desk, session = self.at(place)
        self.begin_training(desk, session, session.train)
        self.finish(session)
        desk.train()
        desk.is_paused = False
        self.take_name(desk, session)

    @rule(place=WINDOWS)
    def steps_once(self, place: int) -> None:
        desk, session = self.at(place)
        self.begin_training(desk, session, session.step)
        desk.train(BATCH)
        desk.is_paused = not desk.life.is_at_an_end
        if desk.is_paused:
            self.wait_for(session, desk.life)
        else:
            self.finish(session)
        self.take_name(desk, session)

    def begin_training(self, desk: Desk, session: Session, begin: Callable[[], None]) -> None:
        begins_new = not desk.is_paused and desk.life.images and session.trains_new_model
        begin()
        if begins_new:
            desk.begin_run(*self.new_run(session), Life(desk.hidden, desk.wish.seed))

    @staticmethod
    def take_name(desk: Desk, session: Session) -> None:
        """Take the name of a run that was trained on: unless it was given, it says with what."""
        if not desk.present.facts.is_named:
            desk.change(desk.present, name=session.book.runs[-1].name)

    @rule(place=WINDOWS)
    def stops(self, place: int) -> None:
        desk, session = self.at(place)
        session.stop()
        self.finish(session)
        desk.is_paused = False

    @rule(place=WINDOWS)
    def resets(self, place: int) -> None:
        desk, session = self.at(place)
        session.reset()
        self.finish(session)
        if desk.file or desk.life.images:
            desk.touch()
        desk.is_paused = False
        desk.begin_run(*self.new_run(session), Life(desk.hidden, desk.wish.seed))

    @rule(
        place=WINDOWS,
        hidden=st.sampled_from(HIDDEN),
        wish=st.builds(Wish, st.sampled_from(EPOCHS), st.sampled_from(RATES), st.sampled_from(SEEDS)),
    )
    def sets(self, place: int, hidden: int, wish: Wish) -> None:
        desk, session = self.at(place)
        if desk.is_paused:
            return
        if (hidden, wish) != (desk.hidden, desk.wish) and (desk.file or desk.life.images):
            desk.touch()
        session.change_settings(hidden_num=hidden, epochs=wish.epochs, learning_rate=wish.rate, seed=wish.seed)
        desk.hidden, desk.wish = hidden, wish
        if self.present(session).identity != desk.present.key:
            # Nothing was lost with the one that was only drawn.
            assert not desk.life.images
            desk.begin_run(*self.new_run(session), Life(hidden, wish.seed))

    @rule(place=WINDOWS, of=PLACES)
    def brings_back(self, place: int, of: int) -> None:
        desk, session = self.at(place)
        row = self.earlier(desk, of)
        if row is None or desk.is_paused:
            return
        session.bring_back(self.run(session, row))
        if desk.is_own(row):
            desk.go_on(row)
        else:
            desk.go_on_with_copy(row, *self.new_run(session))

    @staticmethod
    def earlier(desk: Desk, of: int) -> Row | None:
        return desk.rows[of % (len(desk.rows) - 1)] if len(desk.rows) > 1 else None

    @staticmethod
    def run(session: Session, row: Row) -> Run:
        return next(run for run in session.book.runs if run.identity == row.key)

    @rule(place=WINDOWS, of=PLACES, continues=st.booleans())
    def looks_back(self, place: int, of: int, continues: bool) -> None:
        desk, session = self.at(place)
        stops = session.timeline.stops()
        if not stops:
            return
        moment = stops[of % len(stops)]
        session.timeline.look_at(moment)
        if continues:
            session.continue_from_here()
            self.finish(session)
            desk.branch(*self.new_run(session), round(moment.epochs * IMAGES))

    @rule(place=WINDOWS, of=PLACES, name=st.sampled_from(("one", "two")))
    def renames(self, place: int, of: int, name: str) -> None:
        desk, session = self.at(place)
        row = desk.rows[of % len(desk.rows)]
        session.book.rename(self.run(session, row), name)
        if name != row.facts.name:
            desk.change(row, name=name, is_named=True)
            desk.touch(row)

    @rule(place=WINDOWS, of=PLACES)
    def shows_or_hides(self, place: int, of: int) -> None:
        desk, session = self.at(place)
        row = self.earlier(desk, of)
        if row is not None:
            session.book.show_runs([self.run(session, row)], not row.facts.is_shown)
            desk.change(row, is_shown=not row.facts.is_shown)
            desk.touch(row)

    @rule(place=WINDOWS, of=st.lists(PLACES, min_size=1, max_size=2))
    def deletes(self, place: int, of: list[int]) -> None:
        desk, session = self.at(place)
        found = [row for row in (self.earlier(desk, each) for each in of) if row is not None]
        rows = [row for row in desk.rows if row in found]
        if rows:
            session.book.delete([self.run(session, row) for row in rows])
            desk.rows = [row for row in desk.rows if row not in rows]
            desk.deleted.append(rows)
            desk.touch(*rows)

    @rule(place=WINDOWS)
    def brings_back_deleted(self, place: int) -> None:
        desk, session = self.at(place)
        while session.book.can_bring_back_deleted and not session.book.bring_back_deleted():
            pass
        if desk.deleted:
            rows = desk.deleted.pop()
            desk.rows[:-1] = [*desk.rows[:-1], *rows]
            desk.touch(*rows)

    # --- what else is in a document

    @rule(place=WINDOWS, text=st.sampled_from(("", "first", "second\nline", "“…” 😀")))
    def writes_notes(self, place: int, text: str) -> None:
        desk, _ = self.at(place)
        editor = self.shown[place].panel("notes").findChild(QPlainTextEdit)
        assert isinstance(editor, QPlainTextEdit)
        editor.setPlainText(text)
        if text != desk.notes:
            desk.notes = text
            desk.touch()

    @rule(place=WINDOWS, units=st.sets(st.integers(0, 1)), pixel=st.integers(-1, 15))
    def selects(self, place: int, units: set[int], pixel: int) -> None:
        desk, session = self.at(place)
        session.selection.select_units(tuple(units))
        session.selection.select_pixel(pixel)
        desk.units, desk.pixel = tuple(units), pixel

    @rule(place=WINDOWS, end=st.integers(1, 5), keeps=st.booleans())
    def draws(self, place: int, end: int, keeps: bool) -> None:
        desk, session = self.at(place)
        panel = self.shown[place].panel("draw")
        assert isinstance(panel, DrawPanel)
        desk.canvas = ((0.25, 0.25), (0.75, end / 8))
        panel.canvas.set_strokes([Stroke(np.array(desk.canvas, dtype=np.float32))])
        settle(self.qtbot, panel)
        if keeps:
            session.drawings.keep()
            desk.kept |= {desk.canvas}

    @rule(place=WINDOWS, of=PLACES)
    def removes_a_drawing(self, place: int, of: int) -> None:
        desk, session = self.at(place)
        kept = session.drawings.kept
        if kept:
            leaving = kept[of % len(kept)]
            session.drawings.remove([leaving])
            desk.kept -= {points(leaving)}

    # --- documents

    def ask(self, place: int, begin: Callable[[], object], answer: str) -> bool:
        """Begin what replaces the document, answer where it is asked, and return whether that is done."""
        desk, session = self.at(place)
        loses = desk.is_modified or desk.is_paused
        if answer == "Save" and not desk.file:
            answer = "Don't save"
        begin()
        questions = [box for box in shown(QMessageBox) if box.text().endswith("?")]
        assert len(questions) == loses
        if loses:
            click(button(questions[0], answer))
            process_deletions()
            if answer == "Save":
                self.note_saved(place, desk.file)
                session.documents.saving.wait()
                # What it was saved for is asked once more, which nothing is lost by now.
                process_deletions()
            elif answer == "Cancel":
                return False
        desk.leave()
        return True

    @rule(place=WINDOWS, answer=st.sampled_from(ANSWERS))
    def begins(self, place: int, answer: str) -> None:
        desk, session = self.at(place)
        if self.ask(place, self.shown[place].documents.begin, answer):
            self.set_small(session)
            self.note_new_document(desk, session)

    @rule(place=WINDOWS, of=PLACES, answer=st.sampled_from(ANSWERS))
    def opens(self, place: int, of: int, answer: str) -> None:
        desk, session = self.at(place)
        if not self.held:
            self.saves_as(place, FILES[of % len(FILES)])
            return
        file = self.file(of)
        if self.ask(place, lambda: self.shown[place].open_path(self.path(file)), answer):
            type(self).documents += 1
            is_copy = self.other(place).file == file
            desk.open(file, self.held[file], is_copy=is_copy)
            settle(self.qtbot, self.shown[place].panel("draw"))
            if is_copy:
                self.dismiss("is open in another window of RBM Studio already")
            check_moments(session, self.path(file))

    @rule(place=WINDOWS, file=st.sampled_from(FILES))
    def saves_as(self, place: int, file: str) -> None:
        _, session = self.at(place)
        saved = session.save_experiment(self.path(file))
        if self.other(place).file == file:
            assert not saved
            self.dismiss("was not saved: it is open in another window")
        else:
            assert saved
            self.note_saved(place, file)
            check_moments(session, self.path(file))

    def file(self, of: int) -> str:
        return sorted(self.held)[of % len(self.held)]

    @rule(place=WINDOWS, file=st.sampled_from(FILES))
    def saves(self, place: int, file: str) -> None:
        desk, session = self.at(place)
        if not desk.file:
            self.saves_as(place, file)
        else:
            self.shown[place].documents.save()
            assert session.documents.saving.wait()
            self.note_saved(place, desk.file)

    @rule(place=WINDOWS)
    def saves_in_training(self, place: int) -> None:
        desk, session = self.at(place)
        if not desk.file:
            return
        self.begin_training(desk, session, session.train)
        desk.train(BATCH)
        self.take_name(desk, session)
        self.wait_for(session, desk.life)
        self.shown[place].documents.save()
        assert session.documents.saving.wait()
        # How far it had come is the one thing that nobody can know beforehand.
        saved = load_experiment(self.path(desk.file))
        shown = round(saved.runs[saved.facts["present_run"]].facts["epochs"] * IMAGES) - desk.life.images
        assert shown % BATCH == 0
        if shown:
            desk.train(shown)
        self.note_saved(place, desk.file)
        self.finish(session)
        desk.is_paused = False
        if not desk.life.is_at_an_end:
            desk.train()
        else:
            # The last that was heard of it came after the file was begun.
            desk.is_modified = session.experiment.is_modified

    def note_saved(self, place: int, file: str) -> None:
        type(self).files_written += 1
        self.held[file] = self.desks[place].save(file)
        self.contents.pop(file, None)

    @rule(of=PLACES, name=st.sampled_from(FILES))
    def copies_a_file(self, of: int, name: str) -> None:
        file = self.file(of) if self.held else name
        if name != file and name not in [desk.file for desk in self.desks]:
            shutil.copy(self.path(file), self.path(name))
            self.held[name], self.contents[name] = self.held[file], self.contents[file]

    @precondition(lambda self: self.age > LEAST_AGE)
    @rule(place=WINDOWS)
    def begins_the_program_again(self, place: int) -> None:
        self.age = 0
        self.end_window(place)
        self.shown[place] = self.new_window(place)

    def dismiss(self, words: str) -> None:
        (box,) = shown(QMessageBox)
        assert words in box.text()
        click(button(box, "OK"))
        process_deletions()

    def path(self, file: str) -> Path:
        return self.folder / f"{file}.rbmx"

    # --- what is so after each step

    @invariant()
    def holds(self) -> None:
        type(self).steps += 1
        self.age += 1
        QCoreApplication.processEvents()
        assert [box.text() for box in shown(QMessageBox)] == []
        for place in (0, 1):
            self.outcomes.check_window(self.shown[place].session, self.desks[place])
        for file, held in self.held.items():
            content = self.path(file).read_bytes()
            if file in self.contents:
                assert content == self.contents[file], f"{file} was written, and not saved"
            else:
                self.contents[file] = content
                self.outcomes.check_file(self.path(file), held)
        assert {path.stem for path in self.folder.glob("*.rbmx")} == set(self.held)


@pytest.fixture
def machine(qtbot: QtBot, application: QApplication, tmp_path: Path) -> Any:
    """Return the machine, a class whose windows are this test's."""
    assert application is not None
    return type("AnyOrder", (AnyOrder,), {"qtbot": qtbot, "folder": tmp_path, "outcomes": Outcomes()})


@pytest.mark.soak
def test_every_file_holds_what_it_must_in_any_order(machine: Any, figure: Callable[[str, object], None]) -> None:
    run_state_machine_as_test(machine, settings=orders(RUNS, STEPS))
    for what in ("steps", "windows", "documents", "files_written"):
        figure(what.replace("_", " "), getattr(machine, what))


TWO_RUNS = ("trains", "resets", "trains", "saves_as")
ORDERS = {
    "a run is brought back, and its file opened again": (
        *TWO_RUNS,
        "begins",
        "brings_back",
        "opens",
        "writes_notes",
        "saves",
    ),
    "a run is brought back and trained on, and its file opened again": (
        *TWO_RUNS,
        "begins",
        "brings_back",
        "trains",
        "opens",
        "writes_notes",
        "saves",
    ),
    "a file is opened by a program that begins again": (
        "trains",
        "draws",
        "writes_notes",
        "steps_once",
        "selects",
        "saves",
        "begins_the_program_again",
        "opens",
        "trains",
    ),
    "a run is deleted, and the document let go": (*TWO_RUNS, "deletes", "begins", "brings_back_deleted"),
    "a run is trained on, and its file opened again": (
        *TWO_RUNS,
        "trains",
        "opens",
        "writes_notes",
        "saves",
    ),
}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "saves_as": {"file": "a"},
    "saves": {"file": "a"},
    "opens": {"of": 0, "answer": "Don't save"},
    "begins": {"answer": "Don't save"},
    "brings_back": {"of": 0},
    "deletes": {"of": [0]},
    "writes_notes": {"text": "first"},
    "draws": {"end": 1, "keeps": True},
    "selects": {"units": {1}, "pixel": 3},
}
"""Of what is done in `ORDERS`."""


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_file_holds_what_it_must(machine: Any, order: tuple[str, ...]) -> None:
    windows = machine()
    for step in order:
        getattr(windows, step)(place=0, **ARGUMENTS.get(step, {}))
        windows.holds()
    windows.teardown()


def test_a_copy_is_another_document(machine: Any) -> None:
    windows = machine()
    for step, arguments in (
        ("trains", {}),
        ("saves_as", {"file": "a"}),
        ("copies_a_file", {"of": 0, "name": "b"}),
        ("resets", {}),
        ("trains", {}),
        ("saves", {"file": "a"}),
        ("opens", {"of": 1, "answer": "Don't save"}),
        ("writes_notes", {"text": "first"}),
        ("saves", {"file": "a"}),
        ("opens", {"of": 0, "answer": "Don't save"}),
    ):
        where = {} if step == "copies_a_file" else {"place": 0}
        getattr(windows, step)(**where, **arguments)
        windows.holds()
    windows.teardown()
