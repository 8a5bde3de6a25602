"""The learning curve's panel with what the training does not measure by itself."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QProgressBar, QToolButton

from rbm_studio.app import measurement
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.measurement import Parts, Subject
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.session import Session
from rbm_studio.core.metrics import METRICS

from .conftest import bars, bars_dataset, load
from .driving import answer, button, click, is_at_work, message, model_of, named, press, train, wait_until_idle
from .preference_files import write_preferences
from .settings_page import select
from .test_labels import labelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

ABOVE, BELOW = "What the curve shows", "What is shown beside it"


def panel(window: MainWindow) -> CurvePanel:
    found = window.panel("curve")
    assert isinstance(found, CurvePanel)
    return found


def choice(window: MainWindow, name: str = ABOVE) -> QComboBox:
    return named(panel(window), QComboBox, name)


def plots(window: MainWindow) -> list[CurvePlot]:
    """Return what can be seen, from the top."""
    found = [plot for plot in panel(window).findChildren(CurvePlot) if plot.isVisible()]
    return sorted(found, key=lambda plot: plot.mapTo(window, QPoint()).y())


def epochs(plot: CurvePlot) -> list[float]:
    return [float(epoch) for epoch in plot.runs()[-1][1][:, 0]] if plot.runs() else []


def measured_now(window: MainWindow) -> list[float]:
    """Return the epochs of the first plot but for those that were measured backwards, between its ends."""
    found, kept = epochs(plots(window)[0]), [moment.epochs for moment in window.session.moments.kept]
    return [epoch for epoch in found if epoch in (found[0], found[-1]) or epoch not in kept]


def words(window: MainWindow) -> str:
    """Return the line under the curve, whole."""
    label = panel(window).findChild(ElidedLabel)
    assert isinstance(label, ElidedLabel)
    return label.accessibleName()


def reasons(window: MainWindow, name: str = ABOVE) -> dict[str, str]:
    """Return the grey entries of a list, with what is said of them."""
    box = choice(window, name)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    grey = {}
    for row in range(box.count()):
        item = model.item(row)
        assert item.toolTip() or not row
        if not item.isEnabled():
            title, _, reason = item.text().partition(" – ")
            assert item.toolTip() == reason
            grey[title] = reason
    return grey


def bar(window: MainWindow) -> QProgressBar:
    return named(panel(window), QProgressBar, "How far the measurement is")


def is_measuring() -> bool:
    return is_at_work("Measuring the model")


def wait_until_measured(qtbot: QtBot, window: MainWindow, epoch: float, place: int = 0) -> None:
    qtbot.waitUntil(lambda: epochs(plots(window)[place])[-1:] == [epoch] and not is_measuring(), timeout=20_000)


def test_at_first_it_shows_the_articles_kl_alone(qtbot: QtBot, window: MainWindow) -> None:
    assert choice(window).currentText() == "Article's KL"
    assert choice(window, BELOW).currentText() == "Nothing beside it"
    train(qtbot, window)
    [plot] = plots(window)
    assert plot.title == "Article's KL (nats per pixel)"
    assert epochs(plot) == [1, 2, 3]
    assert words(window).startswith("Grey values; each batch, and always the same 20 held-out images. What the article")


def test_what_was_chosen_is_there_at_the_next_start(
    qtbot: QtBot, window: MainWindow, session: Session, show: Callable[[Session], MainWindow]
) -> None:
    assert qtbot is not None
    select(choice(window), "Pseudo-log-likelihood")
    select(choice(window, BELOW), "Log-likelihood")
    # What the program shows by itself is not a person's choice.
    panel(window).choose("accuracy")
    again = show(session)
    assert choice(again).currentText() == "Pseudo-log-likelihood"
    assert choice(again, BELOW).currentText() == "Log-likelihood"
    write_preferences({"curve/shown": "a metric of a later version", "curve/beside": 7})
    once_more = show(session)
    assert choice(once_more).currentText() == "True KL divergence"  # as where nothing was chosen
    assert choice(once_more, BELOW).currentText() == "Nothing beside it"


def test_every_metric_is_there_and_annealing_after_the_exact_likelihood(window: MainWindow) -> None:
    box = choice(window)
    titles = [box.itemText(row).partition(" – ")[0] for row in range(box.count())]
    expected = [metric.title for metric in METRICS.values()]
    expected.insert(expected.index("Log-likelihood") + 1, "Log-likelihood (AIS)")
    assert titles == expected
    below = choice(window, BELOW)
    assert [below.itemText(row).partition(" – ")[0] for row in range(1, below.count())] == expected


def test_a_metric_chosen_late_is_measured_backwards(qtbot: QtBot, window: MainWindow) -> None:
    # To keep a moment takes a while: the longer the run, the more there are.
    window.session.change_settings(epochs=40)
    train(qtbot, window)
    kept = [moment.epochs for moment in window.session.moments.kept]
    assert len(kept) > 3
    select(choice(window), "True KL divergence")
    [plot] = plots(window)
    qtbot.waitUntil(lambda: epochs(plot) == kept, timeout=20_000)
    assert plot.title == "True KL divergence (nats per image)"
    qtbot.waitUntil(lambda: "from epoch" not in words(window))
    assert words(window) == (
        "Thresholded at 0.5; always the same 200 training and 20 held-out images. " + METRICS["true_kl"].note
    )
    assert "True KL divergence" in panel(window).findChildren(ElidedLabel)[0].toolTip()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.reading().replace("\n", " · ").startswith("epoch 40 · training ")
    assert plot.reading().replace("\n", " · ").endswith(" · thresholded at 0.5")
    # What it was then is what the model was then.
    first = window.session.moments.kept[1]
    window.session.timeline.look_at(first)
    images = window.session.images
    assert images is not None
    subject = Subject(model_of(window.session), Parts.of(images))
    expected = subject.measure(["true_kl"], lambda _share: None)["true_kl"]
    assert [first.epochs, expected.training, expected.held_out] in plot.runs()[-1][1][:, :3].tolist()


def test_on_other_images_than_it_learned_from_nothing_is_measured_backwards(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    load(qtbot, window.session, replace(bars_dataset(), train_images=bars(150, seed=3)))
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 3)
    qtbot.waitUntil(lambda: "measured from epoch 3" in words(window))
    assert epochs(plots(window)[0]) == [3]


def test_a_metric_chosen_early_has_the_whole_run(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 0)
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    assert epochs(plots(window)[0])[0] == 0
    assert "from epoch" not in words(window)


def test_going_back_shows_what_was_measured(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 0)
    select(choice(window), "Article's KL")
    train(qtbot, window)
    assert epochs(plots(window)[0])[-1] == 3
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 3)
    assert measured_now(window) == [0, 3]


def test_an_earlier_run_is_kept_for_each_metric(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "Free energy")
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    press(window, "Reset")
    wait_until_measured(qtbot, window, 0)
    assert len(plots(window)[0].runs()) == 2
    select(choice(window), "Article's KL")
    assert len(plots(window)[0].runs()) == 1


def test_what_cannot_be_had_is_grey_with_the_reason(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    assert reasons(window) == reasons(window, BELOW) == {"Accuracy": "The model has no label units."}
    session.change_settings(hidden_num=24)
    qtbot.waitUntil(lambda: "Cosine of the gradients" in reasons(window))
    session.change_settings(hidden_num=30)
    qtbot.waitUntil(lambda: "True KL divergence" in reasons(window))
    assert reasons(window) == {
        "Log-likelihood": "The partition function can be summed up to 25 units in the smaller layer.",
        "True KL divergence": "The partition function can be summed up to 25 units in the smaller layer.",
        "Cosine of the gradients": "The exact gradient can be had up to 20 units in the smaller layer.",
        "Accuracy": "The model has no label units.",
    }
    session.change_settings(hidden_num=12)
    qtbot.waitUntil(lambda: len(reasons(window)) == 1)


def test_a_metric_that_the_next_model_cannot_have_says_so_in_its_place(
    qtbot: QtBot, window: MainWindow, session: Session
) -> None:
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 0)
    session.change_settings(hidden_num=30)
    qtbot.waitUntil(lambda: "25 units" in plots(window)[0].view.notice)
    assert epochs(plots(window)[0]) == []
    session.change_settings(hidden_num=12)
    wait_until_measured(qtbot, window, 0)
    assert plots(window)[0].view.notice == ""


def test_accuracy_can_be_had_of_a_model_that_learns_labels(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    session = Session()
    load(qtbot, session, labelled())
    session.change_settings(hidden_num=12, labels=True, device="cpu", epochs=3, batch_size=20)
    window = show(session)
    qtbot.waitUntil(lambda: reasons(window) == {})
    select(choice(window), "Accuracy")
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    assert plots(window)[0].title == "Accuracy (%)"
    assert plots(window)[0].runs()[-1][1][-1, 2] > 50


def test_the_true_kl_can_be_seen_beside_the_articles(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window, BELOW), "True KL divergence")
    wait_until_measured(qtbot, window, 0, place=1)
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3, place=1)
    above, below = plots(window)
    assert above.title == "Article's KL (nats per pixel)"
    assert below.title == "True KL divergence (nats per image)"
    assert above.view.box.viewRange()[0] == below.view.box.viewRange()[0] == [0, 3]
    assert words(window).startswith(
        "Grey values above, thresholded at 0.5 below; always the same 200 training and 20 held-out images."
    )
    select(choice(window), "Log-likelihood")
    assert words(window).startswith("Thresholded at 0.5; always the same")
    wait_until_measured(qtbot, window, 3)
    height = window.docks["curve"].height()
    select(choice(window, BELOW), "Nothing beside it")
    assert plots(window) == [above]
    assert window.docks["curve"].height() == height


def test_the_cosine_names_its_estimator(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    session.change_settings(gradient="pcd")
    select(choice(window), "Cosine of the gradients")
    assert epochs(plots(window)[0]) == []
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    table = plots(window)[0].runs()[-1][1]
    assert (abs(table[:, 1]) <= 1).all()
    qtbot.waitUntil(lambda: "the estimate is that of 20 of the chains" in words(window))
    assert plots(window)[0].title == "Cosine of the gradients"


def test_a_difference_of_both_sets_has_one_curve(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "Free-energy gap")
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    [plot] = plots(window)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.reading().startswith("epoch 3 · held-out ")
    assert "200 training and 20 held-out images" in words(window)


def test_annealing_shows_its_progress_and_its_bracket(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 3000)
    assert not bar(window).isVisible()
    select(choice(window), "Log-likelihood (AIS)")
    qtbot.waitUntil(lambda: bar(window).isVisible(), timeout=20_000)
    assert bar(window).height() <= 8
    place = plots(window)[0].geometry()
    wait_until_measured(qtbot, window, 0)
    qtbot.waitUntil(lambda: not bar(window).isVisible())
    assert plots(window)[0].geometry() == place  # nothing moved
    [(_, [(_, training, held_out, lower)])] = plots(window)[0].runs()
    assert lower == pytest.approx(held_out, abs=5)
    assert training < 0
    QTest.keyClick(plots(window)[0], Qt.Key.Key_Right)
    assert "reverse AIS −" in plots(window)[0].reading()


def test_what_takes_long_can_be_left(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 1_000_000)
    select(choice(window), "Log-likelihood (AIS)")
    qtbot.waitUntil(lambda: bar(window).isVisible(), timeout=20_000)
    select(choice(window), "Article's KL")
    qtbot.waitUntil(lambda: not is_measuring() and not bar(window).isVisible())
    select(choice(window), "Log-likelihood (AIS)")
    qtbot.waitUntil(is_measuring)
    window.docks["curve"].close()
    qtbot.waitUntil(lambda: not is_measuring())
    window.docks["curve"].show()
    qtbot.waitUntil(is_measuring)
    window.discard()
    assert not is_measuring()


def test_nothing_is_measured_while_the_dock_is_closed(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "True KL divergence")
    wait_until_measured(qtbot, window, 0)
    window.docks["curve"].close()
    train(qtbot, window)
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in panel(window).findChildren(QTimer)))
    assert not is_measuring()
    window.docks["curve"].show()
    wait_until_measured(qtbot, window, 3)
    assert measured_now(window) == [0, 3]


def test_a_measurement_that_fails_is_told(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 0)
    panel(window).choose(measurement.ANNEALED)
    assert "number of temperatures" in message(qtbot)


def test_a_log_axis_is_offered_where_it_makes_sense(qtbot: QtBot, window: MainWindow) -> None:
    axis = button(panel(window), "Log axis")
    assert isinstance(axis, QToolButton)
    click(axis)
    select(choice(window), "Log-likelihood")
    assert not axis.isEnabled()
    assert "negative" in axis.toolTip()
    wait_until_measured(qtbot, window, 0)
    assert plots(window)[0].view.notice == ""
    select(choice(window), "True KL divergence")
    assert axis.isEnabled()
    assert axis.isChecked()
    wait_until_measured(qtbot, window, 0)


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)
@pytest.mark.parametrize(("name", "modifier"), [(ABOVE, "Ctrl+M"), (BELOW, "Ctrl+Shift+M")])
def test_a_key_opens_each_list(qtbot: QtBot, window: MainWindow, name: str, modifier: str) -> None:
    box = choice(window, name)
    assert modifier in box.toolTip()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    keys = Qt.KeyboardModifier.ControlModifier
    if "Shift" in modifier:
        keys |= Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_M, keys)
    qtbot.waitUntil(lambda: box.view().isVisible())
    QTest.keyClick(box.view(), Qt.Key.Key_Down)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not box.view().isVisible())
    assert box.currentIndex() == 1
    qtbot.waitUntil(lambda: not is_measuring())


def test_both_curves_are_saved(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    select(choice(window, BELOW), "True KL divergence")
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3, place=1)
    panel(window).save(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["quantity"] for row in rows}
    assert found == {"Article's KL (nats per pixel)", "True KL divergence (nats per image)"}
    assert {row["run"] for row in rows} == {"12 hidden, recommended, rate 1, batch 20"}


def test_an_opened_model_is_measured_with_its_epochs(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    assert window.session.save_model(tmp_path / "bars.safetensors")
    press(window, "Reset")
    select(choice(window), "Reconstruction cross-entropy")
    window.open_path(tmp_path / "bars.safetensors")
    answer(qtbot, "Don't save")
    wait_until_measured(qtbot, window, 3)


def test_a_model_stopped_within_an_epoch_is_measured_there(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "Reconstruction cross-entropy")
    for _ in range(2):
        press(window, "Step")
        qtbot.waitUntil(lambda: window.session.progress is not None)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    wait_until_measured(qtbot, window, window.session.epochs_trained)
    assert 0 < epochs(plots(window)[0])[-1] < 1
