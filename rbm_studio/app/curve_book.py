"""All that was measured of the runs: for each quantity its history, kept while another one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.curve_history import CurveHistory
from rbm_studio.app.quantities import LIVE

if TYPE_CHECKING:
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
        self._title: str | None = None
        self._parameters: Parameters | None = None
        self._histories = {LIVE: CurveHistory(self)}
        if session.model is not None:
            # Its title was told before there was anybody to hear it.
            self._begin(self.tr("Run {number}").format(number=1))
        session.curve_started.connect(self._begin)
        session.curve_grew.connect(self._grow)

    def history(self, name: str) -> CurveHistory:
        """Return the history of a quantity by its name; empty at first."""
        if name not in self._histories:
            self._histories[name] = CurveHistory(self)
            if self._title is not None:
                self._histories[name].start_run(self._title)
        return self._histories[name]

    def _begin(self, title: str) -> None:
        live, model = self._histories[LIVE].current, self._session.model
        is_trained = live is not None and len(live) > 0
        is_same = model is not None and model.parameters is self._parameters
        self._title = title
        self._parameters = model.parameters if model is not None else None
        for history in self._histories.values():
            if is_trained or history.current is None:
                history.start_run(title)
            elif is_same:
                # The same model has only got other settings: what was measured of it stays.
                history.current.title = title
            else:
                history.drop_current()
                history.start_run(title)
        self.begun.emit()

    def _grow(self, points: list[CurvePoint]) -> None:
        self._histories[LIVE].append(points)
