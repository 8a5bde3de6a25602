"""What the window's files say of where their models come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.session import Session
from rbm_studio.storage.experiment_file import load_experiment
from rbm_studio.storage.image_digest import image_digest
from rbm_studio.storage.model_file import load_model
from rbm_studio.version import __version__

from .conftest import bars, bars_dataset, load
from .driving import model_of, wait_until_idle
from .test_session import train

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.storage.provenance import Provenance


def check(found: Provenance | None, session: Session) -> None:
    assert session.images is not None
    assert found is not None
    assert found.data is not None
    assert found.data.identity == session.images.identity
    assert found.data.images_digest == image_digest(session.images.train)[0]
    assert (found.data.values, found.data.binarisation) == ("binary", session.settings.training.binarisation)
    assert found.version == __version__
    assert found.threads >= 1
    assert found.kernels.startswith("NumPy ")


def test_a_model_and_an_experiment_say_on_what_they_were_trained(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    assert session.save_model(tmp_path / "new.safetensors")
    assert load_model(tmp_path / "new.safetensors").provenance is None
    train(qtbot, session)
    session.reset()
    train(qtbot, session)
    assert session.save_model(tmp_path / "bars.safetensors")
    check(load_model(tmp_path / "bars.safetensors").provenance, session)
    assert session.save_experiment(tmp_path / "bars.rbmx")
    saved = load_experiment(tmp_path / "bars.rbmx")
    models = [saved.model, *(moment.model for moment in saved.moments), *(run.model for run in saved.runs)]
    assert len([model for model in models if model is not None]) >= 3
    for model in models:
        if model is not None:
            check(model.provenance, session)


def test_so_does_one_that_is_saved_while_it_trains(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.change_settings(epochs=10_000)
    with qtbot.waitSignal(session.progressed):
        session.train()
    assert session.save_model(tmp_path / "bars.safetensors")
    session.stop()
    wait_until_idle(qtbot, session)
    check(load_model(tmp_path / "bars.safetensors").provenance, session)


def test_it_stays_when_files_are_opened_and_runs_are_brought_back(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    train(qtbot, session)
    first = model_of(session).provenance
    assert session.save_experiment(tmp_path / "bars.rbmx")
    assert session.save_model(tmp_path / "bars.safetensors")
    for path in ("bars.rbmx", "bars.safetensors"):
        session.documents.begin()
        assert model_of(session).provenance is None
        opened = session.open_experiment if path.endswith("rbmx") else session.open_model
        assert opened(tmp_path / path)
        assert model_of(session).provenance == first
        assert session.training_data == (first.data.identity if first is not None and first.data is not None else None)
    session.reset()
    assert model_of(session).provenance is None
    earlier = next(run for run in session.book.runs if run.end is not None)
    session.bring_back(earlier)
    assert model_of(session).provenance == first
    session.documents.close()


def test_a_model_of_other_images_is_not_gone_on_with_as_if_they_were_its_own(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    train(qtbot, session)
    assert session.save_model(tmp_path / "bars.safetensors")
    other = Session()
    others = bars_dataset()
    load(qtbot, other, type(others)("Others", "made up", bars(200, seed=9), None, bars(20, seed=8), None))
    assert other.open_model(tmp_path / "bars.safetensors")
    qtbot.waitUntil(lambda: other.task is None)
    assert session.images is not None
    assert other.training_data == session.images.identity
    missing = other.documents.missing
    assert missing is not None
    assert missing.name == "Bars"
    other.shut_down()
