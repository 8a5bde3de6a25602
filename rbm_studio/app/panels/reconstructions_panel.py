"""The Reconstructions panel: the first ten held-out images as input | restored, as in the article.

Where none are held out: the first ten that the model learns from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.images import grey_image
from rbm_studio.app.pairs_view import PairsView
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.pictures import Picture, PixelPicture
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.core.sampling import reconstruct

if TYPE_CHECKING:
    from rbm_studio.app.session import Session

PAIRS = 10
TURN_MS = 60


class ReconstructionsPanel(QWidget):
    """Shows how the model restores images that it was not trained on.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = PairsView()
        self._view.setToolTip(
            self.tr(
                "Pairs: an image, and the model's reconstruction of it.\n"
                "As in the article: the hidden units are sampled, the pixels are probabilities.\n"
                "Click a pair, or go there with the arrow keys and press Enter, to put the image on the canvas."
            )
        )
        self._view.chosen.connect(self._put_on_canvas)
        self._export = PictureButton(self._pictures, session)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._view, 1)
        row.addWidget(self._export, 0, Qt.AlignmentFlag.AlignTop)
        session.images_changed.connect(self.refresh)
        # After the drawing's own pictures, not together with them: each redraw keeps the window from answering.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        session.model_changed.connect(self._turn.request)
        self.refresh()

    def refresh(self) -> None:
        """Reconstruct again with the newest parameters."""
        images, model = self._session.images, self._session.model
        self._name(held_out=images is None or len(images.test) > 0)
        if images is None or model is None:
            self._view.set_placeholder(self.tr("Held-out images appear here, with their reconstructions."))
            return
        if images.dataset.image_shape != model.image_shape:
            self._view.set_placeholder(
                self.tr("The images have another size than the model. Train starts a new model that fits.")
            )
            return
        inputs = np.divide(images.examples[:PAIRS], 255, dtype=np.float32)
        # The same numbers each time: what changes in the pictures is then the model, and not the dice.
        restored = reconstruct(model.parameters, inputs, np.random.default_rng(0))
        shape = (-1, *model.image_shape)
        self._view.set_pairs(inputs.reshape(shape), restored.reshape(shape))

    def _name(self, *, held_out: bool) -> None:
        if held_out:
            self.setWindowTitle(self.tr("Reconstructions: held-out images, input and restored"))
            self._view.setAccessibleName(self.tr("Held-out images and their reconstructions"))
        else:
            self.setWindowTitle(self.tr("Reconstructions: training images, input and restored"))
            self._view.setAccessibleName(self.tr("Training images and their reconstructions"))

    def _put_on_canvas(self, number: int) -> None:
        images, drawings = self._session.images, self._session.drawings
        if images is not None:
            picture = grey_image(images.original.examples[number])
            # With the pen as it is: the image alone is put there.
            drawings.want(Kept(Drawing(picture=picture), drawings.current.pen_width, drawings.current.normalize))

    def _pictures(self) -> list[Picture]:
        """Return what can be copied or saved."""
        picture = self._view.picture()
        return [] if picture.isNull() else [PixelPicture(self._view.accessibleName(), picture)]
