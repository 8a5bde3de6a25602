"""The Weights panel: what each hidden unit looks for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.controls import make_tool
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.filter_ordering import (
    ACTIVITY_IMAGES,
    BY_ACTIVITY,
    BY_INDEX,
    BY_NORM,
    BY_SIMILARITY,
    FilterOrdering,
)
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.numbers import MINUS, fixed
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.app.weights_export import WeightsExport
from rbm_studio.app.zoomable_view import STEP

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.session import Session

TURN_MS = 30


class WeightsPanel(QWidget):
    """The filters of all hidden units as one mosaic: to order, enlarge, point at, select and save.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._mosaic = MosaicView()
        self._order, self._scale = QComboBox(), QComboBox()
        self._facts = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._out, self._fit, self._in = QToolButton(), QToolButton(), QToolButton()
        self._ordering = FilterOrdering(session, self._is_in_view, self)
        self._export = WeightsExport(session, self._mosaic, self._ordering)
        # A filter does not run away from under the pointer, unless a person has just chosen another order.
        self._is_order_chosen = False
        # Whether something changed while the panel was out of sight.
        self._stale = True
        self._set_up_controls()
        self._arrange()
        self._connect()
        self.refresh()
        self._show_zoom()

    def _set_up_controls(self) -> None:
        self._mosaic.setObjectName("mosaic")
        for by, text in (
            (BY_INDEX, self.tr("By number")),
            (BY_NORM, self.tr("By norm")),
            (BY_ACTIVITY, self.tr("By activity")),
            (BY_SIMILARITY, self.tr("By similarity")),
        ):
            self._order.addItem(text, by)
        self._order.setAccessibleName(self.tr("Order of the filters"))
        self._order.setToolTip(
            self.tr(
                "Which filter stands first. By number: as the model has them.\n"
                "By norm: the length of the weights, longest first. By activity: mean p(h = 1 | v), highest first.\n"
                "By similarity: each is followed by the one most like it (cosine of the weights).\n"
                "While it trains, the order is found again every two seconds at most."
            )
        )
        self._scale.addItem(self.tr("Common scale"), False)
        self._scale.addItem(self.tr("Own scales"), True)
        self._scale.setAccessibleName(self.tr("Colour scale"))
        self._scale.setToolTip(
            self.tr(
                "Common scale: a colour is the same weight in all filters.\n"
                "Own scales: each filter's largest weight has the last colour, so that weak filters can be seen too."
            )
        )
        for box in (self._order, self._scale):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        for button, name, text, key in (
            (self._out, "zoom_out", self.tr("Smaller"), self.tr("{0} in the mosaic").format(MINUS)),
            (self._fit, "zoom_fit", self.tr("Show all filters"), self.tr("0 in the mosaic, or double-click")),
            (self._in, "zoom_in", self.tr("Larger"), self.tr("+ in the mosaic, or double-click")),
        ):
            make_tool(button, name, text, key)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID // 2)
        head.addWidget(self._order, 1)
        head.addWidget(self._scale, 1)
        head.addStretch()
        head.addWidget(self._export)
        foot = QHBoxLayout()
        foot.setSpacing(0)
        foot.addWidget(self._facts, 1)
        for button in (self._out, self._fit, self._in):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._mosaic, 1)
        column.addLayout(foot)
        controls = (self._order, self._scale, self._export, self._mosaic, self._out, self._fit, self._in)
        for first, second in itertools.pairwise(controls):
            self.setTabOrder(first, second)

    def _connect(self) -> None:
        session, selection, mosaic = self._session, self._session.selection, self._mosaic
        # After the drawing's own pictures, not together with them: each redraw keeps the window from answering.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        session.model_changed.connect(self._turn.request)
        session.images_changed.connect(self._show_facts)
        session.ending.connect(mosaic.shut_down)
        selection.units_changed.connect(self._show_selected)
        selection.hovered_changed.connect(self._show_hovered)
        mosaic.hovered.connect(self._hover)
        mosaic.clicked.connect(selection.toggle_unit)
        mosaic.zoomed.connect(self._show_zoom)
        mosaic.failed.connect(session.failed)
        self._ordering.changed.connect(self._show_order)
        self._order.activated.connect(self._choose_order)
        self._scale.activated.connect(self._choose_scale)
        self._out.clicked.connect(lambda: mosaic.zoom(1 / STEP))
        self._fit.clicked.connect(mosaic.fit)
        self._in.clicked.connect(lambda: mosaic.zoom(STEP))

    def _is_in_view(self) -> bool:
        return not self.visibleRegion().isEmpty()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Show the newest weights, if anybody sees them."""
        model, shown = self._session.model, self._mosaic.filters()
        is_another = model is None or shown is None or model.parameters.hidden_num != shown.count
        self._stale = not self._is_in_view()
        if self._stale and not is_another:
            return
        tiles = None if model is None else model.parameters.w.T.reshape(-1, *model.image_shape)
        self._mosaic.set_tiles(tiles)
        self._ordering.refresh()
        self._show_order()
        self._show_zoom()

    # --- order and scale

    def _choose_order(self) -> None:
        self._is_order_chosen = True
        self._ordering.choose(self._order.currentData())

    def _show_order(self) -> None:
        newest, filters = self._ordering.newest, self._mosaic.filters()
        order = None if newest is None else newest.order
        fits = filters is not None and (order is None or len(order) == filters.count)
        is_due = newest is not None or self._ordering.by == BY_INDEX
        rests = self._mosaic.is_pointed_at() and not self._is_order_chosen
        if fits and is_due and not rests:
            self._mosaic.set_order(order)
            self._is_order_chosen = False
        self._show_facts()

    def _choose_scale(self) -> None:
        self._mosaic.set_own_scales(bool(self._scale.currentData()))
        self._show_facts()

    # --- pointing and selecting

    def _hover(self, unit: int) -> None:
        self._session.selection.hover(unit)
        if unit < 0:
            self._show_order()

    def _show_hovered(self) -> None:
        self._mosaic.set_hovered(self._session.selection.hovered)
        self._mosaic.set_lit(self._session.selection.hovered_units)
        self._show_facts()

    def _show_selected(self) -> None:
        units = self._session.selection.units
        self._mosaic.set_marked(units)
        if units and not any(self._mosaic.is_in_view(unit) for unit in units):
            self._mosaic.reveal(units[0])
        self._show_facts()

    def _show_zoom(self) -> None:
        self._in.setEnabled(self._mosaic.can_zoom_in())
        for button in (self._out, self._fit):
            button.setEnabled(self._mosaic.can_pan())

    # --- words

    def _show_facts(self) -> None:
        model, selection = self._session.model, self._session.selection
        pointed = [unit for unit in (selection.hovered, *selection.units) if unit >= 0]
        self._ordering.want_activity(bool(pointed))
        if model is None:
            self._facts.set_text("")
        elif pointed and pointed[0] < model.parameters.hidden_num:
            self._facts.set_text(
                self._facts_of(pointed[0], float(model.parameters.hidden_bias[pointed[0]])),
                self.tr("On for: p(h = 1 | v), mean of up to {0} training images, evenly spaced").format(
                    QLocale().toString(ACTIVITY_IMAGES)
                ),
            )
        else:
            self._facts.set_text(self._facts_of_all(model.parameters.hidden_num))

    def _facts_of(self, unit: int, bias: float) -> str:
        sign = "+" if bias >= 0 else ""
        parts = [self.tr("Unit {0}").format(unit + 1), self.tr("bias {0}").format(sign + fixed(bias, 2))]
        measured = self._ordering.activity
        if measured is not None and unit < len(measured[0]):
            activity, epochs = measured
            share = fixed(100 * float(activity[unit]), 0)
            parts.append(self.tr("on for {0}%, epoch {1}").format(share, epoch_text(epochs)))
        return " · ".join(parts)

    def _facts_of_all(self, count: int) -> str:
        by, newest = self._ordering.by, self._ordering.newest
        number = QLocale().toString(count)
        if by == BY_ACTIVITY and not self._ordering.can_measure_activity:
            return self.tr("{0} filters; no images of their size, so no activity to order them by").format(number)
        if newest is None or by == BY_INDEX:
            return self.tr("{0} filters: the weights of each hidden unit").format(number)
        epochs = epoch_text(newest.epochs)
        words = {
            BY_NORM: self.tr("{0} filters, longest weights first, epoch {1}"),
            BY_ACTIVITY: self.tr("{0} filters, most active first, epoch {1}, {2} training images"),
            BY_SIMILARITY: self.tr("{0} filters, alike ones side by side, epoch {1}"),
        }
        return words[by].format(number, epochs, QLocale().toString(newest.images))
