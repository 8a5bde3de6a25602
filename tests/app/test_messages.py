from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio.app.messages import in_words, show_error
from rbm_studio.errors import RBMStudioError

from .driving import message, process_deletions, shown

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = RBMStudioError(
        "{file} holds {count:,} labels.", "Choose a file with {wanted}.", file="a", count=5000, wanted="b"
    )
    assert in_words(error) == ("a holds 5,000 labels.", "Choose a file with b.")
    assert in_words(RBMStudioError("It is empty.")) == ("It is empty.", "")


def test_braces_in_what_the_user_gave_are_left_alone() -> None:
    assert in_words(RBMStudioError("{name} is empty.", name="{x}.npz"))[0] == "{x}.npz is empty."


def test_an_error_within_another_is_in_words_too() -> None:
    inner = RBMStudioError("The bias has {count} values.", "It must have {wanted}.", count=3, wanted=4)
    assert in_words(RBMStudioError("The file is damaged. {reason}", reason=inner))[0] == (
        "The file is damaged. The bias has 3 values. It must have 4."
    )


def test_what_nobody_foresaw_shows_no_traceback() -> None:
    problem, remedy = in_words(IndexError("index 7 is out of bounds"))
    assert problem == "Something went wrong that RBM Studio did not foresee (IndexError)."
    assert "Show log" in remedy
    assert "index 7" not in problem + remedy


def test_the_message_blocks_only_its_window_and_goes_when_it_is_read(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    box = show_error(parent, RBMStudioError("<b>{name}</b> is empty.", "Choose another.", name="<i>x</i>"))
    assert box.windowModality() == Qt.WindowModality.WindowModal
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert message(qtbot) == "<b><i>x</i></b> is empty. Choose another."
    process_deletions()
    assert not shown(QMessageBox)
    assert not parent.findChildren(QMessageBox)
