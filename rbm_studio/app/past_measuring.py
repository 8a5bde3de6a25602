"""What of the present run's past is still to be measured: at the moments that are kept, evenly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model
    from rbm_studio.core.settings import TrainingSettings

_SAME = 1e-9
"""What is no further apart, in epochs, is the same time."""


def due_moment(moments: Sequence[Moment], run: CurveRun, tried: Collection[float]) -> Moment | None:
    """Return the moment to measure next: the one furthest from all that a curve has, so that it is filled evenly.

    Parameters
    ----------
    moments : sequence of Moment
        That are kept, in their order.
    run : CurveRun
        What was measured. Its newest point is the present; nothing later is due.
    tried : collection of float
        Epochs at which it was measured, or cannot be.
    """
    distances = [(distance(moment, run) if moment.epochs not in tried else 0.0, moment) for moment in moments]
    furthest, moment = max(distances, key=lambda each: each[0], default=(0.0, None))
    return moment if furthest > _SAME else None


def distance(moment: Moment, run: CurveRun) -> float:
    """Return how far a moment is from what a curve has, in epochs; 0 where it is not before the curve's end."""
    epochs = run.values("epoch")
    if not len(epochs) or moment.epochs >= epochs[-1]:
        return 0.0
    place = int(epochs.searchsorted(moment.epochs))
    return float(abs(epochs[max(place - 1, 0) : place + 1] - moment.epochs).min())


def model_at(session: Session, newest: Model, moment: Moment) -> Model:
    """Return the model as it was at a moment, with the settings that it was trained with then."""
    return replace(
        newest,
        parameters=moment.parameters,
        image_shape=moment.image_shape,
        training=_settings_at(session, newest, moment),
        update=None,
        # Of the chains that led there nothing is kept.
        particles=None,
        epochs_trained=moment.epochs,
    )


def _settings_at(session: Session, newest: Model, moment: Moment) -> TrainingSettings:
    """Return the settings of a moment; of one that has none, such as the start, those that it went on with."""
    later = (each.state for each in session.moments.kept if each.epochs >= moment.epochs)
    return next((state.settings for state in later if state is not None), newest.training)
