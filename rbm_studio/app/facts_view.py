"""A few figures under each other, each with its name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from rbm_studio.app.theme import GRID


class FactsView(QWidget):
    """Names at the left, figures at the right.

    Parameters
    ----------
    names : list of str
    parent : QWidget, optional
    """

    def __init__(self, names: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 2)
        grid.setColumnStretch(0, 1)
        self._names = names
        self._figures = [QLabel() for _ in names]
        for row, (name, figure) in enumerate(zip(names, self._figures, strict=True)):
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            figure.setObjectName("heading")
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(figure, row, 1)
        grid.setRowStretch(len(names), 1)

    def facts(self) -> dict[str, str]:
        """Return what is shown."""
        return dict(zip(self._names, (figure.text() for figure in self._figures), strict=True))

    def set_figures(self, figures: list[str]) -> None:
        """Show other figures, in the order of the names."""
        for label, text in zip(self._figures, figures, strict=True):
            label.setText(text)
            label.setAccessibleName(text)
