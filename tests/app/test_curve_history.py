from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.curve_history import CurveHistory, CurvePoint, CurveRun

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def history(qtbot: QtBot) -> CurveHistory:
    assert qtbot is not None
    return CurveHistory()


def titles(history: CurveHistory) -> list[str]:
    return [run.title for run in history.measured]


def current(history: CurveHistory) -> CurveRun:
    assert history.current is not None
    return history.current


def test_it_tells_when_it_grows(qtbot: QtBot, history: CurveHistory) -> None:
    with qtbot.waitSignal(history.changed):
        history.start_run("first")
    with qtbot.waitSignal(history.grew):
        history.append([CurvePoint(1.0, 0.5)])
    with qtbot.assertNotEmitted(history.grew):
        history.append([])
    with qtbot.waitSignal(history.changed):
        history.clear()
    assert history.measured == []


def test_points_of_an_earlier_run_still_find_it(qtbot: QtBot, history: CurveHistory) -> None:
    history.start_run("first")
    history.append([CurvePoint(1.0, 0.5)])
    first = current(history)
    history.start_run("second")
    history.append([CurvePoint(1.0, 0.9)])
    with qtbot.waitSignal(history.changed):
        history.append([CurvePoint(2.0, 0.4)], first)
    assert first.values("training").tolist() == [0.5, 0.4]
    assert current(history).values("training").tolist() == [0.9]


def test_points_of_a_dropped_run_are_dropped(history: CurveHistory) -> None:
    history.start_run("first")
    dropped = current(history)
    history.drop_current()
    history.start_run("second")
    history.append([CurvePoint(2.0, 0.4)], dropped)
    assert titles(history) == []


def test_what_was_not_measured_is_nan(history: CurveHistory) -> None:
    history.append([CurvePoint(1.0, None, -90.0, -95.0), CurvePoint(2.0, None)])
    np.testing.assert_array_equal(
        current(history).table(), [[1.0, np.nan, -90.0, -95.0], [2.0, np.nan, np.nan, np.nan]]
    )


def test_the_main_values_are_those_on_training_images_if_there_are_any(history: CurveHistory) -> None:
    history.append([CurvePoint(1.0, None, 0.3)])
    np.testing.assert_array_equal(current(history).main(), [0.3])
    history.append([CurvePoint(2.0, 0.1, 0.2)])
    np.testing.assert_array_equal(current(history).main(), [np.nan, 0.1])
