from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from rbm_studio.app.findings_view import FindingButton, FindingsView, SteadyFindings
from rbm_studio.core.findings import FINDINGS, Finding

from .driving import click, labels

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> FindingsView:
    view = FindingsView()
    qtbot.addWidget(view)
    view.resize(300, 400)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def chosen(view: FindingsView) -> list[Finding | None]:
    chosen: list[Finding | None] = []
    view.chosen.connect(chosen.append)
    return chosen


def finding(name: str, units: tuple[int, ...] = (), **fields: object) -> Finding:
    rule = FINDINGS[name]
    return Finding(name, rule.problem, rule.remedy, fields, rule.source, units, rule.setting)


def dead(*units: int) -> Finding:
    return finding("dead", units, count=len(units), hidden=64)


def buttons(view: FindingsView) -> list[FindingButton]:
    return [button for button in view.findChildren(FindingButton) if button.isVisible()]


def button(view: FindingsView, name: str) -> FindingButton:
    number = [each.name for each in view.findings()].index(name)
    return buttons(view)[number]


BROKEN = finding("broken")
CERTAIN = finding("certain", share=0.97)


def test_each_finding_says_what_is_wrong_what_to_do_and_who_says_so(view: FindingsView) -> None:
    view.show_findings([dead(1, 2, 3)], "")
    (only,) = buttons(view)
    problem, remedy, source = only.words()
    assert problem == "3 of 64 hidden units never switch on."
    assert remedy.startswith("Lower the learning rate")
    assert source == "Hinton 2010, sections 8.1 and 15"
    assert only.accessibleName() == problem
    assert only.accessibleDescription() == f"{remedy} {source}"
    assert only.toolTip().endswith("(Space)")
    assert labels(view) == []


def test_all_of_a_text_is_in_view_at_any_width(qtbot: QtBot, view: FindingsView) -> None:
    view.show_findings([dead(1), CERTAIN], "")
    heights = []
    for width in (600, 300, 160):
        view.resize(width, 400)
        qtbot.waitUntil(lambda: all(b.height() == b.heightForWidth(b.width()) for b in buttons(view)))
        heights.append(buttons(view)[0].height())
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]


def test_where_nothing_is_found_a_word_says_so(view: FindingsView) -> None:
    view.show_findings([], "All is well.")
    assert buttons(view) == []
    assert labels(view) == ["All is well."]


def test_a_click_points_out_and_another_leaves(view: FindingsView, chosen: list[Finding | None]) -> None:
    view.show_findings([BROKEN, dead(1, 2)], "")
    click(button(view, "dead"))
    assert chosen == [dead(1, 2)]
    assert button(view, "dead").isChecked()
    click(button(view, "broken"))
    assert chosen[-1] == BROKEN
    assert not button(view, "dead").isChecked()
    click(button(view, "broken"))
    assert chosen[-1] is None
    assert not button(view, "broken").isChecked()


def test_the_keyboard_does_as_the_mouse(view: FindingsView, chosen: list[Finding | None]) -> None:
    view.show_findings([BROKEN, dead(1)], "")
    button(view, "broken").setFocus()
    QTest.keyClick(button(view, "broken"), Qt.Key.Key_Space)
    assert chosen == [BROKEN]


def test_what_was_chosen_stays_so_while_its_figures_change(view: FindingsView, chosen: list[Finding | None]) -> None:
    view.show_findings([dead(1)], "")
    click(button(view, "dead"))
    view.show_findings([BROKEN, dead(1, 2)], "")
    assert view.chosen_finding() == dead(1, 2)
    assert button(view, "dead").words()[0] == "2 of 64 hidden units never switch on."
    assert chosen == [dead(1)]


def test_what_was_chosen_is_left_when_it_goes(view: FindingsView, chosen: list[Finding | None]) -> None:
    view.show_findings([BROKEN, dead(1)], "")
    click(button(view, "dead"))
    view.show_findings([BROKEN], "")
    assert chosen == [dead(1), None]
    view.show_findings([dead(1)], "")
    assert not button(view, "dead").isChecked()


def names(findings: list[Finding]) -> list[str]:
    return [each.name for each in findings]


def test_a_finding_comes_and_goes_with_two_measurements_in_a_row() -> None:
    steady = SteadyFindings()
    measured = [[BROKEN], [], [BROKEN], [BROKEN], [], [BROKEN], [], []]
    shown = [names(steady.update(found)) for found in measured]
    assert shown == [[], [], [], ["broken"], ["broken"], ["broken"], ["broken"], []]


def test_a_last_measurement_is_believed_at_once() -> None:
    steady = SteadyFindings()
    assert names(steady.update([CERTAIN], at_once=True)) == ["certain"]
    assert names(steady.update([BROKEN], at_once=True)) == ["broken"]
    assert steady.update([], at_once=True) == []


def test_steady_findings_have_their_newest_figures_and_keep_their_order() -> None:
    steady = SteadyFindings()
    steady.update([dead(1), CERTAIN])
    assert steady.update([BROKEN, dead(1, 2), CERTAIN]) == [dead(1, 2), CERTAIN]
    assert steady.update([BROKEN, dead(1), CERTAIN]) == [BROKEN, dead(1), CERTAIN]
    # The one that may be about to go stays in its place.
    assert names(steady.update([BROKEN, CERTAIN])) == ["broken", "dead", "certain"]
    steady.clear()
    assert steady.update([BROKEN]) == []
