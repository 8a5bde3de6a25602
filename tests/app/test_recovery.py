from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication as Application
from PySide6.QtWidgets import QDialog, QListWidget, QMessageBox

from rbm_studio.app import recovery, recovery_offer
from rbm_studio.app.autosave import Autosave
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.main import Program
from rbm_studio.app.recovery import (
    About,
    OwnFolder,
    find_leftovers,
    recovery_path,
)
from rbm_studio.app.recovery_offer import RecoveryDialog, RecoveryOffer
from rbm_studio.app.start_marker import StartMarker, starts_path
from rbm_studio.errors import RBMStudioError
from tests.signals import heeded

from .conftest import end, load
from .driving import button, click, labels, message, model_of, named, process_deletions, shown, wait_until_idle
from .test_documents import other_bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

ROOT = Path(__file__).parents[2]


ABOUT = b'{"name": "n", "path": null, "epochs": 1, "saved": "2026-01-01T00:00:00+00:00", "attempts": 0, %s}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "recovery"


def leave(session: Session, root: Path, about: About | None = None) -> Path:
    """Leave what a program leaves that is killed, and return its folder."""
    folder = OwnFolder(root)
    folder.write(gather(session, None), about or About("lesson", None, session.epochs_trained))
    folder.leave()
    return max(root.iterdir(), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture
def left(qtbot: QtBot, session: Session, root: Path, tmp_path: Path) -> Path:
    session.train()
    wait_until_idle(qtbot, session)
    folder = leave(session, root, About("lesson", tmp_path / "lesson.rbmx", session.epochs_trained))
    session.reset()
    session.experiment.begin()
    return folder


def begin_to_recover(root: Path) -> None:
    """Do what a program does that is killed over it: its lock is gone with it, and nothing else is put back."""
    (found,) = find_leftovers(root).leftovers
    found.read()
    found._lock.unlock()


def offer(window: MainWindow, root: Path) -> RecoveryOffer:
    return RecoveryOffer(window.session, Autosave(window.session, root, 0.05), root, window)


def dialog(qtbot: QtBot) -> RecoveryDialog:
    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    return dialogs()[0]


def dialogs() -> list[RecoveryDialog]:
    return [each for each in Application.topLevelWidgets() if isinstance(each, RecoveryDialog) and each.isVisible()]


def entries(box: QDialog) -> list[str]:
    found = named(box, QListWidget, "Unsaved experiments")
    return [found.item(row).text() for row in range(found.count())]


def test_what_was_left_is_named_and_comes_back_unsaved(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path, tmp_path: Path
) -> None:
    offer(window, root)
    box = dialog(qtbot)
    (entry,) = entries(box)
    assert entry.startswith("lesson\n3 epochs trained, as of ")
    assert str(tmp_path / "lesson.rbmx") in entry
    click(button(box, "Recover"))
    session = window.session
    qtbot.waitUntil(lambda: session.epochs_trained == 3)
    assert session.experiment.path == tmp_path / "lesson.rbmx"
    assert session.experiment.is_modified
    assert not (tmp_path / "lesson.rbmx").exists()
    # Once this program has written it down itself, what was left goes.
    qtbot.waitUntil(lambda: not left.exists())
    assert len(list(root.iterdir())) == 1
    session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(tmp_path / "lesson.rbmx")
    qtbot.waitUntil(lambda: list(root.iterdir()) == [])


def test_who_was_killed_between_two_files_says_what_is_there(
    qtbot: QtBot, window: MainWindow, root: Path, tmp_path: Path
) -> None:
    session = window.session
    session.train()
    wait_until_idle(qtbot, session)
    folder = OwnFolder(root)
    folder.write(gather(session, None), About("", None, 3.0))
    (written,) = root.iterdir()
    # In the place of a kill: what is to be the next copy cannot be written any more.
    (written / "experiment.rbmx").rename(tmp_path / "copy.rbmx")
    (written / "experiment.rbmx").mkdir()
    with pytest.raises(RBMStudioError):
        folder.write(gather(session, None), About("", tmp_path / "lesson.rbmx", 5.0))
    (written / "experiment.rbmx").rmdir()
    (tmp_path / "copy.rbmx").rename(written / "experiment.rbmx")
    folder.leave()
    session.reset()
    session.experiment.begin()
    offer(window, root)
    box = dialog(qtbot)
    (entry,) = entries(box)
    assert "3 epochs trained" in entry
    assert str(tmp_path / "lesson.rbmx") in entry


def test_not_now_asks_again_at_the_next_start(qtbot: QtBot, window: MainWindow, left: Path, root: Path) -> None:
    offer(window, root)
    click(button(dialog(qtbot), "Not now"))
    process_deletions()
    assert left.exists()
    assert not window.session.experiment.is_modified
    assert find_leftovers(root).leftovers == []  # nobody else takes it meanwhile
    window.session.ending.emit()
    assert len(find_leftovers(root).leftovers) == 1


def test_what_never_had_a_name_is_told_of_as_such(
    qtbot: QtBot, window: MainWindow, session: Session, root: Path
) -> None:
    leave(session, root, About("", None))
    told: list[str] = []
    session.noticed.connect(told.append)
    offer(window, root)
    click(button(dialog(qtbot), "Recover"))
    qtbot.waitUntil(lambda: any("an experiment without a name" in words for words in told))


def test_delete_removes_one_and_asks_about_the_others(qtbot: QtBot, window: MainWindow, left: Path, root: Path) -> None:
    leave(window.session, root, About("older", None))
    offer(window, root)
    box = dialog(qtbot)
    assert len(entries(box)) == 2
    named(box, QListWidget, "Unsaved experiments").setCurrentRow(
        [entry.startswith("lesson") for entry in entries(box)].index(True)
    )
    click(button(box, "Delete"))
    process_deletions()
    assert not left.exists()
    box = dialog(qtbot)
    assert [entry.split("\n")[0] for entry in entries(box)] == ["older"]
    click(button(box, "Delete"))
    process_deletions()
    assert list(root.iterdir()) == []
    assert not dialogs()


def test_what_ended_the_program_once_is_not_offered_first(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    begin_to_recover(root)
    assert json.loads((left / "about.json").read_text())["attempts"] == 1
    offer(window, root)
    box = dialog(qtbot)
    assert "The program ended when it was recovered before." in entries(box)[0]
    assert named(box, QListWidget, "Unsaved experiments").currentRow() == -1
    assert button(box, "Not now").isDefault()  # type: ignore[attr-defined]
    assert not button(box, "Recover").isEnabled()
    box.reject()
    process_deletions()


def test_what_ended_the_program_often_is_read_only_when_it_is_asked_for(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    for _ in range(5):
        begin_to_recover(root)
    offer(window, root)
    box = dialog(qtbot)
    assert json.loads((left / "about.json").read_text())["attempts"] == 5
    named(box, QListWidget, "Unsaved experiments").setCurrentRow(0)
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: window.session.epochs_trained == 3)


def test_the_attempt_is_written_down_before_anything_is_opened(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    attempts: list[int] = []

    def look() -> None:
        if left.exists():
            attempts.append(json.loads((left / "about.json").read_text())["attempts"])

    window.session.experiment.changed.connect(look)
    offer(window, root)
    box = dialog(qtbot)
    look()
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: len(attempts) > 1)
    assert attempts[0] == 0
    assert len(attempts) > 1
    assert set(attempts[1:]) == {1}


def test_reading_that_ended_the_program_is_known_afterwards(left: Path, root: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from rbm_studio.app import recovery;"
        "recovery.load_experiment = lambda path: os.kill(os.getpid(), signal.SIGKILL);"
        f"recovery.find_leftovers(Path({str(root)!r})).leftovers[0].read()"
    )
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert run.returncode != 0
    (found,) = find_leftovers(root).leftovers
    assert found.about.attempts == 2
    assert left.exists()
    found.remove()


@pytest.mark.parametrize("damage", ["cut short", "empty", "something else"])
def test_what_cannot_be_read_is_set_aside_and_told(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path, damage: str
) -> None:
    file = left / "experiment.rbmx"
    data = file.read_bytes()
    file.write_bytes({"cut short": data[: len(data) // 2], "empty": b"", "something else": b"7" * 999}[damage])
    offer(window, root)
    click(button(dialog(qtbot), "Recover"))
    text = message(qtbot)
    assert "What was written down of lesson before the program ended cannot be read." in text
    assert f"{left}.broken" in text
    assert not dialogs()
    assert (root / f"{left.name}.broken" / "experiment.rbmx").exists()
    assert find_leftovers(root).leftovers == []
    assert (root / f"{left.name}.broken" / "experiment.rbmx").exists()


@pytest.mark.parametrize(
    "about",
    [None, b"", b"{}", b"[" * 9999, b'{"name": 7}', b"\xff"]
    + [ABOUT % change for change in (b'"epochs": NaN', b'"epochs": 1e999', b'"path": "\\u0000"', b'"path": "\\ud800"')],
)
def test_an_experiment_comes_back_without_what_was_known_of_it(session: Session, root: Path, about: bytes) -> None:
    folder = leave(session, root)
    if about is None:
        (folder / "about.json").unlink()
    else:
        (folder / "about.json").write_bytes(about)
    (found,) = find_leftovers(root).leftovers
    assert (found.about.name, found.about.path) == ("", None)
    found.remove()


def copies(first: Path, *saved: str) -> list[Path]:
    """Leave copies of a folder, each written down at a time of its own."""
    about = json.loads((first / "about.json").read_text())
    made = []
    for place, each in enumerate(saved):
        made.append(first.with_name(f"20200101-{place:06}-0"))
        shutil.copytree(first, made[-1])
        (made[-1] / "about.json").write_text(json.dumps({**about, "name": each[:10], "saved": each}))
    return made


def test_however_old_and_however_many_all_are_kept_and_offered(
    qtbot: QtBot, window: MainWindow, session: Session, root: Path
) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    days = [f"2025-{month:02}-01T00:00:00+00:00" for month in range(1, 13)]
    odd = ["1970-01-01T00:00:00+00:00", "2099-12-31T00:00:00+00:00", "0001-01-01T00:00:00+14:00"]
    made = copies(leave(session, root, About(today)), *days, *odd)
    # Newer ones of windows that live take no place.
    living = [OwnFolder(root) for _ in range(9)]
    for each in living:
        each.write(gather(session, None), About("of a window that lives"))
    offer(window, root)
    box = dialog(qtbot)
    names = [entry.split("\n")[0] for entry in entries(box)]
    newest_first = [today, *(day[:10] for day in reversed(days))]
    assert names == [*newest_first, "2099-12-31", "1970-01-01", "0001-01-01"]
    assert all("the clock was wrong" in entry for entry in entries(box)[-3:])
    assert sum("the clock was wrong" in entry for entry in entries(box)) == 3
    assert "1970" in entries(box)[-2].split("\n")[1]
    click(button(box, "Not now"))
    window.session.ending.emit()
    assert all((folder / "experiment.rbmx").exists() for folder in made)
    for each in living:
        each.clear()
    assert len(find_leftovers(root).leftovers) == len(made) + 1


def test_more_than_can_be_shown_are_told_and_kept(
    qtbot: QtBot, window: MainWindow, session: Session, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MOST_OFFERED", 2)
    monkeypatch.setattr(recovery_offer, "LARGE_BYTES", 1)
    made = copies(leave(session, root), *[f"2025-01-{day:02}T00:00:00+00:00" for day in range(1, 6)])
    offer(window, root)
    box = dialog(qtbot)
    assert len(entries(box)) == 2
    (note,) = [text for text in labels(box) if "more are older" in text]
    assert "4 more are older" in note
    assert f" in {root}." in note
    box.reject()
    process_deletions()
    assert all(folder.exists() for folder in made)


def test_an_entry_that_cannot_be_looked_at_stands_in_nobodys_way(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path, tmp_path: Path
) -> None:
    long = "ж" * 125  # the longest name that a file can have: none is left for that of its lock
    leave(window.session, root, About("long", tmp_path / f"{long}.rbmx"))
    leave(window.session, root, About("longer", tmp_path / (20 * long) / "x.rbmx"))
    (tmp_path / "circle").symlink_to("circle")
    leave(window.session, root, About("circle", tmp_path / "circle" / "x.rbmx"))
    good = {"lesson", "long", "longer", "circle"}
    locked = leave(window.session, root, About("a folder for its lock"))
    (locked / "lock").mkdir()
    if os.name == "posix":
        for kind in ("lock", "about.json", "experiment.rbmx"):
            folder = leave(window.session, root, About(f"a pipe for {kind}"))
            (folder / kind).unlink(missing_ok=True)
            os.mkfifo(folder / kind)
        os.mkdir(os.fsencode(root) + b"/\xff\xfe")
        os.mkfifo(root / "pipe")
        good |= {"an experiment without a name", "a pipe for experiment.rbmx"}
    foreign = root / "of somebody else"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("Dear")
    (root / "file").write_bytes(b"a file")
    (root / "circle").symlink_to("circle")
    (root / "elsewhere").symlink_to(tmp_path)
    (root / long).mkdir()
    offer(window, root)
    box = dialog(qtbot)
    assert {entry.split("\n")[0] for entry in entries(box)} == good
    while len(dialogs()) == 1 and entries(dialogs()[0]):
        box = dialogs()[0]
        named(box, QListWidget, "Unsaved experiments").setCurrentRow(0)
        click(button(box, "Delete"))
        process_deletions()
    assert (foreign / "letter.txt").read_text() == "Dear"
    assert not left.exists()
    assert {"file", "circle", "elsewhere", foreign.name, locked.name} <= {path.name for path in root.iterdir()}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_what_cannot_be_read_now_is_offered_again(qtbot: QtBot, window: MainWindow, left: Path, root: Path) -> None:
    whole = (left / "experiment.rbmx").read_bytes()
    (left / "experiment.rbmx").unlink()
    os.mkfifo(left / "experiment.rbmx")
    offer(window, root)
    click(button(dialog(qtbot), "Recover"))
    assert "experiment.rbmx" in message(qtbot)
    process_deletions()
    (left / "experiment.rbmx").unlink()
    (left / "experiment.rbmx").write_bytes(whole)
    click(button(dialog(qtbot), "Recover"))
    qtbot.waitUntil(lambda: window.session.epochs_trained == 3)


def test_a_copy_of_another_time_is_not_written_over_the_users_file(
    qtbot: QtBot, window: MainWindow, session: Session, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "lesson.rbmx").write_bytes(b"of any time")
    saved = datetime(2099, 1, 1, tzinfo=UTC)
    leave(session, root, About("lesson", tmp_path / "lesson.rbmx", saved=saved))
    offer(window, root)
    click(button(dialog(qtbot), "Recover"))
    qtbot.waitUntil(lambda: session.experiment.is_modified)
    assert session.experiment.path is None
    assert session.experiment.name == "lesson"


def test_a_recovered_file_that_another_window_holds_becomes_a_copy(
    qtbot: QtBot, window: MainWindow, session: Session, left: Path, root: Path, tmp_path: Path
) -> None:
    from rbm_studio.app.session import Session as Another

    assert left.exists()
    another = Another()
    assert another.save_experiment(tmp_path / "lesson.rbmx")
    os.utime(tmp_path / "lesson.rbmx", (1e9, 1e9))
    offer(window, root)
    box = dialog(qtbot)
    click(button(box, "Recover"))
    assert "is open in another window" in message(qtbot)
    assert session.experiment.path is None
    assert session.experiment.name == "lesson (copy)"
    assert session.epochs_trained == 3
    another.shut_down()


@pytest.fixture
def program(qtbot: QtBot, application: QApplication, log: None) -> Iterator[Program]:
    del log
    hook = sys.excepthook
    program = Program(application, autosave_s=0.05)
    yield program
    end(qtbot, program.window)
    program.deleteLater()
    process_deletions()
    sys.excepthook = hook


def test_two_starts_that_crashed_are_followed_by_a_plain_one(
    qtbot: QtBot, application: QApplication, left: Path
) -> None:
    recovery_path().parent.mkdir(parents=True, exist_ok=True)
    left.parent.rename(recovery_path())
    starts_path().mkdir(parents=True)
    (starts_path() / "crashes").write_text("2")
    hook = sys.excepthook
    program = Program(application, Path("lesson.rbmx"))
    assert program.offer is None
    text = message(qtbot)
    assert "has now started plainly" in text
    assert not dialogs()
    end(qtbot, program.window)
    program.deleteLater()
    sys.excepthook = hook
    assert (recovery_path() / left.name).exists()
    assert not StartMarker(starts_path()).is_plain


def test_the_program_offers_what_an_earlier_one_left(qtbot: QtBot, left: Path, request: pytest.FixtureRequest) -> None:
    recovery_path().parent.mkdir(parents=True, exist_ok=True)
    left.parent.rename(recovery_path())
    program = request.getfixturevalue("program")
    box = dialog(qtbot)
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: program.window.session.epochs_trained == 3, timeout=20_000)
    assert program.window.session.experiment.is_modified
    assert model_of(program.window.session).history


def test_the_users_logout_leaves_the_work_and_asks_nothing(
    qtbot: QtBot, application: QApplication, program: Program
) -> None:
    session = program.window.session
    qtbot.waitUntil(lambda: session.task is None)
    session.experiment.touch()
    application.commitDataRequest.emit(None)
    program.window.close()
    assert not program.window.isVisible()
    assert not shown(QMessageBox)
    (found,) = find_leftovers(recovery_path()).leftovers
    found.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends programs without such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_and_leaves_its_work(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.app.killed", str(tmp_path / "a.rbmx"), "3600", "-1"]
    with heeded():
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    with started as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("trained")
            process.send_signal(number)
            rest = process.stdout.read()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert "written" in rest
    (found,) = find_leftovers(recovery_path()).leftovers
    assert found.about.epochs > 0
    found.remove()
    assert StartMarker(starts_path()).crashes == 0


def test_what_was_chosen_and_not_shown_stays_for_the_next_start(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    session = window.session
    load(qtbot, session, other_bars())
    autosave = Autosave(session, root, 0.05)
    found = RecoveryOffer(session, autosave, root, window)
    click(button(dialog(qtbot), "Recover"))
    # It looks for the images that it belongs to.
    qtbot.waitUntil(lambda: session.task is not None)
    assert session.task is not None
    session.task.cancel()
    qtbot.waitUntil(lambda: session.task is None)
    with qtbot.waitSignal(autosave.written):
        session.experiment.write_notes("Another lesson")
    assert found is not None
    assert (left / "experiment.rbmx").exists()
    session.shut_down()
    # It was no attempt that ended the program.
    assert About.read(left).attempts == 0


def test_recovering_asks_about_what_has_begun_meanwhile(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    assert left.exists()
    offer(window, root)
    box = dialog(qtbot)
    window.session.experiment.write_notes("Begun meanwhile")
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    (question,) = shown(QMessageBox)
    assert window.session.experiment.notes == "Begun meanwhile"
    click(button(question, "Don't save"))
    qtbot.waitUntil(lambda: window.session.epochs_trained == 3)


def test_a_file_that_was_saved_later_is_not_written_over(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path, tmp_path: Path
) -> None:
    assert left.exists()
    (tmp_path / "lesson.rbmx").write_bytes(b"newer")
    offer(window, root)
    box = dialog(qtbot)
    assert "saved later" in entries(box)[0]
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: window.session.epochs_trained == 3)
    assert window.session.experiment.path is None
    assert window.session.experiment.name == "lesson"
