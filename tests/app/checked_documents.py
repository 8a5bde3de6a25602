"""Whether a window, and a file on the disk, hold what `plain_documents` says that they must."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.app.looks import LOOKS
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.state import RunState
from rbm_studio.storage.experiment_file import load_experiment

from .driving import state
from .plain_documents import IMAGES, Desk, Facts, Held, Life, Points, Wish

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from rbm_studio.app.moments import Moment
    from rbm_studio.app.run import Run
    from rbm_studio.app.session import Session
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.experiment_file import SavedMoment, SavedRun

NO_CURVE = np.empty((0, 4))


class Outcomes:
    """What came out of each life the first time: the same must come out each time, from wherever it goes on."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Life], str] = {}

    def check(self, life: Life, parameters: Parameters, training: TrainingState | None) -> None:
        """Check what a model is, and what its training goes on with, where it was trained."""
        self.check_parameters(life, parameters)
        assert (training is None) == (not life.images), life
        if training is not None:
            assert training.epochs_trained == pytest.approx(life.epochs)
            self._check("state", life, _digest(dict(training.arrays()), training.facts()))

    def check_parameters(self, life: Life, parameters: Parameters) -> None:
        self._check("model", life, _digest(dict(parameters.arrays())))

    def check_curve(self, life: Life, table: np.ndarray[Any, Any]) -> None:
        self._check("curve", life, _digest({"": table}))

    def _check(self, what: str, life: Life, found: str) -> None:
        _same(f"{what} of {life}", found, self._known.setdefault((what, life), found))

    # --- a window

    def check_window(self, session: Session, desk: Desk) -> None:
        experiment, settings = session.experiment, session.settings
        _same("file", experiment.path.stem if experiment.path is not None else "", desk.file)
        _same("modified", experiment.is_modified, desk.is_modified)
        _same("paused", state(session) is RunState.PAUSED, desk.is_paused)
        _same("notes", experiment.notes, desk.notes)
        _same("settings", (settings.hidden_num, _wish(settings.training)), (desk.hidden, desk.wish))
        _same("selection", (session.selection.units, session.selection.pixel), (desk.units, desk.pixel))
        _same("canvas", points(session.drawings.current), desk.canvas)
        _same("kept drawings", sorted(map(points, session.drawings.kept)), sorted(desk.kept))
        _same("deleted runs", session.book.can_bring_back_deleted, bool(desk.deleted))
        self._check_table(session.book.runs, desk)
        assert session.newest is not None
        self.check_parameters(desk.life, session.newest.parameters)
        if not desk.is_paused:
            self.check(desk.life, session.newest.parameters, session.training_state)
        self._check_moments(session.moments.kept, desk.life)

    def _check_table(self, runs: Collection[Run], desk: Desk) -> None:
        found = {run.identity: run for run in runs}
        _same("runs", len(found), len(runs))
        names = {row.key: row.facts.name for row in desk.rows}
        _same("runs", {key: run.name for key, run in found.items()}, names)
        _same("present run", list(runs)[-1].identity, desk.present.key)
        for row in desk.rows:
            run = found[row.key]
            if row.facts.is_shown and not run.is_shown:
                # More than there are looks for cannot be drawn.
                assert sum(each.is_shown for each in runs) >= len(LOOKS)
                desk.change(row, is_shown=False)
            self._check_run(run, row.facts)
            if row is not desk.present:
                assert run.end is not None
                self.check(row.facts.life, run.end.parameters, run.end.state)

    def _check_run(self, run: Run, facts: Facts) -> None:
        _same("run", (run.name, run.is_named, run.is_shown), (facts.name, facts.is_named, facts.is_shown))
        assert run.epochs == pytest.approx(facts.life.epochs)
        if facts.wish is not None:
            settings = run.settings.hidden_num, _wish(run.settings.training)
            _same("run's settings", settings, (facts.life.hidden, facts.wish))
            curve = run.curves.get(LIVE)
            self.check_curve(facts.life, NO_CURVE if curve is None else curve.rows())

    def _check_moments(self, moments: Collection[Moment] | Collection[SavedMoment], life: Life) -> None:
        for moment in moments:
            held: Any = getattr(moment, "model", moment)
            self.check_parameters(life.until(round(moment.epochs * IMAGES)), held.parameters)

    # --- a file

    def check_file(self, path: Path, held: Held) -> None:
        saved = load_experiment(path)
        facts, settings = saved.facts, saved.facts["settings"]
        _same("notes in the file", facts["notes"], held.notes)
        _same("settings in the file", (settings["hidden_num"], _saved_wish(settings)), (held.hidden, held.wish))
        selection = tuple(facts["selection"]["units"]), facts["selection"]["pixel"]
        _same("selection in the file", selection, (held.units, held.pixel))
        canvas = saved.drawings["canvas"]
        _same("canvas in the file", () if canvas is None else points(canvas), held.canvas)
        _same("drawings in the file", sorted(map(points, saved.drawings["kept"])), sorted(held.kept))
        runs = {run.facts["id"]: run for run in saved.runs}
        _same("runs in the file", len(runs), len(saved.runs))
        _same("runs in the file", runs.keys(), held.runs.keys())
        _same("present run in the file", saved.runs[facts["present_run"]].facts["id"], held.present)
        for key, expected in held.runs.items():
            self._check_saved_run(runs[key], expected)
            model = saved.model if key == held.present else runs[key].model
            assert model is not None
            self.check(expected.life, model.parameters, model.state)
        self._check_moments(saved.moments, held.runs[held.present].life)

    def _check_saved_run(self, run: SavedRun, expected: Facts) -> None:
        facts, settings = run.facts, run.facts["settings"]
        found = facts["name"], facts["is_named"], facts["is_shown"]
        _same("run in the file", found, (expected.name, expected.is_named, expected.is_shown))
        assert facts["epochs"] == pytest.approx(expected.life.epochs)
        if expected.wish is not None:
            how = settings["hidden_num"], _saved_wish(settings)
            _same("run's settings in the file", how, (expected.life.hidden, expected.wish))
            self.check_curve(expected.life, run.curves.get(LIVE, NO_CURVE))


def check_moments(session: Session, path: Path) -> None:
    """Check that a file, which was just saved or opened, holds the moments that the window does."""
    assert session.newest is not None
    now = session.newest.epochs_trained
    found = [{moment.epochs for moment in moments} for moments in (session.moments.kept, load_experiment(path).moments)]
    # Of the model itself there may be one beside it.
    _same("moments in the window and in the file", found[0] - {now}, found[1] - {now})


def _same(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: {found}, and not {expected}"


def points(kept: Any) -> Points:
    """Return a drawing of a file, or of a window, as plain values."""
    strokes = kept["strokes"] if isinstance(kept, dict) else kept.drawing.strokes
    return tuple(
        (round(float(x), 3), round(float(y), 3))
        for stroke in strokes
        for x, y in (stroke["points"] if isinstance(stroke, dict) else stroke.points)
    )


def _wish(training: TrainingSettings) -> Wish:
    return Wish(training.epochs, training.learning_rate, training.seed)


def _saved_wish(settings: dict[str, Any]) -> Wish:
    training = settings["training"]
    return Wish(training["epochs"], training["learning_rate"], training["seed"])


def _digest(arrays: dict[str, Any], facts: object = None) -> str:
    made = hashlib.blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=12)
    for name, array in sorted(arrays.items()):
        made.update(f"{name} {array.shape} {array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
    return made.hexdigest()
