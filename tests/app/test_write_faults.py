"""Every writer of the program, with every call that it makes to the system failing in its turn."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QSize

from rbm_studio.app.curve_export import save_curves
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.drawings import Kept
from rbm_studio.app.drawings_file import write_drawings
from rbm_studio.app.mosaic_export import FilterSheet, save_svg
from rbm_studio.app.mosaic_export import save_png as save_filters
from rbm_studio.app.mosaic_image import Filters
from rbm_studio.app.pictures import DrawnPicture, save_picture
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.data.download import DownloadError, download_mnist
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.experiment_file import save_experiment
from rbm_studio.storage.loss_file import save_loss
from rbm_studio.storage.model_file import SavedModel, save_model
from rbm_studio.storage.png import save_png
from rbm_studio.storage.weights_file import save_weights
from tests.experiments import experiment_of
from tests.sizes import IS_SOAK
from tests.storage.test_weights_file import parameters
from tests.write_faults import ERRORS, calls_of, fault

from .driving import message, press, wait_until_idle
from .test_drawings import drawing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

    from .conftest import Mirror

FILES = {
    "experiment": "a.rbmx",
    "model": "a.safetensors",
    "weights for NumPy": "a.npz",
    "weights as a table": "a.csv",
    "loss": "loss.dat",
    "grey picture": "a.png",
    "picture": "a.png",
    "drawn picture": "a.svg",
    "filters": "a.png",
    "drawn filters": "a.svg",
    "curve's numbers": "a.csv",
    "drawings": "drawings.json",
}
WORDS = {
    "ENOSPC": "the disk is full",
    "EDQUOT": "the disk is full",
    "EACCES": "you may not write",
    "EROFS": "you may not write",
    "EIO": "is gone or cannot be reached",
    "ESTALE": "is gone or cannot be reached",
    "ENOTCONN": "is gone or cannot be reached",
}


@pytest.fixture
def writers(qtbot: QtBot) -> dict[str, Callable[[Path], object]]:
    p = parameters()
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.history.append([CurvePoint(1.0, 0.5, None)])
    picture = DrawnPicture("A line", QSize(20, 20), lambda painter: painter.drawLine(0, 0, 20, 20), 96)
    sheet = FilterSheet(Filters(p.w.reshape(2, 3, 3), None, None), 2, (0, 1, 2), "Filters", ("−1", "0", "1"))
    return {
        "experiment": lambda path: save_experiment(path, experiment_of(SavedModel(p, None, (), (2, 3)))),
        "model": lambda path: save_model(path, SavedModel(p, None, (), (2, 3))),
        "weights for NumPy": lambda path: save_weights(path, p),
        "weights as a table": lambda path: save_weights(path, p),
        "loss": lambda path: save_loss(path, [EpochRecord(1.0, 0.3, None)]),
        "grey picture": lambda path: save_png(path, np.zeros((4, 4), dtype=np.uint8)),
        "picture": lambda path: save_picture(picture, path),
        "drawn picture": lambda path: save_picture(picture, path),
        "filters": lambda path: save_filters(path, sheet, 2),
        "drawn filters": lambda path: save_svg(path, sheet),
        "curve's numbers": lambda path: save_curves([plot], path),
        "drawings": lambda path: write_drawings(path, (Kept(drawing()),)),
    }


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_a_call_that_fails_leaves_the_old_file_and_one_sentence(
    writers: dict[str, Callable[[Path], object]], name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    path = folder / FILES[name]
    path.write_bytes(b"old")
    write = partial(writers[name], path)
    calls = calls_of(write)
    assert path.read_bytes() != b"old"
    assert calls >= 9
    failed = set()
    kinds = ERRORS if IS_SOAK or name == "experiment" else ("ENOSPC", "ESTALE")
    for kind in kinds:
        code = ERRORS[kind]
        for number in range(calls):
            path.write_bytes(b"old")
            error, call = refusal(write, number, code)
            if error is None:
                # The new file had taken its place: only to note that on the disk failed.
                assert number >= calls - 2, (kind, number, call)
                assert path.read_bytes() not in (b"", b"old")
            else:
                assert isinstance(error, FileError)
                assert WORDS[kind] in str(error)
                assert error.remedy
                assert path.read_bytes() == b"old"
                failed.add(call)
            assert os.listdir(folder) == [path.name]
    assert failed == {"open", "fdopen", "write", "flush", "fsync", "close", "chmod", "replace"}


def test_a_save_that_fails_leaves_the_experiment_unsaved_and_the_window_usable(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session, path = window.session, tmp_path / "lesson.rbmx"
    session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(path)
    before = path.read_bytes()
    calls = calls_of(lambda: session.save_experiment(path))
    for number in range(calls - 2):
        path.write_bytes(before)
        session.experiment.note_saved(path)
        session.experiment.touch()
        with fault(number, errno.ESTALE):
            assert not session.save_experiment(path)
        assert "lesson.rbmx was not saved: the drive of" in message(qtbot)
        assert session.experiment.is_modified
        assert session.experiment.path == path
        assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert session.save_experiment(path)
    assert not session.experiment.is_modified


@pytest.mark.parametrize("kind", ERRORS)
def test_a_download_says_why_it_cannot_be_kept(mirror: Mirror, tmp_path: Path, kind: str) -> None:
    cache = tmp_path / "cache"
    refused = 0
    for number in range(200):
        error, call = refusal(lambda: download_mnist(cache), number, ERRORS[kind])
        if not call:
            break
        assert not list(cache.rglob("*.part"))
        if error is not None:
            assert isinstance(error, DownloadError)
            assert str(cache) in str(error)
            refused += 1
    assert refused >= 4
    assert sorted(os.listdir(cache / "mnist")) == sorted(mirror.files)


def test_a_drive_without_permissions_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "loss.dat"
    path.write_bytes(b"old")
    write = partial(save_loss, path, [EpochRecord(1.0, 0.3, None)])
    outcomes: dict[str, RBMStudioError | None] = {}
    for number in range(calls_of(write)):
        error, call = refusal(write, number, errno.EPERM)
        outcomes.setdefault(call, error)
    assert outcomes["chmod"] is None
    assert isinstance(outcomes["replace"], FileError)


def refusal(write: Callable[[], object], number: int, code: int) -> tuple[RBMStudioError | None, str]:
    """Return what a write raised when one call failed, and the name of that call; empty if it made fewer calls."""
    with fault(number, code) as faults:
        try:
            write()
        except RBMStudioError as error:
            return error, faults.failed
    return None, faults.failed
