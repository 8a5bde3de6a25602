from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio.app.messages import MOST_WAITING, Messages, in_words
from rbm_studio.errors import RBMStudioError

from .driving import answer, message, process_deletions, shown, wait_for

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
    assert "Copy report" in remedy
    assert "index 7" not in problem + remedy


def test_a_full_memory_is_told_in_words() -> None:
    problem, remedy = in_words(MemoryError("Unable to allocate 7 GiB"))
    assert problem == "The computer's memory is full."
    assert "fewer hidden units" in remedy


class Told:
    """What messages ask their window for."""

    def __init__(self, parent: QWidget) -> None:
        self.said: list[str] = []
        self.detailed: list[Exception] = []
        self.settings: list[str] = []
        self.messages = Messages(parent, self.said.append, self.detailed.append, self.settings.append)


@pytest.fixture
def told(qtbot: QtBot) -> Told:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    return Told(parent)


def caught(error: Exception) -> Exception:
    """Return an error that came up in one place of the program."""
    try:
        raise error
    except Exception as again:
        return again


def test_the_message_blocks_only_its_window_and_goes_when_it_is_read(qtbot: QtBot, told: Told) -> None:
    told.messages.show(RBMStudioError("<b>{name}</b> is empty.", "Choose another.", name="<i>x</i>"))
    box = wait_for(qtbot, QMessageBox)
    assert box.windowModality() == Qt.WindowModality.WindowModal
    assert message(qtbot) == "<b><i>x</i></b> is empty. Choose another."
    process_deletions()
    assert not shown(QMessageBox)


def test_messages_come_one_after_the_other_and_each_once(qtbot: QtBot, told: Told) -> None:
    for name in "abba":
        told.messages.show(RBMStudioError("{name} is empty.", name=name))
    assert message_then(qtbot) == "a is empty. "
    assert message(qtbot) == "b is empty. "
    process_deletions()
    assert not shown(QMessageBox)


def message_then(qtbot: QtBot) -> str:
    """Read a message behind which another one waits."""
    box = wait_for(qtbot, QMessageBox)
    text = f"{box.text()} {box.informativeText()}"
    answer(qtbot, "OK")
    return text


def test_a_flood_of_messages_ends(qtbot: QtBot, told: Told) -> None:
    for number in range(100):
        told.messages.show(RBMStudioError("Number {number}.", number=number))
    read = 0
    while shown(QMessageBox):
        answer(qtbot, "OK")
        read += 1
    assert read == 1 + MOST_WAITING


def test_what_the_user_asked_for_twice_is_answered_twice(qtbot: QtBot, told: Told) -> None:
    for _ in range(2):
        told.messages.show(RBMStudioError("The disk is full."))
        assert message(qtbot) == "The disk is full. "


def test_the_same_unforeseen_fault_again_is_only_mentioned(qtbot: QtBot, told: Told) -> None:
    for number in range(50):
        told.messages.show(caught(IndexError(f"index {number}")))
    assert "did not foresee (IndexError)" in message(qtbot)
    told.messages.show(caught(IndexError("index 51")))
    assert not shown(QMessageBox)
    assert told.said == ["The same fault again: Something went wrong that RBM Studio did not foresee (IndexError)."]
    try:
        raise KeyError("of another place")
    except KeyError as other:
        told.messages.show(other)
    assert "(KeyError)" in message(qtbot)


def test_details_of_an_unforeseen_fault_are_offered(qtbot: QtBot, told: Told) -> None:
    error = caught(IndexError("index 7"))
    told.messages.show(error)
    answer(qtbot, "Details…")
    assert told.detailed == [error]
    told.messages.show(RBMStudioError("The disk is full."))
    assert [b.text() for b in wait_for(qtbot, QMessageBox).buttons()] == ["OK"]
    answer(qtbot, "OK")
