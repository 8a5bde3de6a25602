"""What the learning curve can show: every metric, and the log-likelihood as annealing estimates it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.measurement import ANNEALED, CHAINS, TEMPERATURES
from rbm_studio.core.metrics import METRICS

LIVE = "article_kl"
"""What the training measures by itself."""


@dataclass(frozen=True)
class Quantity:
    """A thing to plot against epochs, in the user's language.

    Attributes
    ----------
    name : str
        A key of `METRICS`, or `ANNEALED`.
    title, unit : str
    note : str
        What it measures.
    log : bool
        Whether a logarithmic axis makes sense.
    """

    name: str
    title: str
    unit: str
    note: str
    log: bool

    @property
    def label(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def quantities() -> dict[str, Quantity]:
    """Return what can be shown, by name, in the order in which a list shows it."""
    found: dict[str, Quantity] = {}
    for metric in METRICS.values():
        quantity = Quantity(
            metric.name,
            in_words(metric.title),
            in_words(metric.unit),
            in_words(metric.note),
            log=metric.better == "lower",
        )
        found[metric.name] = quantity
        if metric.name == "log_likelihood":
            found[ANNEALED] = replace(quantity, name=ANNEALED, title=f"{quantity.title} (AIS)", note=_annealed_note())
    return found


def _annealed_note() -> str:
    words = QCoreApplication.translate(
        "quantities",
        "Mean ln p(v), estimated by annealed importance sampling with {chains} chains and {temperatures:,} "
        "temperatures: too high where the chains miss a mode (Salakhutdinov & Murray 2008). Dotted: annealing in "
        "reverse, which bounds the likelihood of the annealed approximation of the model from below (Burda, Grosse & "
        "Salakhutdinov 2015). The truth lies between if that is close to the model; where the dotted line lies above "
        "the other, it is not, and it takes more temperatures: rbm-studio evaluate goes on until the two are near, and "
        "tells how many chains carry the estimate.",
    )
    return words.format(chains=CHAINS, temperatures=TEMPERATURES)


def in_words(text: str) -> str:
    """Return a text of `METRICS` in the user's language."""
    return QCoreApplication.translate("metrics", text) if text else ""
