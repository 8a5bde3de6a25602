"""What somebody called something is shown as it is: it is no HTML, reads no file, and changes nothing else."""

from __future__ import annotations

import csv
import logging
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu, QMessageBox, QPlainTextEdit, QPushButton

from rbm_studio.app.about import show_about
from rbm_studio.app.filters_page import FiltersPage
from rbm_studio.app.log import start_log
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.preferences import FOLDER, preferences
from rbm_studio.app.recovery import About
from rbm_studio.app.runs_export import RunsExport
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.session import Session
from rbm_studio.app.text_window import show_log, show_report
from rbm_studio.app.theme import Appearance
from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import LONGEST, breakable, folded, plain
from rbm_studio.storage.experiment_file import load_experiment, save_experiment
from rbm_studio.storage.model_file import save_model

from .conftest import bars, bars_dataset, load
from .driving import answer, button, click, press, process_deletions, shown, train, wait_for, wait_until_idle
from .looking import WIDEST, look_at, look_into
from .test_recovery import dialog, leave, offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow
    from rbm_studio.data import Dataset

    Show = Callable[[Session], MainWindow]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name tells whether it was opened"),
    pytest.mark.usefixtures("dressed"),
]
APP = Path(__file__).parents[2] / "rbm_studio" / "app"
LETTERS = 900
"""As many as a name in an experiment may have, about."""


# Waits until the pipe is opened for reading; who opens it once more finds an empty file, and does not wait for ever.
_TRAP = """exec 3> "$1" && rm "$1" && : > "$1" && exec 3>&-"""


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """A file of which it is known whether it was opened."""
    path = tmp_path / "trap"
    os.mkfifo(path)
    # Not a thread: who reads it may be the window's, and not let go of Python's lock.
    waiting = subprocess.Popen(["/bin/sh", "-c", _TRAP, "sh", str(path)])
    yield path
    waiting.kill()
    waiting.wait()
    assert path.is_fifo(), "a text made the program open a file"


@pytest.fixture(params=["markup", "marks", "long"])
def name(request: pytest.FixtureRequest, trap: Path) -> str:
    """A name as nobody means well with it."""
    return {
        "markup": f'&File [*] <b>%1 {{0}}</b> <img src="file://{trap}"> &amp; %p {{name}}',
        "marks": "one\ntwo\tthree\0four\udcff\u202efive\u2066six\u200f\u2029",
        "long": LETTERS * "W",
    }[str(request.param)]


@pytest.fixture
def dressed(wear: Callable[[Appearance], None], application: object) -> None:
    """As the program starts."""
    assert application is not None
    wear(Appearance.LIGHT)


def on_disk(name: str) -> str:
    """Return the name as one that a file can have."""
    return re.sub(r"[/\0]", "_", name)[:100]


def bars_called(name: str) -> Dataset:
    return replace(bars_dataset(), name=name, source=f"/home/{name}", note=f"{name}.")


def head(name: str) -> str:
    """Return what is left of a name at its beginning wherever there is room for a few letters."""
    return plain(name)[:9]


@pytest.fixture
def filled(qtbot: QtBot, show: Show, session: Session, name: str, tmp_path: Path) -> MainWindow:
    """A window in which all that can have a name has this one: files, images, runs."""
    window = show(session)
    session.change_settings(epochs=1)
    train(qtbot, window)
    saved = tmp_path / f"{on_disk(name)}.rbmx"
    with qtbot.waitSignal(session.documents.saving.saved):
        window.documents.open_when_ready(saved) if saved.exists() else window.documents._save_to(saved, None)
    load(qtbot, session, bars_called(name))
    press(window, "Reset")
    train(qtbot, window)
    load(qtbot, session, bars_called(f"{name} 2"))
    session.next_run.choose(False)
    press(window, "Train")
    wait_until_idle(qtbot, session)
    for number, run in enumerate(session.book.runs):
        run.name = f"{name} {number}"
    session.book.changed.emit()
    return window


def test_names_in_the_window(filled: MainWindow, name: str, tmp_path: Path) -> None:
    model = tmp_path / f"{on_disk(name)}.safetensors"
    saved = filled.session.saved_model()
    assert saved is not None
    save_model(model, saved)
    compare = filled.panel("compare").findChild(FiltersPage)
    assert isinstance(compare, FiltersPage)
    compare.compare_with(model)
    recent = next(menu for menu in filled.findChildren(QMenu) if menu.title() == "Open &recent")
    recent.aboutToShow.emit()
    lines = look_at(filled)
    told = [line for line in lines if head(name) in line]
    assert len(told) > 20
    assert filled.windowTitle().endswith("[*] – RBM Studio")
    # Of two marks of a title one is shown, and of two of a key.
    if "[*]" in name:
        assert "[*][*]" in filled.windowTitle()
        assert "&&File [*]" in recent.actions()[0].text()


def test_a_run_of_a_stranger_in_its_row(qtbot: QtBot, filled: MainWindow, name: str) -> None:
    filled.docks["runs"].raise_()
    table = filled.panel("runs").findChild(RunsView)
    assert isinstance(table, RunsView)
    qtbot.waitUntil(lambda: table.runs.rowCount() == len(filled.session.book.runs))
    shown_there = look_into(table)
    assert len([line for line in shown_there if head(name) in line]) > 5
    filled.session.book.delete(filled.session.book.runs[:1])
    process_deletions()
    assert look_into(filled)


def test_images_that_are_missing(qtbot: QtBot, show: Show, session: Session, name: str, tmp_path: Path) -> None:
    session.change_settings(epochs=1)
    session.train()
    wait_until_idle(qtbot, session)
    path = tmp_path / "lesson.rbmx"
    assert session.save_experiment(path)
    session.documents.close()
    saved = load_experiment(path)
    assert saved.dataset is not None
    # Half a letter is in no file.
    save_experiment(path, replace(saved, dataset=replace(saved.dataset, name=name.replace("\udcff", ""))))
    window = show(Session())
    with qtbot.waitSignal(window.session.documents.opened):
        window.open_path(path)
    qtbot.waitUntil(lambda: window.session.task is None)
    lines = look_at(window)
    assert any(head(name) in line for line in lines)
    press_button = next(each for each in window.panel("dataset").findChildren(QPushButton) if each.isVisible())
    press_button.click()
    dialog = wait_for(qtbot, QFileDialog)
    assert plain(dialog.windowTitle()) == dialog.windowTitle()
    assert dialog.minimumSizeHint().width() <= WIDEST
    dialog.reject()
    qtbot.waitUntil(lambda: not shown(QFileDialog))


def test_a_file_with_the_name_is_opened(qtbot: QtBot, window: MainWindow, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{on_disk(name)}.npz"
    np.savez(path, x=bars(30))
    window.open_path(path)
    look_into(window.docks["dataset"])
    qtbot.waitUntil(lambda: window.session.task is None)
    assert any(head(name) in line for line in look_at(window))
    path.write_bytes(b"no images")
    window.open_path(path)
    box = wait_for(qtbot, QMessageBox)
    assert any(head(name) in line for line in look_into(box))
    assert box.width() <= WIDEST
    answer(qtbot, "OK")


def test_errors_and_notices(qtbot: QtBot, window: MainWindow, name: str) -> None:
    inner = RBMStudioError("{name} is no file.", name=name)
    window.session.failed.emit(
        RBMStudioError("{name} cannot be read. {reason}", "Look at {name}.", name=name, reason=inner)
    )
    box = wait_for(qtbot, QMessageBox)
    told = look_into(box)
    assert sum(head(name) in line for line in told) >= 2
    # Nothing is cut off: each label is as wide as its longest word at least.
    assert all(each.minimumSizeHint().width() <= each.width() for each in box.findChildren(QLabel))
    assert box.width() <= WIDEST
    answer(qtbot, "OK")
    window.session.noticed.emit(f"Saved {name}")
    assert any(head(name) in line for line in look_into(window))


@pytest.mark.usefixtures("log")
def test_windows_of_text(qtbot: QtBot, filled: MainWindow, name: str) -> None:
    start_log()
    logging.getLogger("rbm_studio").warning("Opened %s", name)
    logging.getLogger("rbm_studio").warning("Opened %r", name)
    for made in (show_log(filled), show_report(filled, filled.session, RBMStudioError("{name}", name=name))):
        look_into(made)
        click(button(made, "Copy all"))
        assert QGuiApplication.clipboard().text().replace("\r", "") == made.text.toPlainText()
        made.close()
    show_about(filled)
    box = wait_for(qtbot, QMessageBox)
    assert "Watanabe & Kobayashi" in box.informativeText()
    look_into(box)
    answer(qtbot, "OK")


def test_what_was_left_of_an_experiment(qtbot: QtBot, window: MainWindow, name: str, tmp_path: Path) -> None:
    session, root = window.session, tmp_path / "recovery"
    session.experiment.touch()
    leave(session, root, About(name, tmp_path / on_disk(name), 2.0))
    session.experiment.begin()
    offer(window, root)
    box = dialog(qtbot)
    assert sum(head(name) in line for line in look_into(box)) >= 2
    assert box.width() <= WIDEST
    click(button(box, "Recover"))
    qtbot.waitUntil(lambda: name[:3] in session.experiment.name)
    assert any(head(name) in line for line in look_into(window))


def test_a_model_of_another_program_and_notes(qtbot: QtBot, window: MainWindow, name: str, tmp_path: Path) -> None:
    weights = tmp_path / f"{on_disk(name)}.npz"
    np.savez(weights, w=np.ones((64, 4)), visible_bias=np.zeros(64), hidden_bias=np.zeros(4))
    with qtbot.waitSignal(window.session.documents.opened):
        window.documents.import_path(weights)
    qtbot.waitUntil(lambda: window.session.task is None)
    load(qtbot, window.session, bars_called(name))
    press(window, "Step")
    notes = window.panel("notes").findChild(QPlainTextEdit)
    assert isinstance(notes, QPlainTextEdit)
    notes.setPlainText(name * 12)
    assert any(head(name) in line for line in look_at(window))
    window.documents.begin()
    box = wait_for(qtbot, QMessageBox)
    look_into(box)
    assert box.width() <= WIDEST
    answer(qtbot, "Cancel")


def test_files_that_are_exported(qtbot: QtBot, filled: MainWindow, name: str, tmp_path: Path) -> None:
    """A name is no element of a drawing, and no formula, row or column of a table."""
    book, curve = filled.session.book, filled.panel("curve")
    table, rows = filled.panel("runs").findChild(RunsExport), filled.panel("runs").findChild(RunsView)
    assert isinstance(curve, CurvePanel)
    assert isinstance(table, RunsExport)
    assert isinstance(rows, RunsView)
    filled.docks["runs"].raise_()
    qtbot.waitUntil(lambda: rows.runs.rowCount() == len(book.runs))
    book.rename(book.runs[0], f'\uff1d1+1,"\ud800{name}')
    book.rename(book.runs[1], f"</text><script/>]]>\ud800{name}")
    drawing, *tables = (tmp_path / each for each in ("curve.svg", "curve.csv", "table.csv", "curves.csv"))
    curve.save(drawing)
    curve.save(tables[0])
    table.save_table(tables[1])
    table.save_curves(tables[2])
    qtbot.waitUntil(tables[2].exists)
    assert "script" not in {element.tag.rpartition("}")[2] for element in ElementTree.parse(drawing).iter()}
    for path in tables:
        heading, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True))
        assert len(lines) >= 2
        assert {len(line) for line in lines} == {len(heading)}
        named = [line[0] for line in lines]
        assert any("1+1" in each for each in named)
        assert all(plain(each) == each and not each.startswith(("=", "\uff1d")) for each in named)


@pytest.mark.parametrize(
    ("called", "proposed"),
    [
        ("../../.config/x", "-..-.config-x"),
        ("/etc/passwd", "-etc-passwd"),
        ('a"b" "c', "a-b- -c"),
        ("a\0b\nc\udcffd", "a-b c-d"),
        ("C:\\x", "C--x"),
        (300 * "\u3042", 50 * "\u3042"),
        (". .", "experiment"),
        ("Лекция 3, <b>", "Лекция 3, -b-"),
    ],
)
def test_the_name_that_is_proposed_leads_nowhere_else(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, called: str, proposed: str
) -> None:
    """What is brought back after a crash has the name that a file of this folder gave it."""
    preferences.keep(FOLDER, str(tmp_path))
    window.session.experiment.begin(name=called)
    window.documents.save_as()
    asked = wait_for(qtbot, QFileDialog)
    assert asked.selectedFiles() == [str(tmp_path / f"{proposed}.rbmx")]
    asked.reject()
    qtbot.waitUntil(lambda: not shown(QFileDialog))


def test_nothing_in_the_program_is_rich_text_but_the_first_steps() -> None:
    """A new label is plain by itself; this finds what would be made rich by hand."""
    rich = re.compile(
        r"RichText|MarkdownText|setHtml|setMarkdown|QTextBrowser|QTextEdit|QTextDocument|insertHtml|TextItem"
    )
    found = {path.name for path in APP.rglob("*.py") if rich.search(path.read_text(encoding="utf-8"))}
    assert found == {"first_steps.py"}


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("as it is: <b>&amp; %1 {0}", "as it is: <b>&amp; %1 {0}"),
        ("a\nb\tc\u2028d\xa0e", "a b c d\xa0e"),
        ("a\0b\x1b[31m\x7f", "a\ufffdb\ufffd[31m\ufffd"),
        ("\u202eevil\u2066\u200f", "\ufffdevil\ufffd\ufffd"),
        ("\udcff\ud800", "\ufffd\ufffd"),
        ("a\u200cb\u200dc \u05e9", "a\u200cb\u200dc \u05e9"),
        ("", ""),
    ],
)
def test_a_plain_line(text: str, shown_as: str) -> None:
    assert plain(text) == shown_as
    assert plain(plain(text)) == shown_as


def test_of_what_is_too_long_the_middle_gives_way() -> None:
    assert plain("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"
    assert plain("abcdefg", 6) == "abc…fg"
    assert plain("abcdefg", 7) == "abcdefg"
    assert len(plain("x" * 10_000, LONGEST)) == LONGEST
    assert max(map(len, folded("word " * 1000 + "x" * 1000).split("\n"))) <= 80
    assert folded("a\n\nb") == "a\n\nb"
    assert breakable("a b/" + 90 * "c") == f"a b/{40 * 'c'}\u200b{40 * 'c'}\u200b{10 * 'c'}"
