"""The Weights panel: what each hidden unit looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.icons import icon
from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import diverging_image
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle

if TYPE_CHECKING:
    from rbm_studio.app.session import Session

ACTIVITY_IMAGES = 1000
TURN_MS = 30


class WeightsPanel(QWidget):
    """The filters of all hidden units as one mosaic, and one of them enlarged.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._unit = -1
        self._enlarged = False
        self._shown: int | None = None
        self._mosaic = MosaicView()
        self._large = ImageView()
        self._title = QLabel()
        self._close = QToolButton()
        self._detail = QWidget()
        self._facts = QLabel()
        self._arrange()
        self._mosaic.hovered.connect(self._hover)
        self._mosaic.clicked.connect(self._enlarge)
        self._close.clicked.connect(self._leave)
        # After the drawing's own pictures, not together with them: each redraw keeps the window from answering.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        session.model_changed.connect(self._turn.request)
        session.images_changed.connect(self._show_facts)
        session.selection.units_changed.connect(self._show_units_selected)
        self.refresh()

    def _arrange(self) -> None:
        self._mosaic.setObjectName("mosaic")
        self._facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._facts.setToolTip(
            self.tr("Activity: p(h = 1 | v), mean of {0} training images").format(QLocale().toString(ACTIVITY_IMAGES))
        )
        self._title.setObjectName("heading")
        self._close.setIcon(icon("dock_close"))
        self._close.setAutoRaise(True)
        self._close.setShortcut(Qt.Key.Key_Escape)
        self._close.setToolTip(self.tr("Show the mosaic alone (Esc)"))
        self._close.setAccessibleName(self.tr("Close the enlarged filter"))
        self._large.setAccessibleName(self.tr("Enlarged filter"))
        self._large.setMinimumSize(12 * GRID, 12 * GRID)
        header = QHBoxLayout()
        header.addWidget(self._title, 1)
        header.addWidget(self._close)
        detail = QVBoxLayout(self._detail)
        detail.setContentsMargins(0, 0, 0, 0)
        detail.setSpacing(GRID // 2)
        detail.addLayout(header)
        detail.addWidget(self._large, 1)
        self._detail.hide()
        pictures = QHBoxLayout()
        pictures.setSpacing(GRID)
        pictures.addWidget(self._mosaic, 1)
        pictures.addWidget(self._detail, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addLayout(pictures, 1)
        column.addWidget(self._facts)

    def refresh(self) -> None:
        """Show the newest weights."""
        model = self._session.model
        if model is None:
            self._mosaic.set_tiles(None)
        else:
            self._mosaic.set_tiles(model.parameters.w.T.reshape(-1, *model.image_shape))
        self._show_large()
        self._show_facts()

    def _hover(self, unit: int) -> None:
        self._unit = unit
        # The arrow keys move the selection, and the enlarged filter goes with it.
        self._show_large()
        self._show_facts()

    def _show_units_selected(self) -> None:
        self._mosaic.set_marked(self._session.selection.units)

    def _enlarge(self, unit: int) -> None:
        if self._enlarged and unit == self._shown:
            self._leave()
            return
        self._enlarged = True
        self._mosaic.set_selected(unit)
        self._show_large()
        self._show_facts()

    def _leave(self) -> None:
        self._enlarged = False
        self._mosaic.set_selected(None)
        self._show_large()
        self._show_facts()

    def _show_large(self) -> None:
        model, unit = self._session.model, self._mosaic.selected()
        self._shown = unit if self._enlarged and model is not None else None
        self._detail.setVisible(self._shown is not None)
        if model is None or unit is None or self._shown is None:
            return
        self._title.setText(self.tr("Hidden unit {0}").format(unit + 1))
        weights = model.parameters.w[:, unit].reshape(model.image_shape)
        self._large.set_image(diverging_image(weights, self._mosaic.limit()))

    def _show_facts(self) -> None:
        unit = self._unit if self._unit >= 0 else self._mosaic.selected()
        model = self._session.model
        if model is None:
            self._facts.clear()
            return
        if unit is None or unit >= model.parameters.hidden_num:
            self._facts.setText(
                self.tr("{0} filters: the weights of each hidden unit").format(model.parameters.hidden_num)
            )
            return
        parts = [
            self.tr("Unit {0}").format(unit + 1),
            self.tr("bias {0:+.2f}").format(model.parameters.hidden_bias[unit]),
        ]
        activity = self._mean_activity(unit)
        if activity is not None:
            parts.append(self.tr("activity {0:.0%}").format(activity))
        self._facts.setText("  ·  ".join(parts))

    def _mean_activity(self, unit: int) -> float | None:
        images, model = self._session.images, self._session.model
        if images is None or model is None or images.dataset.image_shape != model.image_shape:
            return None
        some = np.divide(images.train[:ACTIVITY_IMAGES], 255, dtype=np.float32)
        z = some @ model.parameters.w[:, unit] + model.parameters.hidden_bias[unit]
        return float(np.mean(1 / (1 + np.exp(-np.clip(z, -80, 80)))))
