from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QWidget

from rbm_studio.app.files import ask_for_folder, ask_to_open, ask_to_save, is_model

from .driving import accept_dialog, button, click, enter_name, pick, process_deletions, shown, wait_for

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.usefixtures("application")
PICTURE, NUMBERS = "Picture (*.png)", "Numbers (*.csv)"


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    return parent


def name_in(dialog: QFileDialog) -> str:
    line = dialog.findChild(QLineEdit, "fileNameEdit")
    assert isinstance(line, QLineEdit)
    return line.text()


def test_models_are_told_by_their_names() -> None:
    assert is_model(Path("a/Digits.SafeTensors"))
    assert not is_model(Path("safetensors/digits.npz"))


def test_opening_takes_a_file_that_exists(qtbot: QtBot, parent: QWidget, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    path.touch()
    chosen: list[Path] = []
    dialog = ask_to_open(parent, "Open images", "Images (*.npz)", chosen.append)
    assert dialog.windowTitle() == "Open images"
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptOpen
    pick(qtbot, path)
    assert chosen == [path]


def test_the_next_dialog_begins_in_the_folder_of_the_last(qtbot: QtBot, parent: QWidget, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    path.touch()
    ask_to_open(parent, "Open", "Images (*.npz)", lambda _: None)
    pick(qtbot, path)
    dialog = ask_to_open(parent, "Open", "Images (*.npz)", lambda _: None)
    assert Path(dialog.directory().absolutePath()) == tmp_path
    dialog.reject()


def test_a_folder_can_be_chosen(qtbot: QtBot, parent: QWidget, tmp_path: Path) -> None:
    chosen: list[Path] = []
    ask_for_folder(parent, "Open a folder", chosen.append)
    pick(qtbot, tmp_path)
    assert chosen == [tmp_path]


def test_a_dialog_that_is_left_chooses_nothing(qtbot: QtBot, parent: QWidget) -> None:
    chosen: list[Path] = []
    ask_to_save(parent, "Save", PICTURE, "curve.png", chosen.append)
    QTest.keyClick(wait_for(qtbot, QFileDialog), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not shown(QFileDialog))
    process_deletions()
    assert chosen == []
    assert not parent.findChildren(QFileDialog)


def test_saving_suggests_a_name(qtbot: QtBot, parent: QWidget) -> None:
    chosen: list[Path] = []
    dialog = ask_to_save(parent, "Save", PICTURE, "curve.png", chosen.append)
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert name_in(dialog) == "curve.png"
    accept_dialog(wait_for(qtbot, QFileDialog))
    assert [path.name for path in chosen] == ["curve.png"]


def test_the_name_takes_the_suffix_of_the_kind_chosen(qtbot: QtBot, parent: QWidget, tmp_path: Path) -> None:
    chosen: list[Path] = []
    dialog = ask_to_save(parent, "Save", f"{PICTURE};;{NUMBERS}", "curve.png", chosen.append)
    dialog.selectNameFilter(NUMBERS)
    dialog.filterSelected.emit(NUMBERS)
    assert name_in(dialog) == "curve.csv"
    pick(qtbot, tmp_path / "mine")
    assert chosen == [tmp_path / "mine.csv"]


def test_a_file_is_not_replaced_unasked(parent: QWidget, tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    path.touch()
    chosen: list[Path] = []
    dialog = ask_to_save(parent, "Save", PICTURE, "curve.png", chosen.append)
    enter_name(dialog, str(path))
    # The question runs an event loop of its own.
    answering = QTimer(dialog)

    def say_no() -> None:
        for box in shown(QMessageBox):
            click(button(box, "No"))

    answering.timeout.connect(say_no)
    answering.start(10)
    accept_dialog(dialog)
    answering.stop()
    assert chosen == []
    dialog.reject()
