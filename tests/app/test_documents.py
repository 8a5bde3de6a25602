from __future__ import annotations

import json
import os
import threading
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.session import Session
from rbm_studio.data import Dataset
from rbm_studio.data.handwriting import Stroke
from rbm_studio.data.mnist import read_mnist_folder
from rbm_studio.storage.experiment_file import SavedExperiment, load_experiment
from rbm_studio.storage.model_file import load_model
from rbm_studio.storage.weights_file import save_weights
from tests.experiments import pack

from .conftest import bars, bars_dataset, load, mnist_files
from .driving import SlowDisk, drag, model_of, process_deletions, state, wait_until_idle
from .test_session import SINGLE_SHOT, failures, train, weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow
    from rbm_studio.core.state import TrainingState


def another(qtbot: QtBot, dataset: Dataset | None = None) -> Session:
    """Return a session as in another program."""
    session = Session()
    load(qtbot, session, dataset or bars_dataset())
    return session


def plain(state: TrainingState | None) -> Any:
    assert state is not None
    return state.facts(), {name: array.tobytes() for name, array in state.arrays().items()}


def kept(x: float) -> Kept:
    points = np.array([[x, 0.25], [1 - x, 0.7512312]], dtype=np.float32)
    pressed = Stroke(points, np.array([0.123456, 0.9], dtype=np.float32))
    return Kept(Drawing((pressed, Stroke(points, erases=True))), 2.25, False)


def are_alike(some: tuple[Kept, ...], others: tuple[Kept, ...]) -> bool:
    return all(one.is_same(other) for one, other in zip(some, others, strict=True))


def canvas_of(window: MainWindow) -> DrawingCanvas:
    found = window.findChild(DrawingCanvas)
    assert found is not None
    return found


def draw(qtbot: QtBot, window: MainWindow, *places: tuple[float, float]) -> None:
    """Draw a stroke, and wait until the session has all of it."""
    canvas, drawings = canvas_of(window), window.session.drawings
    drag(canvas, *places)

    def has_come() -> bool:
        strokes = drawings.current.drawing.strokes
        return bool(strokes) and len(strokes[-1].points) == len(canvas.strokes()[-1].points)

    qtbot.waitUntil(has_come)


def wait_until_free(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: session.task is None)


# --- there and back


@pytest.mark.parametrize("gradient", ["cd", "pcd"])
def test_all_that_an_experiment_holds_comes_back(
    qtbot: QtBot, window: MainWindow, show: Callable[[Session], MainWindow], tmp_path: Path, gradient: str
) -> None:
    session = window.session
    session.change_settings(gradient=gradient, learning_rate=0.03, momentum=0.7, seed=4, visible_units="sampled")
    session.experiment.write_notes("Möge es gelingen: ✓\nSecond line")
    train(qtbot, session)
    session.reset()
    session.change_settings(hidden_num=7, epochs=2)
    train(qtbot, session)
    session.selection.select_units((2, 5))
    session.selection.select_pixel(9)
    draw(qtbot, window, (0.2, 0.2), (0.5, 0.6), (0.7, 0.8))
    session.drawings.add([kept(0.1), kept(0.2)])
    session.change_settings(epochs=9)
    assert session.save_experiment(tmp_path / "bars.rbmx")
    assert not session.experiment.is_modified

    session.documents.close()
    other = another(qtbot)
    seen = show(other)
    assert other.open_experiment(tmp_path / "bars.rbmx")
    assert not other.experiment.is_modified
    assert other.experiment.notes == session.experiment.notes
    assert other.experiment.identity == session.experiment.identity
    assert other.book.own == other.book.runs
    assert other.settings == session.settings
    assert other.training_data == session.training_data
    assert session.images is not None
    assert other.training_data == session.images.identity
    mine, its = model_of(session), model_of(other)
    assert weights(other) == weights(session)
    assert (its.history, its.training, its.image_shape) == (mine.history, mine.training, mine.image_shape)
    assert its.epochs_trained == mine.epochs_trained == 2.0
    assert plain(other.training_state) == plain(session.training_state)
    assert other.selection.units == (2, 5)
    assert other.selection.pixel == 9
    for one, two in zip(session.book.runs, other.book.runs, strict=True):
        assert (one.identity, one.name, one.settings) == (two.identity, two.name, two.settings)
        assert one.dataset == two.dataset
        assert (one.began, one.seconds, one.epochs) == (two.began, two.seconds, two.epochs)
        for name, curve in one.curves.items():
            if len(curve):
                np.testing.assert_array_equal(curve.table(), two.curves[name].table())
    assert len(session.moments.kept) == len(other.moments.kept) > 1
    for before, after in zip(session.moments.kept, other.moments.kept, strict=True):
        assert before.parameters.w.tobytes() == after.parameters.w.tobytes()
        assert (before.epochs, before.record, before.image_shape) == (after.epochs, after.record, after.image_shape)
        assert (before.state is None) == (after.state is None)
        if before.state is not None:
            assert plain(before.state) == plain(after.state)
    assert are_alike(other.drawings.kept, session.drawings.kept)
    drawn = session.drawings.current
    assert are_alike((replace(drawn, drawing=Drawing(tuple(canvas_of(seen).strokes()))),), (drawn,))
    # What it made of the file makes the same file.
    qtbot.waitUntil(lambda: other.drawings.can_keep)
    again, first = gather(other, None), gather(session, None)
    assert again.facts | {"saved": ""} == first.facts | {"saved": ""}
    assert [run.facts for run in again.runs] == [run.facts for run in first.runs]
    assert again.drawings == first.drawings


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("gradient", ["cd", "pcd"])
def test_a_run_saved_on_its_way_ends_the_same_in_another_program(
    qtbot: QtBot, session: Session, tmp_path: Path, paused: bool, gradient: str
) -> None:
    session.change_settings(epochs=60, gradient=gradient, visible_units="sampled", schedule="linear")
    path = tmp_path / "bars.rbmx"

    def save() -> None:
        if paused:
            session.pause()
        assert session.save_experiment(path)

    # The first time that the window hears of the run; later it would be over.
    session.progressed.connect(save, SINGLE_SHOT)
    session.train()
    qtbot.waitUntil(path.exists)
    saved = load_experiment(path)
    assert saved.model is not None
    assert saved.model.state is not None
    assert saved.model.state.unfinished
    if paused:
        session.train()
    wait_until_idle(qtbot, session)
    assert session.experiment.is_modified
    session.documents.close()
    other = another(qtbot)
    assert other.open_experiment(path)
    train(qtbot, other)
    assert weights(other) == weights(session)
    assert model_of(other).history == model_of(session).history
    assert plain(other.training_state) == plain(session.training_state)
    present = other.book.present
    assert present is not None
    assert present.curves[LIVE].values("epoch")[-1] == 60
    # The measurements until the file was written are those of the run that was not interrupted.
    whole = session.book.history(LIVE).current
    assert whole is not None
    written = saved.runs[0].curves.get(LIVE)
    if written is not None:
        np.testing.assert_array_equal(whole.table()[: len(written)], written)


def test_a_curve_is_saved_as_far_as_the_model_beside_it(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    written: list[SavedExperiment] = []

    def save() -> None:
        # The worker goes on meanwhile, and the window's timer has no turn.
        begun = model_of(session).epochs_trained
        model = tmp_path / "bars.safetensors"
        trained = begun
        while trained < begun + 3:
            assert session.save_model(model)
            state = load_model(model).state
            assert state is not None
            trained = state.epochs_trained
        assert session.save_experiment(tmp_path / "bars.rbmx")
        written.append(load_experiment(tmp_path / "bars.rbmx"))
        session.stop()

    session.change_settings(epochs=100_000)
    session.progressed.connect(save, SINGLE_SHOT)
    train(qtbot, session)
    (saved,) = written
    whole = session.book.history(LIVE).current
    assert saved.model is not None
    assert saved.model.state is not None
    assert whole is not None
    table = whole.table()
    expected = table[table[:, 0] <= saved.model.state.epochs_trained]
    assert len(expected) >= 3
    np.testing.assert_array_equal(saved.runs[0].curves[LIVE], expected)


def test_what_was_gathered_is_not_changed_by_the_run_that_follows(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    gathered, expected = gather(session, None).model, plain(session.training_state)
    train(qtbot, session)
    assert gathered is not None
    assert plain(gathered.state) == expected


def test_an_untrained_model_that_was_opened_is_drawn_anew_for_other_settings(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    assert session.save_experiment(tmp_path / "new.rbmx")
    session.documents.close()
    other = another(qtbot)
    assert other.open_experiment(tmp_path / "new.rbmx")
    assert weights(other) == weights(session)
    other.change_settings(seed=3)
    assert weights(other) != weights(session)
    assert other.experiment.is_modified


def test_a_foreign_model_stays_what_it_is_through_an_experiment(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    save_weights(tmp_path / "foreign.npz", model_of(session).parameters)
    assert session.import_model(tmp_path / "foreign.npz")
    assert session.experiment.name == "foreign"
    assert session.save_experiment(tmp_path / "foreign.rbmx")
    session.documents.close()
    other = another(qtbot)
    assert other.open_experiment(tmp_path / "foreign.rbmx")
    other.change_settings(seed=99)
    assert weights(other) == weights(session)


def test_what_is_written_is_what_there_was_when_it_was_asked_for(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, session)
    expected = plain(session.training_state)
    held, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (held.wait(20), fsync(descriptor)))
    session.documents.saving.save(tmp_path / "bars.rbmx")
    train(qtbot, session)
    held.set()
    session.documents.saving.wait()
    saved = load_experiment(tmp_path / "bars.rbmx").model
    assert saved is not None
    assert plain(saved.state) == expected
    assert session.experiment.is_modified


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_file_that_cannot_be_written_leaves_the_old_one_and_the_changes(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "bars.rbmx"
    assert session.save_experiment(path)
    before = path.read_bytes()
    train(qtbot, session)
    told: list[Exception] = []
    session.failed.connect(told.append)

    def fail(_descriptor: int) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert not session.save_experiment(path)
    assert len(told) == 1
    assert path.read_bytes() == before
    assert session.experiment.is_modified
    assert session.experiment.path == path
    assert {each.name for each in tmp_path.iterdir() if each.is_file()} == {"bars.rbmx", ".bars.rbmx.lock"}
    assert session.save_experiment(path)
    assert not session.experiment.is_modified


def test_a_large_file_is_opened_in_the_background(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    load(qtbot, session, bars_dataset(32))
    session.change_settings(hidden_num=1200)
    assert session.save_experiment(tmp_path / "large.rbmx")
    session.documents.close()
    other = another(qtbot, bars_dataset(32))
    before = weights(other)
    with qtbot.waitSignal(other.documents.opened):
        assert other.open_experiment(tmp_path / "large.rbmx")
        assert weights(other) == before
        assert other.task is not None
        assert "large.rbmx" in other.task.title
    assert weights(other) == weights(session)
    wait_until_free(qtbot, other)


def test_nothing_is_opened_or_begun_while_it_trains(session: Session, tmp_path: Path) -> None:
    assert session.save_experiment(tmp_path / "bars.rbmx")
    told, identity = failures(session), session.experiment.identity
    session.change_settings(epochs=100_000)
    session.train()
    assert not session.open_experiment(tmp_path / "bars.rbmx")
    assert not session.documents.begin()
    assert not session.import_model(tmp_path / "any.npz")
    assert told == [
        "An experiment cannot be opened while training. Stop the training first.",
        "A new experiment cannot be begun while training. Stop the training first.",
        "A model cannot be opened while training. Stop the training first.",
    ]
    assert session.experiment.identity == identity
    session.shut_down()


def test_a_new_experiment_begins_as_at_the_first_start(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.experiment.write_notes("Old")
    train(qtbot, session)
    assert session.save_experiment(tmp_path / "bars.rbmx")
    before = session.experiment.identity
    assert session.documents.begin()
    assert session.experiment.identity != before
    assert (session.experiment.path, session.experiment.notes) == (None, "")
    assert session.settings == replace(Session().settings, image_shape=(8, 8), device="cpu")
    assert model_of(session).history == ()
    # The runs of this session stay for comparison, and in the file of their own experiment alone.
    assert [run.epochs for run in session.book.runs] == [3.0, 0.0]
    assert session.save_experiment(tmp_path / "new.rbmx")
    assert [run.facts["epochs"] for run in load_experiment(tmp_path / "new.rbmx").runs] == [0.0]


# --- the images that it belongs to


def stopped_on_its_way(qtbot: QtBot, session: Session, path: Path) -> None:
    session.change_settings(epochs=60, learning_rate=0.01)
    session.progressed.connect(session.stop, SINGLE_SHOT)
    train(qtbot, session)
    assert session.training_state is not None
    assert session.training_state.unfinished
    assert session.save_experiment(path)


def other_bars(side: int = 8) -> Dataset:
    return Dataset("Others", "made up", bars(200, side, seed=5), None, bars(20, side, seed=6), None)


def test_with_other_images_it_opens_is_told_once_and_is_not_gone_on_with(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    stopped_on_its_way(qtbot, session, path)
    session.documents.close()
    other = another(qtbot, other_bars())
    told = failures(other)
    notices: list[str] = []
    other.noticed.connect(notices.append)
    with qtbot.waitSignal(other.documents.opened):
        assert other.open_experiment(path)
    wait_until_free(qtbot, other)
    assert notices == ["Opened bars.rbmx; its images are not open here: “Dataset” says which they are."]
    assert session.images is not None
    assert other.documents.missing == session.images.identity
    assert weights(other) == weights(session)
    assert not other.experiment.is_modified
    notices.clear()
    train(qtbot, other)
    assert other.documents.missing is None
    assert notices == ["A new run begins; the one before stays among the runs."]
    # All 60 epochs, of a new model, and not the rest of them.
    assert model_of(other).epochs_trained == 60
    assert other.training_data is not None
    assert other.training_data.name == "Others"
    assert told == []


def test_the_images_of_an_opened_experiment_stay_its_own_until_it_is_trained_on_others(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    stopped_on_its_way(qtbot, session, path)
    session.documents.close()
    other = another(qtbot, other_bars())
    with qtbot.waitSignal(other.documents.opened):
        other.open_experiment(path)
    wait_until_free(qtbot, other)
    assert other.save_experiment(tmp_path / "again.rbmx")
    other.documents.close()
    third = another(qtbot)
    told = failures(third)
    assert third.open_experiment(tmp_path / "again.rbmx")
    train(qtbot, third)
    train(qtbot, session)
    assert weights(third) == weights(session)
    assert told == []


def test_the_right_images_opened_afterwards_bring_the_run_to_its_end(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    stopped_on_its_way(qtbot, session, path)
    session.documents.close()
    other = Session()
    told = failures(other)
    with qtbot.waitSignal(other.documents.opened):
        assert other.open_experiment(path)
    wait_until_free(qtbot, other)
    assert told == []
    assert other.documents.missing is not None
    assert not other.can_train
    load(qtbot, other, bars_dataset())
    assert other.documents.missing is None
    train(qtbot, other)
    train(qtbot, session)
    assert weights(other) == weights(session)
    assert model_of(other).history == model_of(session).history


def test_within_one_session_too_a_run_is_not_gone_on_with_on_other_images(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    stopped_on_its_way(qtbot, session, tmp_path / "bars.rbmx")
    trained = model_of(session).epochs_trained
    load(qtbot, session, other_bars())
    notices: list[str] = []
    session.noticed.connect(notices.append)
    session.next_run.choose(new=False)
    train(qtbot, session)
    assert notices == ["These are other images than before: their epochs begin anew."]
    assert model_of(session).epochs_trained == pytest.approx(trained + 60)


def test_images_of_a_shape_that_does_not_fit_leave_the_model_to_look_at(
    qtbot: QtBot, show: Callable[[Session], MainWindow], session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    stopped_on_its_way(qtbot, session, path)
    session.documents.close()
    other = another(qtbot, other_bars(6))
    window = show(other)
    told = failures(other)
    with qtbot.waitSignal(other.documents.opened):
        window.open_path(path)
    wait_until_free(qtbot, other)
    assert told == []
    assert other.documents.missing is not None
    assert model_of(other).image_shape == (8, 8)
    assert other.settings.image_shape == (6, 6)
    assert other.trains_new_model
    for dock in window.docks.values():
        dock.raise_()
        process_deletions()
        assert not dock.visibleRegion().isEmpty()


def test_images_of_another_size_are_resampled(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    wait_until_free(qtbot, session)
    train(qtbot, session)
    assert session.save_experiment(tmp_path / "small.rbmx")
    session.documents.close()
    other = another(qtbot)
    told = failures(other)
    with qtbot.waitSignal(other.documents.opened):
        assert other.open_experiment(tmp_path / "small.rbmx")
    wait_until_free(qtbot, other)
    assert other.images is not None
    assert other.images.train.shape == (200, 16)
    assert other.settings == session.settings
    assert told == []


def test_mnist_that_is_on_the_computer_is_loaded_by_itself(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in mnist_files().items():
        (folder / name).write_bytes(content)
    load(qtbot, session, read_mnist_folder(folder))
    stopped_on_its_way(qtbot, session, tmp_path / "digits.rbmx")
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(folder))
    for loaded in (None, other_bars(), other_bars(6)):
        session.documents.close()
        other = Session() if loaded is None else another(qtbot, loaded)
        told = failures(other)
        with qtbot.waitSignal(other.documents.opened):
            assert other.open_experiment(tmp_path / "digits.rbmx")
        wait_until_free(qtbot, other)
        assert told == []
        assert other.images is not None
        assert other.images.identity == session.training_data
        assert weights(other) == weights(session)
        if loaded is None:
            train(qtbot, other)
            train(qtbot, session)
            assert weights(other) == weights(session)
            other.documents.close()
            assert session.save_experiment(tmp_path / "digits.rbmx")
        other.documents.close()


# --- drawings


def test_drawings_of_a_file_join_those_that_are_here_and_none_comes_twice(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    session.drawings.add([kept(0.1), kept(0.2)])
    assert session.save_experiment(tmp_path / "bars.rbmx")
    assert session.open_experiment(tmp_path / "bars.rbmx")
    assert len(session.drawings.kept) == 2
    session.documents.close()
    other = another(qtbot)
    other.drawings.add([kept(0.3), kept(0.2)])
    assert other.open_experiment(tmp_path / "bars.rbmx")
    assert [each.drawing.strokes[0].points[0, 0].round(3) for each in other.drawings.kept] == pytest.approx(
        [0.3, 0.2, 0.1]
    )
    assert not other.experiment.is_modified


def test_drawings_that_find_no_room_are_told_of_and_stay_in_the_file(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    session.drawings.add([kept(0.1), kept(0.2), kept(0.3)])
    assert session.save_experiment(path)
    session.documents.close()
    other = another(qtbot)
    other.drawings.add([kept(0.5 + n / 1000) for n in range(MOST_KEPT - 1)])
    told = failures(other)
    assert other.open_experiment(path)
    assert told == [
        f"“Drawings” has room for {MOST_KEPT}: 2 of those in bars.rbmx are not shown. "
        "They stay in the file. Remove some that are kept, then open it again."
    ]
    assert len(other.drawings.kept) == MOST_KEPT
    assert other.save_experiment(path)
    assert len(load_experiment(path).drawings["kept"]) == MOST_KEPT + 2
    other.drawings.clear()
    assert other.open_experiment(path)
    assert len(other.drawings.kept) == MOST_KEPT
    other.documents.begin()
    assert not other.experiment.without_room


def test_the_canvas_takes_the_files_drawing_and_undo_brings_back_the_former(
    qtbot: QtBot, window: MainWindow, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    draw(qtbot, window, (0.2, 0.2), (0.7, 0.8))
    assert window.session.save_experiment(tmp_path / "bars.rbmx")
    window.session.documents.close()
    second = show(another(qtbot))
    draw(qtbot, second, (0.5, 0.1), (0.5, 0.9))
    before = canvas_of(second).strokes()[0].points
    second.docks["notes"].raise_()
    second.open_path(tmp_path / "bars.rbmx")
    # What was in front stays there.
    assert not second.docks["notes"].visibleRegion().isEmpty()
    drawn = canvas_of(window).strokes()[0].points
    np.testing.assert_allclose(canvas_of(second).strokes()[0].points, drawn, atol=1e-5)
    canvas_of(second).undo()
    np.testing.assert_array_equal(canvas_of(second).strokes()[0].points, before)


# --- files that are not believed


def test_a_file_of_a_newer_format_is_refused_in_words(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "newer.rbmx"
    assert session.save_experiment(path)
    rewrite(path, lambda facts: facts.update(format_version=3))
    told = failures(session)
    assert not session.open_experiment(path)
    assert told == [
        "newer.rbmx was saved by a newer version of RBM Studio (format 3; this version reads 2). "
        "Update RBM Studio, then open it again."
    ]


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what an experiment's file says of itself."""
    with zipfile.ZipFile(path) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    facts = json.loads(content["experiment.json"])
    change(facts)
    content["experiment.json"] = json.dumps(facts).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in content.items():
            packed.writestr(name, data)


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "no identity": lambda facts: facts.pop("id"),
    "an empty identity": lambda facts: facts.update(id=""),
    "numbers for notes": lambda facts: facts.update(notes=7),
    "endless notes": lambda facts: facts.update(notes="x" * 20_001),
    "half a character": lambda facts: facts.update(notes="\ud800"),
    "no settings": lambda facts: facts.update(settings=None),
    "too many hidden units": lambda facts: facts["settings"].update(hidden_num=10**9),
    "true hidden units": lambda facts: facts["settings"].update(hidden_num=True),
    "a shape of one side": lambda facts: facts["settings"].update(image_shape=[8]),
    "negative sides": lambda facts: facts["settings"].update(image_shape=[-8, -8]),
    "an unknown device": lambda facts: facts["settings"].update(device="abacus"),
    "an impossible rate": lambda facts: facts["settings"]["training"].update(learning_rate=-1),
    "an endless clip": lambda facts: facts["settings"]["training"].update(clip_norm=1e39),
    "an unknown setting": lambda facts: facts["settings"]["training"].update(surprise=1),
    "a unit too many": lambda facts: facts["selection"].update(units=[12]),
    "units again and again": lambda facts: facts["selection"].update(units=[0] * 13),
    "a pixel too many": lambda facts: facts["selection"].update(pixel=64),
    "no such run": lambda facts: facts.update(present_run=1),
    "a run from behind": lambda facts: facts.update(present_run=-1),
    "a run of no time": lambda facts: facts["runs"][0].update(began="yesterday"),
    "a run of no zone": lambda facts: facts["runs"][0].update(began="2026-01-01T00:00:00"),
    "a run of negative length": lambda facts: facts["runs"][0].update(seconds=-1),
    "a run without a name": lambda facts: facts["runs"][0].update(name=None),
    "moments before the start": lambda facts: facts["moments"][0].update(epochs=-1),
    "no images": lambda facts: facts["dataset"].update(image_shape=[0, 8]),
    "a newness in words": lambda facts: facts.update(is_new="yes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_belong_together_is_refused_in_one_sentence(
    qtbot: QtBot, session: Session, tmp_path: Path, name: str
) -> None:
    train(qtbot, session)
    path = tmp_path / "broken.rbmx"
    assert session.save_experiment(path)
    rewrite(path, BROKEN[name])
    told, identity, before = failures(session), session.experiment.identity, session.model
    session.experiment.touch()
    assert not session.open_experiment(path)
    assert len(told) == 1
    assert told[0].startswith("broken.rbmx ")
    assert session.model is before
    assert session.experiment.identity == identity
    assert session.experiment.is_modified
    assert state(session).name == "IDLE"


def test_moments_of_another_size_are_refused(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    train(qtbot, session)
    saved = gather(session, None)
    session.change_settings(hidden_num=3)
    session.reset()
    small = gather(session, None)
    for broken in (replace(saved, model=small.model), replace(saved, moments=saved.moments + small.moments)):
        pack(tmp_path / "broken.rbmx", broken)
        told = failures(session)
        assert not session.open_experiment(tmp_path / "broken.rbmx")
        assert told == [
            "broken.rbmx is not an experiment of RBM Studio, or is damaged or cut short. "
            "Open another copy of this file."
        ]


# --- a document that comes later, and files that are written meanwhile


@pytest.fixture
def foreign(qtbot: QtBot, no_sample: None, tmp_path: Path) -> Path:
    """An experiment whose images are looked for when it is opened, which takes a moment."""
    assert no_sample is None
    path = tmp_path / "foreign.rbmx"
    other = another(qtbot, other_bars())
    train(qtbot, other)
    assert other.save_experiment(path)
    other.shut_down()
    return path


def test_a_file_that_is_still_written_stays_that_of_its_own_experiment(
    qtbot: QtBot, session: Session, foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.save_experiment(tmp_path / "mine.rbmx")
    session.experiment.write_notes("Mine")
    assert session.open_experiment(foreign)
    disk = SlowDisk(monkeypatch)
    session.documents.saving.save(tmp_path / "mine.rbmx")
    threading.Timer(0.5, disk.released.set).start()
    wait_until_free(qtbot, session)
    qtbot.waitUntil(lambda: disk.released.is_set() and not session.documents.saving.is_saving)
    assert session.experiment.path == foreign
    assert not session.experiment.is_modified
    assert load_experiment(tmp_path / "mine.rbmx").facts["notes"] == "Mine"


def test_what_changes_while_a_document_comes_is_not_lost(qtbot: QtBot, session: Session, foreign: Path) -> None:
    told = failures(session)
    assert session.open_experiment(foreign)
    session.experiment.write_notes("Written meanwhile")
    wait_until_free(qtbot, session)
    assert session.experiment.notes == "Written meanwhile"
    assert session.experiment.path is None
    assert told == [
        "foreign.rbmx was not opened: what is open here has changed meanwhile. Save it, or not, and open the file "
        "again."
    ]


def test_every_file_that_was_asked_for_is_written(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    called: list[str] = []
    session.documents.saving.save(tmp_path / "one.rbmx")
    qtbot.waitUntil(disk.reached.is_set)
    session.documents.saving.save(tmp_path / "two.rbmx", lambda: called.append("two"))
    session.documents.saving.save(tmp_path / "one.rbmx")
    disk.released.set()
    qtbot.waitUntil(lambda: not session.documents.saving.is_saving)
    assert (tmp_path / "two.rbmx").exists()
    assert called == ["two"]


def test_an_earlier_run_of_a_file_is_not_gone_on_with_on_other_images(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    stopped_on_its_way(qtbot, session, path)
    session.reset()
    assert session.save_experiment(path)
    session.documents.close()
    other = another(qtbot, other_bars())
    with qtbot.waitSignal(other.documents.opened):
        assert other.open_experiment(path)
    wait_until_free(qtbot, other)
    other.bring_back(next(run for run in other.book.runs if run.end is not None))
    assert session.images is not None
    assert other.training_data == session.images.identity
    assert model_of(other).trainings
    notices: list[str] = []
    other.noticed.connect(notices.append)
    train(qtbot, other)
    assert notices == ["A new run begins; the one before stays among the runs."]
