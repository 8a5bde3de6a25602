"""What the Dream panel says: of the chains, of what is measured of them, and of why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication

from rbm_studio.app.dream_controls import Start

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.app.dream import Frame
    from rbm_studio.app.likeness_words import Caveat
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model

_LEAST_PROBABILITY = 0.01


def joined(*parts: str) -> str:
    """Return what there is to say in one line."""
    return "  ·  ".join(part for part in parts if part)


def kind_words(model: Model) -> str:
    """Return what kind of chains the training of a model moves."""
    kinds = {"pcd": _tr("persistent (PCD)"), "tempering": _tr("tempered")}
    return kinds.get(model.training.gradient, _tr("each begins at an image"))


def looks_like(labels: npt.NDArray[np.float64] | None, most: int = 2, caveat: Caveat | None = None) -> str:
    """Return the likeliest few of classes with these probabilities (C,), or why they mean little; "" without any."""
    if labels is None:
        return ""
    if caveat is not None:
        return _tr("{0} ({1}?)").format(caveat.kind if most == 1 else caveat.short, int(labels.argmax()))
    best = [int(each) for each in np.argsort(-labels)[:most] if labels[each] >= _LEAST_PROBABILITY]
    return _tr("looks like {0}").format(", ".join(f"{each} ({labels[each]:.0%})" for each in best)) if best else ""


def mixing_words(frame: Frame, *, watching: bool) -> str:
    """Return why there is no autocorrelation, where there is none."""
    if watching:
        return _tr("The training moves these chains; start others to see whether they mix.")
    if frame.mixing is not None and frame.mixing.still:
        return _tr("The chains do not move at all.")
    return _tr("Measured some 20 steps after the chains have started or were changed.")


def visits_words(model: Model, label: int | None, *, watching: bool) -> str:
    """Return why visits of classes are not counted; "" where they are. A class that is held has a ``label``."""
    if not model.parameters.label_num:
        return _tr(
            "This model has no label units. Switch on “Learn the labels too” in the Model panel and train: "
            "then it is counted here which classes the chains visit."
        )
    if watching:
        return _tr("The classes of these chains are the training's own.")
    return _tr("The class is held at {0}.").format(label) if label is not None else ""


def empty_words(session: Session, start: Start) -> str:
    """Return why no chains can start; "" where they can."""
    images, model = session.images, session.model
    if model is None:
        return _tr("The model dreams here as soon as there are images.")
    if start is Start.DATA and (images is None or images.dataset.image_shape != model.image_shape):
        return _tr("The images have another size than the model. Train starts a new model that fits.")
    drawing = session.drawings.visible
    if start is Start.DRAWING and drawing is None:
        return _tr("Draw something in the Draw panel: the chains start from it.")
    if start is Start.DRAWING and drawing is not None and drawing.shape != model.image_shape:
        return _tr("The drawing has another size than the model.")
    if start is Start.TRAINING and session.timeline.past is not None:
        return _tr("The training's own chains of the past are not kept. Go back to Now, in the timeline below.")
    if start is Start.TRAINING and (model.particles is None or not len(model.particles)):
        return _tr("The training's own chains are shown here as soon as the model trains.")
    return ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dream", text)
