"""From the rows of both phases to the gradient: scaled, centred, and pushed towards sparse activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.gradients import Moments
    from rbm_studio.core.workspace import Workspace

Sums = tuple["FloatArray", "FloatArray"]
"""Of the data's rows and of the model's, each of shape (D + C + H,): hidden units after the visible ones."""


def add_up(sums: list[Sums]) -> Sums:
    """Return the sums over all parts."""
    first = sums[0]
    for other in sums[1:]:
        for total, share in zip(first, other, strict=True):
            total += share
    return first


class Offsets:
    """Moving averages of the data's v and h, which the centred gradient subtracts.

    The gradient is that of Melchior, Fischer & Wiskott (How to center deep Boltzmann machines, JMLR 17:99, 2016), in
    the parameters of the plain model:
    ∇w = ⟨(v − μ)(h − λ)ᵀ⟩_data − ⟨(v − μ)(h − λ)ᵀ⟩_model, ∇a = ⟨v⟩_data − ⟨v⟩_model − ∇w λ, and
    ∇b = ⟨h⟩_data − ⟨h⟩_model − ∇wᵀ μ. With λ, μ of the data it is the enhanced gradient of Cho, Raiko & Ilin (2011), up
    to their symmetric choice of means.

    Attributes
    ----------
    visible : array of shape (D + C,)
        μ.
    hidden : array of shape (H,)
        λ.
    """

    def __init__(self, visible: FloatArray, hidden: FloatArray) -> None:
        self.visible = visible
        self.hidden = hidden

    def follow(self, visible: FloatArray, hidden: FloatArray, rate: float) -> None:
        """Move towards a batch's means by a part ``rate`` of the way."""
        for offset, mean in ((self.visible, visible), (self.hidden, hidden)):
            offset += np.float32(rate) * (mean - offset)


def write_centring(
    workspace: Workspace, rows: int, offsets: Offsets | None, v: FloatArray, h: FloatArray, scale: float
) -> int:
    """Write the two rows that centre the product of all rows; return how many rows there are then.

    Σ over rows of v hᵀ, with these rows, is ∇w times ``scale``: −μ (Δh)ᵀ − (Δv) λᵀ is what centring adds to the plain
    gradient.
    """
    if offsets is None:
        return rows
    factor = np.float32(scale)
    workspace.visible[rows], workspace.hidden[rows] = offsets.visible, -factor * h
    workspace.visible[rows + 1], workspace.hidden[rows + 1] = v, -factor * offsets.hidden
    return rows + 2


def product(
    workspace: Workspace, rows: int, block: slice, moments: Moments | None, scale: float, xp: Any
) -> FloatArray:
    """Write some rows of ∇w, times ``scale``, and return them."""
    gradient = workspace.gradient[0][block]
    xp.matmul(workspace.visible[:rows, block].T, workspace.hidden[:rows], out=gradient)
    if moments is not None:
        gradient -= np.float32(scale) * moments[0][block]
    return gradient
