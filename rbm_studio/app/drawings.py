"""The drawing that the network sees, for the panels that work with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


class Drawings(QObject):
    """The drawing on the canvas, as the visible units have it.

    Signals
    -------
    changed
        `visible` is another; at most once a frame.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._visible: FloatArray | None = None

    @property
    def visible(self) -> FloatArray | None:
        """The drawing at the image size of the model, float32 of shape (height, width) in 0..1; None before the first.

        Of bare paper it is all zeros.
        """
        return self._visible

    def show(self, visible: FloatArray) -> None:
        """Take what the network sees now."""
        before = self._visible
        if before is None or before.shape != visible.shape or not (before == visible).all():
            self._visible = visible
            self.changed.emit()
