"""Whatever is written can be read; what cannot is told of before the file that was there is touched."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import atomic
from rbm_studio.app.autosave import Autosave
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import LARGEST_SIDE, MOST_KEPT, Kept
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.images import grey_image
from rbm_studio.app.trainings import run_facts
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.parameters import Parameters
from rbm_studio.data import Dataset, open_dataset
from rbm_studio.data.handwriting import Stroke
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage import experiment_file, model_file
from rbm_studio.storage.experiment_file import load_experiment, save_experiment
from rbm_studio.storage.experiment_format import LONGEST_NOTES, MOST_TRAININGS
from rbm_studio.storage.model_file import SavedModel, load_model, save_model
from rbm_studio.storage.script_file import Trained
from tests.experiments import experiment_of

from .conftest import bars, load
from .driving import model_of, wait_until_idle
from .test_session import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session


def errors_of(session: Session) -> list[str]:
    told: list[str] = []
    session.failed.connect(lambda error: told.append(str(error)))
    return told


def parameters(visible: int = 6, hidden: int = 2) -> Parameters:
    return Parameters(*(np.zeros(shape, np.float32) for shape in ((visible, hidden), (visible,), (hidden,))))


# --- what could be written, and not be read


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_images_in_a_file_whose_name_is_no_text(
    qtbot: QtBot, new_session: Callable[[], Session], tmp_path: Path
) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.npz")
    np.savez(file, images=bars(40))
    session = new_session()
    load(qtbot, session, open_dataset(file))
    session.change_settings(hidden_num=4, batch_size=20, epochs=2, device="cpu")
    autosave = Autosave(session, tmp_path / "recovery")
    train(qtbot, session)
    with qtbot.waitSignal(autosave.written):
        autosave.write_soon()
    path = tmp_path / "lesson.rbmx"
    copy = next((tmp_path / "recovery").rglob("*.rbmx"))
    assert load_experiment(copy).runs[0].facts["dataset"].startswith("caf\N{REPLACEMENT CHARACTER}")
    assert session.save_experiment(path)
    told = errors_of(session)
    session.documents.begin()
    assert session.open_experiment(path)
    assert told == []
    # They are the same images, whatever they are called.
    assert session.images is not None
    session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(path)
    assert session.open_experiment(path)
    qtbot.waitUntil(lambda: session.task is None)
    assert [stage.dataset for run in session.book.runs for stage in run.stages] == [session.images.original.name]
    assert run_facts(model_of(session), session.images).images == file


def test_an_image_as_wide_as_there_are_any(qtbot: QtBot, new_session: Callable[[], Session], tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 2, (4, 1, 40_000)).astype(np.uint8) * 255
    session = new_session()
    load(qtbot, session, Dataset("Lines", "made up", images, None, images[:1], None))
    session.change_settings(hidden_num=1, batch_size=4, epochs=1, device="cpu")
    train(qtbot, session)
    path = tmp_path / "lines.rbmx"
    assert session.save_experiment(path)
    told = errors_of(session)
    assert session.open_experiment(path)
    qtbot.waitUntil(lambda: session.task is None)
    assert told == []
    assert model_of(session).image_shape == (1, 40_000)


def test_a_model_of_more_hidden_units_than_the_window_offers(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    save_model(tmp_path / "wide.safetensors", SavedModel(parameters(64, 5000), None, (), (8, 8)))
    told = errors_of(session)
    session.open_model(tmp_path / "wide.safetensors")
    qtbot.waitUntil(lambda: session.task is None)
    assert model_of(session).parameters.hidden_num == 5000
    assert session.save_experiment(tmp_path / "wide.rbmx")
    session.documents.begin()
    session.open_experiment(tmp_path / "wide.rbmx")
    qtbot.waitUntil(lambda: session.task is None)
    assert told == []
    assert model_of(session).parameters.hidden_num == 5000


@pytest.mark.parametrize(("kind", "trays"), [("pictures", 4), ("scribbles", 5), ("dots", 12)])
def test_drawings_that_are_handed_on_from_tray_to_tray(
    qtbot: QtBot, new_session: Callable[[], Session], tmp_path: Path, kind: str, trays: int
) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "handed on.rbmx"

    def draw() -> Kept:
        if kind == "pictures":
            levels = (rng.random((LARGEST_SIDE, LARGEST_SIDE)) < 0.01).astype(np.uint8)
            return Kept(Drawing(picture=grey_image(levels)))
        count = 3_000 if kind == "scribbles" else 2
        points = rng.random((count, 2)).astype(np.float32)
        return Kept(Drawing((Stroke(points, rng.random(count).astype(np.float32)),)))

    for tray in range(1, trays + 1):
        session = new_session()
        told = errors_of(session)
        session.drawings.add(draw() for _ in range(MOST_KEPT))
        if path.exists():
            session.open_experiment(path)
            qtbot.waitUntil(lambda: session.task is None, timeout=30_000)  # noqa: B023 (waited for here)
            assert session.experiment.path == path, told
        assert session.save_experiment(path), told
        found = load_experiment(path).drawings
        assert len(found["kept"]) + len(found.get("more", ())) == tray * MOST_KEPT
        session.documents.close()


def test_texts_that_are_none(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    train(qtbot, session)
    session.experiment.write_notes("half a character \ud800, and a whole one \N{GRINNING FACE}")
    assert session.book.present is not None
    session.book.rename(session.book.present, "a\udcff" + 2_000 * "x")
    path = tmp_path / "lesson.rbmx"
    told = errors_of(session)
    assert session.save_experiment(path)
    session.documents.begin()
    assert session.open_experiment(path)
    assert told == []
    assert session.experiment.notes == "half a character \N{REPLACEMENT CHARACTER}, and a whole one \N{GRINNING FACE}"
    assert session.book.present.name.startswith("a\N{REPLACEMENT CHARACTER}xx")


def test_a_life_of_very_many_trainings(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    train(qtbot, session)
    present, model = session.book.present, model_of(session)
    assert present is not None
    trainings = tuple(Trained(model.training, number / 1e4) for number in range(MOST_TRAININGS + 1))
    present.trainings = trainings
    stage = present.stages[0]
    present.stages = tuple(replace(stage, begun=number / 1e4) for number in range(MOST_TRAININGS + 1))
    path = tmp_path / "long.rbmx"
    told = errors_of(session)
    assert session.save_experiment(path), told
    assert load_experiment(path).runs[0].facts["trainings"] is None
    session.documents.begin()
    session.open_experiment(path)
    qtbot.waitUntil(lambda: session.task is None)
    assert told == []


# --- what cannot be written says so, and leaves the old file


def test_what_says_too_much_of_itself_is_not_written(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, session)
    path, model = tmp_path / "lesson.rbmx", tmp_path / "lesson.safetensors"
    assert session.save_experiment(path)
    assert session.save_model(model)
    before = path.read_bytes(), model.read_bytes()
    told = errors_of(session)
    limits: list[tuple[Any, str, int]] = [
        (model_file, "LARGEST_MODEL", 4_000),
        (model_file, "MOST_HEADER_BYTES", 1_000),
        (experiment_file, "LARGEST_EXPERIMENT", 4_000),
        (experiment_file, "MOST_TEXT_BYTES", 1_000),
        (experiment_file, "MOST_ENTRIES", 3),
    ]
    for module, name, most in limits:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            session.experiment.touch()
            assert not session.save_experiment(path)
            if module is model_file:
                assert not session.save_model(model)
        assert (path.read_bytes(), model.read_bytes()) == before
    assert len(told) == 7
    assert all((each.startswith("lesson.") and "was not saved, for it could not be opened again: it" in each) or
               "too" in each for each in told), told  # fmt: skip
    # And nothing is lost: with room it is saved.
    assert session.save_experiment(path)


BROKEN: dict[str, Callable[[SavedModel], SavedModel]] = {
    "no numbers": lambda model: replace(model, parameters=replace(
        model.parameters, w=np.full_like(model.parameters.w, np.nan))),
    "absurd numbers": lambda model: replace(model, parameters=replace(
        model.parameters, w=np.full_like(model.parameters.w, 1e30))),
    "a figure that is none": lambda model: replace(model, history=(EpochRecord(1.0, float("nan"), None),)),
    "epochs from behind": lambda model: replace(
        model, history=(EpochRecord(2.0, 0.1, None), EpochRecord(1.0, 0.1, None))),
    "a shape of others": lambda model: replace(model, image_shape=(7, 7)),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_could_not_be_opened_again_is_not_written(tmp_path: Path, name: str) -> None:
    path, experiment = tmp_path / "model.safetensors", tmp_path / "lesson.rbmx"
    good = SavedModel(parameters(), None, (), (2, 3))
    save_model(path, good)
    save_experiment(experiment, experiment_of(good))
    before = path.read_bytes(), experiment.read_bytes()
    broken = BROKEN[name](good)
    with pytest.raises(RBMStudioError, match=r"model\.safetensors was not saved, for it could not be opened again: "):
        save_model(path, broken)
    with pytest.raises(RBMStudioError, match=r"lesson\.rbmx was not saved, for it could not be opened again: "):
        save_experiment(experiment, experiment_of(broken))
    assert (path.read_bytes(), experiment.read_bytes()) == before
    assert load_model(path).parameters.is_finite


def test_an_experiment_that_could_not_be_opened_again_is_not_written(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    train(qtbot, session)
    path = tmp_path / "lesson.rbmx"
    saved = gather(session, None)
    save_experiment(path, saved)
    before = path.read_bytes()
    run = saved.runs[0]
    assert saved.model is not None
    assert saved.model.state is not None
    state = saved.model.state
    table = run.curves["article_kl"]
    broken: dict[str, Any] = {
        "notes": replace(saved, facts={**saved.facts, "notes": "x" * (LONGEST_NOTES + 1)}),
        "settings": replace(saved, facts={**saved.facts, "settings": {}}),
        "runs": replace(saved, runs=(run, run)),
        "present": replace(saved, facts={**saved.facts, "present_run": 7}),
        "selection": replace(saved, facts={**saved.facts, "selection": {"units": [99], "pixel": -1}}),
        "moments": replace(saved, moments=saved.moments[::-1]),
        "curve": replace(saved, runs=(replace(run, curves={"article_kl": table[::-1].copy()}),)),
        "state": replace(saved, model=replace(saved.model, state=replace(state, kept=state.kept[:2]))),
        "order": replace(saved, model=replace(saved.model, state=replace(
            state, position=replace(state.position, batch=1, order={})))),
        "sources": replace(saved, model=replace(saved.model, state=replace(
            state, sources=[{"kind": "SFC64", "state": [1, 2, 3]}]))),
    }  # fmt: skip
    for name, each in broken.items():
        with pytest.raises(RBMStudioError) as raised:
            save_experiment(path, each)
        assert str(raised.value).startswith("lesson.rbmx was not saved, for it could not be opened again: "), name
        assert path.read_bytes() == before


class _Forgetful:
    """A disk that forgets a byte of what it was given."""

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name != "fsync":
            return real

        def forget(descriptor: int) -> None:
            os.pwrite(descriptor, b"?", 40)
            real(descriptor)

        return forget


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="needs a system that writes anywhere in a file")
def test_what_reads_differently_than_it_was_written_does_not_take_the_old_files_place(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, session)
    path = tmp_path / "lesson.rbmx"
    assert session.save_experiment(path)
    before = path.read_bytes()
    session.experiment.touch()
    told = errors_of(session)
    monkeypatch.setattr(atomic, "os", _Forgetful())
    assert not session.save_experiment(path)
    assert told == ["lesson.rbmx was not saved: what was written there reads differently. Save it elsewhere."]
    assert path.read_bytes() == before
    assert session.experiment.is_modified
    assert {each.name for each in tmp_path.iterdir() if each.suffix == ".part"} == set()
