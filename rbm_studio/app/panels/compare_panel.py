"""The Compare panel: two models or two moments of a run, filter by filter, and the weights' spectrum over the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.filters_page import FiltersPage
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.spectrum_page import SpectrumPage
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.session import Session

_SIDE_WIDTH = 24 * GRID


class ComparePanel(QWidget):
    """Shows one of two pages.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    filters : FiltersPage
    spectrum : SpectrumPage
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filters = FiltersPage(session, session.moments)
        self.spectrum = SpectrumPage(session, session.moments)
        self._pages = QStackedWidget()
        self._options = QStackedWidget()
        self._buttons = QButtonGroup(self)
        self._export = PictureButton(self._pictures, session)
        self._arrange()
        self._buttons.idClicked.connect(self._pages.setCurrentIndex)
        self._buttons.idClicked.connect(self._options.setCurrentIndex)

    def _arrange(self) -> None:
        names = (
            (self.tr("Filters"), self.tr("Compare the filters of two models, or of two moments of this run")),
            (self.tr("Spectrum"), self.tr("Follow the singular values of the weights over this run")),
        )
        switch = QHBoxLayout()
        switch.setSpacing(GRID // 2)
        for number, (name, tip) in enumerate(names):
            button = QToolButton()
            button.setText(name)
            button.setObjectName("choice")
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            button.setToolTip(tip)
            button.setAccessibleName(name)
            self._buttons.addButton(button, number)
            switch.addWidget(button)
        switch.addWidget(self._export)
        for page, options in ((self.filters, self.filters.options), (self.spectrum, self.spectrum.options)):
            self._pages.addWidget(page)
            self._options.addWidget(options)
        self._buttons.button(0).setChecked(True)
        side = QWidget()
        side.setFixedWidth(_SIDE_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(switch)
        column.addWidget(self._options, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(side)
        row.addWidget(self._pages, 1)

    def _pictures(self) -> list[Picture]:
        """Return what can be copied or saved of the page in front."""
        page = self.filters if self._pages.currentWidget() is self.filters else self.spectrum
        return page.pictures()
