"""Experiments to files: what the session holds, as a `SavedExperiment`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.drawings_file import kept_as_json
from rbm_studio.app.measures_file import spans_of
from rbm_studio.storage.experiment_check import A_BIT
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, SavedMoment, SavedRun
from rbm_studio.storage.experiment_format import (
    LONGEST_NOTES,
    MOST_TRAININGS,
    DatasetFacts,
    Facts,
    RunFacts,
    SelectionFacts,
    SettingsFacts,
    StageFacts,
    TrainedFacts,
    as_json,
    readable,
)
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

_TOGETHER_BYTES = 3_000_000
"""Of drawings that a reader takes at once, whatever they are; of more each is written, and read, by itself."""


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
    runs = book.own
    present = runs.index(book.present) if book.present in runs else None
    # Of a training whose state is not known the file tells no more than its last whole epoch.
    until = epochs if epochs is not None or saved is None else saved.epochs_trained + A_BIT
    moments = [moment for moment in session.moments.kept if until is None or moment.epochs <= until]
    if len(moments) > 1 and model is not None and moments[-1].parameters is model.parameters and now is None:
        # The model itself, which is in the file once.
        moments.pop()
    facts = Facts(
        id=identity or session.experiment.identity,
        settings=_settings_facts(session.settings),
        selection=SelectionFacts(selection.units, selection.pixel),
        notes=readable(session.experiment.notes, LONGEST_NOTES),
        present_run=present,
        is_new=session.is_drawn,
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
        origin="" if model is None else readable(model.origin),
        trainings=None if model is None else _trained_facts(model.trainings),
    )
    return SavedExperiment(
        as_json(facts),
        saved,
        _data(session, now),
        tuple(_saved_moment(moment, saved) for moment in moments if saved is not None),
        tuple(_saved_run(run, epochs if run is book.present else None) for run in runs),
        drawings_as_json(session) if drawings is None else drawings,
    )


def drawings_as_json(session: Session) -> dict[str, Any]:
    """Return what lies on the canvas and what is kept, as `SavedExperiment` has it; on any thread."""
    current, kept = session.drawings.current, session.drawings.kept
    others = [each for each in session.experiment.without_room if not any(each.is_same(here) for here in kept)]
    found = [kept_as_json(each) for each in kept]
    room = _TOGETHER_BYTES - sum(map(len, map(_packed, found)))
    more: list[bytes] = []
    for each in map(kept_as_json, others):
        text = _packed(each)
        room -= len(text)
        if room > 0:
            found.append(each)
        else:
            more.append(text)
    canvas = None if current.drawing.is_empty() else kept_as_json(current)
    return {"canvas": canvas, "kept": found, **({"more": more} if more else {})}


def _packed(drawing: dict[str, Any]) -> bytes:
    return json.dumps(drawing, separators=(",", ":")).encode()


def _trained_facts(trainings: tuple[Trained, ...] | None) -> tuple[TrainedFacts, ...] | None:
    if trainings is None or len(trainings) > MOST_TRAININGS:
        # Nobody trains a model so often; how it came to be is not told, then.
        return None
    return tuple(
        TrainedFacts(each.settings, each.begun, each.device, each.threads, readable(each.dataset)) for each in trainings
    )


def _saved_model(model: Model, state: TrainingState | None) -> SavedModel:
    history = tuple(model.history)
    return SavedModel(model.parameters, model.training, history, model.image_shape, state, model.provenance)


def _data(session: Session, now: Checkpoint | None) -> DatasetIdentity | None:
    images = session.images.identity if session.images is not None else None
    data = session.training_data if session.is_trained and now is None else images
    return _readable_data(data)


def _readable_data(data: DatasetIdentity | None) -> DatasetIdentity | None:
    return None if data is None else replace(data, name=readable(data.name))


def _saved_moment(moment: Moment, model: SavedModel | None) -> SavedMoment:
    settings, provenance = (model.settings, model.provenance) if model is not None else (None, None)
    # The start, before any training, is of the model's.
    provenance = moment.provenance or provenance
    saved = SavedModel(moment.parameters, settings, (), moment.image_shape, moment.state, provenance)
    return SavedMoment(moment.epochs, saved, moment.record, _readable_data(moment.data))


def _saved_run(run: Run, until: float | None) -> SavedRun:
    curves = {name: _until(curve.rows(), until) for name, curve in run.curves.items() if len(curve)}
    facts = RunFacts(
        id=run.identity,
        name=readable(run.name),
        settings=_settings_facts(run.settings),
        dataset=readable(run.dataset),
        began=run.began.isoformat(),
        seconds=run.seconds,
        epochs=run.epochs if until is None else until,
        is_shown=run.is_shown,
        is_named=run.is_named,
        data=None if run.data is None else DatasetFacts(**vars(replace(run.data, name=readable(run.data.name)))),
        origin=readable(run.origin),
        trainings=_trained_facts(run.trainings),
        # Nobody changes the settings so often; the last changes are told of.
        stages=tuple(map(_stage_facts, run.stages[-MOST_TRAININGS:])),
        measures={name: spans_of(run.curves[name], len(table)) for name, table in curves.items()},
    )
    end = run.end
    model = None
    if end is not None:
        history, training = tuple(run.history), run.settings.training
        model = SavedModel(end.parameters, training, history, end.image_shape, end.state, run.provenance)
    return SavedRun(as_json(facts), curves, model)


def _until(table: np.ndarray[Any, np.dtype[np.float64]], epochs: float | None) -> np.ndarray[Any, Any]:
    return table if epochs is None else table[: np.searchsorted(table[:, 0], epochs, side="right")]


def _stage_facts(stage: Stage) -> StageFacts:
    return StageFacts(stage.begun, readable(stage.dataset), _settings_facts(stage.settings))


def _settings_facts(settings: Settings) -> SettingsFacts:
    own = settings.hidden_num, settings.image_shape, settings.device, settings.labels
    return SettingsFacts(*own, settings.training)
