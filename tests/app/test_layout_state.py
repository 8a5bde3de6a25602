"""Every layout that a person can make passes, and none that Qt would stumble over."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from rbm_studio.app.layout import VERSION
from rbm_studio.app.layout_state import is_geometry, is_state
from rbm_studio.app.preferences import GEOMETRY, STATE, preferences
from rbm_studio.app.window import PANELS

from .driving import process_deletions

if TYPE_CHECKING:
    from rbm_studio.app.window import MainWindow

BARS = ("training_bar", "timeline_bar")
AREAS = tuple(Qt.DockWidgetArea(side) for side in (1, 2, 4, 8))


def state(window: MainWindow) -> bytes:
    return bytes(window.saveState(VERSION).data())


def passes(data: bytes) -> bool:
    return is_state(data, VERSION, PANELS, BARS)


def rearrange(window: MainWindow, rng: random.Random) -> None:
    """Do one thing that a person does to the docks."""
    first, second = rng.sample(sorted(window.docks), 2)
    dock, other = window.docks[first], window.docks[second]
    across = rng.choice((Qt.Orientation.Horizontal, Qt.Orientation.Vertical))
    what = rng.randrange(8)
    if what == 0:
        dock.setFloating(not dock.isFloating())
    elif what == 1:
        dock.close()
    elif what == 2:
        dock.bring_up()
    elif what == 3:
        window.tabifyDockWidget(other, dock)
    elif what == 4:
        window.addDockWidget(rng.choice(AREAS), dock, across)
    elif what == 5:
        window.splitDockWidget(other, dock, across)
    elif what == 6:
        window.resizeDocks([dock, other], [rng.randrange(2000), rng.randrange(2000)], across)
    else:
        window.resize(rng.randrange(3000), rng.randrange(2000))
        dock.move(rng.randrange(-3000, 3000), rng.randrange(-3000, 3000))


@pytest.mark.parametrize("seed", range(3))
def test_every_layout_that_a_person_makes_passes(window: MainWindow, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        rearrange(window, rng)
        process_deletions()
        assert passes(state(window))
        assert is_geometry(bytes(window.saveGeometry().data()))


def test_no_part_of_a_layout_and_none_with_more_passes(window: MainWindow) -> None:
    window.docks["unit"].setFloating(True)
    good = state(window)
    assert passes(good)
    assert not any(passes(good[:end]) for end in range(len(good)))
    assert not passes(good + b"\0")
    assert not is_state(good, VERSION + 1, PANELS, BARS)
    assert not is_state(good, VERSION, [*PANELS, "another"], BARS)
    assert not is_state(good, VERSION, PANELS, BARS[:1])
    # One dock twice, and so another one not at all.
    assert not passes(good.replace("notes".encode("utf-16-be"), "dream".encode("utf-16-be")))
    # How many areas there are, which, how large, and how many docks are in it.
    for at in (9, 13, 17, 21, 27):
        assert not passes(good[:at] + b"\x7f\xff\xff\xff" + good[at + 4 :])


def test_windows_of_docks_that_are_larger_than_all_screens_together_pass_not(window: MainWindow) -> None:
    for dock in window.docks.values():
        dock.setFloating(True)
        dock.resize(1000, 900)
    good = state(window)
    assert passes(good)
    size = b"".join(side.to_bytes(4, "big") for side in (1000, 900))
    assert good.count(size) > 5
    assert not passes(good.replace(size, b"\0\0\x20\0" * 2))


def test_a_place_beyond_all_bounds_is_none(window: MainWindow) -> None:
    good = bytes(window.saveGeometry().data())
    assert is_geometry(good)
    # The frame, the place, the screen's width and the place within the frame: 4 bytes each, after 8 that tell the form.
    for at in (0, 4, *range(8, 40, 4), 46, *range(50, 66, 4)):
        assert not is_geometry(good[:at] + b"\x7f\xff\xff\xff" + good[at + 4 :])
        assert not is_geometry(good[:at])


def test_a_layout_that_does_not_pass_is_the_first_one(window: MainWindow) -> None:
    first = state(window)
    good = bytearray(first)
    window.docks["unit"].setFloating(True)
    good[24:28] = b"\x7f\xff\xff\xff"
    preferences.keep(STATE, bytes(good))
    preferences.keep(GEOMETRY, b"\x01\xd9\xd0\xcb" + b"\xff" * 62)
    window.restore_layout()
    QApplication.processEvents()
    assert not window.docks["unit"].isFloating()
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.isVisible()
