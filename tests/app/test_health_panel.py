from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from rbm_studio.app.card_grid import Card
from rbm_studio.app.findings_view import FindingButton
from rbm_studio.app.gap_view import GapView
from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_values
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.session import Session
from rbm_studio.app.units_histogram import UnitsHistogram
from rbm_studio.app.units_scatter import UnitsScatter
from rbm_studio.app.units_view import UnitsView
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model

from .driving import LEFT, click, is_at_work, labels, press, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def panel(window: MainWindow) -> HealthPanel:
    found = window.panel("health")
    assert isinstance(found, HealthPanel)
    return found


def look(window: MainWindow) -> HealthPanel:
    """Bring the dock to the front, as a click on its tab does."""
    window.docks["health"].raise_()
    return panel(window)


def wait_until_measured(qtbot: QtBot, window: MainWindow, epochs: float = 0.0) -> None:
    def measured() -> bool:
        health = panel(window).health
        return health is not None and health.epochs == epochs and "Epoch" in what(window)

    qtbot.waitUntil(measured, timeout=20_000)


def card(window: MainWindow, title: str) -> Card:
    found = [
        card
        for card in panel(window).findChildren(Card)
        if title in [label.text() for label in card.findChildren(QLabel)]
    ]
    assert len(found) == 1, title
    return found[0]


def what(window: MainWindow) -> str:
    return labels(panel(window))[1]


def units(window: MainWindow) -> UnitsView:
    found = panel(window).findChild(UnitsView)
    assert isinstance(found, UnitsView)
    return found


def gap(window: MainWindow) -> GapView:
    found = panel(window).findChild(GapView)
    assert isinstance(found, GapView)
    return found


def particles(window: MainWindow) -> ImageView:
    found = panel(window).findChild(ImageView)
    assert isinstance(found, ImageView)
    return found


def mosaic(window: MainWindow) -> MosaicView:
    found = window.panel("weights").findChild(MosaicView)
    assert isinstance(found, MosaicView)
    return found


def findings(window: MainWindow) -> list[FindingButton]:
    return [button for button in panel(window).findChildren(FindingButton) if button.isVisible()]


def wait_for_findings(qtbot: QtBot, window: MainWindow) -> list[FindingButton]:
    qtbot.waitUntil(lambda: bool(findings(window)), timeout=20_000)
    return findings(window)


def model_of(session: Session) -> Parameters:
    assert session.model is not None
    return session.model.parameters


def open_sick_model(window: MainWindow, path: Path) -> None:
    """Open a model of 64 pixels whose units 2 and 5 never switch on, and whose unit 3 never switches off."""
    p = model_of(window.session)
    bias = np.zeros(12, dtype=np.float32)
    bias[[2, 5]] = -50
    bias[3] = 50
    save_model(path, SavedModel(Parameters(p.w, p.visible_bias, bias)))
    window.open_path(path)


def test_at_first_the_drawing_is_in_front_and_nothing_is_measured(window: MainWindow) -> None:
    assert not window.panel("draw").visibleRegion().isEmpty()
    assert panel(window).visibleRegion().isEmpty()
    assert panel(window).health is None


def test_it_is_measured_as_soon_as_it_is_in_view(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    assert not window.panel("weights").visibleRegion().isEmpty()
    p, images = model_of(window.session), window.session.images
    assert images is not None
    health = panel(window).health
    assert health is not None
    v = np.divide(images.train, 255, dtype=np.float32)
    np.testing.assert_allclose(health.mean_activity, p.expect_hidden(v).mean(axis=0), rtol=1e-5)
    assert what(window) == "Epoch 0  ·  200 training and 20 held-out images, always the same; binary above 0.5"
    assert "The model is not trained yet. Press Train: what goes wrong is told here." in labels(panel(window))


def test_a_trained_model_is_shown_whole(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    look(window)
    wait_until_measured(qtbot, window, 3)
    health, image = panel(window).health, units(window).image()
    assert health is not None
    assert image is not None
    np.testing.assert_allclose(grey_values(image), health.activations, atol=1 / 255)
    for title in ("Weights", "Visible biases", "Hidden biases"):
        views = card(window, title).findChildren(HistogramView)
        assert [view.histogram() is not None for view in views] == [True, True]
        assert "÷" in card(window, title).caption()
    ratio = health.weights.ratio
    assert ratio is not None
    assert card(window, "Weights").caption() == f"|Δw| ÷ |w| = {ratio:.2g}; right: about 0.001"
    energies = health.free_energies
    assert energies is not None
    assert card(window, "Free-energy gap (nats)").caption() == (
        f"Held-out less training: {energies.gap:.1f} ± {energies.error:.1f}; binary above 0.5".replace("-", "−", 1)
        if energies.gap < 0
        else f"Held-out less training: {energies.gap:.1f} ± {energies.error:.1f}; binary above 0.5"
    )
    assert [point.epoch for point in gap(window).points()] == [3]
    mosaic_image = particles(window).image()
    assert mosaic_image is not None
    # Twenty, ten in a row, of 8×8 pixels with a line between.
    assert (mosaic_image.width(), mosaic_image.height()) == (10 * 9 - 1, 2 * 9 - 1)
    assert window.session.model is not None
    assert window.session.model.particles is not None
    np.testing.assert_allclose(
        grey_values(mosaic_image)[:8, :8].ravel(), window.session.model.particles[0], atol=1 / 255
    )


def test_before_training_there_is_no_update_and_no_particle(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    values, updates = card(window, "Weights").findChildren(HistogramView)
    assert values.histogram() is not None
    assert updates.histogram() is None
    assert updates.accessibleDescription() == "none yet"
    assert card(window, "Weights").caption() == "|Δw| ÷ |w| = –; right: about 0.001"
    assert particles(window).image() is None


def test_it_lives_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    qtbot.waitUntil(lambda: len(gap(window).points()) >= 3, timeout=20_000)
    measured = panel(window).health
    assert measured is not None
    assert measured.epochs > 0
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    wait_until_measured(qtbot, window, window.session.epochs_trained)


def test_out_of_sight_nothing_is_measured(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    window.docks["draw"].raise_()
    train(qtbot, window)
    health = panel(window).health
    assert health is not None
    assert health.epochs == 0
    look(window)
    wait_until_measured(qtbot, window, 3)


def test_findings_are_told_and_point_at_units_and_setting(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_sick_model(window, tmp_path / "sick.safetensors")
    look(window)
    dead, stuck = wait_for_findings(qtbot, window)
    assert dead.words()[0] == "2 of 12 hidden units never switch on."
    assert stuck.words()[0] == "1 of 12 hidden units never switch off."

    with qtbot.waitSignal(window.session.setting_pointed_at) as pointed:
        click(dead)
    assert pointed.args == ["learning_rate"]
    assert window.session.selection.units == (2, 5)
    assert units(window).selected() == (2, 5)
    assert mosaic(window).marked() == (2, 5)
    assert dead.isChecked()

    look(window)
    click(stuck)
    assert mosaic(window).marked() == (3,)
    assert not dead.isChecked()
    click(stuck)
    assert mosaic(window).marked() == ()


def test_the_units_of_a_finding_are_outlined_among_the_weights(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    open_sick_model(window, tmp_path / "sick.safetensors")
    look(window)
    found = wait_for_findings(qtbot, window)
    before = mosaic(window).grab().toImage()
    click(found[0])
    after = mosaic(window).grab().toImage()
    for unit in range(12):
        edge = mosaic(window).tile_rect(unit).topLeft().toPoint() + QPoint(-1, 4)
        assert (before.pixelColor(edge) != after.pixelColor(edge)) == (unit in (2, 5))


def test_pointing_at_a_unit_tells_of_it_and_a_click_points_it_out(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    health = panel(window).health
    assert health is not None
    title = "Hidden units: p(h = 1 | v)"
    resting = card(window, title).caption()
    assert resting == "100 training images down; bars: means of 200; binary above 0.5"
    place = units(window).column_rect(7).center().toPoint()
    QTest.mouseMove(units(window), place)
    assert (
        card(window, title)
        .caption()
        .startswith(f"Unit 8: on for {100 * health.mean_activity[7]:.1f}% of 200 images; largest weight ")
    )
    QTest.mouseClick(units(window), LEFT, pos=place)
    assert mosaic(window).marked() == (7,)
    QTest.mouseClick(units(window), LEFT, pos=place)
    assert mosaic(window).marked() == ()
    QTest.mouseMove(units(window), QPoint(1, 1))
    assert card(window, title).caption() == resting


def test_another_model_is_not_pointed_at(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_sick_model(window, tmp_path / "sick.safetensors")
    look(window)
    click(wait_for_findings(qtbot, window)[0])
    window.session.change_settings(hidden_num=5)
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    wait_until_measured(qtbot, window, 3)
    assert window.session.selection.units == ()
    assert mosaic(window).marked() == ()
    assert all("12 hidden" not in button.words()[0] for button in findings(window))
    image = units(window).image()
    assert image is not None
    assert image.width() == 5


def test_each_model_has_a_gap_of_its_own(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    train(qtbot, window)
    wait_until_measured(qtbot, window, 3)
    assert gap(window).points()[-1].epoch == 3
    # Out of sight another one goes further.
    window.docks["draw"].raise_()
    window.session.change_settings(hidden_num=5, epochs=5)
    train(qtbot, window)
    look(window)
    wait_until_measured(qtbot, window, 5)
    assert [point.epoch for point in gap(window).points()] == [5]


def test_what_is_pointed_out_follows_its_finding(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    # So strong a target wakes unit 5 soon, and unit 2 not.
    window.session.change_settings(sparsity_cost=10.0, sparsity_target=0.9)
    p = model_of(window.session)
    bias = np.zeros(12, dtype=np.float32)
    bias[[2, 5]] = (-1e6, -6)
    path = tmp_path / "sick.safetensors"
    save_model(path, SavedModel(Parameters(p.w, p.visible_bias, bias)))
    window.open_path(path)
    look(window)
    click(wait_for_findings(qtbot, window)[0])
    assert mosaic(window).marked() == (2, 5)
    train(qtbot, window)
    look(window)
    qtbot.waitUntil(lambda: mosaic(window).marked() == (2,), timeout=20_000)
    assert findings(window)[0].isChecked()
    # Whoever points at another unit leaves the finding.
    look(window)
    QTest.mouseClick(units(window), LEFT, pos=units(window).column_rect(7).center().toPoint())
    assert mosaic(window).marked() == (7,)
    assert not findings(window)[0].isChecked()


def test_the_axes_rest_while_the_values_fit_them(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    p = model_of(window.session)

    def limit_with(weight: float) -> float:
        path = tmp_path / f"{weight}.safetensors"
        save_model(path, SavedModel(Parameters(np.full_like(p.w, weight), p.visible_bias, p.hidden_bias)))
        with qtbot.waitSignal(panel(window).measured):
            window.open_path(path)
            look(window)
        histogram = card(window, "Weights").findChildren(HistogramView)[0].histogram()
        assert histogram is not None
        return histogram.limit

    assert [limit_with(weight) for weight in (0.9, 0.4, 0.09, 0.4)] == [1, 1, 0.1, 0.5]


def test_a_unit_is_read_on_while_the_model_changes(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    QTest.mouseMove(units(window), units(window).column_rect(7).center().toPoint())
    before = card(window, "Hidden units: p(h = 1 | v)").caption()
    press(window, "Step")
    wait_until_measured(qtbot, window, 0.1)
    after = card(window, "Hidden units: p(h = 1 | v)").caption()
    assert after.startswith("Unit 8: ")
    assert after != before


def test_the_sparsity_target_and_the_binarisation_are_those_of_the_training(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    window.session.change_settings(binarisation="threshold", threshold=0.3)
    qtbot.waitUntil(lambda: what(window).endswith("binary above 0.3"))
    assert card(window, "Hidden units: p(h = 1 | v)").caption().endswith("binary above 0.3")
    window.session.change_settings(binarisation="stochastic")
    qtbot.waitUntil(lambda: what(window).endswith("binary at random"))


def test_without_images_there_is_a_word(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    look(window)
    qtbot.waitUntil(lambda: not panel(window).visibleRegion().isEmpty())
    assert "The model's health is shown here as soon as there are images." in labels(panel(window))
    assert panel(window).health is None
    assert units(window).image() is None


def test_images_of_another_size_are_not_measured_on(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    look(window)
    wait_until_measured(qtbot, window, 3)
    assert window.session.set_image_shape((4, 4))
    words = "The images have another size than the model. Train starts a new model that fits."
    qtbot.waitUntil(lambda: what(window) == words)
    assert panel(window).health is None
    assert particles(window).image() is None


def test_findings_stand_beside_the_plots_or_above_them(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    dock = window.docks["health"]
    dock.setFloating(True)
    heading = next(label for label in panel(window).findChildren(QLabel) if label.text() == "Findings")
    weights = card(window, "Weights")

    def corner(widget: object) -> QPoint:
        assert isinstance(widget, QLabel | Card)
        return widget.mapTo(panel(window), QPoint(0, 0))

    dock.resize(900, 500)
    qtbot.waitUntil(lambda: corner(weights).x() > corner(heading).x() + 200)
    dock.resize(340, 600)
    qtbot.waitUntil(lambda: abs(corner(weights).x() - corner(heading).x()) < 20)
    assert corner(weights).y() > corner(heading).y()
    dock.setFloating(False)


def is_measuring() -> bool:
    return is_at_work("Measuring the model's health")


@pytest.fixture
def slow(qtbot: QtBot, large: MainWindow) -> MainWindow:
    """A window that is measuring."""
    look(large)
    qtbot.waitUntil(is_measuring)
    return large


def test_closing_waits_for_what_is_being_measured(slow: MainWindow) -> None:
    slow.discard()
    assert not is_measuring()


def test_what_was_measured_of_another_model_comes_too_late(qtbot: QtBot, slow: MainWindow) -> None:
    shown: list[int] = []

    def note() -> None:
        health = panel(slow).health
        assert health is not None
        shown.append(health.hidden_num)

    panel(slow).measured.connect(note)
    slow.session.change_settings(hidden_num=5)
    qtbot.waitUntil(lambda: bool(shown), timeout=20_000)
    assert shown[0] == 5


def test_the_plots_can_be_reached_by_keyboard(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    units(window).setFocus()
    QTest.keyClick(units(window), Qt.Key.Key_Right)
    QTest.keyClick(units(window), Qt.Key.Key_Return)
    assert window.session.selection.units == (0,)


# --- pointing at units in the scatter and in the histogram of their biases

SCATTER = "Units: length of filter × mean activity"


def scroll_to(window: MainWindow, view: QWidget) -> None:
    areas = [area for area in panel(window).findChildren(QScrollArea) if area.isAncestorOf(view)]
    areas[0].ensureWidgetVisible(view)


def selected(window: MainWindow) -> tuple[int, ...]:
    """Return the selected units, anew each time: mypy takes what was asserted of a property for lasting."""
    return window.session.selection.units


def scatter(window: MainWindow) -> UnitsScatter:
    found = panel(window).findChild(UnitsScatter)
    assert isinstance(found, UnitsScatter)
    scroll_to(window, found)
    return found


def biases(window: MainWindow) -> UnitsHistogram:
    found = panel(window).findChild(UnitsHistogram)
    assert isinstance(found, UnitsHistogram)
    scroll_to(window, found)
    return found


def test_each_unit_is_a_dot_of_its_filters_length_and_its_activity(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    look(window)
    wait_until_measured(qtbot, window, 3)
    health = panel(window).health
    assert health is not None
    np.testing.assert_allclose(health.lengths, np.linalg.norm(model_of(window.session).w, axis=0), rtol=1e-5)
    assert scatter(window).count() == 12
    assert card(window, SCATTER).caption() == "12 hidden units; means of 200 training images; binary above 0.5"
    x = [scatter(window).dot_at(unit).x() for unit in range(12)]
    y = [-scatter(window).dot_at(unit).y() for unit in range(12)]
    assert np.argsort(x).tolist() == np.argsort(health.lengths).tolist()
    assert np.argsort(y).tolist() == np.argsort(health.mean_activity).tolist()


def test_a_dot_lights_its_unit_up_everywhere(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    look(window)
    wait_until_measured(qtbot, window, 3)
    place = scatter(window).dot_at(7).toPoint()
    unit = scatter(window).item_at(QPointF(place))
    QTest.mouseMove(scatter(window), place)
    assert window.session.selection.hovered == unit
    assert mosaic(window).hovered_tile() == units(window).hovered_unit() == unit
    assert unit in biases(window).units_of(biases(window).ticked()[0])
    assert card(window, SCATTER).caption().startswith(f"Unit {unit + 1}: length ")
    QTest.mouseClick(scatter(window), LEFT, pos=place)
    assert window.session.selection.units == (unit,)
    assert mosaic(window).marked() == (unit,)


def test_a_unit_that_is_pointed_at_elsewhere_is_a_larger_dot_and_has_a_tick(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    QTest.mouseMove(mosaic(window), mosaic(window).tile_rect(4).center().toPoint())
    assert scatter(window).marked() == (4,)
    assert [4 in biases(window).units_of(bar) for bar in biases(window).ticked()] == [True]
    window.session.selection.select_units((2, 6))
    assert scatter(window).marked() == (2, 4, 6)


def test_a_bar_lights_its_units_up_everywhere(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_sick_model(window, tmp_path / "sick.safetensors")
    look(window)
    wait_until_measured(qtbot, window)
    view = biases(window)
    dead = next(bar for bar in range(41) if view.units_of(bar) == (2, 5))
    place = view.column_rect(dead).center().toPoint()
    before = mosaic(window).grab().toImage()
    QTest.mouseMove(view, place)
    assert window.session.selection.hovered_units == (2, 5)
    assert mosaic(window).lit() == (2, 5)
    assert scatter(window).marked() == (2, 5)
    assert card(window, "Hidden biases").caption() == "2 of 12 units: b below −48"
    after = mosaic(window).grab().toImage()
    for unit in range(12):
        edge = mosaic(window).tile_rect(unit).topLeft().toPoint() + QPoint(-1, 4)
        assert (before.pixelColor(edge) != after.pixelColor(edge)) == (unit in (2, 5))
    QTest.mouseClick(view, LEFT, pos=place)
    assert selected(window) == (2, 5)
    QTest.mouseClick(view, LEFT, pos=place)
    assert selected(window) == ()
    QTest.mouseMove(view, QPoint(view.width() // 4, 2))
    assert mosaic(window).lit() == scatter(window).marked() == ()
    assert "÷" in card(window, "Hidden biases").caption()


def test_bars_and_dots_are_reached_by_the_keyboard(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_sick_model(window, tmp_path / "sick.safetensors")
    look(window)
    wait_until_measured(qtbot, window)
    biases(window).setFocus()
    QTest.keyClick(biases(window), Qt.Key.Key_Right)
    assert window.session.selection.hovered_units == (2, 5)
    QTest.keyClick(biases(window), Qt.Key.Key_End)
    QTest.keyClick(biases(window), Qt.Key.Key_Return)
    assert selected(window) == (3,)
    window.session.selection.select_units(())
    look(window)
    scatter(window).setFocus()
    QTest.keyClick(scatter(window), Qt.Key.Key_Left)
    hovered = window.session.selection.hovered
    QTest.keyClick(scatter(window), Qt.Key.Key_Right)
    assert window.session.selection.hovered not in (-1, hovered)
    QTest.keyClick(scatter(window), Qt.Key.Key_Return)
    assert selected(window) == (window.session.selection.hovered,)


def test_a_model_of_one_unit_is_a_dot_and_a_bar(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(hidden_num=1)
    look(window)
    wait_until_measured(qtbot, window)
    assert scatter(window).count() == 1
    QTest.mouseMove(scatter(window), scatter(window).dot_at(0).toPoint())
    assert window.session.selection.hovered == 0
    assert len(biases(window).ticked()) == 1


def test_before_training_every_unit_has_a_dot(qtbot: QtBot, window: MainWindow) -> None:
    look(window)
    wait_until_measured(qtbot, window)
    window.session.selection.select_units(tuple(range(12)))
    assert scatter(window).marked() == tuple(range(12))
    assert len(biases(window).ticked()) >= 1


def all_words(window: MainWindow) -> str:
    """Return all that the panel says: beside the plots, of each unit that is pointed at, and of what it finds."""
    said = labels(panel(window)) + [word for finding in findings(window) for word in finding.words()]
    for unit in range(3):
        window.session.selection.hover(unit)
        said += [each.caption() for each in panel(window).findChildren(Card)]
    return " | ".join(said).lower().replace("infinite", "")


@pytest.mark.parametrize("scale", [0.0, 1e-38, 1e3, 1e12])
@pytest.mark.parametrize("grey", [0, 255, None])
def test_of_no_model_and_no_images_it_says_nan(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, scale: float, grey: int | None
) -> None:
    if grey is not None:
        with qtbot.waitSignal(window.session.images_changed):
            np.savez(tmp_path / "plain.npz", images=np.full((30, 8, 8), grey, np.uint8))
            window.open_path(tmp_path / "plain.npz")
        wait_until_idle(qtbot, window.session)
    signs = np.random.default_rng(0).choice([-1, 1], (64, 12))
    arrays = (np.asarray(scale * each, np.float32) for each in (signs, signs[:, 0], signs[0]))
    save_model(tmp_path / "model.safetensors", SavedModel(Parameters(*arrays)))
    window.open_path(tmp_path / "model.safetensors")
    look(window)
    wait_until_measured(qtbot, window)
    # Then with an update, and particles; or, where they were absurd before, with why there are none.
    for _ in range(2):
        words = all_words(window)
        assert "nan" not in words
        assert "inf" not in words
        window.session.change_settings(epochs=1)
        window.session.train()
        wait_until_idle(qtbot, window.session)
        qtbot.waitUntil(lambda: panel(window).health is not None and not is_measuring(), timeout=20_000)
