from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QLabel

from rbm_studio.app.dream import DreamMoment, Frame, Visits
from rbm_studio.app.dream_view import DreamView
from rbm_studio.app.film_strip import FilmStrip
from rbm_studio.app.visits_view import VisitsView
from rbm_studio.core.mixing import Mixing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def frame(switches: int = 0) -> Frame:
    levels = np.zeros((3, 16), dtype=np.uint8)
    moment = DreamMoment(7, levels, levels, np.zeros(3, dtype=np.intp))
    return Frame(moment, (moment,), 1, None, Visits(np.array([30, 12]), switches, 42))


def view_of(qtbot: QtBot, width: int, height: int) -> DreamView:
    view = DreamView()
    qtbot.addWidget(view)
    view.resize(width, height)
    view.show_frame(frame(), (4, 4), probabilities=True, names=["step 7"])
    view.show()
    qtbot.waitExposed(view)
    return view


def words(view: DreamView) -> list[str]:
    return [label.text() for label in view.findChildren(QLabel)]


def mixing(time: float | None) -> Mixing:
    return Mixing(np.arange(4, dtype=np.int64) * 10, np.array([1.0, 0.5, 0.2, 0.1]), time, 3)


def test_the_film_stands_beside_the_plots_or_above_them(qtbot: QtBot) -> None:
    wide, high = view_of(qtbot, 900, 200), view_of(qtbot, 600, 500)
    for view, beside in ((wide, True), (high, False)):
        film, plot = view.findChildren(FilmStrip)[0], view.findChildren(VisitsView)[0]
        corners = [widget.mapTo(view, widget.rect().topLeft()) for widget in (film, plot)]
        assert (corners[0].y() == corners[1].y()) is beside
        assert (corners[0].x() + film.width() <= corners[1].x()) is beside


def test_how_it_stands_is_nothing_that_a_window_must_grow_for(qtbot: QtBot) -> None:
    wide, high = view_of(qtbot, 900, 200), view_of(qtbot, 600, 500)
    assert wide.minimumSizeHint() == high.minimumSizeHint()
    assert wide.minimumSizeHint().height() <= 120


def test_the_time_is_said_in_full_where_there_is_room(qtbot: QtBot) -> None:
    wide, narrow = view_of(qtbot, 2400, 200), view_of(qtbot, 560, 200)
    for view in (wide, narrow):
        view.show_mixing(mixing(12.25), "")
    assert "independent after 24 steps" in words(wide)
    assert "2τ = 24 steps" in words(narrow)
    narrow.resize(2400, 200)
    qtbot.waitUntil(lambda: "independent after 24 steps" in words(narrow))


def test_a_time_that_is_not_known_is_not_said(qtbot: QtBot) -> None:
    view = view_of(qtbot, 2400, 200)
    view.show_mixing(mixing(None), "")
    assert "independent: more than 12 steps" in words(view)
    view.show_mixing(None, "Too early")
    assert not any("independent" in text for text in words(view))


def test_switches_are_said_as_steps_between_them(qtbot: QtBot) -> None:
    view = view_of(qtbot, 2400, 200)
    view.show_visits(frame(switches=6), "")
    assert "each chain switches every 7.0 steps" in words(view)
    view.show_visits(frame(), "")
    assert "no switch yet" in words(view)
