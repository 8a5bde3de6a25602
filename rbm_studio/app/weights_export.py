"""The button that saves what the mosaic shows, and the weights behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from rbm_studio.app import files
from rbm_studio.app.background import Background
from rbm_studio.app.colour_scale import scale_labels
from rbm_studio.app.filter_ordering import BY_ACTIVITY, BY_NORM, BY_SIMILARITY, FilterOrdering
from rbm_studio.app.icons import icon
from rbm_studio.app.mosaic_export import MOST_PIXELS, FilterSheet, save_png, save_svg
from rbm_studio.app.numbers import short
from rbm_studio.app.standing import epoch_text
from rbm_studio.storage.weights_file import save_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QAction

    from rbm_studio.app.mosaic_view import MosaicView
    from rbm_studio.app.session import Session

SCALES = (1, 2, 4, 8)
"""Pixels a weight in a picture of all filters."""
FILTER_SCALE = 16
"""Pixels a weight in a picture of one filter."""


class WeightsExport(QToolButton):
    """Offers files of the filters and the weights; they are written in the background.

    Parameters
    ----------
    session : Session
    mosaic : MosaicView
        Its order, columns and colours are the files'.
    ordering : FilterOrdering
        Whose order that is.
    parent : QWidget, optional
    """

    def __init__(
        self, session: Session, mosaic: MosaicView, ordering: FilterOrdering, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._mosaic = mosaic
        self._ordering = ordering
        self._saving = Background("Saving the weights", 0, self)
        self._saving.done.connect(self._tell)
        self._saving.failed.connect(self._fail)
        session.ending.connect(self._saving.finish)
        session.model_changed.connect(self._offer)
        self.setIcon(icon("export"))
        self.setToolTip(self.tr("Save the filters as a picture, or the weights as numbers"))
        self.setAccessibleName(self.tr("Save filters or weights"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._pictures = QMenu(self.tr("All &filters as a picture (PNG)"), self._menu)
        self._of_one: list[QAction] = []
        self._fill()
        self._menu.aboutToShow.connect(self._show_what_there_is)
        self.setMenu(self._menu)
        self._offer()

    def _fill(self) -> None:
        self._menu.addMenu(self._pictures)
        for scale in SCALES:
            self._pictures.addAction("").triggered.connect(lambda _=False, scale=scale: self._ask_for_png(scale))
        self._add(self.tr("All filters as a &drawing with numbers (SVG)…"), self._ask_for_svg)
        self._menu.addSeparator()
        self._of_one = [
            self._add(self.tr("&Selected filter as a picture (PNG)…"), self._ask_for_filter_png),
            self._add(self.tr("Selected filter as a d&rawing (SVG)…"), self._ask_for_filter_svg),
        ]
        self._menu.addSeparator()
        self._add(self.tr("Weights and biases for &NumPy (NPZ)…"), lambda: self._ask_for_weights("weights.npz"))
        self._add(self.tr("Weights and biases as a &table (CSV)…"), lambda: self._ask_for_weights("weights.csv"))

    def _add(self, text: str, ask: Callable[[], object]) -> QAction:
        action = self._menu.addAction(text)
        action.triggered.connect(lambda: ask())
        return action

    def _offer(self) -> None:
        # One file at a time: of what waits in the background, only the newest is done.
        self.setEnabled(self._session.model is not None and self._saving.is_idle)

    def _show_what_there_is(self) -> None:
        sheet = self._sheet()
        for action, scale in zip(self._pictures.actions(), SCALES, strict=True):
            width, height = sheet.size(scale) if sheet is not None else (0, 0)
            action.setText(
                self.tr("{0}× : {1} × {2} pixels…").format(scale, QLocale().toString(width), QLocale().toString(height))
            )
            action.setEnabled(sheet is not None and width * height <= MOST_PIXELS)
        for action in self._of_one:
            action.setEnabled(self._unit() is not None)

    # --- what is saved

    def _unit(self) -> int | None:
        """Return the unit that is selected, the first if there are several."""
        marked = self._mosaic.marked()
        return marked[0] if marked else None

    def _sheet(self) -> FilterSheet | None:
        filters = self._mosaic.filters()
        if filters is None:
            return None
        name = self.tr("{0} filters").format(QLocale().toString(filters.count)) + self._order_words()
        numbers = tuple(range(filters.count))
        return FilterSheet(filters, self._mosaic.columns(), numbers, self._caption(name), self._labels())

    def _filter_sheet(self) -> FilterSheet | None:
        filters, unit = self._mosaic.filters(), self._unit()
        if filters is None or unit is None:
            return None
        name = self.tr("Hidden unit {0}").format(unit + 1)
        return FilterSheet(filters.alone(unit), 1, (unit,), self._caption(name), self._labels())

    def _order_words(self) -> str:
        words = {
            BY_NORM: self.tr(", longest weights first"),
            BY_ACTIVITY: self.tr(", most active first"),
            BY_SIMILARITY: self.tr(", alike ones side by side"),
        }
        filters = self._mosaic.filters()
        return words.get(self._ordering.by, "") if filters is not None and filters.order is not None else ""

    def _caption(self, name: str) -> str:
        limit = self._limit()
        scale = (
            self.tr("each by its own largest weight")
            if limit is None
            else self.tr("colours from −{0} to +{0}").format(short(limit))
        )
        epochs = epoch_text(self._session.epochs_trained)
        return self.tr("{0}: weights, {1}; epoch {2}").format(name, scale, epochs)

    def _limit(self) -> float | None:
        filters = self._mosaic.filters()
        return None if filters is None else filters.limit

    def _labels(self) -> tuple[str, str, str]:
        limit = self._limit()
        return scale_labels(self.tr("max") if limit is None else short(limit))

    # --- files

    def _ask_for_png(self, scale: int) -> None:
        def save(path: Path) -> None:
            self._save_sheet(path, self._sheet(), lambda sheet: save_png(path, sheet, scale))

        self._ask(self.tr("Save the filters as a picture"), self.tr("Picture (*.png)"), "filters.png", save)

    def _ask_for_svg(self) -> None:
        def save(path: Path) -> None:
            self._save_sheet(path, self._sheet(), lambda sheet: save_svg(path, sheet))

        self._ask(self.tr("Save the filters as a drawing"), self.tr("Drawing (*.svg)"), "filters.svg", save)

    def _ask_for_filter_png(self) -> None:
        def save(path: Path) -> None:
            self._save_sheet(path, self._filter_sheet(), lambda sheet: save_png(path, sheet, FILTER_SCALE))

        name = f"filter-{(self._unit() or 0) + 1}.png"
        self._ask(self.tr("Save the filter as a picture"), self.tr("Picture (*.png)"), name, save)

    def _ask_for_filter_svg(self) -> None:
        def save(path: Path) -> None:
            self._save_sheet(path, self._filter_sheet(), lambda sheet: save_svg(path, sheet))

        name = f"filter-{(self._unit() or 0) + 1}.svg"
        self._ask(self.tr("Save the filter as a drawing"), self.tr("Drawing (*.svg)"), name, save)

    def _ask_for_weights(self, suggestion: str) -> None:
        kinds = {"weights.npz": self.tr("NumPy (*.npz)"), "weights.csv": self.tr("Table (*.csv)")}
        self._ask(self.tr("Save the weights"), kinds[suggestion], suggestion, self._save_weights)

    def _ask(self, title: str, name_filter: str, suggestion: str, save: Callable[[Path], None]) -> None:
        files.ask_to_save(self.window(), title, name_filter, suggestion, save)

    def _save_weights(self, path: Path) -> None:
        model = self._session.model
        if model is not None:
            self._save(path, lambda: save_weights(path, model.parameters))

    def _save_sheet(self, path: Path, sheet: FilterSheet | None, save: Callable[[FilterSheet], None]) -> None:
        if sheet is not None:
            self._save(path, lambda: save(sheet))

    def _save(self, path: Path, save: Callable[[], None]) -> None:
        def work() -> str:
            save()
            return path.name

        self._saving.request(work, urgent=True)
        self._offer()

    def _tell(self, name: str) -> None:
        self._offer()
        self._session.noticed.emit(self.tr("Saved {0}").format(name))

    def _fail(self, error: Exception) -> None:
        self._offer()
        self._session.failed.emit(error)
