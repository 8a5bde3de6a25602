"""White ink on black paper: how a drawing looks, as in MNIST."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, ERASER_WIDTH
from rbm_studio.data.pen import SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rbm_studio.app.drawing import Drawing, DrawingHistory
    from rbm_studio.data.handwriting import Stroke

_INK = QColor(255, 255, 255)
_PAPER = QColor(0, 0, 0)
_HINT = QColor(128, 128, 128)
# A picture of so few pixels is shown as the pixels that it has.
_FEW_PIXELS = 2 * SIDE
_WIDTH_STEP = 1.0  # by which a line may widen at once, in the widget's units


class InkedPaper:
    """Square paper with a drawing on it, kept from one paint to the next.

    Points are in 0..1 of the paper, y down; the side of the paper and what is measured on it are in the widget's units.
    """

    def __init__(self) -> None:
        self._pen_width = DEFAULT_PEN_WIDTH
        self._kept: QPixmap | None = None
        self._kept_picture: QImage | None = None

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
        self._kept = self._kept_picture = None

    def paint(
        self,
        painter: QPainter,
        rect: QRectF,
        history: DrawingHistory,
        ratio: float,
        exposed: QRectF | None = None,
    ) -> None:
        """Paint the paper and the stroke in progress; what is painted later is cut off at the paper's edge too.

        Parameters
        ----------
        painter : QPainter
        rect : QRectF
            The paper's place, a square.
        history : DrawingHistory
        ratio : float
            Screen pixels per unit.
        exposed : QRectF, optional
            What has to be painted; by default everything.
        """
        painter.drawPixmap(rect.topLeft(), self._current(history.current, rect.width(), ratio))
        painter.setClipRect(rect)
        in_progress = history.in_progress
        if in_progress is not None:
            painter.save()
            painter.translate(rect.topLeft())
            clip = (exposed or rect).translated(-rect.topLeft())
            _draw_stroke(painter, in_progress, self._pen_width, rect.width(), clip)
            painter.restore()

    def add_stroke(self, stroke: Stroke, side: float) -> None:
        """Draw a stroke that has come to the drawing on the paper that was kept."""
        self._kept_picture = None
        if self._kept is not None:
            painter = QPainter(self._kept)
            _draw_stroke(painter, stroke, self._pen_width, side)
            painter.end()

    def picture(self, history: DrawingHistory) -> QImage | None:
        """Return the picture on the paper without what the eraser's strokes over it take away, of its own size."""
        drawing, in_progress = history.current, history.in_progress
        if drawing.picture is None or not history.strokes():
            return drawing.picture
        if self._kept_picture is None:
            self._kept_picture = self._erased(drawing.picture, drawing.strokes)
        return self._kept_picture if in_progress is None else self._erased(self._kept_picture, [in_progress])

    def _erased(self, picture: QImage, strokes: Iterable[Stroke]) -> QImage:
        result = picture.convertToFormat(QImage.Format.Format_Grayscale8)
        side = max(picture.width(), picture.height())
        painter = QPainter(result)
        painter.translate((picture.width() - side) / 2, (picture.height() - side) / 2)
        for stroke in strokes:
            _draw_stroke(painter, stroke, self._pen_width, side)
        painter.end()
        return result

    def inked_rect(self, first: Sequence[float], last: Sequence[float], side: float) -> QRectF:
        """Return where the ink, or the eraser, between two points of a stroke may lie, from the paper's corner."""
        margin = ERASER_WIDTH * self._pen_width / SIDE * side / 2 + 1
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
            _draw_ink(painter, drawing, self._pen_width, side)
            painter.end()
        return self._kept


def draw_paper(painter: QPainter, drawing: Drawing, pen_width: float, side: float) -> None:
    """Draw paper of any size with a drawing on it, its corner at the painter's origin."""
    painter.fillRect(QRectF(0, 0, side, side), _PAPER)
    _draw_ink(painter, drawing, pen_width, side)


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


def _draw_ink(painter: QPainter, drawing: Drawing, pen_width: float, side: float) -> None:
    if drawing.picture is not None:
        _draw_picture(painter, drawing.picture, side, painter.device().devicePixelRatioF())
    for stroke in drawing.strokes:
        _draw_stroke(painter, stroke, pen_width, side)


def _draw_stroke(
    painter: QPainter, stroke: Stroke, pen_width: float, side: float, exposed: QRectF | None = None
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    places = [QPointF(x, y) for x, y in (stroke.points * side).tolist()]
    widths = (stroke.widths() * (pen_width / SIDE * side)).tolist()
    colour = _PAPER if stroke.erases else _INK
    if all(place == places[0] for place in places):
        painter.setPen(_pen(colour, max(widths)))
        painter.drawPoint(places[0])
    elif stroke.pressure is None or stroke.erases:
        painter.setPen(_pen(colour, widths[0]))
        painter.drawPolyline(QPolygonF(places))
    else:
        margin = max(widths) / 2 + 1
        for index in range(len(places) - 1):
            line = QRectF(places[index], places[index + 1]).normalized().adjusted(-margin, -margin, margin, margin)
            # Many short lines take long: while it is drawn, only those near the pen are drawn anew.
            if exposed is None or exposed.intersects(line):
                _draw_widening(painter, places[index : index + 2], widths[index : index + 2])


def _draw_widening(painter: QPainter, places: Sequence[QPointF], widths: Sequence[float]) -> None:
    """Draw a line of ink whose width changes evenly from one end to the other."""
    steps = max(ceil(abs(widths[1] - widths[0]) / _WIDTH_STEP), 1)
    way, widening = (places[1] - places[0]) / steps, (widths[1] - widths[0]) / steps
    for step in range(steps):
        painter.setPen(_pen(_INK, widths[0] + (step + 0.5) * widening))
        painter.drawLine(places[0] + way * step, places[0] + way * (step + 1))


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin)


def _draw_picture(painter: QPainter, picture: QImage, side: float, ratio: float) -> None:
    size = picture.size().toSizeF().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF((side - size.width()) / 2, (side - size.height()) / 2, size.width(), size.height())
    if max(picture.width(), picture.height()) > _FEW_PIXELS:
        fitting = (size * ratio).toSize()
        picture = picture.scaled(fitting, mode=Qt.TransformationMode.SmoothTransformation)
    painter.drawImage(target, picture)
