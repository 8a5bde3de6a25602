"""What opens can be looked at, trained on, brought back, exported, saved, and opened again; all else is refused."""

from __future__ import annotations

import logging
import random
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.app.trainings import run_facts
from rbm_studio.app.window import PANELS
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.script_file import save_script
from tests.sizes import sized

from .changed_experiments import Change, changed, changes, labelled, make_experiments
from .conftest import load
from .driving import settle, state, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

SEED = 12
TRIED = sized(40, 6_000)
MOST_S = 60_000


@dataclass
class Tried:
    """How the files went."""

    opened: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)


class Use:
    """Does with a file in a window what a person does with an experiment, and notes what goes wrong."""

    def __init__(self, qtbot: QtBot, window: MainWindow, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.qtbot, self.window, self.session, self.folder, self.caplog = qtbot, window, window.session, folder, caplog
        self.errors: list[Exception] = []
        self.session.failed.connect(self.errors.append)
        self.tried = Tried()
        self.step = ""

    def try_file(self, path: Path, what: object) -> None:
        self.errors.clear()
        self.caplog.clear()
        self.session.halt()
        self.session.documents.begin()
        self.session.book.delete(self.session.book.runs[:-1])
        self.step = "open"
        with self.qtbot.capture_exceptions() as raised:
            try:
                self._try(path)
            except Exception as error:
                self._fault(what, repr(error))
        for kind, value, _ in raised:
            self._fault(what, f"{kind.__name__}: {value}")
        for told in self.errors:
            if not isinstance(told, RBMStudioError) or not re.search(r"\w.*[.?!)”\"]$", str(told)):
                self._fault(what, f"not in a sentence: {told!r}")
        for record in self.caplog.records:
            if record.levelno >= logging.ERROR:
                self._fault(what, f"logged: {record.getMessage()} {record.exc_info and record.exc_info[1]!r}")

    def _fault(self, what: object, words: str) -> None:
        self.tried.faults.append(f"{what}, {self.step}: {words}")

    def _try(self, path: Path) -> None:
        session = self.session
        session.open_experiment(path)
        self.qtbot.waitUntil(lambda: session.task is None)
        if self.errors and session.experiment.path != path:
            self.tried.refused += 1
            return
        self.tried.opened += 1
        self.errors.clear()
        self.step = "look"
        self._look()
        self.step = "step"
        if session.can_train:
            session.step()
            self.qtbot.waitUntil(lambda: state(session) is not RunState.RUNNING, timeout=MOST_S)
            session.halt()
            wait_until_idle(self.qtbot, session)
        self.step = "bring back"
        for run in session.book.runs[:-1]:
            if run.end is not None:
                session.bring_back(run)
                self.qtbot.waitUntil(lambda: session.task is None)
                self._look(("curve", "runs", "weights"))
        self.step = "script"
        self._export()
        self.step = "save"
        again = self.folder / "again.rbmx"
        self.errors.clear()
        assert session.save_experiment(again), self.errors
        self.step = "open again"
        session.documents.begin()
        session.open_experiment(again)
        self.qtbot.waitUntil(lambda: session.task is None)
        assert session.experiment.path == again, self.errors

    def _look(self, names: tuple[str, ...] = tuple(PANELS)) -> None:
        for name in names:
            dock = self.window.docks[name]
            dock.show()
            dock.raise_()
            QApplication.processEvents()
            self.window.grab()
            settle(self.qtbot, dock)

    def _export(self) -> None:
        model = self.session.newest
        assert model is not None
        try:
            save_script(self.folder / "run.py", run_facts(model, self.session.images))
        except RBMStudioError as error:
            self.errors.append(error)


def chosen(files: dict[str, bytes], count: int) -> list[tuple[str, Change]]:
    """Return changes of as many kinds as there are, and of each kind any."""
    rng = random.Random(SEED)
    by_kind: dict[tuple[str, ...], list[tuple[str, Change]]] = defaultdict(list)
    for name, data in files.items():
        for change in changes(data, rng):
            by_kind[change.kind].append((name, change))
    kinds = sorted(by_kind)
    found: list[tuple[str, Change]] = []
    while len(found) < count:
        rng.shuffle(kinds)
        found += [rng.choice(by_kind[kind]) for kind in kinds]
    return found[:count]


@pytest.mark.soak
def test_what_opens_can_be_used_and_saved_and_all_else_is_refused(
    qtbot: QtBot,
    show: Callable[[Session], MainWindow],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    figure: Callable[[str, object], None],
) -> None:
    files = {path.stem: path.read_bytes() for path in make_experiments(qtbot, tmp_path)}
    session = Session()
    load(qtbot, session, labelled())
    use = Use(qtbot, show(session), tmp_path, caplog)
    path = tmp_path / "changed.rbmx"
    for name, data in files.items():
        path.write_bytes(data)
        use.try_file(path, name)
    assert use.tried == Tried(opened=len(files))
    for name, change in chosen(files, TRIED):
        path.write_bytes(changed(files[name], change))
        use.try_file(path, (name, change))
    tried: Any = use.tried
    figure("experiments with a value changed", f"{TRIED:,}")
    figure("opened and used", f"{tried.opened - len(files):,}")
    figure("refused in a sentence", f"{tried.refused:,}")
    figure("faults", f"{len(tried.faults):,}")
    assert not tried.faults, "\n".join(tried.faults[:60])
    assert tried.opened > len(files)
    assert tried.refused


def test_what_contradicts_itself_is_refused_in_one_sentence(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    data = make_experiments(qtbot, tmp_path)[0].read_bytes()
    state = ("json", "__metadata__", "state")
    model = "model.safetensors"
    contradictions = (
        *(Change(model, (*state, "epochs_trained"), value) for value in (2**31, 2**53, 1e308, -1)),
        *(Change(model, (*state, "updates"), value) for value in (2**53, 2**62 - 1, 1e308)),
        Change(model, (*state, "order"), {}),
        Change(model, (*state, "order", "bit_generator"), "MT19937"),
        Change(model, (*state, "order", "state", "inc"), 2**128),
        Change(model, (*state, "position", "order"), {}),
        Change(model, (*state, "position", "epoch"), 100),
        Change(model, (*state, "position", "gathered"), {"count": -1}),
        Change(model, (*state, "sources"), [{"kind": "philox", "seed": 1, "counter": 1}, {"kind": "SFC64"}]),
        Change(model, (*state, "sources"), [{"kind": "SFC64", "state": [1.5, 2, 3, 4]}]),
        Change(model, (*state, "settings", "update"), "adam"),
        Change(model, ("json", "__metadata__", "history", 0, 0), 1e308),
        Change(model, ("json", "__metadata__", "history", 0, 1), 1e308),
        Change(model, ("array", "w", 0), 1e30),
        Change(model, ("array", "state.chains", 0), 7.0),
        *(Change("experiment.json", ("moments", 1, "epochs"), value) for value in (99.0, 2**31, 1e308)),
        Change("experiment.json", ("moments", 1, "record"), [2.0, 1e308, None]),
        Change("experiment.json", ("runs", 0, "epochs"), 2**31),
        Change("experiment.json", ("runs", 0, "seconds"), 1e308),
        Change("experiment.json", ("runs", 0, "began"), "0001-01-01T00:00:00+14:00"),
        Change("experiment.json", ("settings", "image_shape"), [1, 2**53]),
        Change("experiment.json", ("selection", "units"), [1, 1]),
        Change("runs/0.safetensors", ("array", "article_kl", 0), 1e308),
        Change("runs/0.safetensors", ("array", "article_kl", 0), -1.0),
    )
    path = tmp_path / "changed.rbmx"
    path.write_bytes(data)
    load(qtbot, session, labelled())
    assert session.open_experiment(path)
    for change in contradictions:
        path.write_bytes(changed(data, change))
        with qtbot.waitSignal(session.failed) as failed:
            assert not session.open_experiment(path), change
        assert failed.args is not None
        assert str(failed.args[0]).startswith("changed.rbmx "), change
