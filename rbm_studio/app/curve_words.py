"""What a plotted number is: how the images were shown to the model, which they are, and since when it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from rbm_studio.app.numbers import fixed
from rbm_studio.app.quantities import LIVE
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.held_out import count_held_out
from rbm_studio.core.metrics import METRICS

if TYPE_CHECKING:
    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.app.measurement import Subject
    from rbm_studio.app.state import Images
    from rbm_studio.core.metric_data import MetricData


@dataclass(frozen=True)
class Data:
    """What a quantity is measured on.

    Attributes
    ----------
    shown : str
        The binarisation.
    images : str
        Which ones, and what else belongs to the figure.
    """

    shown: str
    images: str


def data_of(name: str, subject: Subject, images: Images, run: CurveRun | None) -> Data | None:
    """Return what a quantity is measured on; None if it cannot be had.

    Parameters
    ----------
    name : str
    subject : Subject
    images : Images
        That it is trained on.
    run : CurveRun or None
        What was measured.
    """
    if name == LIVE:
        return Data(_tr(BINARISATIONS["grey"].words(0.0)), _live_words(len(images.train), len(images.test)))
    sides = subject.sides(name)
    if not sides:
        return None
    data = next(iter(sides.values()))
    compared = data.training if name in METRICS and METRICS[name].needs_training_images else None
    parts = [_images_words(sides.get("training", compared), sides.get("held_out"))]
    if name == "gradient_cosine":
        parts.append(_estimator_words(subject))
    if run is not None and len(run) and (first := float(run.values("epoch")[0])) > 0:
        parts.append(_tr("measured from epoch {epoch} on").format(epoch=fixed(first, 1)))
    return Data(_tr(data.binarisation_in_words), "; ".join(parts))


def _live_words(trained_on: int, available: int) -> str:
    held_out = _count(count_held_out(trained_on, available))
    return _tr("each batch, and always the same {held_out} held-out images").format(held_out=held_out)


def _images_words(training: MetricData | None, held_out: MetricData | None) -> str:
    if held_out is None:
        return _tr("always the same {training} training images").format(training=_count(len(training or ())))
    if training is None:
        return _tr("always the same {held_out} held-out images").format(held_out=_count(len(held_out)))
    words = _tr("always the same {training} training and {held_out} held-out images")
    return words.format(training=_count(len(training)), held_out=_count(len(held_out)))


def _estimator_words(subject: Subject) -> str:
    settings, particles = subject.model.training, subject.model.particles
    if settings.gradient == "cd":
        return _tr("the estimate is that of CD-{k}").format(k=settings.k)
    chains = 0 if particles is None else len(particles)
    return _tr("the estimate is that of {chains} of the chains").format(chains=_count(chains))


def _count(number: int) -> str:
    return QLocale().toString(number)


def _tr(text: str) -> str:
    return QCoreApplication.translate("curve", text)
