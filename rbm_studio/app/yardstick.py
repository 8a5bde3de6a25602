"""What free energies the data have under the newest model, measured in the background when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rbm_studio.app.background import Background
from rbm_studio.core.health import fixed_part
from rbm_studio.core.likeness import KnownImages, know

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.backend import FloatArray

_INTERVAL_MS = 200
_Known = dict[int | None, KnownImages]


class Yardstick(QObject):
    """Tells what is known of the images that a model has to do with; held-out ones where there are any.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Signals
    -------
    changed
        It was measured anew.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._label: int | None = None
        self._known: _Known = {}
        # What was measured last, and what is measured or waits for it.
        self._measured: tuple[object, ...] = ()
        self._asked: tuple[object, ...] = ()
        self._work = Background(self.tr("Measuring the data's free energy"), _INTERVAL_MS, self)
        self._work.done.connect(self._take)
        self._work.failed.connect(session.failed)
        session.ending.connect(self._work.shut_down)

    def known(self, label: int | None = None) -> KnownImages | None:
        """Return what is known of all images, or of those of a class; None as long as that is not measured.

        It may be of parameters a little older than the model's: then newer ones are measured, and `changed` tells.
        """
        model, images = self._session.model, self._session.images
        if model is None or images is None or images.dataset.image_shape != model.image_shape:
            return None
        if label is not None:
            self._label = label
        self._ask(model, images)
        found = self._known.get(label)
        fits = bool(self._measured) and self._measured[0] is images
        return found if fits and found is not None and found.parameters.w.shape == model.parameters.w.shape else None

    def _ask(self, model: Model, images: Images) -> None:
        label = self._label
        asked = (images, model.parameters, label)
        if _same(asked, self._measured) or _same(asked, self._asked):
            return
        self._asked = asked
        # Until there is something to tell, somebody waits for it.
        self._work.request(lambda: (asked, _measure(model, images, label)), urgent=label not in self._known)

    @Slot(object)
    def _take(self, found: tuple[tuple[object, ...], _Known]) -> None:
        self._measured, self._known = found
        self.changed.emit()


def as_trained(model: Model, visible: FloatArray) -> FloatArray:
    """Return images, of shape (n, D), as the training of a model shows them to it."""
    training = model.training
    return fixed_part(visible, training.binarisation, training.threshold, len(visible))


def _measure(model: Model, images: Images, label: int | None) -> _Known:
    parts: dict[int | None, npt.NDArray[Any]] = {None: images.test if len(images.test) else images.train}
    labels = images.test_labels if len(images.test) else images.train_labels
    if label is not None:
        own = parts[None][labels == label] if labels is not None else parts[None][:0]
        parts[label] = own if len(own) else parts[None]
    training = model.training
    return {
        name: know(model.parameters, fixed_part(part, training.binarisation, training.threshold))
        for name, part in parts.items()
        if len(part)
    }


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    # Not by ==: of parameters and images it is the object that counts.
    return len(one) == len(other) and all(
        mine is its or (isinstance(mine, int) and mine == its) for mine, its in zip(one, other, strict=True)
    )
