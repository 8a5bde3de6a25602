"""How likely held-out images were along the run, where they may have become less so: which moment was the best."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rbm_studio.app.moments import Moment
from rbm_studio.app.newest_watch import NewestWatch
from rbm_studio.app.state import RunState
from rbm_studio.core.fantasies import shown_as
from rbm_studio.core.health import fixed_part, measure_free_energies
from rbm_studio.core.overfitting import find_fall, measure_likelihood
from rbm_studio.core.parameters import log_odds
from rbm_studio.core.symptoms import is_gap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtCore import QObject

    from rbm_studio.app.newest_watch import Steps
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.overfitting import Fall, Likelihood
    from rbm_studio.core.parameters import Parameters

SHARE = 0.006
"""Part of the time that it takes from a training."""


class LifeWatch(NewestWatch):
    """Measures the likelihood at the kept moments of a model's life, once its free energies show a gap.

    While the model trains only the newest parameters, and the moment that was kept last, are measured; the others at
    the run's end.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Attributes
    ----------
    life : tuple of Likelihood
        What was measured of the present model, the newest last.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, "Measuring the likelihood along the run", SHARE, parent)
        self.life: tuple[Likelihood, ...] = ()
        self._known: Mapping[Parameters, Likelihood] = {}

    @property
    def fall(self) -> Fall | None:
        """How far held-out images have fallen from where they were likeliest; None if they have not."""
        return find_fall(self.life)

    def best_moment(self) -> Moment | None:
        """Return the kept moment in which held-out images were likeliest, if they have fallen since."""
        fall = self.fall
        if fall is None:
            return None
        earlier = [moment for moment in self._session.timeline.stops() if moment.epochs > 0]
        return min(earlier, key=lambda moment: abs(moment.epochs - fall.best.epochs), default=None)

    def _work(self, model: Model, images: Images, is_settled: bool) -> Callable[[Steps], object]:
        del is_settled
        kept = [moment for moment in self._session.moments.kept if 0 < moment.epochs < model.epochs_trained]
        if self._session.run_state is not RunState.IDLE:
            kept = kept[-1:]
        moments, known = [*kept, Moment.of(model)], self._known
        return lambda steps: _measure(model, moments, images, known, steps)

    def _take(self, result: object) -> None:
        assert isinstance(result, dict)
        self._known = result
        self.life = tuple(sorted(result.values(), key=lambda each: each.epochs))

    def _forget(self) -> None:
        self._known, self.life = {}, ()


def _measure(
    model: Model, moments: list[Moment], images: Images, known: Mapping[Parameters, Likelihood], steps: Steps
) -> dict[Parameters, Likelihood]:
    settings = model.training
    training, held_out = (
        fixed_part(part, settings.binarisation, settings.threshold) for part in (images.train, images.test)
    )
    if not len(held_out) or not is_gap(
        measure_free_energies(model.parameters, training, held_out), len(training), len(held_out)
    ):
        return dict(known)
    shown = shown_as(images.test, settings.binarisation, settings.threshold)
    training, held_out = (fixed_part(part, *shown) for part in (images.train, images.test))
    base = log_odds(images.mean, len(images.train))
    found = dict(known)
    for moment in moments:
        if moment.parameters not in found:
            found[moment.parameters] = measure_likelihood(
                moment.parameters, training, held_out, base, epochs=moment.epochs, progress=lambda *_: steps.rest()
            )
    now = found.pop(model.parameters)
    # Those that came later belong to a run from which another one branched off.
    return {p: each for p, each in found.items() if each.epochs < now.epochs} | {
        model.parameters: replace(now, epochs=model.epochs_trained)
    }
