"""What chains from noise say, in the user's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from rbm_studio.app.numbers import fixed
from rbm_studio.app.standing import epoch_text

if TYPE_CHECKING:
    from rbm_studio.app.chain_watch import Dreamt


def figures(dreamt: Dreamt) -> str:
    """Return all figures, each beside the data's, with what they were measured on."""
    f = dreamt.fantasies
    count = QLocale().toString
    return _tr(
        "{chains} chains from noise, {steps} steps, epoch {epoch}:\n"
        "ink {ink} (data: {data_ink}), blanks {blanks} ({data_blanks}), far from all images {strays} (5%)\n"
        "free energy {free} (held-out: {data_free})\n"
        "log-likelihood at most {ceiling} nats (independent pixels: {independent})\n"
        "{count} held-out images, {binarisation}"
    ).format(
        chains=count(f.chains),
        steps=count(f.steps),
        epoch=epoch_text(dreamt.model.epochs_trained),
        ink=_percent(f.ink.amount.mean),
        data_ink=_percent(f.data_ink.amount.mean),
        blanks=_percent(f.ink.blanks),
        data_blanks=_percent(f.data_ink.blanks),
        strays=_percent(f.strays),
        free=fixed(f.free_energy.mean, 0),
        data_free=fixed(f.data_free_energy.mean, 0),
        ceiling=fixed(f.ceiling, 1),
        independent=fixed(f.independent, 1),
        count=count(f.data_free_energy.count),
        binarisation=f.binarisation,
    )


def caption(dreamt: Dreamt) -> str:
    """Return what stands under a picture of the chains."""
    f = dreamt.fantasies
    count = QLocale().toString
    return _tr("{0} of {1}; epoch {2}; ink {3}, data: {4}; blanks {5}, data: {6}").format(
        len(dreamt.images),
        count(f.chains),
        epoch_text(dreamt.model.epochs_trained),
        _percent(f.ink.amount.mean),
        _percent(f.data_ink.amount.mean),
        _percent(f.ink.blanks),
        _percent(f.data_ink.blanks),
    )


def notice(name: str) -> str:
    """Return what a finding of `rbm_studio.core.findings.OF_CHAINS` is called in a few words."""
    return {
        "worse_than_pixels": _tr("Worse than lone pixels"),
        "chains_fade": _tr("Chains fade away"),
        "chains_off": _tr("Chains look wrong"),
    }[name]


def _percent(share: float) -> str:
    return fixed(100 * share, 1) + "%"


def _tr(text: str) -> str:
    return QCoreApplication.translate("chains", text)
