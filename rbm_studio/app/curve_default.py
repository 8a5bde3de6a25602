"""Which quantity the learning curve shows where nobody has chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.quantities import LIVE

if TYPE_CHECKING:
    from rbm_studio.app.measurement import Subject

TRUTH = "true_kl"
MOST_UNITS, MOST_TERMS = 20, 10**8
"""In the smaller layer, and of its states times the other layer's units: their sum takes a fraction of a second."""


def default_quantity(subject: Subject | None) -> str:
    """Return the true divergence where it can be had cheaply, for binary images, and else what the training measures.

    Parameters
    ----------
    subject : Subject or None
        What there is to measure.
    """
    if subject is None or not subject.is_shown_states or subject.problem(TRUTH):
        return LIVE
    fewer, more = sorted((subject.model.parameters.visible_num, subject.model.parameters.hidden_num))
    return TRUTH if fewer <= MOST_UNITS and 2**fewer * more <= MOST_TERMS else LIVE
