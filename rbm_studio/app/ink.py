"""White ink on black paper: how a drawing looks, as in MNIST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, SIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.app.drawing import Drawing, DrawingHistory

_INK = QColor(255, 255, 255)
_PAPER = QColor(0, 0, 0)
_HINT = QColor(128, 128, 128)


class InkedPaper:
    """Square paper with a drawing on it, kept from one paint to the next.

    Points are in 0..1 of the paper, y down; the side of the paper and what is measured on it are in the widget's units.
    """

    def __init__(self) -> None:
        self._pen_width = DEFAULT_PEN_WIDTH
        self._kept: QPixmap | None = None

    @property
    def pen_width(self) -> float:
        """Width of the pen in pixels of a 28-pixel image."""
        return self._pen_width

    def set_pen_width(self, width: float) -> None:
        """Set the pen's width, of strokes drawn already too.

        Parameters
        ----------
        width : float
            Greater than 0, in pixels of a 28-pixel image: on the screen it is width / 28 of the paper's side. The
            screen then looks like the raw image, and like the normalised one where the drawing's longest side takes
            20/28 of the paper, as digits do in MNIST.

        Raises
        ------
        ValueError
            If `width` is not greater than 0.
        """
        if not width > 0:
            raise ValueError(f"width must be greater than 0, and is {width}")
        self._pen_width = width
        self.forget()

    def forget(self) -> None:
        """Let go of what was kept: another drawing lies on the paper."""
        self._kept = None

    def paint(self, painter: QPainter, rect: QRectF, history: DrawingHistory, ratio: float) -> None:
        """Paint the paper and the stroke in progress; what is painted later is cut off at the paper's edge too.

        Parameters
        ----------
        painter : QPainter
        rect : QRectF
            The paper's place, a square.
        history : DrawingHistory
        ratio : float
            Screen pixels per unit.
        """
        painter.drawPixmap(rect.topLeft(), self._current(history.current, rect.width(), ratio))
        painter.setClipRect(rect)
        if history.points:
            painter.save()
            painter.translate(rect.topLeft())
            self._draw_stroke(painter, history.points, rect.width())
            painter.restore()

    def add_stroke(self, points: Sequence[Sequence[float]], side: float) -> None:
        """Draw a stroke that has come to the drawing on the paper that was kept."""
        if self._kept is not None:
            painter = QPainter(self._kept)
            self._draw_stroke(painter, points, side)
            painter.end()

    def inked_rect(self, first: Sequence[float], last: Sequence[float], side: float) -> QRectF:
        """Return where the ink between two points of a stroke may lie, from the paper's corner."""
        margin = self._pen_width / SIDE * side / 2 + 1
        line = QRectF(QPointF(*first) * side, QPointF(*last) * side).normalized()
        return line.adjusted(-margin, -margin, margin, margin)

    def _current(self, drawing: Drawing, side: float, ratio: float) -> QPixmap:
        """Return the paper with all but the stroke in progress, which alone is drawn anew for each point."""
        pixels = round(side * ratio)
        if self._kept is None or self._kept.width() != pixels or self._kept.devicePixelRatio() != ratio:
            self._kept = QPixmap(pixels, pixels)
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(_PAPER)
            painter = QPainter(self._kept)
            if drawing.picture is not None:
                _draw_picture(painter, drawing.picture, side)
            for stroke in drawing.strokes:
                self._draw_stroke(painter, stroke.points.tolist(), side)
            painter.end()
        return self._kept

    def _draw_stroke(self, painter: QPainter, points: Sequence[Sequence[float]], side: float) -> None:
        width = self._pen_width / SIDE * side
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(_INK, width, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
        places = [QPointF(x * side, y * side) for x, y in points]
        if all(place == places[0] for place in places):
            painter.drawPoint(places[0])
        else:
            painter.drawPolyline(QPolygonF(places))


def place_on_paper(pos: QPointF, paper: QRectF) -> tuple[float, float]:
    """Return a point's place in 0..1 of the paper, at its edge for a point beyond it."""
    x, y = (pos.x() - paper.left()) / paper.width(), (pos.y() - paper.top()) / paper.height()
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def draw_hint(painter: QPainter, rect: QRectF, text: str) -> None:
    """Write a grey hint amid the paper, in letters that grow with it."""
    font = painter.font()
    font.setPixelSize(max(round(rect.width() / 14), 12))
    painter.setFont(font)
    painter.setPen(_HINT)
    painter.drawText(rect.adjusted(8, 8, -8, -8), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def _draw_picture(painter: QPainter, picture: QImage, side: float) -> None:
    size = picture.size().toSizeF().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF((side - size.width()) / 2, (side - size.height()) / 2, size.width(), size.height())
    painter.drawImage(target, picture)
