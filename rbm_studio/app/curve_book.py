"""The runs, and all that was measured of them: for each quantity its history, kept while another one is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.change_words import run_name
from rbm_studio.app.curve_history import CurveHistory, CurveRun
from rbm_studio.app.deleted_runs import DeletedRuns
from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.looks import give_looks
from rbm_studio.app.measures import measure_of
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.run import Run
from rbm_studio.app.run_bounds import ENDS_BYTES, MOST_RUNS, bound_size, surplus
from rbm_studio.app.stages import Stage, next_stages, stages_until
from rbm_studio.plain import LONGEST, plain
from rbm_studio.storage.experiment_format import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rbm_studio.app.curve_history import CurvePoint
    from rbm_studio.app.measures import Measure
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model, Settings

    Remembered: TypeAlias = tuple[Run, str, Settings, str, tuple[Stage, ...]]


class CurveBook(QObject):
    """Keeps the runs; each history is a view of them.

    Those of the open document are its own: they alone are saved with it. The others are guests, of documents that were
    open before and have them in their files as they are here.

    Parameters
    ----------
    session : Session
        Its model is that of the present run; it says when another one takes its place.
    parent : QObject, optional

    Signals
    -------
    begun
        There is another present run.
    changed
        There are other runs, or one of them has another name, settings or model, is hidden or shown.
    grew
        More was measured of the present run.
    """

    begun = Signal()
    changed = Signal()
    grew = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._histories: dict[str, CurveHistory] = {}
        self._runs: list[Run] = []
        self._deleted = DeletedRuns()
        # How the open document's file has its runs, by their identities.
        self._in_file: dict[str, tuple[object, ...]] = {}
        self._file = ""
        self.history(LIVE)
        session.curve_grew.connect(self._grow)
        session.experiment.changed.connect(self._note_file)

    # --- what there is

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, in the order in which they ended, and then the present one, which alone may not have trained."""
        return tuple(self._runs)

    @property
    def present(self) -> Run | None:
        """The run of the session's model."""
        return self._runs[-1] if self._runs else None

    @property
    def previous(self) -> Run | None:
        """The earlier run that ended last, if its model is kept."""
        before = self._runs[-2] if len(self._runs) > 1 else None
        return before if before is not None and before.end is not None else None

    def history(self, name: str) -> CurveHistory:
        """Return the history of a quantity by its name; empty at first."""
        if name not in self._histories:
            self._histories[name] = CurveHistory(self)
            self._histories[name].grew.connect(self.grew)
            self._lay_out(name)
        return self._histories[name]

    @property
    def own(self) -> tuple[Run, ...]:
        """Those of the open document, in their order."""
        return tuple(run for run in self._runs if self._is_own(run))

    def _is_own(self, run: Run) -> bool:
        return run.owner is self._session.experiment.owner

    # --- the present run, as the session tells of it

    def begin(self, name: str, end: Moment | None = None, records: EpochHistory | None = None) -> None:
        """Begin the run of another model.

        Parameters
        ----------
        name : str
            A number is added where another run has it.
        end : Moment or None
            The model before, if it has learned anything; without it and without a curve, its run leaves no trace.
        records : EpochHistory, optional
            Its epochs.
        """
        self._end_present(end, records)
        session = self._session
        images = session.images
        dataset = images.original.name if images is not None else ""
        self._set_present(Run(self._free_name(name), session.settings, dataset, session.experiment.owner))

    def take(self, run: Run, end: Moment | None, records: EpochHistory | None) -> None:
        """Make an earlier run the present one, which ends as in `begin`: of a guest, a copy."""
        session = self._session
        if self._is_own(run):
            self._runs.remove(run)
            run.end, run.history = None, EpochHistory()
        else:
            run = run.copy(self._free_name(run.name), session.experiment.owner)
            session.noticed.emit(
                self.tr("“{name}” is a copy: its run stays with its own experiment.").format(
                    name=plain(run.name, LONGEST)
                )
            )
        run.is_shown = True
        self._end_present(end, records)
        self._set_present(run)

    def rename_untrained(self, name: str) -> None:
        """Give the present run, which has not trained yet, the name of its new settings."""
        if self.present is not None and not self.present.is_named:
            self.present.name = self._free_name(name, self.present)
            self.changed.emit()

    def note_start(self, model: Model) -> None:
        """Note with what the present run trains its model from now on."""
        run, session = self.present, self._session
        if run is None:
            return
        before = run.stages, run.settings
        # The wish for labels outlives images that have none.
        run.settings = replace(session.settings, labels=model.parameters.label_num > 0)
        run.dataset = session.images.original.name if session.images is not None else run.dataset
        run.stages = next_stages(run.stages, Stage(run.settings, model.epochs_trained, run.dataset))
        self._rename_continued(run, *before)
        # Its curves show where it went on with other settings.
        if run.stages != before[0]:
            self._tell_all()
        else:
            self.changed.emit()

    def remember(self) -> Remembered | None:
        """Return what `put_back` needs to take `note_start` back."""
        run = self.present
        return None if run is None else (run, run.name, run.settings, run.dataset, run.stages)

    def put_back(self, remembered: Remembered | None) -> None:
        """Take the last `note_start` back: nothing was trained."""
        if remembered is not None and remembered[0] is self.present:
            run = remembered[0]
            _, run.name, run.settings, run.dataset, run.stages = remembered
            self._tell_all()

    def _rename_continued(self, run: Run, stages: Sequence[Stage], settings: Settings) -> None:
        """Let a name that was made of the run's settings tell how they were changed."""
        hidden_num = run.settings.hidden_num
        old = run_name(hidden_num, [stage.settings.training for stage in stages] or [settings.training])
        new = run_name(hidden_num, [stage.settings.training for stage in run.stages])
        rest = run.name.removeprefix(old)
        # A number after it told it from a namesake, which it has no more; “, from epoch 3” stays.
        if not run.is_named and run.name.startswith(old) and rest[:2] in ("", " (", ", ") and new != old:
            run.name = self._free_name(new + (rest if rest.startswith(",") else ""), run)

    def note_progress(self, epochs: float, seconds: float) -> None:
        """Note how far the present run has come, and how long it has trained since it was told last."""
        if self.present is not None:
            self.present.epochs = epochs
            self.present.seconds += seconds

    def restore(self, earlier: Iterable[Run], present: Run | None) -> None:
        """Put the runs of the open document's file with those that are here, and one in the place of the present one.

        The same runs that are here give way to them.

        Parameters
        ----------
        earlier : iterable of Run
        present : Run or None
            The run of the session's model, which has just come with it.
        """
        earlier, newest = list(earlier), self._runs[-1:] if present is None else [present]
        came = {run.identity for run in [*earlier, *newest]}
        self._deleted.forget(lambda run: run.identity in came)
        guests = [run for run in self._runs[:-1] if run.identity not in came]
        # The run that has just ended stays the one before.
        last = guests[-1:] if guests[-1:] == self._runs[-2:-1] else []
        self._runs = [*guests[: len(guests) - len(last)], *earlier, *last, *newest]
        for run in [*earlier, *newest]:
            run.owner = self._session.experiment.owner
            for curve in run.curves.values():
                curve.tag = run
        if present is not None:
            present.is_shown = True
        give_looks(self._runs[:-1], earlier)
        self._bound(keeps_own=True)
        self._tell_all()
        self.begun.emit()

    def branch(self, former: Run, epochs: float) -> None:
        """Give the present run, which has just begun, all that was measured of another one until it left that.

        Parameters
        ----------
        former : Run
        epochs : float
            Where the present run begins.
        """
        present = self.present
        if present is None or present is former:
            return
        present.epochs = epochs
        present.stages = stages_until(former.stages, epochs)
        if present.stages:
            present.dataset = present.stages[-1].dataset
        for name, curve in former.curves.items():
            self._curve(name, present).extend_from(curve, epochs)
        self._tell_all()

    def _end_present(self, end: Moment | None, records: EpochHistory | None) -> None:
        run = self.present
        if run is None:
            return
        if run.owner is None or (end is None and not len(self._curve(LIVE, run))):
            self._runs.pop()
            return
        run.end, run.history = end, records or EpochHistory()
        give_looks(self._runs)

    def _set_present(self, run: Run) -> None:
        self._runs.append(run)
        self._bound()
        self._tell_all()
        self.begun.emit()

    def _grow(self, points: list[CurvePoint]) -> None:
        self._histories[LIVE].append(points, measure=self._live_measure())
        if points and self.present is not None:
            self.present.epochs = max(self.present.epochs, points[-1].epoch)

    def _live_measure(self) -> Measure | None:
        """Return what the training measures now; of figures that came with a model, what its file says."""
        model, data = self._session.newest, self._session.training_data
        return None if model is None else measure_of(LIVE, model.training, data, model.image_shape)

    # --- the open document and its file

    def marks(self, epochs: float | None = None) -> dict[str, tuple[object, ...]]:
        """Return how the document's runs are now, for `note_saved`; the one under way after so many epochs."""
        return {run.identity: run.mark(epochs if run is self.present else None) for run in self.own}

    def note_saved(self, marks: dict[str, tuple[object, ...]]) -> None:
        """Note that the document's file has its runs as they were then."""
        self._in_file = marks

    def leave(self) -> None:
        """Let another document take the place of the open one, whose runs are guests then.

        Where it was changed and not saved, nothing stays of what its file does not have as it is.
        """
        if self._session.experiment.is_modified:
            self._deleted.forget(self._is_own)
            for run in self.own:
                if self._in_file.get(run.identity) != run.mark():
                    run.owner = None
            # The present one goes when the other model comes.
            self._runs = [run for run in self._runs if run.owner is not None or run is self.present]
        self._in_file = {}

    def _note_file(self) -> None:
        file = self._session.experiment.owner.file
        if file != self._file:
            self._file = file
            self.changed.emit()

    # --- what a person does with them

    def rename(self, run: Run, name: str) -> None:
        """Give a run another name; an empty one is none, and of one that no file holds, as much as it does."""
        name = " ".join(name.split())
        if len(name) > LONGEST_NAME:
            name = name[:LONGEST_NAME].rstrip()
            self._session.noticed.emit(self.tr("There is room for {0:,} characters in a name.").format(LONGEST_NAME))
        if name and name != run.name and run in self._runs:
            run.name, run.is_named = name, True
            self._change([run])

    def show_runs(self, runs: Collection[Run], on: bool) -> None:
        """Draw runs, or hide them; the present one is always drawn.

        Where there are more than `looks.MOST_SHOWN` earlier ones, the oldest of the others are hidden.
        """
        changed = [run for run in self._runs[:-1] if run in runs and run.is_shown != on]
        for run in changed:
            run.is_shown = on
        if changed:
            self._change([*changed, *give_looks(self._runs[:-1], changed if on else ())])

    def delete(self, runs: Collection[Run]) -> None:
        """Forget runs but for the present one, until `bring_back_deleted`."""
        leaving = [(place, run) for place, run in enumerate(self._runs[:-1]) if run in runs]
        if leaving:
            self._runs = [run for run in self._runs if all(run is not gone for _, gone in leaving)]
            self._deleted.add(leaving)
            self._bound()
            self._change([run for _, run in leaving])

    @property
    def can_bring_back_deleted(self) -> bool:
        """Whether a run was deleted, and can be had back."""
        return bool(self._deleted)

    def bring_back_deleted(self) -> list[Run]:
        """Take the last deletion back, and return its runs."""
        if not self._deleted:
            return []
        returning = self._deleted.pop()
        for place, run in returning:
            self._runs.insert(min(place, max(len(self._runs) - 1, 0)), run)
        runs = [run for _, run in returning]
        hidden = give_looks(self._runs[:-1])
        self._bound()
        self._change([*runs, *hidden])
        return runs

    def _change(self, runs: Iterable[Run]) -> None:
        if any(map(self._is_own, runs)):
            self._session.experiment.touch()
        self._tell_all()

    # --- keeping order

    def _free_name(self, name: str, but: Run | None = None) -> str:
        taken = {run.name for run in self._runs if run is not but}
        number = 2
        free = name
        while free in taken:
            free = self.tr("{name} ({number})").format(name=name, number=number)
            number += 1
        return free

    def _bound(self, *, keeps_own: bool = False) -> None:
        """Let go of what is too much: of the document's own last, and of what has just come from its file nothing."""
        guests, own = [run for run in self._runs if not self._is_own(run)], self.own[:-1]
        gone = surplus(guests, () if keeps_own else own[:-1], len(self._runs) - MOST_RUNS)
        self._runs = [run for run in self._runs if run not in gone]
        if gone:
            words = self.tr("More than {most} runs: “{name}”, the oldest without a name of yours, is no longer kept.")
            if gone[-1] in guests:
                words = self.tr("More than {most} runs: “{name}”, of another experiment, left the table.")
            self._session.noticed.emit(words.format(most=MOST_RUNS, name=plain(gone[-1].name, LONGEST)))
        first = [*self._deleted.runs, *(run for run in guests if run not in gone)]
        let_go = bound_size(first, self.own[:-1], self.previous, keeps_own=keeps_own)
        if let_go:
            words = self.tr("The models of earlier runs hold over {most} MB: that of “{name}” is no longer kept.")
            self._session.noticed.emit(words.format(most=ENDS_BYTES >> 20, name=plain(let_go[-1].name, LONGEST)))

    # --- the histories

    def _curve(self, name: str, run: Run) -> CurveRun:
        return run.curves.setdefault(name, CurveRun(run))

    def _lay_out(self, name: str) -> None:
        earlier = [run.curves[name] for run in self._runs[:-1] if name in run.curves]
        present = self.present
        self._histories[name].show(earlier, self._curve(name, present) if present is not None else None)

    def _tell_all(self) -> None:
        names = {name for run in self._runs for name in run.curves} - self._histories.keys()
        for name in names:
            self.history(name)
        for name in self._histories:
            self._lay_out(name)
        self.changed.emit()
