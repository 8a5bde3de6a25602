"""Experiments to files: what the session holds, as a `SavedExperiment`."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.drawings import MOST_KEPT
from rbm_studio.app.drawings_file import kept_as_json
from rbm_studio.app.measures_file import spans_as_json
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, SavedMoment, SavedRun
from rbm_studio.storage.model_file import SavedModel

if TYPE_CHECKING:
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.run import Run
    from rbm_studio.app.run_messages import Checkpoint
    from rbm_studio.app.session import Session
    from rbm_studio.app.stages import Stage
    from rbm_studio.app.state import Model, Settings
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.script_file import Trained

MOST_DRAWINGS = 10 * MOST_KEPT
"""In a file: those that are kept, and those that found no room where it was opened."""

LONGEST_NAME = 1_000
OWN_SETTINGS = ("hidden_num", "device", "labels")
"""Of `Settings`, beside the image size and those of the training."""


def gather(
    session: Session, now: Checkpoint | None, *, identity: str = "", drawings: dict[str, Any] | None = None
) -> SavedExperiment:
    """Return what the session holds, in references and copies that a thread may write while the session goes on.

    Parameters
    ----------
    session : Session
    now : Checkpoint or None
        How far the run under way has come, if there is one; nothing that came after it is taken.
    identity : str, optional
        What the file says that it is; without it what the session's experiment does.
    drawings : dict, optional
        As `drawings_as_json` returns them, if they were made beforehand: many of them take a while.
    """
    model, book, selection = session.newest, session.book, session.selection
    saved = epochs = None
    if model is not None:
        saved = _saved_model(model, session.training_state if now is None else None)
        if now is not None:
            epochs = now.epochs_trained
            history = tuple(session.history_before_run + now.records)
            saved = replace(saved, parameters=now.parameters, state=now.state, history=history)
    facts = {
        "id": identity or session.experiment.identity,
        "is_new": session.is_drawn,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": session.experiment.notes,
        "settings": _settings_as_json(session.settings),
        "selection": {"units": list(selection.units), "pixel": selection.pixel},
    }
    runs = book.own
    present = runs.index(book.present) if book.present in runs else None
    moments = [moment for moment in session.moments.kept if epochs is None or moment.epochs <= epochs]
    if len(moments) > 1 and model is not None and moments[-1].parameters is model.parameters and now is None:
        # The model itself, which is in the file once.
        moments.pop()
    return SavedExperiment(
        {**facts, **_past(model), "present_run": present},
        saved,
        _data(session, now),
        tuple(_saved_moment(moment, saved) for moment in moments if saved is not None),
        tuple(_saved_run(run, epochs if run is book.present else None) for run in runs),
        drawings_as_json(session) if drawings is None else drawings,
    )


def drawings_as_json(session: Session) -> dict[str, Any]:
    """Return what lies on the canvas and what is kept, as JSON can hold it; on any thread."""
    current, kept = session.drawings.current, session.drawings.kept
    others = (each for each in session.experiment.without_room if not any(each.is_same(here) for here in kept))
    return {
        "canvas": None if current.drawing.is_empty() else kept_as_json(current),
        "kept": [kept_as_json(each) for each in [*kept, *others][:MOST_DRAWINGS]],
    }


def _past(model: Model | None) -> dict[str, Any]:
    if model is None:
        return {}
    return {"origin": model.origin[:LONGEST_NAME], "trainings": _trainings_as_json(model.trainings)}


def _trainings_as_json(trainings: tuple[Trained, ...] | None) -> list[dict[str, Any]] | None:
    return None if trainings is None else [training.as_dict() for training in trainings]


def _saved_model(model: Model, state: TrainingState | None) -> SavedModel:
    history = tuple(model.history)
    return SavedModel(model.parameters, model.training, history, model.image_shape, state, model.provenance)


def _data(session: Session, now: Checkpoint | None) -> DatasetIdentity | None:
    if session.is_trained and now is None:
        return session.training_data
    return session.images.identity if session.images is not None else None


def _saved_moment(moment: Moment, model: SavedModel | None) -> SavedMoment:
    settings, provenance = (model.settings, model.provenance) if model is not None else (None, None)
    saved = SavedModel(moment.parameters, settings, (), moment.image_shape, moment.state, provenance)
    return SavedMoment(moment.epochs, saved, moment.record)


def _saved_run(run: Run, until: float | None) -> SavedRun:
    curves = {name: _until(curve.rows(), until) for name, curve in run.curves.items() if len(curve)}
    facts = {
        "id": run.identity,
        "name": run.name[:LONGEST_NAME],
        "dataset": run.dataset[:LONGEST_NAME],
        "began": run.began.isoformat(),
        "seconds": run.seconds,
        "epochs": run.epochs if until is None else until,
        "is_shown": run.is_shown,
        "is_named": run.is_named,
        "data": None if run.data is None else vars(run.data),
        "origin": run.origin[:LONGEST_NAME],
        "trainings": _trainings_as_json(run.trainings),
        "settings": _settings_as_json(run.settings),
        "stages": [_stage_as_json(stage) for stage in run.stages],
        "measures": {name: spans_as_json(run.curves[name], len(table)) for name, table in curves.items()},
    }
    end = run.end
    model = None
    if end is not None:
        history, training = tuple(run.history), run.settings.training
        model = SavedModel(end.parameters, training, history, end.image_shape, end.state, run.provenance)
    return SavedRun(facts, curves, model)


def _until(table: np.ndarray[Any, np.dtype[np.float64]], epochs: float | None) -> np.ndarray[Any, Any]:
    return table if epochs is None else table[: np.searchsorted(table[:, 0], epochs, side="right")]


def _stage_as_json(stage: Stage) -> dict[str, Any]:
    about = {"begun": stage.begun, "dataset": stage.dataset[:LONGEST_NAME]}
    return {**about, "settings": _settings_as_json(stage.settings)}


def _settings_as_json(settings: Settings) -> dict[str, Any]:
    own = {name: getattr(settings, name) for name in OWN_SETTINGS}
    return {**own, "image_shape": list(settings.image_shape), "training": asdict(settings.training)}
