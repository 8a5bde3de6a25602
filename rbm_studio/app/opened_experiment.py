"""Experiments from files: what a `SavedExperiment` holds, checked, as the session has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.checked import belongs, flag, items, mapping, number, one_of, text, whole
from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.drawings_file import kept_from_json
from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.experiment import MOST_NOTES
from rbm_studio.app.experiment_files import LONGEST_NAME, MOST_DRAWINGS
from rbm_studio.app.measures import measure_before
from rbm_studio.app.measures_file import spans_from_json
from rbm_studio.app.moments import Moment
from rbm_studio.app.run import Run
from rbm_studio.app.stages import Stage, stages_of
from rbm_studio.app.state import Model, Settings
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.settings import MAX_HIDDEN, TrainingSettings
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, SavedMoment, SavedRun
from rbm_studio.storage.script_file import Trained

if TYPE_CHECKING:
    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.measures import Measure
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.model_file import SavedModel

_DEVICES = ("auto", "cpu", "gpu")
_LONGEST_SIDE, _MOST_RUNS, _MOST_POINTS, _MOST_MOMENTS = 1 << 15, 4_000, 1 << 26, 4_000
_LONGEST_IDENTITY, _MOST_TRAININGS = 100, 10_000
_UNSOUND = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


@dataclass(frozen=True, eq=False)
class Opened:
    """What a file held, checked, as the session has it.

    Attributes
    ----------
    identity, notes : str
        Of a new experiment: "".
    settings : Settings
    dataset : DatasetIdentity or None
        The images that the model was trained on or, before that, those that were there; None where they are not known.
    model : Model or None
    state : TrainingState or None
    is_new : bool
        Whether the model's parameters were only drawn, and may be drawn anew for other settings.
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
    is_new: bool = False
    moments: tuple[Moment, ...] = ()
    runs: tuple[Run, ...] = ()
    present: Run | None = None
    units: tuple[int, ...] = ()
    pixel: int = -1
    canvas: Kept | None = None
    kept: tuple[Kept, ...] = ()


def opened(saved: SavedExperiment, name: str = "The file") -> Opened:
    """Check what a file held, and return it as the session has it.

    Parameters
    ----------
    saved : SavedExperiment
    name : str
        What messages call the file.

    Raises
    ------
    RBMStudioError
        If it is not what `gather` returned, or does not belong together.
    """
    try:
        return _opened(saved)
    except _UNSOUND as error:
        raise RBMStudioError(
            "{name} is a damaged experiment: its parts cannot be read, or do not belong together.",
            "Open another copy of the file.",
            name=name,
        ) from error


def _opened(saved: SavedExperiment) -> Opened:
    facts, kept = saved.facts, saved.model
    settings = _settings(facts["settings"])
    identity = text(facts["id"], _LONGEST_IDENTITY)
    belongs(bool(identity))
    model = None if kept is None else _model(kept, settings, facts)
    state = kept.state if kept is not None else None
    is_trained = state is not None or bool(model and model.history)
    units, pixel = _selection(mapping(facts["selection"]), model)
    runs = [_run(run, saved.dataset if place == facts["present_run"] else None) for place, run in enumerate(saved.runs)]
    belongs(len({run.identity for run in runs}) == len(runs) <= _MOST_RUNS)
    present = None if facts["present_run"] is None else whole(facts["present_run"], 0, len(runs) - 1)
    if present is not None and model is not None and model.trainings and "stages" not in saved.runs[present].facts:
        runs[present].stages = stages_of(model.trainings, runs[present].settings)
    canvas = saved.drawings["canvas"]
    return Opened(
        identity,
        text(facts["notes"], MOST_NOTES),
        settings,
        None if saved.dataset is None else _dataset(saved.dataset),
        model,
        state,
        flag(facts["is_new"]) and not is_trained,
        _moments(saved.moments, model),
        tuple(run for place, run in enumerate(runs) if place != present),
        None if present is None else runs[present],
        units,
        pixel,
        None if canvas is None else kept_from_json(canvas),
        tuple(kept_from_json(each) for each in items(saved.drawings["kept"], MOST_DRAWINGS)),
    )


def _model(saved: SavedModel, settings: Settings, facts: dict[str, Any]) -> Model:
    p, state = saved.parameters, saved.state
    shape = saved.image_shape or settings.image_shape
    belongs(shape[0] * shape[1] == p.visible_num and p.hidden_num <= MAX_HIDDEN)
    epochs = [number(record.epoch, 0.0) for record in saved.history]
    belongs(epochs == sorted(epochs))
    trained = epochs[-1] if epochs else 0.0
    if state is not None:
        trained = number(state.epochs_trained, 0.0)
        _check_state(state, p)
    return Model(
        p,
        shape,
        saved.settings or settings.training,
        EpochHistory(saved.history),
        origin=text(facts.get("origin", ""), LONGEST_NAME),
        trainings=_trainings(facts.get("trainings")),
        epochs_trained=trained,
        provenance=saved.provenance,
    )


def _check_state(state: TrainingState, p: Parameters) -> None:
    for slot in zip(*state.kept, strict=True):
        w, visible, hidden = (array.shape for array in slot)
        # Pixels that are dark in all images do not take part in the training.
        belongs(len(w) == 2 and w[0] <= p.visible_num + p.label_num and w[1] == p.hidden_num)
        belongs(visible == w[:1] and hidden == (p.hidden_num,))
    belongs(not state.activity.size or state.activity.shape == (p.hidden_num,))


def _dataset(about: DatasetIdentity) -> DatasetIdentity:
    text(about.name, LONGEST_NAME)
    text(about.digest, _LONGEST_IDENTITY)
    whole(about.train_num, 0, 1 << 53)
    whole(about.test_num, 0, 1 << 53)
    return replace(about, image_shape=_shape(about.image_shape))


def _selection(about: dict[str, Any], model: Model | None) -> tuple[tuple[int, ...], int]:
    hidden_num, visible_num = (model.parameters.hidden_num, model.parameters.visible_num) if model else (0, 0)
    units = tuple(whole(unit, 0, hidden_num - 1) for unit in items(about["units"], hidden_num))
    return units, whole(about["pixel"], -1, visible_num - 1)


def _settings(about: Any) -> Settings:
    about = mapping(about)
    return Settings(
        whole(about["hidden_num"], 1, MAX_HIDDEN),
        _shape(about["image_shape"]),
        one_of(about["device"], _DEVICES),
        flag(about["labels"]),
        TrainingSettings(**mapping(about["training"])),
    )


def _shape(value: Any) -> tuple[int, int]:
    height, width = value
    return whole(height, 1, _LONGEST_SIDE), whole(width, 1, _LONGEST_SIDE)


def _moments(saved: tuple[SavedMoment, ...], model: Model | None) -> tuple[Moment, ...]:
    moments = tuple(sorted(map(_moment, saved), key=lambda moment: moment.epochs))
    belongs(not moments or (model is not None and len(moments) <= _MOST_MOMENTS))
    for moment in moments:
        if model is not None:
            belongs(moment.image_shape == model.image_shape)
            belongs(_sizes(moment.parameters) == _sizes(model.parameters))
    return moments


def _sizes(p: Parameters) -> tuple[int, int, int]:
    return p.visible_num, p.hidden_num, p.label_num


def _moment(saved: SavedMoment) -> Moment:
    model, record = saved.model, saved.record
    if model.image_shape is None:
        raise ValueError(saved)
    if record is not None:
        held_out = None if record.held_out_kl is None else number(record.held_out_kl)
        record = EpochRecord(number(record.epoch, 0.0), number(record.training_kl), held_out)
    if model.state is not None:
        _check_state(model.state, model.parameters)
    return Moment(model.parameters, model.image_shape, number(saved.epochs, 0.0), record, state=model.state)


def _run(saved: SavedRun, dataset: DatasetIdentity | None) -> Run:
    facts = saved.facts
    run = Run(
        text(facts["name"], LONGEST_NAME),
        _settings(facts["settings"]),
        text(facts["dataset"], LONGEST_NAME),
        began=datetime.fromisoformat(facts["began"]),
        seconds=number(facts["seconds"], 0.0),
        epochs=number(facts["epochs"], 0.0),
        # Files of earlier versions do not say.
        data=None if facts.get("data") is None else _dataset(DatasetIdentity(**mapping(facts["data"]))),
        origin=text(facts.get("origin", ""), LONGEST_NAME),
        trainings=_trainings(facts.get("trainings")),
        identity=text(facts["id"], _LONGEST_IDENTITY),
        is_named=flag(facts.get("is_named", False)),
        is_shown=flag(facts.get("is_shown", True)),
    )
    belongs(run.began.tzinfo is not None)
    run.stages = _stages(facts["stages"]) if "stages" in facts else _assumed_stages(run)
    # Nor on what each stretch of a curve was measured.
    measures = mapping(facts.get("measures", {}))
    for name, table in saved.curves.items():
        spans = spans_from_json(measures.get(name), len(table))
        if spans is None:
            data = run.data or dataset
            own = measure_before(name, run.settings.training, data, run.settings.image_shape, run.dataset)
            spans = [(0, own)]
        run.curves[text(name, LONGEST_NAME)] = _curve(run, table, spans)
    if saved.model is not None and saved.model.image_shape is not None:
        model = saved.model
        run.end = Moment(model.parameters, saved.model.image_shape, run.epochs, state=model.state)
        run.history = EpochHistory(model.history)
        run.provenance = model.provenance
    return run


def _stages(saved: Any) -> tuple[Stage, ...]:
    stages = tuple(map(_stage, items(saved, _MOST_TRAININGS)))
    begun = [stage.begun for stage in stages]
    belongs(begun == sorted(set(begun)))
    return stages


def _stage(saved: Any) -> Stage:
    about = mapping(saved)
    begun, dataset = number(about["begun"], 0.0), text(about["dataset"], LONGEST_NAME)
    return Stage(_settings(about["settings"]), begun, dataset)


def _assumed_stages(run: Run) -> tuple[Stage, ...]:
    """Return the stages of a run by a file of an earlier version, which does not say."""
    if run.trainings or run.origin or not run.epochs:
        return stages_of(run.trainings, run.settings)
    return (Stage(run.settings, 0.0, run.dataset),)


def _curve(run: Run, table: np.ndarray[Any, np.dtype[np.float64]], spans: list[tuple[int, Measure]]) -> CurveRun:
    epochs = table[:, 0]
    belongs(len(table) <= _MOST_POINTS and bool(np.isfinite(epochs).all()))
    curve = CurveRun(run)
    table = table[np.argsort(epochs, kind="stable")]
    for (start, measure), stop in zip(spans, [*(row for row, _ in spans[1:]), len(table)], strict=True):
        curve.extend(table[start:stop], measure)
    return curve


def _trainings(known: Any) -> tuple[Trained, ...] | None:
    return None if known is None else tuple(Trained.from_dict(each) for each in items(known, _MOST_TRAININGS))
