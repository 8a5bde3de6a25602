"""Icons that take their colour from the palette, at any size."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from rbm_studio.assets import resource

if TYPE_CHECKING:
    from PySide6.QtGui import QColor


def icon(name: str) -> QIcon:
    """Return one of the program's icons.

    Parameters
    ----------
    name : str
        The name of a file in ``resources/icons``, without its suffix, for instance ``"train"``.

    Returns
    -------
    QIcon
        Line art in the application's text colour, paler when disabled. It is sharp at every size and scale, and
        follows a change of the palette. ``"rbm-studio"``, the program's own icon, keeps its colours.

    Raises
    ------
    FileNotFoundError
        If there is no such icon.
    """
    return QIcon(_TintedEngine(_svg(name)))


@cache
def _svg(name: str) -> bytes:
    return resource("icons", f"{name}.svg").read_bytes()


class _TintedEngine(QIconEngine):
    """Paints an SVG with ``currentColor`` standing for the palette's text colour at the moment of painting."""

    def __init__(self, svg: bytes) -> None:
        super().__init__()
        self._svg = svg

    def clone(self) -> QIconEngine:
        copy = _TintedEngine(self._svg)
        # The icon that asked for it deletes it, but PySide does not know, and would do so first.
        _CLONES.append(copy)
        return copy

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        colour = _colour(mode).name().encode()
        renderer = QSvgRenderer(QByteArray(self._svg.replace(b"currentColor", colour)))
        renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
        renderer.render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        # The base class paints on a pixmap that need not be transparent.
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return pixmap


_CLONES: list[_TintedEngine] = []


def _colour(mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
    if mode == QIcon.Mode.Selected:
        return palette.color(QPalette.ColorRole.HighlightedText)
    return palette.color(QPalette.ColorRole.WindowText)
