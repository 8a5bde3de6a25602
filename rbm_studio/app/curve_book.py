"""All that was measured of the runs: for each quantity its history, kept while another one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.curve_history import CurveHistory
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbm_studio.app.curve_history import CurvePoint
    from rbm_studio.app.session import Session
    from rbm_studio.core.parameters import Parameters


class CurveBook(QObject):
    """Takes down what the training measures, and begins a run in each history when a model begins one.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Signals
    -------
    begun
        There is another run.
    """

    begun = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._parameters: Parameters | None = None
        self._histories = {LIVE: CurveHistory(self)}
        self._runs: list[Run] = []
        if session.newest is not None:
            # Its title was told before there was anybody to hear it.
            self._begin(self.tr("Run {number}").format(number=1))
        session.curve_started.connect(self._begin)
        session.curve_grew.connect(self._grow)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, from the first to the present one, which alone may not have trained yet."""
        return tuple(self._runs)

    @property
    def present(self) -> Run | None:
        """The run of the session's model."""
        return self._runs[-1] if self._runs else None

    def history(self, name: str) -> CurveHistory:
        """Return the history of a quantity by its name; empty at first."""
        if name not in self._histories:
            self._histories[name] = CurveHistory(self)
            if self.present is not None:
                self._start(name, self.present)
        return self._histories[name]

    def restore(self, earlier: Iterable[Run], present: Run | None) -> None:
        """Put runs of a file with those that are here, and one in the place of the present one.

        What was here of the same experiment gives way to them.

        Parameters
        ----------
        earlier : iterable of Run
        present : Run or None
            The run of the session's model, which has just come with it.
        """
        for run in [run for run in self._runs[:-1] if run.experiment == self._session.experiment.identity]:
            self._forget(run)
        for run in earlier:
            self._runs.insert(max(len(self._runs) - 1, 0), run)
            for name, curve in run.curves.items():
                self.history(name).earlier.append(curve)
        if present is not None:
            self._runs[-1:] = [present]
            for name in {*self._histories, *present.curves}:
                history = self.history(name)
                if name in present.curves:
                    history.current = present.curves[name]
                else:
                    self._start(name, present)
        for history in self._histories.values():
            history.changed.emit()
        self.begun.emit()

    def _forget(self, run: Run) -> None:
        self._runs.remove(run)
        for name, curve in run.curves.items():
            if curve in self.history(name).earlier:
                self.history(name).earlier.remove(curve)

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
        for name, curve in former.curves.items():
            history, table = self.history(name), curve.table()
            if history.current is not None:
                history.current.extend(table[table[:, 0] <= epochs])
            history.changed.emit()

    def _start(self, name: str, run: Run) -> None:
        history = self._histories[name]
        history.start_run(run.name)
        if history.current is not None:
            run.curves[name] = history.current

    def _begin(self, title: str) -> None:
        session = self._session
        live, model, present = self._histories[LIVE].current, session.newest, self.present
        is_trained = live is not None and len(live) > 0
        is_same = model is not None and model.parameters is self._parameters
        self._parameters = model.parameters if model is not None else None
        if present is not None and is_same and not is_trained:
            # The same model has only got other settings: what was measured of it stays.
            present.name, present.settings = title, session.settings
            for curve in present.curves.values():
                curve.title = title
        else:
            self._begin_another(title, replaces=not is_trained)
        self.begun.emit()

    def _begin_another(self, title: str, *, replaces: bool) -> None:
        images = self._session.images
        if replaces:
            self._runs[-1:] = []
        dataset = images.original.name if images is not None else ""
        run = Run(title, self._session.settings, dataset, self._session.experiment.identity)
        self._runs.append(run)
        for name, history in self._histories.items():
            if replaces:
                history.drop_current()
            self._start(name, run)

    def _grow(self, points: list[CurvePoint]) -> None:
        self._histories[LIVE].append(points)
        if points and self.present is not None:
            self.present.epochs = points[-1].epoch
