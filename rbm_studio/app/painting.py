"""What several views do alike: outline what is pointed at, say that there is nothing to show, go on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPalette, QPen

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtCore import QRect, QSize
    from PySide6.QtWidgets import QWidget


def draw_outline(painter: QPainter, rect: QRectF, width: float, palette: QPalette) -> None:
    """Draw an outline around a place, in two lines, so that it stands out from any colour of a picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for role, line in ((QPalette.ColorRole.Window, width + 2), (QPalette.ColorRole.Accent, width)):
        painter.setPen(QPen(palette.color(role), line, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(rect.adjusted(-width / 2, -width / 2, width / 2, width / 2))


def draw_placeholder(painter: QPainter, rect: QRect | QRectF, text: str, palette: QPalette) -> None:
    """Write quiet words into the middle of a place where there is nothing to show, in as many lines as they need."""
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(QRectF(rect).adjusted(GRID, GRID, -GRID, -GRID), int(flags), text)


def dress_for_paper(printed: QWidget, shown: QWidget, palette: QPalette, size: QSize) -> None:
    """Give a widget that is to be printed the font of the one that is shown, and the paper's colours and size."""
    printed.setFont(shown.font())
    printed.setPalette(palette)
    printed.resize(size)
