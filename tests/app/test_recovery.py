from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication as Application
from PySide6.QtWidgets import QDialog, QListWidget, QMessageBox

from rbm_studio.app.autosave import Autosave
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.main import Program
from rbm_studio.app.recovery import (
    LONGEST_KEPT_S,
    MOST_ATTEMPTS,
    MOST_KEPT,
    About,
    OwnFolder,
    find_leftovers,
    recovery_path,
)
from rbm_studio.app.recovery_offer import RecoveryDialog, RecoveryOffer
from rbm_studio.app.start_marker import StartMarker, starts_path

from .conftest import end, load
from .driving import button, click, message, model_of, named, process_deletions, shown, wait_until_idle
from .test_documents import other_bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

ROOT = Path(__file__).parents[2]


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
    found.note_attempt()


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
    assert session.epochs_trained == 3
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


def test_not_now_asks_again_at_the_next_start(qtbot: QtBot, window: MainWindow, left: Path, root: Path) -> None:
    offer(window, root)
    click(button(dialog(qtbot), "Not now"))
    process_deletions()
    assert left.exists()
    assert not window.session.experiment.is_modified
    assert find_leftovers(root).leftovers == []  # nobody else takes it meanwhile
    window.session.ending.emit()
    assert len(find_leftovers(root).leftovers) == 1


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


def test_what_ended_the_program_twice_is_set_aside_unread(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path
) -> None:
    for _ in range(MOST_ATTEMPTS):
        begin_to_recover(root)
    offer(window, root)
    assert "cannot be read" in message(qtbot)
    assert not dialogs()
    assert (root / f"{left.name}.broken" / "experiment.rbmx").exists()


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
    assert attempts[0] == 0
    assert len(attempts) > 1
    assert set(attempts[1:]) == {1}


def test_a_start_that_reading_ended_counts_too(left: Path, root: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from rbm_studio.app import recovery;"
        "recovery.load_experiment = lambda path: os.kill(os.getpid(), signal.SIGKILL);"
        f"recovery.find_leftovers(Path({str(root)!r}))"
    )
    for _ in range(MOST_ATTEMPTS):
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert run.returncode != 0
    found = find_leftovers(root)
    assert found.leftovers == []
    assert [path.name for _about, path in found.broken] == [f"{left.name}.broken"]


@pytest.mark.parametrize("damage", ["cut short", "empty", "something else"])
def test_what_cannot_be_read_is_set_aside_and_told(
    qtbot: QtBot, window: MainWindow, left: Path, root: Path, damage: str
) -> None:
    file = left / "experiment.rbmx"
    data = file.read_bytes()
    file.write_bytes({"cut short": data[: len(data) // 2], "empty": b"", "something else": b"7" * 999}[damage])
    offer(window, root)
    text = message(qtbot)
    assert "What was written down of lesson before the program ended cannot be read." in text
    assert f"{left}.broken" in text
    assert not dialogs()
    assert (root / f"{left.name}.broken" / "experiment.rbmx").exists()
    assert find_leftovers(root).broken == []


@pytest.mark.parametrize("about", [None, b"", b"{}", b"[" * 9999, b'{"name": 7}', b"\xff"])
def test_an_experiment_comes_back_without_what_was_known_of_it(session: Session, root: Path, about: bytes) -> None:
    folder = leave(session, root)
    if about is None:
        (folder / "about.json").unlink()
    else:
        (folder / "about.json").write_bytes(about)
    (found,) = find_leftovers(root).leftovers
    assert (found.about.name, found.about.path) == ("", None)
    found.remove()


def test_old_ones_and_more_than_a_few_go(session: Session, root: Path) -> None:
    first = leave(session, root)
    about = json.loads((first / "about.json").read_text())
    for day in range(MOST_KEPT + 3):
        shutil.copytree(first, root / f"2020010{day // 10}-{day % 10:06}-0")
    shutil.rmtree(first)
    found = find_leftovers(root)
    assert len(found.leftovers) == MOST_KEPT == len(list(root.iterdir()))
    for each in found.leftovers:
        each.leave()
    for folder in root.iterdir():
        old = {**about, "saved": "2020-01-01T00:00:00+00:00"}
        (folder / "about.json").write_text(json.dumps(old))
    assert find_leftovers(root).leftovers == []
    assert list(root.iterdir()) == []
    assert LONGEST_KEPT_S == 30 * 86400


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
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
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
    assert window.session.epochs_trained == 3
    assert window.session.experiment.path is None
    assert window.session.experiment.name == "lesson"
