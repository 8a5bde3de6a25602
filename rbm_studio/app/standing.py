"""Where a run stands, told in one way all over the window: in epochs of the model's life."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.numbers import fixed
from rbm_studio.app.state import RunState

if TYPE_CHECKING:
    from rbm_studio.app.session import Session

# A sum of batches lies so close below the hundredth that it stands for, counted in hundredths.
_SLACK = 1e-4


def epoch_text(epochs: float) -> str:
    """Return how many epochs lie behind a model: a whole number of them as such, any other with two decimal places.

    Cut off and not rounded, so that no epoch is called done before it is.
    """
    whole = round(epochs)
    if abs(epochs - whole) * 100 < _SLACK:
        return fixed(whole, 0)
    return fixed(math.floor(epochs * 100 + _SLACK) / 100, 2)


@dataclass(frozen=True)
class Standing:
    """Where the newest model's run stands.

    Attributes
    ----------
    now : float
        Epochs that the model has behind it.
    end : float
        Those that it will have at the end of the run; of a new model, what the settings say.
    done : float
        How much of this run lies behind it, in 0..1.
    """

    now: float
    end: float
    done: float

    @property
    def is_stopped_short(self) -> bool:
        """Whether some of the run is left."""
        return self.end - self.now > _SLACK / 100


def standing(session: Session) -> Standing:
    """Return where a session's newest model stands, as of the newest batch that is known of."""
    progress, images, state, newest = session.progress, session.images, session.training_state, session.newest
    now = progress.epochs_trained if progress is not None else newest.epochs_trained if newest is not None else 0.0
    end = max(session.timeline.end, now)
    done = 0.0
    if progress is not None and images is not None:
        done = progress.images / (progress.epochs * len(images.train))
    elif progress is None and now > 0:
        done = 1.0
        if state is not None and state.unfinished:
            done = state.position.images / (state.position.total_images * state.settings.epochs)
    return Standing(now, end, min(done, 1.0))


def goes_on(session: Session) -> bool:
    """Return whether Train brings an interrupted run to its end, to the same bits as without the interruption."""
    state, images, data = session.training_state, session.images, session.training_data
    return (
        state is not None
        and images is not None
        and not session.trains_new_model
        and (data is None or data.digest == images.identity.digest)
        and state.continues(session.settings.training, len(images.train))
    )


def idle_words(session: Session) -> list[str]:
    """Return where the run stands while nothing is trained, and what Train will do about a run that was stopped."""
    at, tr = standing(session), _tr
    if at.now == 0 and session.progress is None:
        return [tr("Ready to train")] if session.can_train else []
    if not at.is_stopped_short:
        return [tr("Epoch {0} of {1}").format(epoch_text(at.now), epoch_text(at.end)), tr("done")]
    words = [tr("Stopped at epoch {0} of {1}").format(epoch_text(at.now), epoch_text(at.end))]
    if session.run_state is RunState.IDLE and not session.next_run.is_open:
        words.append(_what_train_does(session))
    return words


def _what_train_does(session: Session) -> str:
    if session.images is None:
        return _tr("Train waits for its images")
    if session.trains_new_model:
        return _tr("Train begins a new model")
    return _tr("Train finishes it") if goes_on(session) else _tr("Train begins another run of this model")


def _tr(text: str) -> str:
    return QCoreApplication.translate("standing", text)
