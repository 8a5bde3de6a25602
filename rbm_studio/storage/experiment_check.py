"""What of an experiment belongs together: asked before it is written, and after it was read."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.settings import check_names
from rbm_studio.core.state import MOST_EPOCHS
from rbm_studio.core.updates import UPDATES
from rbm_studio.storage.experiment_format import (
    MOST_DRAWINGS,
    DatasetFacts,
    Facts,
    MomentFacts,
    Name,
    RunFacts,
    described,
)
from rbm_studio.storage.model_file import LARGEST_FIGURE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from rbm_studio.core.parameters import Parameters
    from rbm_studio.storage.experiment_file import SavedExperiment, SavedMoment, SavedRun
    from rbm_studio.storage.experiment_format import Spans
    from rbm_studio.storage.model_file import SavedModel

MOST_RUNS, MOST_MOMENTS, MOST_POINTS = 1_900, 1_000, 1 << 26
"""In a file."""
COLUMNS = 4
"""Of a curve's table: epoch, on training images, on held-out images, lower end of a bracket."""
A_BIT = 1e-6
"""Epochs are sums of fractions."""
_OTHER = "its training's state is of another model"


def checked(saved: SavedExperiment) -> tuple[Facts, tuple[RunFacts, ...]]:
    """Return what an experiment and its runs say of themselves, if it can be written, and be read again.

    Raises
    ------
    ValueError
        If not, with what is the matter.
    """
    facts = described(saved.facts, Facts)
    _check_settings(saved.facts)
    runs = tuple(_run(run) for run in saved.runs)
    _belongs(len(runs) <= MOST_RUNS, f"it has more than {MOST_RUNS} runs")
    _belongs(len({run.id for run in runs}) == len(runs), "two of its runs are the same one")
    _belongs(facts.present_run is None or facts.present_run < len(runs), "its present run is not among its runs")
    _check_order((each.begun for each in facts.trainings or ()), "its trainings")
    if saved.dataset is not None:
        described(vars(saved.dataset), DatasetFacts)
    _check_model(facts, saved.model)
    _check_moments(saved.moments, saved.model)
    drawings = saved.drawings
    _belongs(isinstance(drawings["kept"], list), "its drawings are none")
    count = len(drawings["kept"]) + len(drawings.get("more", ()))
    _belongs(count <= MOST_DRAWINGS, f"it has more than {MOST_DRAWINGS} drawings")
    return facts, runs


def _belongs(condition: bool, words: str) -> None:
    if not condition:
        raise ValueError(words)


def _check_settings(about: Any) -> None:
    """Raise ValueError where there are settings that there are not."""
    if isinstance(about, dict) and "training" in about:
        check_names(about["training"])
    for each in about.values() if isinstance(about, dict) else about if isinstance(about, list) else ():
        _check_settings(each)


def _check_order(begun: Iterable[float], what: str) -> None:
    _belongs(all(before <= after for before, after in pairwise(begun)), f"{what} are not in order")


def _check_model(facts: Facts, model: SavedModel | None) -> None:
    p = None if model is None else model.parameters
    hidden_num, visible_num = (0, 0) if p is None else (p.hidden_num, p.visible_num)
    units = facts.selection.units
    _belongs(all(unit < hidden_num for unit in units), "a unit is selected that the model does not have")
    _belongs(len(set(units)) == len(units), "a unit is selected twice")
    _belongs(facts.selection.pixel < max(visible_num, 1), "a pixel is selected that the model does not have")
    if model is not None:
        height, width = model.image_shape or facts.settings.image_shape
        _belongs(height * width == visible_num, "its images are of another size than its model")
        _check_state(model)


def _check_state(model: SavedModel) -> None:
    state, p = model.state, model.parameters
    if state is None:
        return
    for w, visible, hidden in zip(*state.kept, strict=True):
        # Pixels that are dark in all images do not take part in the training.
        of_model = len(w.shape) == 2 and w.shape[0] <= p.visible_num + p.label_num and w.shape[1] == p.hidden_num
        _belongs(of_model and visible.shape == w.shape[:1] and hidden.shape == (p.hidden_num,), _OTHER)
    _belongs(len(state.kept) in (0, 3) and len({len(slots) for slots in state.kept}) <= 1, _OTHER)
    kept = len(state.kept[0]) if state.kept else 0
    _belongs(kept in (0, len(UPDATES[state.settings.update].kept)), "its training's state is of another update rule")
    _belongs(not state.activity.size or state.activity.shape == (p.hidden_num,), _OTHER)


def _check_moments(moments: tuple[SavedMoment, ...], model: SavedModel | None) -> None:
    _belongs(not moments or model is not None, "it has moments of no model")
    _belongs(len(moments) <= MOST_MOMENTS, f"it has more than {MOST_MOMENTS} moments")
    if model is None:
        return
    for moment in moments:
        described(moment_as_json(moment), MomentFacts)
        _belongs(moment.model.image_shape is not None, "a moment does not say of which images it is")
        of_model = model.image_shape is None or moment.model.image_shape == model.image_shape
        _belongs(
            of_model and _sizes(moment.model.parameters) == _sizes(model.parameters), "a moment is of another model"
        )
        _check_state(moment.model)
    epochs = [moment.epochs for moment in moments]
    _check_order(epochs, "its moments")
    _belongs(not epochs or epochs[-1] <= model.epochs_trained + A_BIT, "a moment comes after the model's training")


def moment_as_json(moment: SavedMoment) -> dict[str, Any]:
    """Return what is known of a moment as JSON has it."""
    record, data = moment.record, moment.data
    return {
        "epochs": moment.epochs,
        "record": None if record is None else [record.epoch, record.training_kl, record.held_out_kl],
        "data": None if data is None else vars(data),
    }


def _sizes(p: Parameters) -> tuple[int, int, int]:
    return p.visible_num, p.hidden_num, p.label_num


def _run(saved: SavedRun) -> RunFacts:
    facts = described(saved.facts, RunFacts)
    _check_settings(saved.facts)
    began = datetime.fromisoformat(facts.began)
    _belongs(began.utcoffset() is not None, "the time at which a run began has no time zone")
    # So that it is a time in any zone.
    _belongs(1900 <= began.year <= 9000, "the time at which a run began is none")
    _check_order((each.begun for each in facts.trainings or ()), "a run's trainings")
    begun = [stage.begun for stage in facts.stages] if isinstance(facts.stages, tuple) else []
    _belongs(begun == sorted(set(begun)), "a run's stages are not in order")
    for name, table in saved.curves.items():
        described(name, Name)
        known_figures(table)
        _check_spans(facts.measures.get(name), len(table))
    if saved.model is not None:
        _check_state(saved.model)
    return facts


def known_figures(table: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return a run's table of epochs in order, in which figures beyond bounds, if there are any, are not known.

    Raises
    ------
    ValueError
        If it is no such table.
    """
    is_table = table.ndim == 2 and table.shape[1] == COLUMNS and table.dtype == np.float64 and len(table) <= MOST_POINTS
    _belongs(is_table, "a curve is no table")
    epochs = table[:, 0]
    _belongs(not len(table) or bool(epochs[0] >= 0 and epochs[-1] <= MOST_EPOCHS), "a curve's epochs are beyond bounds")
    _belongs(bool((epochs[:-1] <= epochs[1:]).all()), "a curve's epochs are not in order")
    beyond = np.abs(table) > LARGEST_FIGURE
    return np.where(beyond, np.nan, table) if beyond.any() else table


def _check_spans(spans: Spans | None, count: int) -> None:
    starts = [span.start for span in spans or ()]
    _belongs(starts == sorted(set(starts)), "what a curve's figures are of is not in order")
    begins = not starts or (starts[0] == 0 and starts[-1] <= max(count - 1, 0))
    _belongs(begins and (spans is None or bool(starts) or not count), "what a curve's figures are of is not known")
