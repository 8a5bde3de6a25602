"""The pictures of the panels are copied and saved through their menus, and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QColor, QGuiApplication, QImage

from rbm_studio.app.autocorrelation_view import AutocorrelationView
from rbm_studio.app.chain_grid import ChainGrid
from rbm_studio.app.completion_view import CompletionView
from rbm_studio.app.cover_view import CoverView
from rbm_studio.app.film_strip import FilmStrip
from rbm_studio.app.images import diverging_image, grey_values
from rbm_studio.app.mosaic_layout import tile
from rbm_studio.app.panels.compare_panel import ComparePanel
from rbm_studio.app.panels.unit_panel import UnitPanel
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.stage_view import HiddenView, StageView
from rbm_studio.app.theme import Appearance, dark_palette, light_palette, plot_colours
from rbm_studio.app.weights_picture import WeightsPicture

from .conftest import SIDE, load
from .driving import button, click, drag, named, pick, status, train
from .test_compare_panel import wait_until_compared
from .test_draw_lab import cover, settle_lab
from .test_draw_panel import STROKE, open_row, panel_of
from .test_dream_panel import grid, mixing, pause, run, visits
from .test_labels import labelled
from .test_picture_export import choose, entries, opened, words
from .test_unit_panel import wait_until_measured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


@pytest.fixture
def dark(wear: Callable[[Appearance], None]) -> None:
    """A dark window, as on an evening."""
    wear(Appearance.DARK)


@pytest.fixture
def knowing(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A window with a trained model that knows classes."""
    load(qtbot, window.session, labelled())
    window.session.change_settings(labels=True, epochs=3)
    train(qtbot, window)
    return window


def export(window: MainWindow, panel: str) -> PictureButton:
    found = window.panel(panel).findChild(PictureButton)
    assert isinstance(found, PictureButton)
    assert found.isVisible()
    return found


def look(qtbot: QtBot, window: MainWindow, panel: str) -> QWidget:
    window.docks[panel].raise_()
    qtbot.waitUntil(lambda: not window.panel(panel).visibleRegion().isEmpty())
    return window.panel(panel)


def offered(window: MainWindow, panel: str) -> list[str]:
    found = export(window, panel)
    names = [words(action) for action in entries(opened(found))]
    found.menu().close()
    return names


def saved(qtbot: QtBot, window: MainWindow, panel: str, name: str, path: Path, scale: int = 1) -> QImage:
    """Save a picture as PNG by the menu, and return what is in the file."""
    choose(export(window, panel), name, f"Save as PNG, {scale}× ")
    pick(qtbot, path)
    assert status(window) == f"Saved {path.name}"
    image = QImage(str(path))
    path.unlink()
    return image


def svg_words(qtbot: QtBot, window: MainWindow, panel: str, name: str, path: Path) -> str:
    """Save a plot as SVG by the menu, and return all words in it."""
    choose(export(window, panel), name, "Save as SVG")
    pick(qtbot, path)
    root = ElementTree.parse(path).getroot()
    assert root.tag.endswith("svg")
    path.unlink()
    # Each line of a text is an element of its own.
    return " ".join(text.strip() for text in root.itertext() if text.strip())


def same(image: QImage, values: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(grey_values(image), values, atol=1.01 / 255)


def colours(image: QImage) -> set[str]:
    pixels = image.convertToFormat(QImage.Format.Format_RGB32)
    return {QColor.fromRgb(int(each)).name() for each in np.unique(np.frombuffer(pixels.constBits(), dtype=np.uint32))}


def is_printed_light(image: QImage) -> None:
    dark = dark_palette()
    plot = plot_colours(dark)
    assert image.pixelColor(2, 2).name() == light_palette().base().color().name()
    others = (dark.base().color(), dark.text().color(), dark.placeholderText().color(), plot.training, plot.earlier)
    assert not {colour.name() for colour in others} & colours(image)


# --- Draw


def test_the_drawing_and_what_is_made_of_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    assert offered(window, "draw") == ["What the network sees", "Hidden units", "Reconstruction"]
    panel = panel_of(window)
    drag(panel.canvas, *STROKE)
    panel.refresh()
    assert offered(window, "draw") == ["Your drawing", "What the network sees", "Hidden units", "Reconstruction"]
    for kind, name in (
        (CoverView, "What the network sees"),
        (HiddenView, "Hidden units"),
        (StageView, "Reconstruction"),
    ):
        shown = grey_values(named(panel, kind, name).picture())
        same(saved(qtbot, window, "draw", name, tmp_path / "seen.png"), shown)
        same(saved(qtbot, window, "draw", name, tmp_path / "seen.png", 4), np.kron(shown, np.ones((4, 4), np.float32)))


def test_the_paper_is_saved_as_it_was_painted(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    canvas = panel_of(window).canvas
    drag(canvas, (0.5, 0.2), (0.5, 0.8))
    painted = grey_values(canvas.grab(canvas.paper_rect().toRect()).toImage())
    values = grey_values(saved(qtbot, window, "draw", "Your drawing", tmp_path / "drawing.png", 2))
    assert values.shape == (560, 560)
    # Without the frame, and at the same places.
    assert values[:20].max() == values[:, :20].max() == 0
    assert values.mean() == pytest.approx(painted.mean(), rel=0.03)
    places = [np.argwhere(each > 0.5).mean(axis=0) / len(each) for each in (values, painted)]
    np.testing.assert_allclose(places[0], places[1], atol=0.01)
    choose(export(window, "draw"), "Your drawing", "Save as SVG")
    pick(qtbot, tmp_path / "drawing.svg")
    assert "polyline" in (tmp_path / "drawing.svg").read_text()
    # A stroke that comes later is not on a picture that was chosen before.
    choose(export(window, "draw"), "Your drawing", "Copy")
    before = QGuiApplication.clipboard().image()
    canvas.undo()
    assert offered(window, "draw")[0] == "What the network sees"
    assert grey_values(before).max() == 1


def test_completions_are_one_image_and_what_is_covered_is_hidden(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, window)
    panel = panel_of(window)
    drag(panel.canvas, *STROKE)
    open_row(window, "Cover")
    cover(panel, "right half")
    qtbot.waitUntil(lambda: "Chains" in offered(window, "draw"))
    settle_lab(qtbot, panel)
    shown = named(panel, CompletionView, "Chains")
    image = saved(qtbot, window, "draw", "Chains", tmp_path / "chains.png")
    same(image, grey_values(shown.picture()))
    assert (image.width(), image.height()) == (2 * SIDE + 1, 2 * SIDE + 1)
    seen = saved(qtbot, window, "draw", "What the network sees", tmp_path / "seen.png")
    assert {seen.pixelColor(SIDE - 1, row).name() for row in range(SIDE)} == {"#b35900"}
    assert seen.pixelColor(0, 0).name() == "#000000"


@pytest.mark.usefixtures("dark")
def test_class_bars_are_a_plot_and_light(qtbot: QtBot, knowing: MainWindow, tmp_path: Path) -> None:
    drag(panel_of(knowing).canvas, *STROKE)
    assert offered(knowing, "draw")[-1] == "What is this?"
    said = svg_words(qtbot, knowing, "draw", "What is this?", tmp_path / "bars.svg")
    assert "What is this?" in said
    assert "p(y|v)" in said
    is_printed_light(saved(qtbot, knowing, "draw", "What is this?", tmp_path / "bars.png", 2))


# --- Dream


@pytest.mark.usefixtures("dark")
def test_dreams_their_film_and_whether_they_mix(qtbot: QtBot, knowing: MainWindow, tmp_path: Path) -> None:
    panel = look(qtbot, knowing, "dream")
    qtbot.waitUntil(lambda: grid(knowing).pictures() is not None)
    run(knowing)
    qtbot.waitUntil(lambda: mixing(knowing).data() is not None and visits(knowing).data() is not None, timeout=20_000)
    pause(qtbot, knowing)
    chains = grid(knowing).pictures()
    assert chains is not None
    names = offered(knowing, "dream")
    assert names[:5] == ["All chains", "Chain 1", "Film of chain 1", "Autocorrelation", "Classes visited"]
    all_chains = saved(qtbot, knowing, "dream", "All chains", tmp_path / "chains.png", 2)
    expected = tile(chains, 4, fill=128) / np.float32(255)
    same(all_chains, np.kron(expected, np.ones((2, 2), np.float32)))
    same(saved(qtbot, knowing, "dream", "Chain 1", tmp_path / "chain.png"), chains[0] / np.float32(255))
    film = named(panel, FilmStrip, "The chosen chain's past").pictures()
    image = saved(qtbot, knowing, "dream", "Film of chain 1", tmp_path / "film.png")
    same(image.copy(0, 0, film.shape[2], film.shape[1]), film[0] / np.float32(255))
    assert (image.width() + 1) // (film.shape[2] + 1) == min(len(film), 10)
    for name in names[3:]:
        said = svg_words(qtbot, knowing, "dream", name, tmp_path / "plot.svg")
        assert name in said
        assert "Step " in said
        is_printed_light(saved(qtbot, knowing, "dream", name, tmp_path / "plot.png"))


def test_before_there_is_anything_to_dream_nothing_is_offered(qtbot: QtBot, window: MainWindow) -> None:
    look(qtbot, window, "dream")
    qtbot.waitUntil(lambda: named(window.panel("dream"), ChainGrid, "Chains").pictures() is not None)
    # Of noise that has not moved there is nothing to plot.
    assert offered(window, "dream") == ["All chains", "Chain 1", "Film of chain 1"]
    assert named(window.panel("dream"), AutocorrelationView, "Autocorrelation of the chains").data() is None


# --- Compare


@pytest.mark.usefixtures("dark")
def test_the_mosaics_name_the_two_sides(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = look(qtbot, window, "compare")
    assert isinstance(panel, ComparePanel)
    train(qtbot, window)
    wait_until_compared(qtbot, window)
    start, now = "Start (untrained)", "Now (epoch 3)"
    names = [f"Filters: {start}", f"Filters: {now}", f"Differences: {now} less {start}"]
    assert offered(window, "compare") == names
    pictures = panel.filters.view.pictures()
    assert pictures is not None
    for name, limit in zip(names, (pictures.left_limit, pictures.right_limit, pictures.difference_limit), strict=True):
        said = svg_words(qtbot, window, "compare", name, tmp_path / "filters.svg")
        assert name in said
        assert f"12 pairs of filters: {start} at the left, {now} at the right." in said
        assert f"+{limit:.2g}" in said
        image = saved(qtbot, window, "compare", name, tmp_path / "filters.png", 2)
        is_printed_light(image)
        # The tiles themselves.
        last = diverging_image(np.full((1, 1), 1, np.float32), 1.0).pixelColor(0, 0).name()
        assert last in colours(image)


@pytest.mark.usefixtures("dark")
def test_the_spectrum_is_two_light_plots(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = look(qtbot, window, "compare")
    assert isinstance(panel, ComparePanel)
    train(qtbot, window)
    click(button(panel, "Spectrum"))
    qtbot.waitUntil(lambda: 3.0 in panel.spectrum.history(), timeout=20_000)
    names = ["The 12 largest singular values", "All singular values"]
    assert offered(window, "compare") == names
    for name in names:
        said = svg_words(qtbot, window, "compare", name, tmp_path / "spectrum.svg")
        assert name in said
        assert "stable rank" in said
        image = saved(qtbot, window, "compare", name, tmp_path / "spectrum.png")
        is_printed_light(image)
        assert plot_colours(light_palette()).training.name() in colours(image)
        assert plot_colours(dark_palette()).training.name() not in colours(image)


# --- Unit


@pytest.mark.usefixtures("dark")
def test_the_cards_of_a_hidden_unit(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    window.session.selection.select_units((6,))
    panel = look(qtbot, window, "unit")
    assert isinstance(panel, UnitPanel)
    wait_until_measured(qtbot, window, 3)
    titles = (
        "Filter: its weights",
        "p(h = 1 | v) over the data",
        "Its incoming weights",
        "Switched on most by",
        "Switched on least by",
        "Units most like it",
        "Your drawing, restored",
    )
    names = [f"{title} (hidden unit 7)" for title in titles]
    assert offered(window, "unit") == [*names, "Filter, pixel by pixel (hidden unit 7)"]
    for name in names:
        said = svg_words(qtbot, window, "unit", name, tmp_path / "card.svg")
        assert name in said
        assert "Click" not in said
        is_printed_light(saved(qtbot, window, "unit", name, tmp_path / "card.png", 2))
    assert window.session.model is not None
    weights = window.session.model.parameters.w[:, 6].reshape(SIDE, SIDE)
    limit = next(each.limit() for each in panel.findChildren(WeightsPicture) if each.isVisible())
    image = saved(qtbot, window, "unit", "Filter, pixel by pixel (hidden unit 7)", tmp_path / "filter.png")
    assert image.convertToFormat(QImage.Format.Format_RGB32) == diverging_image(weights, limit).convertToFormat(
        QImage.Format.Format_RGB32
    )


@pytest.mark.usefixtures("dark")
def test_the_cards_of_a_visible_unit(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    look(qtbot, window, "unit")
    assert offered(window, "unit") == ["There is no picture yet"]
    window.session.selection.select_pixel(20)
    titles = ("Where it lies", "Weights to the hidden units", "Pixels most like it", "Its weights")
    names = [f"{title} (pixel 21)" for title in titles]
    assert offered(window, "unit")[:4] == names
    for name in names:
        assert name in svg_words(qtbot, window, "unit", name, tmp_path / "card.svg")
        is_printed_light(saved(qtbot, window, "unit", name, tmp_path / "card.png", 2))
    image = saved(qtbot, window, "unit", "Pixels most like it, pixel by pixel (pixel 21)", tmp_path / "map.png", 4)
    assert (image.width(), image.height()) == (4 * SIDE, 4 * SIDE)
