"""The Compare panel in the real window: moments and models side by side, and the spectrum over the run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QFileDialog

from rbm_studio.app import filters_page, spectrum_page
from rbm_studio.app.colour_scale import ColourBar
from rbm_studio.app.lines_plot import LinesPlot
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.numbers import short
from rbm_studio.app.pair_mosaic import PairMosaic
from rbm_studio.app.panels.compare_panel import ComparePanel
from rbm_studio.app.preferences import FOLDER, preferences
from rbm_studio.app.standing import epoch_text
from rbm_studio.core.comparison import compare
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.spectrum import singular_values
from rbm_studio.storage.model_file import SavedModel, save_model

from .driving import LEFT, button, choose_item, click, message, named, pick, press, shown, train, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.pair_pictures import PairPictures
    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

EMPTY = (0, 1, 1)
SCALES = ("left model's weights", "right model's weights", "differences, in a scale of their own")


def panel(window: MainWindow) -> ComparePanel:
    found = window.panel("compare")
    assert isinstance(found, ComparePanel)
    return found


def look(window: MainWindow) -> None:
    """Bring the dock to the front, as a click on its tab does."""
    window.docks["compare"].raise_()


def side(window: MainWindow, name: str) -> QComboBox:
    return named(panel(window), QComboBox, f"{name} model")


def texts(box: QComboBox) -> list[str]:
    return [box.itemText(index) for index in range(box.count())]


def mosaics(window: MainWindow) -> tuple[PairMosaic, PairMosaic, PairMosaic]:
    names = (
        "Filters of the left model",
        "Filters of the right model",
        "Differences of the filters, right less left",
    )
    left, right, difference = (named(panel(window), PairMosaic, name) for name in names)
    return left, right, difference


def pictures(window: MainWindow) -> PairPictures:
    found = panel(window).filters.view.pictures()
    assert found is not None
    return found


def captions(window: MainWindow) -> tuple[str, ...]:
    return panel(window).filters.view.captions()


def selected(window: MainWindow) -> tuple[int, ...]:
    return window.session.selection.units


def notice(window: MainWindow) -> str:
    return panel(window).filters.view.notice()


def parameters(session: Session) -> Parameters:
    assert session.model is not None
    return session.model.parameters


def wait_until_compared(qtbot: QtBot, window: MainWindow, right: Parameters | None = None) -> None:
    """Wait until these parameters, or the newest ones, are on the right."""

    def compared() -> bool:
        wanted = right if right is not None else parameters(window.session)
        found = panel(window).filters.view.pictures()
        return found is not None and found.right.parameters is wanted

    qtbot.waitUntil(compared, timeout=20_000)


def trained(qtbot: QtBot, window: MainWindow) -> Parameters:
    """Train, with the panel in view; return what the model was before."""
    start = parameters(window.session)
    look(window)
    train(qtbot, window)
    wait_until_compared(qtbot, window)
    return start


def place(mosaic: PairMosaic, pair: int) -> QPoint:
    return mosaic.tile_rect(pair).center().toPoint()


def saved(path: Path, p: Parameters, **known: object) -> Path:
    save_model(path, SavedModel(p, **known))  # type: ignore[arg-type]
    return path


def open_file(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    # Qt's own dialog would mark a file of the same name in the last folder, too.
    preferences.keep(FOLDER, str(path.parents[1]))
    click(button(panel(window), "Model file…"))
    pick(qtbot, path)


# --- side by side


def test_the_start_is_compared_with_now(qtbot: QtBot, window: MainWindow) -> None:
    start = trained(qtbot, window)
    now = parameters(window.session)
    assert side(window, "Left").currentText() == "Start (untrained)"
    assert side(window, "Right").currentText() == "Now (epoch 3)"
    expected = compare(start, now)
    left, right, difference = mosaics(window)
    np.testing.assert_array_equal(left.tiles().reshape(12, 64), start.w.T)
    np.testing.assert_array_equal(right.tiles().reshape(12, 64), now.w.T[expected.right])
    np.testing.assert_array_equal(difference.tiles().reshape(12, 64), now.w.T[expected.right] - start.w.T)
    np.testing.assert_array_equal(difference.similarity(), expected.similarity)
    # Else nothing would be seen of an untrained model.
    assert left.limit() < right.limit() / 4
    record = pictures(window).right.record
    assert record is not None
    assert captions(window)[:2] == (
        "KL not known",
        f"KL {record.training_kl:.4f}, held out {record.held_out_kl:.4f}",
    )
    assert captions(window)[2].startswith(f"Similarity {expected.mean_similarity:.2f}, ‖Δ‖ ")


def test_both_may_have_one_scale(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    left, right, difference = mosaics(window)
    own, others = left.limit(), (right.limit(), difference.limit())
    box = button(panel(window), "Common scale")
    assert isinstance(box, QCheckBox)
    assert not box.isChecked()
    click(box)
    assert left.limit() == right.limit() == others[0] > own
    assert difference.limit() == others[1]
    click(box)
    assert left.limit() == own
    assert [named(panel(window), ColourBar, f"Colours of the {name}").accessibleDescription() for name in SCALES] == [
        f"±{short(limit)}" for limit in (own, *others)
    ]


def test_pairs_can_be_put_in_other_orders(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    order = named(panel(window), QComboBox, "Order of the pairs")
    choose_item(order, "Most changed first")
    *_, difference = mosaics(window)
    expected = sorted(pictures(window).found.similarity.tolist())

    def similarities() -> list[float]:
        found = difference.similarity()
        return [] if found is None else found.tolist()

    qtbot.waitUntil(lambda: similarities() == expected)
    choose_item(order, "Most alike first")
    qtbot.waitUntil(lambda: similarities() == expected[::-1])
    choose_item(order, "Order of the left")
    qtbot.waitUntil(lambda: pictures(window).pairs.left.tolist() == list(range(12)))


def test_units_can_be_paired_by_their_numbers(qtbot: QtBot, window: MainWindow) -> None:
    start = trained(qtbot, window)
    choose_item(named(panel(window), QComboBox, "How filters are paired"), "Pair by number")
    qtbot.waitUntil(lambda: pictures(window).pairing == "number")
    assert pictures(window).pairs.right.tolist() == list(range(12))
    np.testing.assert_array_equal(
        mosaics(window)[2].tiles().reshape(12, 64), (parameters(window.session).w - start.w).T
    )


def test_two_moments_of_one_run_are_compared(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100)
    trained(qtbot, window)
    offered = texts(side(window, "Left"))
    kept = window.session.moments.kept
    assert len(kept) > 2
    assert offered == [
        "Start (untrained)",
        *(f"Epoch {epoch_text(moment.epochs)}" for moment in kept[1:]),
        "Now (epoch 100)",
    ]
    choose_item(side(window, "Left"), offered[1])
    choose_item(side(window, "Right"), offered[2])
    wait_until_compared(qtbot, window, kept[2].parameters)
    assert pictures(window).left is kept[1]


def test_it_lives_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    seen: set[float] = set()

    def live() -> bool:
        found = panel(window).filters.view.pictures()
        if found is not None:
            seen.add(found.right.epochs)
        return len(seen) >= 3

    qtbot.waitUntil(live, timeout=20_000)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    wait_until_compared(qtbot, window)


def test_out_of_sight_moments_are_kept_but_nothing_is_compared(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    assert panel(window).filters.view.pictures() is None
    assert len(panel(window).spectrum.history().epochs) == 0
    assert window.session.moments.kept[0].epochs == 0
    look(window)
    wait_until_compared(qtbot, window)


# --- pointing


def test_pointing_at_a_pair_lights_it_everywhere_and_tells_its_numbers(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=60)
    start = trained(qtbot, window)
    now, selection = parameters(window.session), window.session.selection
    at_rest = captions(window)
    # The unit of now, whichever side is pointed at; here it has another number.
    pairs = pictures(window).pairs
    pair = int(np.flatnonzero(pairs.left != pairs.right)[0])
    unit = int(pairs.right[pair])
    for mosaic in mosaics(window):
        QTest.mouseMove(mosaic, place(mosaic, pair))
        qtbot.waitUntil(lambda: [each.lit() for each in mosaics(window)] == [pair] * 3)
        assert selection.hovered == unit
        left, right, difference = captions(window)
        assert left == f"Unit {pair + 1}, bias {start.hidden_bias[pair]:.2f}".replace("-", "−")
        assert right == f"Unit {unit + 1}, bias {now.hidden_bias[unit]:.2f}".replace("-", "−")
        assert difference.startswith(f"Similarity {pairs.similarity[pair]:.2f}, ‖Δ‖ ".replace("-", "−"))
        QApplication.sendEvent(mosaic, QEvent(QEvent.Type.Leave))
        assert selection.hovered == -1
        assert captions(window) == at_rest


def test_a_moment_of_the_run_has_the_numbers_of_the_model_and_a_file_has_not(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    start = parameters(window.session)
    order = np.roll(np.arange(12), 1)
    other = Parameters(start.w[:, order], start.visible_bias, start.hidden_bias[order])
    look(window)
    open_file(qtbot, window, saved(tmp_path / "other.safetensors", other))
    choose_item(side(window, "Left"), "other.safetensors")
    choose_item(side(window, "Right"), "Start (untrained)")
    wait_until_compared(qtbot, window, start)
    left, _, _ = mosaics(window)
    QTest.mouseMove(left, place(left, 5))
    qtbot.waitUntil(lambda: window.session.selection.hovered == order[5])


def test_a_click_selects_the_unit_for_all_panels(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    left, right, _ = mosaics(window)
    unit = int(pictures(window).pairs.right[2])
    QTest.mouseClick(left, LEFT, pos=place(left, 2))
    assert selected(window) == (unit,)
    assert right.marked() == (2,)
    weights = window.panel("weights").findChild(MosaicView)
    assert isinstance(weights, MosaicView)
    assert weights.marked() == (unit,)
    QTest.mouseClick(right, LEFT, pos=place(right, 2))
    assert selected(window) == ()
    assert right.marked() == ()


def test_the_keyboard_points_and_selects(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    left, _, difference = mosaics(window)
    QTest.keyClick(left, Qt.Key.Key_End)
    assert difference.lit() == 11
    QTest.keyClick(left, Qt.Key.Key_Return)
    assert window.session.selection.units == (int(pictures(window).pairs.right[11]),)


def test_what_other_panels_point_at_lights_up(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    rights = pictures(window).pairs.right.tolist()
    selection = window.session.selection
    selection.hover(7)
    assert [mosaic.lit() for mosaic in mosaics(window)] == [rights.index(7)] * 3
    selection.hover(-1)
    assert mosaics(window)[0].lit() == -1
    selection.select_units((1, 3))
    assert mosaics(window)[1].marked() == tuple(sorted((rights.index(1), rights.index(3))))


# --- models


def test_a_file_is_compared(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    now = parameters(window.session)
    order = np.random.default_rng(0).permutation(12)
    other = Parameters(now.w[:, order], now.visible_bias, now.hidden_bias[order])
    look(window)
    choose_item(side(window, "Left"), "Now (epoch 3)")
    open_file(qtbot, window, saved(tmp_path / "other.safetensors", other))
    qtbot.waitUntil(
        lambda: panel(window).filters.view.pictures() is not None and pictures(window).right.path is not None
    )
    assert side(window, "Right").currentText() == "other.safetensors"
    assert captions(window)[1:] == ("KL not known", "Similarity 1.00, ‖Δ‖ 0")
    np.testing.assert_array_equal(order[pictures(window).pairs.right], np.arange(12))
    # It is there for the left side too, and stays when another model comes.
    assert "other.safetensors" in texts(side(window, "Left"))
    press(window, "Reset")
    assert side(window, "Right").currentText() == "other.safetensors"
    assert parameters(window.session) is not now


def test_files_of_one_name_are_told_apart(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    p = parameters(window.session)
    look(window)
    paths = []
    for folder, scale in (("first", 2), ("second", 3)):
        (tmp_path / folder).mkdir()
        other = Parameters(scale * p.w, p.visible_bias, p.hidden_bias)
        paths.append(saved(tmp_path / folder / "model.safetensors", other))
        open_file(qtbot, window, paths[-1])
    qtbot.waitUntil(
        lambda: panel(window).filters.view.pictures() is not None and pictures(window).right.path == paths[1]
    )
    choose_item(side(window, "Left"), "first/model.safetensors")
    assert side(window, "Right").currentText() == "second/model.safetensors"
    qtbot.waitUntil(lambda: pictures(window).left.path == paths[0])
    np.testing.assert_allclose(mosaics(window)[2].tiles().reshape(12, 64), p.w.T, rtol=1e-5)
    # Read again, it takes its own place.
    save_model(paths[0], SavedModel(Parameters(5 * p.w, p.visible_bias, p.hidden_bias)))
    open_file(qtbot, window, paths[0])
    qtbot.waitUntil(lambda: pictures(window).left.path == pictures(window).right.path == paths[0])
    np.testing.assert_array_equal(mosaics(window)[0].tiles().reshape(12, 64), 5 * p.w.T)


def test_units_of_a_file_are_not_those_of_the_model(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    now = parameters(window.session)
    look(window)
    path = saved(tmp_path / "more.safetensors", Parameters(np.tile(now.w, 2), now.visible_bias, np.zeros(24, "f4")))
    open_file(qtbot, window, path)
    qtbot.waitUntil(
        lambda: panel(window).filters.view.pictures() is not None and pictures(window).right.path is not None
    )
    left, right, difference = mosaics(window)
    assert len(right.tiles()) == 24
    # Those without a partner are empty, in the differences, too.
    alone = np.flatnonzero(pictures(window).pairs.left < 0)
    assert len(alone) == 12
    for mosaic in (left, difference):
        assert np.isnan(mosaic.tiles()[alone]).all()
    assert not np.isnan(right.tiles()).any()
    QTest.mouseMove(right, place(right, int(alone[0])))
    qtbot.waitUntil(lambda: left.lit() == alone[0])
    assert captions(window)[0] == "No partner"
    assert captions(window)[2] == "In one model only"
    assert window.session.selection.hovered == -1
    QTest.mouseClick(right, LEFT, pos=place(right, int(alone[0])))
    assert selected(window) == ()
    QTest.mouseClick(right, LEFT, pos=place(right, 3))
    assert selected(window) == (3,)


def test_a_file_that_is_none_is_refused_and_nothing_changes(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    wait_until_compared(qtbot, window)
    path = tmp_path / "none.safetensors"
    path.write_bytes(b"no model")
    open_file(qtbot, window, path)
    assert "is not a model file" in message(qtbot)
    assert side(window, "Right").currentText() == "Now (epoch 0)"
    assert not any("none" in text for text in texts(side(window, "Right")))


def test_the_file_dialog_can_be_left(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_compared(qtbot, window)
    click(button(panel(window), "Model file…"))
    qtbot.waitUntil(lambda: len(shown(QFileDialog)) == 1)
    shown(QFileDialog)[0].reject()
    qtbot.waitUntil(lambda: not shown(QFileDialog))
    assert side(window, "Right").currentText() == "Now (epoch 0)"


def test_another_image_size_is_told_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    wait_until_compared(qtbot, window)
    rng = np.random.default_rng(0)
    small = Parameters(rng.normal(size=(16, 12)).astype("f4"), np.zeros(16, "f4"), np.zeros(12, "f4"))
    open_file(qtbot, window, saved(tmp_path / "small.safetensors", small))
    qtbot.waitUntil(lambda: "images of 8×8 and the right one of 4×4" in notice(window))
    assert [mosaic.tiles().shape for mosaic in mosaics(window)] == [EMPTY] * 3
    choose_item(side(window, "Right"), "Now (epoch 0)")
    wait_until_compared(qtbot, window)
    assert notice(window) == ""


def test_the_model_before_is_compared_with_the_new_one(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    old = parameters(window.session)
    assert not any("before" in text for text in texts(side(window, "Left")))
    window.session.change_settings(hidden_num=8)
    press(window, "Reset")
    wait_until_compared(qtbot, window)
    choose_item(side(window, "Left"), "Model before (epoch 3)")
    qtbot.waitUntil(lambda: pictures(window).left.parameters is old)
    left, right, _ = mosaics(window)
    assert len(left.tiles()) == len(right.tiles()) == 12
    assert np.isnan(right.tiles()).all(axis=(1, 2)).sum() == 4
    # Brought back, it is not the one before any more.
    window.session.bring_back()
    qtbot.waitUntil(lambda: side(window, "Left").currentText() == "Start (epoch 3)")
    wait_until_compared(qtbot, window, old)


def test_a_moment_of_a_model_that_is_gone_is_let_go(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    moment = texts(side(window, "Left"))[1]
    choose_item(side(window, "Left"), moment)
    choose_item(side(window, "Right"), "Start (untrained)")
    press(window, "Reset")
    wait_until_compared(qtbot, window)
    assert (side(window, "Left").currentText(), side(window, "Right").currentText()) == (
        "Start (untrained)",
        "Start (untrained)",
    )
    assert moment not in texts(side(window, "Left"))


def test_weights_that_are_not_finite_are_told_in_words(qtbot: QtBot, window: MainWindow) -> None:
    parameters(window.session).w[0, 0] = np.nan
    look(window)
    qtbot.waitUntil(lambda: "not finite numbers" in notice(window))


# --- the spectrum


def spectrum(window: MainWindow) -> tuple[LinesPlot, LinesPlot]:
    click(button(panel(window), "Spectrum"))
    return (
        named(panel(window), LinesPlot, "Largest singular values over the epochs"),
        named(panel(window), LinesPlot, "All singular values now"),
    )


def test_the_singular_values_are_followed_over_the_run(qtbot: QtBot, window: MainWindow) -> None:
    start = parameters(window.session)
    # Out of sight: the moments that were kept are measured afterwards.
    train(qtbot, window)
    look(window)
    over_time, present = spectrum(window)
    history = panel(window).spectrum.history
    qtbot.waitUntil(lambda: 3.0 in history(), timeout=20_000)
    moments = window.session.moments.kept
    assert len(moments) > 1
    assert set(history().epochs.tolist()) == {moment.epochs for moment in moments} | {3.0}
    now = parameters(window.session)
    np.testing.assert_allclose(history().values[0], singular_values(start.w))
    np.testing.assert_allclose(history().values[-1], singular_values(now.w))
    # From the smallest to the largest: the largest on top.
    assert len(over_time.lines()) == 12
    np.testing.assert_allclose(over_time.lines()[-1].y, history().values[:, 0])
    np.testing.assert_allclose([line.y for line in present.lines()], [singular_values(p.w) for p in (start, now)])
    largest = singular_values(now.w)[0]
    assert panel(window).spectrum.caption().startswith(f"Epoch 3  ·  largest {largest:.3g}, ")
    assert not over_time.is_log()
    click(button(panel(window), "Logarithmic"))
    assert over_time.is_log()
    assert present.is_log()


def test_the_spectrum_lives_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    spectrum(window)
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    history = panel(window).spectrum.history
    qtbot.waitUntil(lambda: len(history().epochs) > 4, timeout=20_000)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    qtbot.waitUntil(lambda: window.session.epochs_trained in history(), timeout=20_000)


def test_another_model_has_a_spectrum_of_its_own(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    look(window)
    spectrum(window)
    history = panel(window).spectrum.history
    qtbot.waitUntil(lambda: 3.0 in history(), timeout=20_000)
    press(window, "Reset")
    qtbot.waitUntil(lambda: history().epochs.tolist() == [0], timeout=20_000)
    np.testing.assert_allclose(history().values[0], singular_values(parameters(window.session).w))


# --- the window


def test_it_stands_behind_the_drawing(window: MainWindow) -> None:
    assert not window.panel("draw").visibleRegion().isEmpty()
    assert panel(window).visibleRegion().isEmpty()


def test_it_is_small_enough_for_a_small_window(window: MainWindow) -> None:
    assert panel(window).minimumSizeHint().width() <= 680
    assert panel(window).minimumSizeHint().height() <= 200
    window.resize(1024, 700)
    window.restore_default_layout()
    assert (window.width(), window.height()) == (1024, 700)


@pytest.mark.parametrize(
    ("page", "module", "name"),
    [("Filters", filters_page, "picture_pairs"), ("Spectrum", spectrum_page, "singular_values")],
)
def test_the_window_can_be_closed_while_it_computes(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, page: str, module: ModuleType, name: str
) -> None:
    begun, let_go = threading.Event(), threading.Event()
    ended: list[object] = []
    compute = getattr(module, name)

    def slow(*arguments: object) -> object:
        begun.set()
        assert let_go.wait(10)
        ended.append(compute(*arguments))
        return ended[-1]

    monkeypatch.setattr(module, name, slow)
    look(window)
    click(button(panel(window), page))
    press(window, "Train")
    qtbot.waitUntil(begun.is_set)
    # The panels wait for what is under way, so somebody else has to let it go.
    threading.Timer(0.1, let_go.set).start()
    window.discard()
    assert ended
