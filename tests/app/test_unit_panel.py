from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QSpinBox, QToolButton

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.card_grid import Card
from rbm_studio.app.card_scroller import CardScroller
from rbm_studio.app.cover_view import CoverView
from rbm_studio.app.facts_view import FactsView
from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.images import diverging_image, grey_image, grey_values
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.panels.unit_panel import UnitPanel
from rbm_studio.app.picture_row import PictureRow
from rbm_studio.app.pixel_chooser import PixelChooser
from rbm_studio.app.probability_histogram import ProbabilityHistogram
from rbm_studio.app.session import Session
from rbm_studio.app.stage_view import HiddenView
from rbm_studio.app.units_view import UnitsView
from rbm_studio.app.weights_picture import WeightsPicture
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.similarity import cosines, most_alike
from rbm_studio.core.unit_probes import UnitEffect, unit_effect
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import SIDE
from .driving import LEFT, answer, button, click, drag, is_at_work, labels, named, press, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.state import Images
    from rbm_studio.app.unit_measuring import Measured
    from rbm_studio.app.window import MainWindow

UNIT = 6


def panel(window: MainWindow) -> UnitPanel:
    found = window.panel("unit")
    assert isinstance(found, UnitPanel)
    return found


def look(qtbot: QtBot, window: MainWindow) -> UnitPanel:
    """Bring the dock to the front, as a click on its tab does."""
    window.docks["unit"].raise_()
    qtbot.waitUntil(lambda: not panel(window).visibleRegion().isEmpty())
    return panel(window)


def card(window: MainWindow, title: str) -> Card:
    found = [
        card
        for card in panel(window).findChildren(Card)
        if title in [label.text() for label in card.findChildren(QLabel)]
    ]
    assert len(found) == 1, title
    return found[0]


def row(window: MainWindow, title: str) -> PictureRow:
    found = card(window, title).findChild(PictureRow)
    assert isinstance(found, PictureRow)
    return found


def reveal(window: MainWindow, title: str) -> None:
    """Scroll to a card."""
    for area in panel(window).findChildren(CardScroller):
        if area.isVisible():
            area.ensureWidgetVisible(card(window, title))


def words(window: MainWindow, title: str) -> list[str]:
    return [picture.words for picture in row(window, title).pictures()]


def picture(window: MainWindow, name: str) -> PixelChooser:
    return named(panel(window), PixelChooser, name)


def number(window: MainWindow) -> QSpinBox:
    return named(panel(window), QSpinBox, "Number of the unit")


def headline(window: MainWindow) -> str:
    return number(window).text()


def parameters(window: MainWindow) -> Parameters:
    assert window.session.model is not None
    return window.session.model.parameters


def images(window: MainWindow) -> Images:
    assert window.session.images is not None
    return window.session.images


def activity_of(window: MainWindow) -> Measured:
    measured = panel(window).measuring.measured
    assert measured is not None
    return measured


def wait_until_measured(qtbot: QtBot, window: MainWindow, epochs: float = 0.0) -> Measured:
    """Wait for a measurement on all images."""

    def is_measured() -> bool:
        measured = panel(window).measuring.measured
        return measured is not None and measured.epochs == epochs

    qtbot.waitUntil(is_measured, timeout=20_000)
    return activity_of(window)


def select_in_health(qtbot: QtBot, window: MainWindow, unit: int) -> None:
    """Click a hidden unit in the Health panel, and go back to the unit's page."""
    health = window.panel("health")
    assert isinstance(health, HealthPanel)
    window.docks["health"].raise_()
    qtbot.waitUntil(lambda: health.health is not None, timeout=20_000)
    units = health.findChild(UnitsView)
    assert isinstance(units, UnitsView)
    QTest.mouseClick(units, LEFT, pos=units.column_rect(unit).center().toPoint())
    look(qtbot, window)


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A window with a trained model and the page of a unit in front."""
    train(qtbot, window)
    window.session.selection.select_units((UNIT,))
    look(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    return window


# --- coming to a unit, and going on


def test_without_a_unit_there_are_words_and_a_button(qtbot: QtBot, window: MainWindow) -> None:
    look(qtbot, window)
    assert "Select a unit: click a filter in Weights, or a hidden unit anywhere else." in labels(panel(window))
    assert headline(window) == "No unit selected"
    click(button(panel(window), "Unit 1"))
    assert window.session.selection.units == (0,)
    assert headline(window) == "Hidden unit 1 of 12"
    assert card(window, "Filter: its weights").isVisible()


def test_a_unit_that_is_selected_elsewhere_has_its_page(qtbot: QtBot, window: MainWindow) -> None:
    select_in_health(qtbot, window, 7)
    qtbot.waitUntil(lambda: headline(window) == "Hidden unit 8 of 12")
    shown = picture(window, "Filter of the hidden unit").image()
    limit = card(window, "Filter: its weights").findChildren(WeightsPicture)[0].limit()
    assert shown == diverging_image(parameters(window).w[:, 7].reshape(SIDE, SIDE), limit)
    # The same click again selects none.
    select_in_health(qtbot, window, 7)
    qtbot.waitUntil(lambda: headline(window) == "No unit selected")


def test_a_click_on_what_is_selected_turns_to_its_page(qtbot: QtBot, page: MainWindow) -> None:
    mosaic = page.panel("weights").findChild(MosaicView)
    draw_panel = page.panel("draw")
    assert isinstance(mosaic, MosaicView)
    page.docks["unit"].setFloating(True)
    page.docks["draw"].raise_()
    seen = named(draw_panel, CoverView, "What the network sees")
    qtbot.waitUntil(lambda: not seen.visibleRegion().isEmpty())

    def click_unit() -> None:
        QTest.mouseClick(mosaic, LEFT, pos=mosaic.tile_rect(UNIT).center().toPoint())

    def click_pixel() -> None:
        QTest.mouseClick(seen, LEFT, pos=seen.pixel_rect((2, 4)).center().toPoint())

    selection = page.session.selection
    click_pixel()
    assert headline(page) == "Pixel 21 of 64"
    click_unit()
    assert headline(page) == f"Hidden unit {UNIT + 1} of 12"
    click_pixel()
    assert headline(page) == "Pixel 21 of 64"
    assert (selection.units, selection.pixel) == ((UNIT,), 20)
    # Its page is in front: then a click lets go of it.
    click_pixel()
    assert selection.pixel == -1
    click_unit()
    click_unit()
    assert selection.units == ()
    page.docks["unit"].setFloating(False)


def test_without_a_page_in_view_a_click_on_what_is_selected_lets_go_of_it(qtbot: QtBot, window: MainWindow) -> None:
    seen = named(window.panel("draw"), CoverView, "What the network sees")
    hidden = named(window.panel("draw"), HiddenView, "Hidden units")
    qtbot.waitUntil(lambda: hidden.image() is not None)
    QTest.mouseClick(hidden, LEFT, pos=hidden.pixel_rect((0, 1)).center().toPoint())
    QTest.mouseClick(seen, LEFT, pos=seen.pixel_rect((2, 4)).center().toPoint())
    selection = window.session.selection
    assert (selection.units, selection.pixel) == ((1,), 20)
    QTest.mouseClick(hidden, LEFT, pos=hidden.pixel_rect((0, 1)).center().toPoint())
    assert selection.units == ()
    QTest.mouseClick(seen, LEFT, pos=seen.pixel_rect((2, 4)).center().toPoint())
    assert selection.pixel == -1


def test_a_filter_that_is_clicked_among_the_weights_has_its_page(qtbot: QtBot, window: MainWindow) -> None:
    look(qtbot, window)
    mosaic = window.panel("weights").findChild(MosaicView)
    assert isinstance(mosaic, MosaicView)
    QTest.mouseClick(mosaic, LEFT, pos=mosaic.tile_rect(3).center().toPoint())
    assert headline(window) == "Hidden unit 4 of 12"
    # The page's own way on lights up among the weights.
    click(named(panel(window), QToolButton, "Next unit"))
    assert mosaic.marked() == (4,)


def test_of_several_units_the_first_is_shown(qtbot: QtBot, window: MainWindow) -> None:
    look(qtbot, window)
    window.session.selection.select_units((4, 5, 9))
    assert headline(window) == "Hidden unit 5 of 12"
    assert "First of 3 selected units" in labels(panel(window))
    window.session.selection.select_units((4,))
    assert "First of 3 selected units" not in labels(panel(window))


def test_one_goes_to_the_next_and_the_previous_unit(page: MainWindow) -> None:
    following = named(panel(page), QToolButton, "Next unit")
    before = named(panel(page), QToolButton, "Previous unit")
    click(following)
    assert page.session.selection.units == (UNIT + 1,)
    click(before)
    click(before)
    assert headline(page) == f"Hidden unit {UNIT} of 12"
    page.session.selection.select_units((0,))
    assert not before.isEnabled()
    page.session.selection.select_units((11,))
    assert not following.isEnabled()


def test_one_goes_to_a_unit_by_its_number(page: MainWindow) -> None:
    box = number(page)
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "12")
    # Not at 1 on the way to 12.
    assert page.session.selection.units == (UNIT,)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert page.session.selection.units == (11,)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert headline(page) == "Hidden unit 11 of 12"


def test_the_way_back(qtbot: QtBot, page: MainWindow) -> None:
    back = named(panel(page), QPushButton, "Back")
    assert not back.isEnabled()
    page.session.selection.select_units((3,))
    page.session.selection.select_pixel(20)
    assert headline(page) == "Pixel 21 of 64"
    click(back)
    assert headline(page) == "Hidden unit 4 of 12"
    QTest.keyClick(page, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: page.session.selection.units == (UNIT,))
    assert not back.isEnabled()


# --- what a hidden unit's page shows


def test_the_histogram_and_the_extremes_are_those_of_the_unit(page: MainWindow) -> None:
    activity = activity_of(page).activity
    bars = panel(page).findChild(ProbabilityHistogram)
    assert isinstance(bars, ProbabilityHistogram)
    counts = bars.counts()
    assert counts is not None
    assert counts.tolist() == activity.counts[UNIT].tolist()
    assert counts.sum() == 200
    assert card(page, "p(h = 1 | v) over the data").caption() == (
        f"Mean activity {activity.mean_activity[UNIT]:.3f}; epoch 3: 200 training images, binary above 0.5"
    )
    h = parameters(page).expect_hidden(np.divide(images(page).test, 255, dtype=np.float32))[:, UNIT]
    for title, order in (("Switched on most by", -h), ("Switched on least by", h)):
        expected = np.argsort(order, kind="stable")[:8]
        assert card(page, title).caption() == "p(h = 1 | v); epoch 3: 20 test images, binary above 0.5"
        shown = row(page, title).pictures()
        assert len(shown) == 8
        np.testing.assert_allclose(h[expected], [float(p.words.replace("−", "-")) for p in shown], atol=6e-4)
        first = images(page).test[expected[0]].reshape(SIDE, SIDE)
        assert shown[0].image == grey_image(first)


def test_the_weights_have_a_histogram(page: MainWindow) -> None:
    view = card(page, "Its incoming weights").findChild(HistogramView)
    assert isinstance(view, HistogramView)
    histogram = view.histogram()
    assert histogram is not None
    assert histogram.counts.sum() == 64
    assert card(page, "Its incoming weights").caption().startswith("64 weights: mean ")


def test_like_units_stand_in_their_order_and_a_click_goes_there(page: MainWindow) -> None:
    w = parameters(page).w
    alike = cosines(w[:, [UNIT]], w)[0]
    others = most_alike(alike, UNIT, 6)
    row_of_like = row(page, "Units most like it")
    assert words(page, "Units most like it") == [
        f"{other + 1}: {alike[other]:.2f}".replace("-", "\N{MINUS SIGN}") for other in others
    ]
    reveal(page, "Units most like it")
    QTest.mouseMove(row_of_like, row_of_like.picture_rect(1).center().toPoint())
    assert page.session.selection.hovered == others[1]
    QTest.mouseClick(row_of_like, LEFT, pos=row_of_like.picture_rect(1).center().toPoint())
    assert page.session.selection.units == (others[1],)
    assert headline(page) == f"Hidden unit {others[1] + 1} of 12"


def test_a_unit_that_is_pointed_at_elsewhere_is_outlined_among_the_like(page: MainWindow) -> None:
    others = most_alike(cosines(parameters(page).w[:, [UNIT]], parameters(page).w)[0], UNIT, 12)
    page.session.selection.hover(others[2])
    assert row(page, "Units most like it").marked() == 2
    page.session.selection.hover(others[-1])
    assert row(page, "Units most like it").marked() == -1


def draw(window: MainWindow) -> None:
    canvas = window.panel("draw").findChild(DrawingCanvas)
    assert isinstance(canvas, DrawingCanvas)
    drag(canvas, (0.2, 0.3), (0.8, 0.35), (0.5, 0.8))


def test_the_drawing_is_restored_without_the_unit_and_with_it_forced_on(qtbot: QtBot, page: MainWindow) -> None:
    caption = card(page, "Your drawing, restored").caption
    assert caption().startswith("p(h = 1 | bare paper) = ")
    page.docks["unit"].setFloating(True)
    draw(page)

    def effect() -> UnitEffect:
        visible = page.session.drawings.visible
        assert visible is not None
        return unit_effect(parameters(page), visible.ravel(), UNIT)

    def is_shown() -> bool:
        words = f"p(h = 1 | drawing) = {effect().probability:.3f}; mean field; colour: ±"
        return caption().startswith(words)

    qtbot.waitUntil(is_shown)
    titles = ["drawing", "as it is", "unit off", "change", "unit on", "change"]
    shown = row(page, "Your drawing, restored").pictures()
    assert [each.words for each in shown] == titles
    expected = (effect().restored, effect().switched_off, effect().forced_on)
    for each, values in zip((shown[1], shown[2], shown[4]), expected, strict=True):
        np.testing.assert_allclose(grey_values(each.image).ravel(), values, atol=1 / 255)
    # The colours of both changes are those of the differences, on one scale.
    limit = float(caption().rpartition("±")[2])
    for each, values in zip(shown[3::2], expected[1:], strict=True):
        assert each.image == diverging_image((values - expected[0]).reshape(SIDE, SIDE), limit)
    page.docks["unit"].setFloating(False)


def test_pointing_at_a_pixel_of_the_filter_reads_its_weight(page: MainWindow) -> None:
    view = picture(page, "Filter of the hidden unit")
    resting = card(page, "Filter: its weights").caption()
    assert resting.startswith("Bias ")
    QTest.mouseMove(view, view.pixel_rect((2, 5)).center().toPoint())
    weight = parameters(page).w[2 * SIDE + 5, UNIT]
    caption = card(page, "Filter: its weights").caption()
    assert caption == f"Row 3, column 6: weight {weight:+.3g}".replace("-", "\N{MINUS SIGN}")
    QTest.mouseMove(view, QPoint(1, 1))
    assert card(page, "Filter: its weights").caption() == resting


# --- a visible unit


def test_a_click_on_a_pixel_of_the_filter_opens_its_page(page: MainWindow) -> None:
    view = picture(page, "Filter of the hidden unit")
    QTest.mouseClick(view, LEFT, pos=view.pixel_rect((2, 5)).center().toPoint())
    assert page.session.selection.pixel == 2 * SIDE + 5
    assert headline(page) == "Pixel 22 of 64"
    assert "Row 3, column 6" in labels(panel(page))
    assert picture(page, "Place of the pixel").marked() == (2, 5)
    # The hidden unit is selected still, and has its page again.
    click(named(panel(page), QToolButton, "Hidden unit"))
    assert headline(page) == f"Hidden unit {UNIT + 1} of 12"


def test_a_pixel_has_weights_a_bias_and_means(page: MainWindow) -> None:
    pixel = 3 * SIDE + 4
    page.session.selection.select_pixel(pixel)
    p, activity = parameters(page), activity_of(page).activity
    facts = panel(page).findChild(FactsView)
    assert isinstance(facts, FactsView)
    v = np.divide(images(page).train, 255, dtype=np.float32)
    restored = p.expect_visible(p.expect_hidden(v))[:, pixel].mean()
    assert facts.facts() == {
        "Bias": f"{p.visible_bias[pixel]:+.3g}".replace("-", "\N{MINUS SIGN}"),
        "p(v = 1) by the bias alone": f"{1 / (1 + np.exp(-p.visible_bias[pixel])):.3g}",
        "Mean in the data": f"{v[:, pixel].mean():.3f}",
        "Mean when restored": f"{restored:.3f}",
    }
    assert activity.mean_visible[pixel] == pytest.approx(v[:, pixel].mean())
    assert card(page, "How often it is on").caption().endswith("epoch 3: 200 training images, binary above 0.5")
    assert card(page, "Its weights").caption().startswith("12 weights: mean ")
    image = picture(page, "Weights of the pixel to the hidden units").image()
    assert image is not None
    assert image.width() * image.height() >= 12


def test_the_hidden_units_of_a_pixel_can_be_chosen(page: MainWindow) -> None:
    page.session.selection.select_pixel(20)
    view = picture(page, "Weights of the pixel to the hidden units")
    image = view.image()
    assert image is not None
    place = divmod(9, image.width())
    QTest.mouseMove(view, view.pixel_rect(place).center().toPoint())
    assert page.session.selection.hovered == 9
    weight = f"{parameters(page).w[20, 9]:+.3g}".replace("-", "\N{MINUS SIGN}")
    assert card(page, "Weights to the hidden units").caption() == f"Hidden unit 10: weight {weight}"
    QTest.mouseClick(view, LEFT, pos=view.pixel_rect(place).center().toPoint())
    assert page.session.selection.units == (9,)
    assert headline(page) == "Hidden unit 10 of 12"


def test_pixels_like_it_are_a_map(page: MainWindow) -> None:
    pixel = 3 * SIDE + 4
    page.session.selection.select_pixel(pixel)
    view = picture(page, "Pixels like it")
    alike = cosines(parameters(page).w[[pixel]].T, parameters(page).w.T)[0]
    assert view.image() == diverging_image(alike.reshape(SIDE, SIDE), 1.0)
    best = most_alike(alike, pixel, 1)[0]
    caption = card(page, "Pixels most like it").caption
    assert caption() == f"Most: row {best // SIDE + 1}, column {best % SIDE + 1}, cosine {alike[best]:.2f}"
    QTest.mouseClick(view, LEFT, pos=view.pixel_rect((6, 1)).center().toPoint())
    assert page.session.selection.pixel == 6 * SIDE + 1


def test_without_a_pixel_there_are_words_and_a_button(page: MainWindow) -> None:
    click(named(panel(page), QToolButton, "Visible unit"))
    assert "Select a visible unit: click a pixel of a filter, or go to a pixel here." in labels(panel(page))
    click(button(panel(page), "Centre pixel"))
    assert page.session.selection.pixel == 4 * SIDE + 4
    assert headline(page) == "Pixel 37 of 64"
    # A hidden unit that is selected elsewhere comes to the front.
    page.session.selection.select_units((2,))
    assert headline(page) == "Hidden unit 3 of 12"


# --- measuring


def test_the_page_lives_while_the_model_trains(qtbot: QtBot, page: MainWindow) -> None:
    page.session.change_settings(epochs=100_000)
    before = picture(page, "Filter of the hidden unit").image()
    press(page, "Train")
    qtbot.waitUntil(lambda: activity_of(page).epochs > 3, timeout=20_000)
    qtbot.waitUntil(lambda: picture(page, "Filter of the hidden unit").image() != before, timeout=20_000)
    press(page, "Stop")
    wait_until_idle(qtbot, page.session)
    # At rest all images are measured on, of the newest parameters.
    wait_until_measured(qtbot, page, page.session.epochs_trained)
    assert "; epoch " in card(page, "p(h = 1 | v) over the data").caption()


def test_out_of_sight_nothing_is_measured(qtbot: QtBot, page: MainWindow) -> None:
    page.docks["draw"].raise_()
    with qtbot.assertNotEmitted(panel(page).measuring.changed, wait=200):
        train(qtbot, page)
    assert activity_of(page).epochs == 3
    look(qtbot, page)
    wait_until_measured(qtbot, page, 6)


def test_the_binarisation_is_that_of_the_training(qtbot: QtBot, window: MainWindow) -> None:
    look(qtbot, window)
    window.session.selection.select_units((0,))
    caption = card(window, "p(h = 1 | v) over the data").caption
    window.session.change_settings(binarisation="threshold", threshold=0.3)
    qtbot.waitUntil(lambda: caption().endswith("epoch 0: 200 training images, binary above 0.3"))
    window.session.change_settings(binarisation="stochastic")
    qtbot.waitUntil(lambda: caption().endswith("binary at random"))


def test_a_smaller_model_has_none_of_the_units_of_before(qtbot: QtBot, page: MainWindow) -> None:
    page.session.selection.select_units((11,))
    page.session.change_settings(hidden_num=5)
    press(page, "Train")
    wait_until_idle(qtbot, page.session)
    wait_until_measured(qtbot, page, 3)
    assert headline(page) == "No unit selected"
    click(button(panel(page), "Unit 1"))
    assert headline(page) == "Hidden unit 1 of 5"
    assert len(words(page, "Units most like it")) == 4
    assert len(activity_of(page).activity.mean_activity) == 5


def test_a_smaller_model_of_a_pixel_that_is_shown(qtbot: QtBot, page: MainWindow, tmp_path: Path) -> None:
    page.session.selection.select_pixel(63)
    p = parameters(page)
    path = tmp_path / "small.safetensors"
    save_model(path, SavedModel(Parameters(p.w[:, :1], p.visible_bias, p.hidden_bias[:1])))
    page.open_path(path)
    answer(qtbot, "Don't save")
    qtbot.waitUntil(lambda: headline(page) == "No pixel selected")
    click(button(panel(page), "Centre pixel"))
    click(named(panel(page), QToolButton, "Hidden unit"))
    click(button(panel(page), "Unit 1"))
    assert words(page, "Units most like it") == []
    assert row(page, "Units most like it").accessibleDescription() == "There is no other unit."


def test_without_images_there_are_words(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    look(qtbot, window)
    assert "The page of a unit is shown here as soon as there is a model." in labels(panel(window))
    assert not number(window).isEnabled()


def test_images_of_another_size_are_not_measured_on(qtbot: QtBot, page: MainWindow) -> None:
    assert page.session.set_image_shape((4, 4))
    least = row(page, "Switched on least by")
    qtbot.waitUntil(lambda: least.accessibleDescription() == "The images have another size than the model.")
    assert panel(page).measuring.measured is None
    # What needs no images is there still.
    assert picture(page, "Filter of the hidden unit").image() is not None
    page.session.selection.select_pixel(5)
    assert card(page, "Where it lies").caption() == "Click another pixel."


def is_measuring() -> bool:
    return is_at_work("Measuring what each unit does")


@pytest.fixture
def slow(qtbot: QtBot, large: MainWindow) -> MainWindow:
    """A window that is measuring."""
    look(qtbot, large)
    qtbot.waitUntil(is_measuring)
    return large


def test_closing_waits_for_what_is_being_measured(slow: MainWindow) -> None:
    slow.discard()
    assert not is_measuring()


def test_what_was_measured_of_another_model_comes_too_late(qtbot: QtBot, slow: MainWindow) -> None:
    shown: list[int] = []

    def note() -> None:
        measured = panel(slow).measuring.measured
        if measured is not None:
            shown.append(len(measured.activity.mean_activity))

    panel(slow).measuring.changed.connect(note)
    slow.session.change_settings(hidden_num=5)
    qtbot.waitUntil(lambda: bool(shown), timeout=20_000)
    assert shown == [5]


def test_the_pages_fit_a_small_window(page: MainWindow) -> None:
    page.resize(1024, 700)
    assert (page.width(), page.height()) == (1024, 700)
    size = panel(page).minimumSizeHint()
    assert size.width() <= 600
    assert size.height() <= 200


@pytest.mark.parametrize("size", [(1280, 800), (1024, 700)])
def test_what_a_unit_does_to_the_drawing_is_in_view(qtbot: QtBot, window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.restore_default_layout()
    train(qtbot, window)
    window.docks["unit"].raise_()
    window.session.selection.select_units((UNIT,))
    shown, pictures = card(window, "Your drawing, restored"), row(window, "Your drawing, restored")
    qtbot.waitUntil(lambda: shown.visibleRegion().boundingRect() == shown.rect() and bool(pictures.pictures()))
    # None of its words is cut.
    widest = max(pictures.fontMetrics().horizontalAdvance(each.words) for each in pictures.pictures())
    assert widest <= pictures.width() / len(pictures.pictures())
