"""The drawing lab in the window: the chain stage by stage, what is covered completed, a class drawn."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QSlider, QSpinBox, QToolButton

from rbm_studio.app.completion_view import CompletionView
from rbm_studio.app.cover_view import CoverView
from rbm_studio.app.images import grey_values
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.selection import Selection
from rbm_studio.app.stage_view import HiddenView, StageView
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import load
from .driving import LEFT, button, choose_item, click, drag, labels, named, press, train, wait_until_idle
from .test_draw_panel import HIDDEN, RESTORED, SEEN, STROKE, open_row, panel_of, picture, tool, wait_until_other
from .test_labels import answers, labelled, squares

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow


def seen_by(panel: QWidget) -> CoverView:
    return named(panel, CoverView, SEEN)


def completions(panel: QWidget) -> NDArray[np.float32]:
    view = named(panel, CompletionView, "Chains")
    assert view.isVisible()
    return np.array([grey_values(each) for each in view.pictures()])


def marked(window: MainWindow) -> list[str]:
    return [view.accessibleName() for view in window.panel("draw").findChildren(StageView) if view.is_marked]


def gibbs_steps(panel: QWidget) -> int:
    (words,) = (text for text in labels(panel) if text.startswith("Gibbs steps: "))
    return int(words.removeprefix("Gibbs steps: "))


def cover(panel: QWidget, text: str) -> None:
    choose_item(named(panel, QComboBox, "Cover"), text)


def settle_lab(qtbot: QtBot, panel: DrawPanel) -> None:
    qtbot.waitUntil(lambda: not panel.lab.is_settling)


def parameters_of(session: Session) -> Parameters:
    assert session.model is not None
    return session.model.parameters


def draw_stroke(qtbot: QtBot, window: MainWindow) -> None:
    before = picture(window, SEEN)
    drag(panel_of(window).canvas, *STROKE)
    wait_until_other(qtbot, window, SEEN, before)
    panel_of(window).refresh()


# --- the chain


def test_at_first_only_the_simple_picture_is_there(window: MainWindow) -> None:
    panel = window.panel("draw")
    visible = {b.text() for b in panel.findChildren(QAbstractButton) if b.isVisible()}
    assert {"Chain", "Cover"} <= visible
    assert not {"Stage", "Run", "Restart", "Uncover"} & visible
    assert not named(panel, CompletionView, "Chains").isVisible()
    assert marked(window) == []


def test_one_row_of_controls_at_a_time(window: MainWindow) -> None:
    panel = window.panel("draw")
    open_row(window, "Chain")
    assert button(panel, "Stage").isVisible()
    open_row(window, "Cover")
    assert button(panel, "Uncover").isVisible()
    assert not any(b.isVisible() for b in panel.findChildren(QAbstractButton) if b.text() == "Stage")
    click(button(panel, "Cover"))
    assert not any(b.isVisible() for b in panel.findChildren(QAbstractButton) if b.text() == "Uncover")


@pytest.mark.parametrize("runs", [False, True])
def test_a_chain_that_is_closed_gives_way_to_the_live_reconstruction(
    qtbot: QtBot, window: MainWindow, runs: bool
) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    drawing = picture(window, SEEN)
    open_row(window, "Chain")
    for _ in range(4):
        click(button(panel, "Stage"))
    if runs:
        click(button(panel, "Run"))
        qtbot.waitUntil(lambda: panel.lab.steps > 1)
    assert "p(v|h)" in " ".join(labels(panel))
    click(button(panel, "Chain"))
    assert not panel.lab.is_running
    assert marked(window) == []
    np.testing.assert_array_equal(picture(window, SEEN), drawing)
    assert {"Your drawing", "Seen as 8×8", "Reconstruction"} <= set(labels(panel))
    drag(panel.canvas, (0.2, 0.2), (0.8, 0.2))
    wait_until_other(qtbot, window, SEEN, drawing)


def test_a_chain_that_is_closed_for_cover_runs_on_only_where_it_ran(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    open_row(window, "Chain")
    click(button(panel, "Stage"))
    open_row(window, "Cover")
    assert marked(window) == []
    open_row(window, "Chain")
    click(button(panel, "Run"))
    open_row(window, "Cover")
    assert panel.lab.is_running
    click(button(panel, "Pause"))


def test_a_stage_asked_for_by_its_key_opens_the_row_that_says_what_is_shown(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_F3)
    assert button(panel_of(window), "Chain").isChecked()
    assert marked(window) == [HIDDEN]


def test_the_rows_take_turns_in_a_small_window(window: MainWindow) -> None:
    open_row(window, "Chain")
    QCoreApplication.sendPostedEvents()
    window.resize(1024, 100)
    least = window.height()
    assert 100 < least < 700
    for text in ("Cover", "Chain", "Cover"):
        open_row(window, text)
        QCoreApplication.sendPostedEvents()
        assert window.height() == least


def test_nothing_beside_run_moves_when_it_is_pressed(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    panel = window.panel("draw")
    open_row(window, "Chain")
    before = button(panel, "Restart").geometry()
    click(button(panel, "Run"))
    assert button(panel, "Pause").isVisible()
    assert button(panel, "Pause").minimumWidth() >= button(panel, "Pause").sizeHint().width()
    assert button(panel, "Restart").geometry() == before


def test_large_hidden_units_are_set_off_from_one_another(qtbot: QtBot) -> None:
    view = HiddenView(Selection())
    qtbot.addWidget(view)
    view.resize(100, 100)

    def colours(units: int) -> int:
        view.set_units(np.zeros(units, dtype=np.float32))
        shown = view.grab(view.image_rect().toRect().adjusted(2, 2, -2, -2)).toImage()
        return len({shown.pixel(x, y) for x in range(shown.width()) for y in range(shown.height())})

    assert colours(9) == 2
    assert colours(400) == 1


def test_each_stage_is_shown_and_marked_in_turn(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = window.panel("draw")
    drawing = picture(window, SEEN)
    p = parameters_of(window.session)
    open_row(window, "Chain")

    click(button(panel, "Stage"))
    assert marked(window) == [HIDDEN]
    assert {"v: the drawing", "→ p(h|v)", "p(v|h) to come"} <= set(labels(panel))
    np.testing.assert_allclose(
        picture(window, HIDDEN).ravel()[:12], p.expect_hidden(drawing.reshape(1, -1))[0], atol=2 / 255
    )
    assert picture(window, RESTORED).max() == 0

    click(button(panel, "Stage"))
    assert marked(window) == [HIDDEN]
    assert "h sampled" in labels(panel)
    hidden = picture(window, HIDDEN).ravel()[:12]
    assert set(np.unique(hidden)) <= {0.0, 1.0}
    np.testing.assert_array_equal(picture(window, SEEN), drawing)

    click(button(panel, "Stage"))
    assert marked(window) == [RESTORED]
    assert {"→ p(v|h)", f"h: {hidden.sum():.0f} on"} <= set(labels(panel))
    restored = p.expect_visible(hidden.reshape(1, -1)).reshape(8, 8)
    np.testing.assert_allclose(picture(window, RESTORED), restored, atol=1 / 255)
    assert gibbs_steps(panel) == 0

    click(button(panel, "Stage"))
    assert marked(window) == [SEEN]
    assert {"← v sampled", "p(v|h)"} <= set(labels(panel))
    assert set(np.unique(picture(window, SEEN))) <= {0.0, 1.0}
    assert gibbs_steps(panel) == 1
    # The canvas keeps the drawing, and so do the panels that work with it.
    assert window.session.drawings.visible is not None
    np.testing.assert_allclose(window.session.drawings.visible, drawing, atol=1 / 255)

    click(button(panel, "Restart"))
    assert marked(window) == []
    assert gibbs_steps(panel) == 0
    np.testing.assert_array_equal(picture(window, SEEN), drawing)
    assert "Seen as 8×8" in labels(panel)


def test_the_chain_runs_and_pauses_by_its_key(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.panel("draw")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_F4)
    qtbot.waitUntil(lambda: "Pause" in {b.text() for b in panel.findChildren(QAbstractButton) if b.isVisible()})
    speed = named(panel, QSlider, "Speed of the chain")
    speed.setFocus()
    QTest.keyClick(speed, Qt.Key.Key_End)
    assert "60 stages/s" in labels(panel)
    qtbot.waitUntil(lambda: gibbs_steps(panel) >= 3)
    QTest.keyClick(window, Qt.Key.Key_F4)
    steps, marks = gibbs_steps(panel), marked(window)
    assert button(panel, "Run").isVisible()
    with qtbot.assertNotEmitted(panel_of(window).lab.moved, wait=100):
        pass
    assert (gibbs_steps(panel), marked(window)) == (steps, marks)
    QTest.keyClick(window, Qt.Key.Key_F3)
    assert marked(window) != [] or gibbs_steps(panel) == steps + 1


@pytest.mark.parametrize("what", ["stroke", "clear", "digit"])
def test_another_drawing_restarts_the_chain(qtbot: QtBot, window: MainWindow, what: str) -> None:
    draw_stroke(qtbot, window)
    panel = window.panel("draw")
    open_row(window, "Chain")
    for _ in range(9):
        click(button(panel, "Stage"))
    assert gibbs_steps(panel) == 2
    if what == "stroke":
        drag(panel_of(window).canvas, (0.2, 0.5), (0.8, 0.5))
    elif what == "clear":
        click(tool(window, "Clear"))
    else:
        click(button(panel, "Test digit"))
    qtbot.waitUntil(lambda: gibbs_steps(panel) == 0)
    assert marked(window) == []
    drawing = window.session.drawings.visible
    assert drawing is not None
    np.testing.assert_allclose(picture(window, SEEN), drawing, atol=1 / 255)


def test_a_running_chain_takes_the_newest_parameters(qtbot: QtBot, window: MainWindow) -> None:
    draw_stroke(qtbot, window)
    window.session.change_settings(epochs=100_000)
    panel = panel_of(window)
    open_row(window, "Chain")
    panel.lab.set_speed(60)
    click(button(panel, "Run"))
    press(window, "Train")
    qtbot.waitUntil(lambda: gibbs_steps(panel) >= 2)
    chains = panel.lab.chains
    assert chains is not None
    before = chains.parameters
    qtbot.waitUntil(lambda: chains.parameters is not before)
    qtbot.waitUntil(lambda: gibbs_steps(panel) >= 4)
    assert panel.lab.chains is chains
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    panel.refresh()
    assert chains.parameters is parameters_of(window.session)


def test_training_brings_the_live_reconstruction_back_from_a_chain_that_was_left(
    qtbot: QtBot, window: MainWindow
) -> None:
    draw_stroke(qtbot, window)
    window.session.change_settings(epochs=100_000)
    panel = window.panel("draw")
    open_row(window, "Chain")
    click(button(panel, "Stage"))
    press(window, "Train")
    qtbot.waitUntil(lambda: marked(window) == [])
    before = picture(window, RESTORED)
    for _ in range(3):
        wait_until_other(qtbot, window, RESTORED, before)
        before = picture(window, RESTORED)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_another_model_brings_the_live_reconstruction_back(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    open_row(window, "Chain")
    click(button(window.panel("draw"), "Stage"))
    before = picture(window, RESTORED)
    press(window, "Reset")
    qtbot.waitUntil(lambda: marked(window) == [])
    wait_until_other(qtbot, window, RESTORED, before)
    assert "Seen as 8×8" in labels(window.panel("draw"))


@pytest.mark.parametrize("comes_by", ["another size", "a file"])
def test_a_model_of_another_size_comes_while_a_chain_rests(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, comes_by: str
) -> None:
    session = window.session
    other = Parameters(np.zeros((16, 5), np.float32), np.zeros(16, np.float32), np.zeros(5, np.float32))
    save_model(tmp_path / "small.safetensors", SavedModel(other, image_shape=(4, 4)))
    draw_stroke(qtbot, window)
    open_row(window, "Chain")
    click(button(window.panel("draw"), "Stage"))
    assert marked(window) != []
    with qtbot.waitSignal(session.images_changed):
        if comes_by == "another size":
            session.set_image_shape((4, 4))
        else:
            window.open_path(tmp_path / "small.safetensors")
    qtbot.waitUntil(lambda: marked(window) == [])
    qtbot.waitUntil(lambda: "Seen as 4×4" in labels(window.panel("draw")))


# --- what is covered


def test_a_half_that_is_covered_is_completed_by_chains_side_by_side(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    drawing = picture(window, SEEN)
    open_row(window, "Cover")
    cover(panel, "right half")
    settle_lab(qtbot, panel)
    assert "32 px covered" in labels(panel)
    assert "Completions: 4" in labels(panel)
    found = completions(panel)
    assert found.shape == (4, 8, 8)
    np.testing.assert_array_equal(found[:, :, :4], np.tile(drawing[:, :4], (4, 1, 1)))
    # Two of them may be alike by chance.
    assert len(np.unique(found, axis=0)) > 1
    np.testing.assert_array_equal(seen_by(panel).covered[0], [False] * 4 + [True] * 4)
    spin = named(panel, QSpinBox, "Chains")
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "16")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    settle_lab(qtbot, panel)
    assert len(completions(panel)) == 16
    click(button(panel, "Uncover"))
    assert not named(panel, CompletionView, "Chains").isVisible()
    assert "Seen as 8×8" in labels(panel)
    assert named(panel, QComboBox, "Cover").currentText() == "nothing"


def test_the_mean_of_the_chains_takes_their_place(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    open_row(window, "Cover")
    cover(panel, "top half")
    settle_lab(qtbot, panel)
    each = completions(panel)
    click(named(panel, QCheckBox, "Mean of the chains"))
    np.testing.assert_allclose(completions(panel), each.mean(axis=0, keepdims=True), atol=1 / 255)
    assert "Mean of 4 chains" in labels(panel)


def pixel_centre(view: CoverView, row: int, column: int) -> QPoint:
    rect = view.image_rect()
    return QPointF(
        rect.left() + (column + 0.5) * rect.width() / 8, rect.top() + (row + 0.5) * rect.height() / 8
    ).toPoint()


def brush_over(view: CoverView, *pixels: tuple[int, int]) -> None:
    QTest.mousePress(view, LEFT, pos=pixel_centre(view, *pixels[0]))
    for pixel in pixels[1:]:
        QTest.mouseMove(view, pixel_centre(view, *pixel))
    QTest.mouseRelease(view, LEFT, pos=pixel_centre(view, *pixels[-1]))


def test_a_brush_covers_pixels_of_what_the_network_sees(qtbot: QtBot, window: MainWindow) -> None:
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    drawing = picture(window, SEEN)
    view = seen_by(panel)
    brush_over(view, (3, 3))
    assert not view.covered.any(), "covered without being asked to"
    open_row(window, "Cover")
    brush_over(view, (3, 3), (3, 5))
    assert np.argwhere(panel.lab.held.covered).tolist() == [[3, 3], [3, 4], [3, 5]]
    assert named(panel, QComboBox, "Cover").currentText() == "by brush"
    assert "3 px covered" in labels(panel)
    settle_lab(qtbot, panel)
    held = ~view.covered
    np.testing.assert_array_equal(completions(panel)[:, held], np.tile(drawing[held], (4, 1)))
    brush_over(view, (3, 5))
    assert np.argwhere(panel.lab.held.covered).tolist() == [[3, 3], [3, 4]]


def given_the_rest(p: Parameters, drawing: NDArray[np.float32], free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return p(v_i = 1 | the pixels that are held) of each free pixel, by the sum over all h of exp(−E)."""
    hidden = np.array(list(product((0.0, 1.0), repeat=p.hidden_num)), dtype=np.float32)
    states = np.array(list(product((0.0, 1.0), repeat=int(free.sum()))))
    weights = []
    for state in states:
        visible = drawing.ravel().copy()
        visible[free.ravel()] = state
        energies = p.energy(np.tile(visible, (len(hidden), 1)), hidden).astype(np.float64)
        weights.append(np.logaddexp.reduce(-energies))
    shares = np.exp(np.array(weights) - np.logaddexp.reduce(weights))
    marginals: NDArray[np.float64] = shares @ states
    return marginals


def test_completions_are_what_the_model_makes_of_the_rest(qtbot: QtBot, window: MainWindow) -> None:
    window.session.choose_preset("cd-1")
    window.session.change_settings(epochs=60, learning_rate=0.3)
    train(qtbot, window)
    session = window.session
    panel = DrawPanel(session, rng=np.random.default_rng(3))
    qtbot.addWidget(panel)
    panel.resize(900, 300)
    panel.show()
    qtbot.waitExposed(panel)
    drag(panel.canvas, *STROKE)
    panel.refresh()
    click(button(panel, "Cover"))
    brush_over(seen_by(panel), (3, 3), (3, 5))
    panel.lab.set_count(16)
    settle_lab(qtbot, panel)
    click(button(panel, "Chain"))
    stage, sums, rounds = button(panel, "Stage"), np.zeros((8, 8)), 250
    for _ in range(rounds):
        for _ in range(4):
            click(stage)
        sums += completions(panel).mean(axis=0)
    assert session.drawings.visible is not None
    drawing, free = session.drawings.visible, panel.lab.held.covered
    expected = given_the_rest(parameters_of(session), drawing, free)
    blank = given_the_rest(parameters_of(session), np.zeros_like(drawing), free)
    assert np.abs(expected - blank).max() > 0.1, "the rest would not matter"
    # The mean of p(v|h) over the chains' h is the probability itself.
    np.testing.assert_allclose(sums[free] / rounds, expected, atol=0.01)
    np.testing.assert_allclose(sums[~free] / rounds, drawing[~free], atol=1 / 255)


def test_covered_ink_is_not_used_for_the_reconstruction(qtbot: QtBot, session: Session) -> None:
    def restored(*places: tuple[float, float]) -> NDArray[np.float32]:
        panel = DrawPanel(session, rng=np.random.default_rng(5))
        qtbot.addWidget(panel)
        panel.resize(900, 300)
        panel.show()
        qtbot.waitExposed(panel)
        click(named(panel, QCheckBox, "Centre and scale"))
        click(button(panel, "Chain"))
        choose_item(named(panel, QComboBox, "Hidden units"), "Hidden: mean field")
        drag(panel.canvas, (0.2, 0.2), (0.2, 0.7))
        drag(panel.canvas, *places)
        panel.refresh()
        click(button(panel, "Cover"))
        cover(panel, "right half")
        settle_lab(qtbot, panel)
        image = panel.reconstruction.image()
        assert image is not None
        panel.close()
        return grey_values(image)

    right, elsewhere = restored((0.8, 0.2), (0.8, 0.4)), restored((0.8, 0.6), (0.8, 0.8))
    np.testing.assert_array_equal(right, elsewhere)


def test_completions_follow_the_training(qtbot: QtBot, window: MainWindow) -> None:
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    open_row(window, "Cover")
    cover(panel, "left half")
    settle_lab(qtbot, panel)
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    qtbot.waitUntil(lambda: panel.lab.steps > 26)
    assert panel.lab.chains is not None
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    panel.refresh()
    assert panel.lab.chains.parameters is parameters_of(window.session)


# --- a class


def test_a_model_without_label_units_draws_no_class(window: MainWindow) -> None:
    open_row(window, "Cover")
    assert not named(window.panel("draw"), QComboBox, "Draw a").isVisible()


def knowing() -> Parameters:
    """Return a model of squares in three places: a hidden unit for each holds its class and its pixels together."""
    places = squares(np.arange(3, dtype=np.uint8)).reshape(3, -1) > 0
    w = np.where(places.T, 8, 0).astype(np.float32)
    strong = (48 * np.eye(3) - 24).astype(np.float32)
    return Parameters(w, np.full(64, -4, np.float32), np.full(3, -4, np.float32), strong, np.zeros(3, np.float32))


def test_draw_me_a_class(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    load(qtbot, session, labelled())
    save_model(tmp_path / "knowing.safetensors", SavedModel(knowing(), image_shape=(8, 8)))
    assert session.open_model(tmp_path / "knowing.safetensors")
    panel = panel_of(window)
    panel.refresh()
    open_row(window, "Cover")
    box = named(panel, QComboBox, "Draw a")
    assert [box.itemText(i) for i in range(box.count())] == ["–", "0", "1", "2"]
    p = parameters_of(session)
    for each in (2, 0, 1):
        choose_item(box, str(each))
        settle_lab(qtbot, panel)
        assert f"Drawn as {each}" in labels(panel)
        drawn = completions(panel).reshape(4, -1)
        np.testing.assert_array_equal(p.label_probabilities(drawn).argmax(axis=1), each)
        assert panel.lab.chains is not None
        np.testing.assert_array_equal(panel.lab.chains.labels.argmax(axis=1), each)
    choose_item(box, "–")
    assert not named(panel, CompletionView, "Chains").isVisible()


def test_a_row_of_digits_draws_until_each_chain_shows_one(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    load(qtbot, session, labelled())
    panel = panel_of(window)
    assert "Draw a" not in labels(panel)
    save_model(tmp_path / "knowing.safetensors", SavedModel(knowing(), image_shape=(8, 8)))
    assert session.open_model(tmp_path / "knowing.safetensors")
    panel.refresh()
    assert "Draw a" in labels(panel)
    qtbot.waitUntil(named(panel, QToolButton, "Draw a 2").isVisible)
    click(button(panel, "2"))
    assert panel.lab.is_settling
    qtbot.waitUntil(lambda: any(text.startswith("Step ") for text in labels(panel)))
    qtbot.waitUntil(lambda: not panel.lab.is_settling, timeout=30_000)
    assert f"Step {panel.lab.steps}: done" in labels(panel)
    assert panel.lab.steps >= 60
    drawn = completions(panel).reshape(4, -1)
    np.testing.assert_array_equal(parameters_of(session).label_probabilities(drawn).argmax(axis=1), 2)
    # Another by its key, stopped by the same key, put away by Escape.
    panel.canvas.setFocus()
    QTest.keyClick(panel.canvas, Qt.Key.Key_1)
    assert (panel.lab.held.label, panel.lab.is_settling) == (1, True)
    QTest.keyClick(panel.canvas, Qt.Key.Key_1)
    assert not panel.lab.is_settling
    assert f"Step {panel.lab.steps}: stopped" in labels(panel)
    QTest.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert panel.lab.held.label is None
    assert not named(panel, CompletionView, "Chains").isVisible()


def test_who_draws_on_the_canvas_ends_a_class_that_is_drawn(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    load(qtbot, session, labelled())
    save_model(tmp_path / "knowing.safetensors", SavedModel(knowing(), image_shape=(8, 8)))
    assert session.open_model(tmp_path / "knowing.safetensors")
    panel = panel_of(window)
    panel.refresh()
    qtbot.waitUntil(named(panel, QToolButton, "Draw a 0").isVisible)
    click(button(panel, "0"))
    assert panel.lab.is_settling
    draw_stroke(qtbot, window)
    assert panel.lab.held.label is None
    assert not panel.lab.is_settling
    assert not named(panel, CompletionView, "Chains").isVisible()


def test_what_is_this_follows_the_chain(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, labelled())
    session.change_settings(labels=True)
    train(qtbot, window)
    draw_stroke(qtbot, window)
    panel = panel_of(window)
    open_row(window, "Chain")
    for _ in range(4):
        click(button(panel, "Stage"))
    visible = picture(window, SEEN).reshape(1, -1)
    expected = parameters_of(session).label_probabilities(visible)[0]
    np.testing.assert_allclose(answers(window).probabilities(), expected, atol=1e-6)


# --- pointing


def test_a_hidden_unit_is_selected_from_its_picture(window: MainWindow) -> None:
    selection = window.session.selection
    view = named(window.panel("draw"), HiddenView, HIDDEN)
    bare = view.grab().toImage()
    rect, image = view.image_rect(), view.image()
    assert image is not None
    width, height = rect.width() / image.width(), rect.height() / image.height()
    place = QPointF(rect.left() + 1.5 * width, rect.top() + 0.5 * height).toPoint()
    QTest.mouseMove(view, place)
    assert selection.hovered == 1
    QTest.mouseClick(view, LEFT, pos=place)
    assert selection.units == (1,)
    assert view.grab().toImage() != bare
    QTest.mouseClick(view, LEFT, pos=place)
    assert not selection.units


def test_a_pixel_is_selected_from_what_is_seen(window: MainWindow) -> None:
    view = seen_by(window.panel("draw"))
    for expected in (17, -1):
        QTest.mouseClick(view, LEFT, pos=pixel_centre(view, 2, 1))
        assert window.session.selection.pixel == expected
