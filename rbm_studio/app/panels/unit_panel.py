"""The Unit panel: the page of one hidden or visible unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from rbm_studio.app.card_scroller import CardScroller
from rbm_studio.app.hidden_unit_cards import HiddenUnitCards
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.app.unit_header import UnitHeader
from rbm_studio.app.unit_measuring import UnitMeasuring
from rbm_studio.app.visible_unit_cards import VisibleUnitCards

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.session import Session

TURN_MS = 30
FRAME_MS = 33
"""The drawing's reconstructions are shown anew 30 times a second: the Draw panel is quicker, and comes first."""

_REMEMBERED = 100


@dataclass(frozen=True)
class Page:
    """Which unit is shown.

    Attributes
    ----------
    visible : bool
        Whether it is a visible unit.
    index : int
        From 0; -1 for none.
    """

    visible: bool
    index: int


class UnitPanel(QWidget):
    """What one unit looks for, when it is on, and what it does; it follows the selection.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._page = Page(visible=False, index=-1)
        self._before: list[Page] = []
        # Whether something changed while the panel was out of sight.
        self._stale = True
        self._measuring = UnitMeasuring(session, self)
        self._header = UnitHeader([PictureButton(self._pictures, session)])
        self._hidden, self._visible = HiddenUnitCards(self._measuring, self), VisibleUnitCards(self._measuring, self)
        self._stack = QStackedWidget()
        self._hidden_page, self._visible_page = CardScroller(self._hidden.cards()), CardScroller(self._visible.cards())
        self._empty, self._empty_words, self._first = QWidget(), QLabel(), QPushButton()
        self._arrange()
        # After the drawing's own pictures, not together with them: each redraw keeps the window from answering.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        self._drawing_turn = Throttle(FRAME_MS, self._show_effect, self, at_once=False)
        self._connect()
        self._show_header()
        self._show_empty()

    def _arrange(self) -> None:
        self._empty_words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty_words.setWordWrap(True)
        empty = QVBoxLayout(self._empty)
        empty.setSpacing(GRID)
        empty.addStretch(1)
        empty.addWidget(self._empty_words)
        empty.addWidget(self._first, 0, Qt.AlignmentFlag.AlignHCenter)
        empty.addStretch(1)
        for page in (self._hidden_page, self._visible_page, self._empty):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addWidget(self._header)
        column.addWidget(self._stack, 1)

    def _connect(self) -> None:
        session, header = self._session, self._header
        header.unit_asked.connect(self._step_to)
        header.layer_asked.connect(self._show_layer)
        header.back_asked.connect(self._go_back)
        self._first.clicked.connect(self._go_to_first)
        for cards in (self._hidden, self._visible):
            cards.unit_chosen.connect(self._go_to_hidden)
            cards.pixel_chosen.connect(self._go_to_visible)
            cards.unit_pointed_at.connect(session.selection.hover)
        self._measuring.changed.connect(self._take_activity)
        session.selection.units_changed.connect(self._follow_units)
        session.selection.pixel_changed.connect(self._follow_pixel)
        session.selection.turned_to.connect(self._show_layer)
        session.selection.watch_page(self._page_in_view)
        session.selection.hovered_changed.connect(self._point_out)
        session.drawings.changed.connect(self._drawing_turn.request)
        session.curve_started.connect(self._forget_pages)
        for signal in (
            session.model_changed,
            session.images_changed,
            session.run_state_changed,
            session.settings_changed,
        ):
            signal.connect(self._turn.request)

    @property
    def page(self) -> Page:
        """Which unit is shown."""
        return self._page

    @property
    def measuring(self) -> UnitMeasuring:
        """What is known of all units over the data."""
        return self._measuring

    # --- which unit

    def _follow_units(self) -> None:
        units = self._session.selection.units
        if units:
            self._turn_to(Page(visible=False, index=units[0]))
        elif not self._page.visible:
            self._turn_to(Page(visible=False, index=-1))

    def _follow_pixel(self) -> None:
        pixel = self._session.selection.pixel
        if pixel >= 0 or self._page.visible:
            self._turn_to(Page(visible=True, index=pixel))

    def _turn_to(self, page: Page, *, remember: bool = True) -> None:
        if page != self._page:
            if remember and self._page.index >= 0:
                self._before = [*self._before[1 - _REMEMBERED :], self._page]
            self._page = page
            self.refresh()
        else:
            # Other units may be selected beside it.
            self._show_header()

    def _go_to_hidden(self, unit: int) -> None:
        self._select(Page(visible=False, index=unit))

    def _go_to_visible(self, pixel: int) -> None:
        self._select(Page(visible=True, index=pixel))

    def _step_to(self, index: int) -> None:
        # From one unit to the next is no way that one goes back step by step.
        self._select(Page(self._page.visible, index), remember=False)

    def _select(self, page: Page, *, remember: bool = True) -> None:
        """Turn to a page, and select its unit for the other panels."""
        self._turn_to(page, remember=remember)
        selection = self._session.selection
        if page.visible:
            selection.select_pixel(page.index)
        else:
            selection.select_units((page.index,) if page.index >= 0 else ())

    def _page_in_view(self) -> bool | None:
        return None if self.visibleRegion().isEmpty() else self._page.visible

    def _show_layer(self, visible: bool) -> None:
        units, pixel = self._session.selection.units, self._session.selection.pixel
        self._turn_to(Page(visible=True, index=pixel) if visible else Page(visible=False, index=(*units, -1)[0]))

    def _go_back(self) -> None:
        if self._before:
            self._select(self._before.pop(), remember=False)

    def _go_to_first(self) -> None:
        model = self._session.model
        if model is not None:
            height, width = model.image_shape
            centre = height // 2 * width + width // 2
            self._select(Page(self._page.visible, centre if self._page.visible else 0))

    def _forget_pages(self) -> None:
        """Another model has come, or this one begins another curve: units of before are not gone back to."""
        self._before = []
        self._turn.request()

    # --- showing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Show the newest parameters, and measure them over the data, if that can be seen."""
        self._stale = self.visibleRegion().isEmpty()
        if self._stale:
            return
        self._measuring.refresh()
        if self._page.index >= self._count():
            self._page = Page(self._page.visible, -1)
        model, page = self._session.model, self._page
        self._show_header()
        if model is None or page.index < 0:
            self._show_empty()
            return
        if page.visible:
            self._visible.show_model(model, self._session.images, page.index)
        else:
            self._hidden.show_model(model, page.index)
        self._show_activity()
        self._show_effect()
        self._point_out()
        self._stack.setCurrentWidget(self._visible_page if page.visible else self._hidden_page)

    def _count(self) -> int:
        """Return how many units the layer has."""
        model = self._session.model
        if model is None:
            return 0
        return model.parameters.visible_num if self._page.visible else model.parameters.hidden_num

    def _show_header(self) -> None:
        self._header.show_page(
            visible=self._page.visible,
            index=self._page.index,
            count=self._count(),
            note=self._note(),
            can_go_back=bool(self._before),
        )

    def _take_activity(self) -> None:
        self._show_activity()
        if not self.visibleRegion().isEmpty():
            # There may be more to measure on.
            self._measuring.refresh()

    def _show_activity(self) -> None:
        model, page, measured = self._session.model, self._page, self._measuring.measured
        if self._stale or model is None or page.index < 0:
            return
        cards = self._visible if page.visible else self._hidden
        cards.show_activity(measured if measured is not None and measured.fits(model) else None, page.index)

    def _show_effect(self) -> None:
        model, page = self._session.model, self._page
        if model is None or page.visible or not 0 <= page.index < model.parameters.hidden_num:
            return
        if self.visibleRegion().isEmpty():
            self._stale = True
        else:
            self._hidden.show_effect(model, self._session.drawings.visible, page.index)

    def _point_out(self) -> None:
        hovered = self._session.selection.hovered
        cards = self._visible if self._page.visible else self._hidden
        cards.point_out(hovered)

    def _note(self) -> str:
        model, page, units = self._session.model, self._page, self._session.selection.units
        if page.index < 0 or model is None:
            return ""
        if page.visible:
            row, column = divmod(page.index, model.image_shape[1])
            return self.tr("Row {0}, column {1}").format(row + 1, column + 1)
        return self.tr("First of {0} selected units").format(len(units)) if len(units) > 1 else ""

    def _pictures(self) -> list[Picture]:
        """Return what can be copied or saved of the page in front."""
        if self._stack.currentWidget() is self._empty:
            return []
        number = self._page.index + 1
        if self._page.visible:
            return self._visible.prints(self.tr("pixel {0}").format(number))
        return self._hidden.prints(self.tr("hidden unit {0}").format(number))

    def _show_empty(self) -> None:
        has_model = self._session.model is not None
        if not has_model:
            words = self.tr("The page of a unit is shown here as soon as there is a model.")
        elif self._page.visible:
            words = self.tr("Select a visible unit: click a pixel of a filter, or go to a pixel here.")
        else:
            words = self.tr("Select a unit: click a filter in Weights, or a hidden unit anywhere else.")
        self._empty_words.setText(words)
        self._first.setText(self.tr("Centre pixel") if self._page.visible else self.tr("Unit 1"))
        self._first.setToolTip(self.tr("Show the page of this unit"))
        self._first.setVisible(has_model)
        self._stack.setCurrentWidget(self._empty)
