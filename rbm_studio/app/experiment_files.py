"""Experiments in files: what the session holds as a `SavedExperiment`, and the other way round."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.drawings_file import kept_as_json, kept_from_json
from rbm_studio.app.moments import Moment
from rbm_studio.app.run import Run
from rbm_studio.app.state import Model, Settings
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, SavedMoment, SavedRun
from rbm_studio.storage.model_file import SavedModel
from rbm_studio.storage.script_file import Trained

if TYPE_CHECKING:
    import numpy as np

    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.session import Session
    from rbm_studio.app.training_runner import Checkpoint
    from rbm_studio.core.state import TrainingState

_OWN_SETTINGS = ("hidden_num", "device", "labels")


def gather(session: Session, now: Checkpoint | None) -> SavedExperiment:
    """Return what the session holds, in references and copies that a thread may write while the session goes on.

    Parameters
    ----------
    session : Session
    now : Checkpoint or None
        How far the run under way has come, if there is one; nothing that came after it is taken.
    """
    model, book, selection = session.model, session.book, session.selection
    saved = epochs = None
    if model is not None:
        saved = _saved_model(model, session.training_state if now is None else None)
        if now is not None:
            epochs = now.epochs_trained
            history = session.history_before_run + now.records
            saved = replace(saved, parameters=now.parameters, state=now.state, history=history)
    facts = {
        "id": session.experiment.identity,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": session.experiment.notes,
        "settings": _settings_as_json(session.settings),
        "selection": {"units": list(selection.units), "pixel": selection.pixel},
    }
    runs = [run for run in book.runs if run.experiment == session.experiment.identity]
    present = runs.index(book.present) if book.present in runs else None
    moments = [moment for moment in session.moments.kept if epochs is None or moment.epochs <= epochs]
    current = session.drawings.current
    return SavedExperiment(
        {**facts, **_past(model), "present_run": present},
        saved,
        _identity(session),
        tuple(_saved_moment(moment, saved) for moment in moments if saved is not None),
        tuple(_saved_run(run, epochs if run is book.present else None) for run in runs),
        {
            "canvas": None if current.drawing.is_empty() else kept_as_json(current),
            "kept": [kept_as_json(kept) for kept in session.drawings.kept],
        },
    )


def _past(model: Model | None) -> dict[str, Any]:
    if model is None:
        return {}
    trainings = model.trainings
    known = None if trainings is None else [training.as_dict() for training in trainings]
    return {"origin": model.origin, "trainings": known}


def _saved_model(model: Model, state: TrainingState | None) -> SavedModel:
    return SavedModel(model.parameters, model.training, model.history, model.image_shape, state)


def _identity(session: Session) -> DatasetIdentity | None:
    images = session.images
    if images is None:
        return None
    data = images.original
    counts = len(data.train_images), len(data.test_images)
    return DatasetIdentity(data.name, data.digest, *counts, data.image_shape)


def _saved_moment(moment: Moment, model: SavedModel | None) -> SavedMoment:
    settings = model.settings if model is not None else None
    saved = SavedModel(moment.parameters, settings, (), moment.image_shape, moment.state)
    return SavedMoment(moment.epochs, saved, moment.record)


def _saved_run(run: Run, until: float | None) -> SavedRun:
    facts = {
        "id": run.identity,
        "name": run.name,
        "dataset": run.dataset,
        "began": run.began.isoformat(),
        "seconds": run.seconds,
        "epochs": run.epochs if until is None else until,
        "settings": _settings_as_json(run.settings),
    }
    curves = {name: _until(curve.table(), until) for name, curve in run.curves.items() if len(curve)}
    end = run.end
    model = None
    if end is not None:
        model = SavedModel(end.parameters, run.settings.training, (), end.image_shape, end.state)
    return SavedRun(facts, curves, model)


def _until(table: np.ndarray[Any, np.dtype[np.float64]], epochs: float | None) -> np.ndarray[Any, Any]:
    return table if epochs is None else table[table[:, 0] <= epochs]


def _settings_as_json(settings: Settings) -> dict[str, Any]:
    own = {name: getattr(settings, name) for name in _OWN_SETTINGS}
    return {**own, "image_shape": list(settings.image_shape), "training": asdict(settings.training)}


@dataclass(frozen=True, eq=False)
class Opened:
    """What a file held, checked, as the session has it.

    Attributes
    ----------
    identity, notes : str
    settings : Settings
    dataset : DatasetIdentity or None
    model : Model or None
    state : TrainingState or None
    moments : tuple of Moment
    runs : tuple of Run
        But for the present one.
    present : Run or None
    units : tuple of int
    pixel : int
    canvas : Kept or None
    kept : tuple of Kept
    """

    identity: str
    notes: str
    settings: Settings
    dataset: DatasetIdentity | None
    model: Model | None
    state: TrainingState | None
    moments: tuple[Moment, ...]
    runs: tuple[Run, ...]
    present: Run | None
    units: tuple[int, ...]
    pixel: int
    canvas: Kept | None
    kept: tuple[Kept, ...]


def opened(saved: SavedExperiment) -> Opened:
    """Check what a file held, and return it as the session has it.

    Raises
    ------
    RBMStudioError
        If it is not what `gather` returned, or does not belong together.
    """
    try:
        return _opened(saved)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        if type(error) is not ValueError and isinstance(error, RBMStudioError):
            raise
        raise RBMStudioError(
            "The experiment is damaged: what it says of itself cannot be read.", "Open another copy of the file."
        ) from error


def _opened(saved: SavedExperiment) -> Opened:
    facts, kept = saved.facts, saved.model
    settings = _settings(facts["settings"])
    model = None
    if kept is not None:
        trained = kept.history[-1].epoch if kept.history else 0.0
        if kept.state is not None:
            trained = kept.state.epochs_trained
        shape = kept.image_shape or settings.image_shape
        model = Model(kept.parameters, shape, kept.settings or settings.training, kept.history, epochs_trained=trained)
        known = facts.get("trainings")
        trainings = None if known is None else tuple(Trained.from_dict(each) for each in known)
        model = replace(model, origin=str(facts.get("origin", "")), trainings=trainings)
    identity = str(facts["id"])
    runs = [_run(run, identity) for run in saved.runs]
    present = facts["present_run"]
    canvas = saved.drawings["canvas"]
    return Opened(
        identity,
        str(facts["notes"]),
        settings,
        saved.dataset,
        model,
        kept.state if kept is not None else None,
        tuple(_moment(moment) for moment in saved.moments),
        tuple(run for place, run in enumerate(runs) if place != present),
        None if present is None else runs[present],
        tuple(int(unit) for unit in facts["selection"]["units"]),
        int(facts["selection"]["pixel"]),
        None if canvas is None else kept_from_json(canvas),
        tuple(kept_from_json(each) for each in saved.drawings["kept"]),
    )


def _settings(about: dict[str, Any]) -> Settings:
    height, width = about["image_shape"]
    own = {name: about[name] for name in _OWN_SETTINGS}
    return Settings(**own, image_shape=(height, width), training=TrainingSettings(**about["training"]))


def _moment(saved: SavedMoment) -> Moment:
    model = saved.model
    if model.image_shape is None:
        raise ValueError(saved)
    return Moment(model.parameters, model.image_shape, saved.epochs, saved.record, state=model.state)


def _run(saved: SavedRun, experiment: str) -> Run:
    facts = saved.facts
    run = Run(
        str(facts["name"]),
        _settings(facts["settings"]),
        str(facts["dataset"]),
        experiment,
        datetime.fromisoformat(facts["began"]),
        float(facts["seconds"]),
        float(facts["epochs"]),
        identity=str(facts["id"]),
    )
    for name, table in saved.curves.items():
        run.curves[name] = CurveRun(run.name)
        run.curves[name].extend(table)
    if saved.model is not None and saved.model.image_shape is not None:
        model = saved.model
        run.end = Moment(model.parameters, run.settings.image_shape, run.epochs, state=model.state)
    return run
