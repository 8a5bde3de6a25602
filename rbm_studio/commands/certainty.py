"""How far the estimates of a log-likelihood can be trusted, in sentences and numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rbm_studio.core.bracket import FEW_CHAINS
from rbm_studio.core.evaluation import bracket_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.core.bracket import Bracket
    from rbm_studio.core.evaluation import Figure


@dataclass(frozen=True)
class Certainty:
    """Of the log-likelihood of test images, where it is an estimate.

    Attributes
    ----------
    bracket : Bracket
        Between what it lies.
    chains : int
        So many were annealed in each direction.
    within : float
        How narrow a bracket was asked for, in nats.
    """

    bracket: Bracket
    chains: int
    within: float

    @classmethod
    def of(cls, figures: Sequence[Figure], within: float) -> Self | None:
        """Return that of some figures; None where they are exact."""
        bracket = bracket_of(figures)
        return None if bracket is None else cls(bracket, figures[0].chains or 0, within)

    def as_dict(self) -> dict[str, Any]:
        """Return it as Python's own types; what is not known is infinite."""
        found = self.bracket
        return {
            "lower": found.lower.value,
            "upper": found.upper.value,
            "width": found.width,
            "inverted": self._is_crossed,
            "within": self.within,
            "narrow": found.is_within(self.within),
            "temperatures": found.temperatures,
        }

    def in_words(self) -> list[str]:
        """Return what stands below a table: where the bracket lies, and all that is wrong with it."""
        return self.warnings() if self._is_crossed else [self._where(), *self.warnings()]

    def warnings(self) -> list[str]:
        """Return what is wrong with the bracket, a sentence or two each; nothing where nothing is."""
        found, told = self.bracket, []
        if self._is_crossed:
            chance = "" if found.is_inverted else ", as chance can have it with such errors"
            above = error_in_words(found.lower.value - found.upper.value)
            told.append(
                f"Bracket inverted: more temperatures. Reverse AIS lies {above} nats above AIS{chance}: with "
                f"{found.temperatures:,} temperatures the chains do not yet come near the model."
            )
        if math.isinf(found.width):
            told.append("A single chain has no error to judge by: more chains (--chains).")
            return told
        if not found.is_within(self.within) and not math.isinf(self.within):
            nats = f"{self.within:g} nat{'' if self.within == 1 else 's'}"
            told.append(
                f"Not as narrow as asked for, {nats} (--within): {found.temperatures:,} temperatures are the most that "
                "were allowed (--most-temperatures)."
            )
        if (effective := found.log_partition.effective_chains) < FEW_CHAINS:
            remedy = "chains (--chains)" if effective > self.chains / 2 else "temperatures (--most-temperatures)"
            told.append(
                f"Few chains: {chains_in_words(effective)} of {self.chains:,} carry the estimate of ln Z, so that its "
                f"error is a guess: more {remedy}."
            )
        return told

    @property
    def _is_crossed(self) -> bool:
        """Whether the lower end lies above the upper one, unless they are as close together as asked for."""
        found = self.bracket
        return found.lower.value > found.upper.value and not found.is_within(self.within)

    def _where(self) -> str:
        found = self.bracket
        low, high = sorted((found.lower.value, found.upper.value))
        wide = "" if math.isinf(found.width) else f": {error_in_words(found.width)} nats wide with an error of each"
        return (
            f"Bracket of the test images' log-likelihood, by reverse AIS and AIS with {found.temperatures:,} "
            f"temperatures: {low:.2f} to {high:.2f} nats{wide}."
        )


def error_in_words(nats: float) -> str:
    """Return an error with two decimals, or as many as it takes not to be 0."""
    decimals = 2 if not 0.0 < nats < 0.01 else math.ceil(-math.log10(nats))
    return f"{nats:.{decimals}f}"


def chains_in_words(effective: float) -> str:
    """Return an effective number of chains, with a decimal where it is small."""
    return f"{effective:.1f}" if effective < FEW_CHAINS else f"{effective:,.0f}"
