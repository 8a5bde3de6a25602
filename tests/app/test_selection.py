from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.selection import Selection

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_one_unit_or_several_are_pointed_at(qtbot: QtBot) -> None:
    selection = Selection()
    with qtbot.waitSignal(selection.hovered_changed):
        selection.hover_units((2, 5))
    assert (selection.hovered, selection.hovered_units) == (-1, (2, 5))
    with qtbot.assertNotEmitted(selection.hovered_changed):
        selection.hover_units((2, 5))
    selection.hover(5)
    assert (selection.hovered, selection.hovered_units) == (5, (5,))
    selection.hover(-1)
    assert (selection.hovered, selection.hovered_units) == (-1, ())


def test_units_that_the_model_does_not_have_are_not_pointed_at() -> None:
    selection = Selection()
    found = []
    selection.hovered_changed.connect(lambda: found.append(selection.hovered_units))
    selection.hover_units((1, 2))
    selection.begin_again(hidden_num=2, visible_num=4)
    selection.hover_units((1, 2))
    assert found == [(1, 2), (), (1,)]


def test_units_are_selected_together_and_left_together() -> None:
    selection = Selection()
    found = []
    selection.units_changed.connect(lambda: found.append(selection.units))
    for units in ((1, 2), (3,), (3,)):
        selection.toggle_units(units)
    assert found == [(1, 2), (3,), ()]
