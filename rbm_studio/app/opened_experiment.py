"""Experiments from files: what a `SavedExperiment` holds, checked, as the session has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.drawings_file import kept_from_json
from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.measures import measure_before
from rbm_studio.app.measures_file import measures_of
from rbm_studio.app.moments import Moment
from rbm_studio.app.run import Run
from rbm_studio.app.stages import Stage, stages_of, stages_until
from rbm_studio.app.state import Model, Settings
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_check import checked
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, SavedMoment, SavedRun
from rbm_studio.storage.script_file import Trained
from rbm_studio.untrusted import parse_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.measures import Measure
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.experiment_format import Facts, RunFacts, SettingsFacts, Trainings
    from rbm_studio.storage.model_file import SavedModel

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
    facts, known = checked(saved)
    kept = saved.model
    settings = _settings(facts.settings)
    model = None if kept is None else _model(kept, settings, facts)
    state = kept.state if kept is not None else None
    is_trained = state is not None or bool(model and model.history)
    place = facts.present_run
    runs = [
        _run(run, about, saved.dataset if number == place else None)
        for number, (run, about) in enumerate(zip(saved.runs, known, strict=True))
    ]
    if place is not None and model is not None and model.trainings and not isinstance(known[place].stages, tuple):
        runs[place].stages = stages_of(model.trainings, runs[place].settings)
    canvas, drawings = saved.drawings["canvas"], saved.drawings["kept"]
    return Opened(
        facts.id,
        facts.notes,
        settings,
        saved.dataset,
        model,
        state,
        facts.is_new and not is_trained,
        tuple(_moment(moment, saved.dataset, None if place is None else runs[place]) for moment in saved.moments),
        tuple(run for number, run in enumerate(runs) if number != place),
        None if place is None else runs[place],
        facts.selection.units,
        facts.selection.pixel,
        None if canvas is None else kept_from_json(canvas),
        tuple(map(kept_from_json, [*drawings, *map(parse_json, saved.drawings.get("more", ()))])),
    )


def _model(saved: SavedModel, settings: Settings, facts: Facts) -> Model:
    return Model(
        saved.parameters,
        saved.image_shape or settings.image_shape,
        saved.settings or settings.training,
        EpochHistory(saved.history),
        origin=facts.origin,
        trainings=_trainings(facts.trainings),
        epochs_trained=saved.epochs_trained,
        provenance=saved.provenance,
    )


def _settings(facts: SettingsFacts) -> Settings:
    return Settings(facts.hidden_num, facts.image_shape, facts.device, facts.labels, facts.training)


def _moment(saved: SavedMoment, dataset: DatasetIdentity | None, run: Run | None) -> Moment:
    model, data, provenance = saved.model, saved.data, saved.model.provenance
    if model.image_shape is None:
        raise ValueError(saved)
    if data is None and model.state is not None:
        data = _assumed_data(saved.epochs, dataset, run)
        # In files of earlier versions each moment has that of the model.
        provenance = provenance if data == dataset else None
    shape = model.image_shape
    return Moment(model.parameters, shape, saved.epochs, saved.record, None, model.state, data, provenance)


def _assumed_data(epochs: float, dataset: DatasetIdentity | None, run: Run | None) -> DatasetIdentity | None:
    """Return the images of a moment by a file of an earlier version: of others than the model's there is but a name."""
    names = [stage.dataset for stage in stages_until(run.stages, epochs)] if run is not None else []
    if dataset is None or not names or names[-1] in ("", dataset.name):
        return dataset
    return replace(dataset, name=names[-1], digest="")


def _run(saved: SavedRun, facts: RunFacts, dataset: DatasetIdentity | None) -> Run:
    run = Run(
        facts.name,
        _settings(facts.settings),
        facts.dataset,
        began=datetime.fromisoformat(facts.began),
        seconds=facts.seconds,
        epochs=facts.epochs,
        # Files of earlier versions do not say.
        data=None if facts.data is None else DatasetIdentity(**asdict(facts.data)),
        origin=facts.origin,
        trainings=_trainings(facts.trainings),
        identity=facts.id,
        is_named=facts.is_named,
        is_shown=facts.is_shown,
    )
    if isinstance(facts.stages, tuple):
        run.stages = tuple(Stage(_settings(each.settings), each.begun, each.dataset) for each in facts.stages)
    else:
        run.stages = _assumed_stages(run)
    # Nor on what each stretch of a curve was measured.
    for name, table in saved.curves.items():
        spans = facts.measures.get(name)
        if spans is None:
            data = run.data or dataset
            own = measure_before(name, run.settings.training, data, run.settings.image_shape, run.dataset)
            measures = [(0, own)]
        else:
            measures = measures_of(spans)
        run.curves[name] = _curve(run, table, measures)
    if saved.model is not None and saved.model.image_shape is not None:
        model, state = saved.model, saved.model.state
        epochs = run.epochs if state is None else state.epochs_trained
        run.end = Moment(model.parameters, saved.model.image_shape, epochs, state=state)
        run.history = EpochHistory(model.history)
        run.provenance = model.provenance
    return run


def _assumed_stages(run: Run) -> tuple[Stage, ...]:
    """Return the stages of a run by a file of an earlier version, which does not say."""
    if run.trainings or run.origin or not run.epochs:
        return stages_of(run.trainings, run.settings)
    return (Stage(run.settings, 0.0, run.dataset),)


def _curve(run: Run, table: NDArray[np.float64], spans: list[tuple[int, Measure]]) -> CurveRun:
    curve = CurveRun(run)
    for (start, measure), stop in zip(spans, [*(row for row, _ in spans[1:]), len(table)], strict=True):
        curve.extend(table[start:stop], measure)
    return curve


def _trainings(known: Trainings | None) -> tuple[Trained, ...] | None:
    return None if known is None else tuple(Trained(**asdict(each)) for each in known)
