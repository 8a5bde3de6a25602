"""Pictures to copy or save: of pixels, or drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QImageWriter, QPainter, QPalette, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from rbm_studio.app.theme import GRID, light_palette, plot_colours
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QFont

SCALES = (1, 2, 4, 8, 16)
"""Screen or image pixels become squares of so many."""

MOST_PIXELS = 64_000_000
"""No larger picture is made: it would take 256 MB, and hardly a program would open it."""

_LEAST_SIDE = 400
_LEAST_PLOT = QSize(480, 280)
_MARGIN = 2 * GRID


class Picture(ABC):
    """A picture with a name.

    Parameters
    ----------
    name : str
        For people; the file's name is made of it.
    size : QSize
        At scale 1.
    """

    is_drawn = False

    def __init__(self, name: str, size: QSize) -> None:
        self.name = name
        self.size = size
        self._sheet: QWidget | None = None

    def scales(self) -> tuple[int, ...]:
        """Return those of `SCALES` at which it is not too large; at least the first."""
        pixels = self.size.width() * self.size.height()
        return SCALES[:1] + tuple(scale for scale in SCALES[1:] if pixels * scale**2 <= MOST_PIXELS)

    def scale_to_show(self) -> int:
        """Return the least scale at which it is large enough for a slide."""
        scales = self.scales()
        longest = max(self.size.width(), self.size.height())
        return next((scale for scale in scales if longest * scale >= _LEAST_SIDE), scales[-1])

    def live_in(self, owner: QWidget) -> None:
        """Let a widget own what is printed: Python would delete it on whichever thread finds it unused."""
        if self._sheet is not None:
            self._sheet.setParent(owner)

    @abstractmethod
    def image(self, scale: int = 1) -> QImage:
        """Return it in pixels, `scale` times `size`."""

    def svg(self) -> bytes:
        """Return it as a vector drawing.

        Raises
        ------
        RBMStudioError
            If it is made of pixels.
        """
        raise RBMStudioError("“{name}” is made of pixels, and cannot be drawn.", "Save it as PNG.", name=self.name)


class PixelPicture(Picture):
    """A picture of few pixels, which become sharp squares.

    Parameters
    ----------
    name : str
    pixels : QImage
    """

    def __init__(self, name: str, pixels: QImage) -> None:
        super().__init__(name, pixels.size())
        self._pixels = pixels

    def image(self, scale: int = 1) -> QImage:
        """Return it, each pixel as a square of `scale` by `scale`."""
        if scale == 1:
            return QImage(self._pixels)
        size = self.size * scale
        return self._pixels.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation)


class DrawnPicture(Picture):
    """A picture that is drawn at any scale, on white.

    Parameters
    ----------
    name : str
    size : QSize
    draw : callable
        Draws it with a painter, within `size`.
    resolution : int
        Dots per inch that its fonts were laid out for.
    sheet : QWidget, optional
        Made for it, and drawn by `draw`.
    """

    is_drawn = True

    def __init__(
        self,
        name: str,
        size: QSize,
        draw: Callable[[QPainter], None],
        resolution: int = 96,
        sheet: QWidget | None = None,
    ) -> None:
        super().__init__(name, size)
        self._draw = draw
        self._resolution = resolution
        self._sheet = sheet

    def image(self, scale: int = 1) -> QImage:
        """Draw it in so many times finer pixels."""
        image = QImage(self.size * scale, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        image.setDevicePixelRatio(scale)
        painter = QPainter(image)
        self._draw(painter)
        painter.end()
        image.setDevicePixelRatio(1)
        return image

    def svg(self) -> bytes:
        """Return it as a vector drawing."""
        data, buffer = _buffer()
        generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setSize(self.size)
        generator.setViewBox(QRect(QPoint(), self.size))
        # The points of fonts are to have the size in px that was laid out.
        generator.setResolution(self._resolution)
        generator.setTitle(self.name)
        painter = QPainter(generator)
        self._draw(painter)
        painter.end()
        return bytes(data.data())


@runtime_checkable
class Printable(Protocol):
    """A widget that can be printed in other colours and another size than it has on the screen."""

    def printed(self, palette: QPalette, size: QSize) -> QWidget:
        """Return a widget that shows the same, to be rendered."""


def plot_picture(name: str, plot: QWidget, caption: str = "") -> DrawnPicture:
    """Return a plot with its name above it and a caption below, in light colours if it is `Printable`.

    Parameters
    ----------
    name : str
    plot : QWidget
        If it is `Printable`, what it shows now is printed; else what it shows when the picture is drawn.
    caption : str
        What it measures, and on which data.
    """
    size, font = plot.size().expandedTo(_LEAST_PLOT), plot.font()
    line = QFontMetricsF(font).lineSpacing()
    room = QRectF(0, 0, size.width(), 20 * line)
    words = QFontMetricsF(font).boundingRect(room, int(Qt.TextFlag.TextWordWrap), caption).height() if caption else 0
    place = QRect(QPoint(_MARGIN, round(_MARGIN + line + GRID)), size)
    sheet = plot.printed(light_palette(), size) if isinstance(plot, Printable) else None
    # Under a style sheet parts do not take after the whole.
    for part in sheet.findChildren(QWidget) if sheet is not None else ():
        part.setPalette(light_palette())
    below = QRectF(_MARGIN, place.bottom() + GRID, size.width(), words + 1)

    def draw(painter: QPainter) -> None:
        painter.setFont(_bold(font))
        painter.setPen(plot_colours(light_palette()).text)
        painter.drawText(QRectF(_MARGIN, _MARGIN, size.width(), line), int(Qt.AlignmentFlag.AlignLeft), name)
        painter.setFont(font)
        painter.drawText(below, int(Qt.TextFlag.TextWordWrap), caption)
        shown = plot if sheet is None else sheet
        shown.render(painter, place.topLeft(), QRegion(), QWidget.RenderFlag.DrawChildren)

    whole = QSize(size.width() + 2 * _MARGIN, round(below.bottom()) + _MARGIN)
    return DrawnPicture(name, whole, draw, plot.logicalDpiX(), sheet)


def _bold(font: QFont) -> QFont:
    bold = type(font)(font)
    bold.setBold(True)
    return bold


def save_picture(picture: Picture, path: Path, scale: int = 1) -> None:
    """Write a picture to a file, whole or not at all.

    Parameters
    ----------
    picture : Picture
    path : Path
        The suffix says what to write: ``.png``, or ``.svg`` where it is drawn.
    scale : int
        Of a PNG.

    Raises
    ------
    RBMStudioError
        If the suffix is another; its subclass `FileError` if the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise RBMStudioError(
            "A picture cannot be saved as “{name}”: the ending says what kind of file to write.",
            "Let the name end in .png, or in .svg for a plot.",
            name=path.name,
        )
    data = picture.svg() if suffix == ".svg" else png(picture.image(scale))
    write_atomically(path, lambda file: file.write(data))


def png(image: QImage) -> bytes:
    """Return an image as a PNG file.

    Raises
    ------
    RBMStudioError
        If it is too large for this computer's memory.
    """
    data, buffer = _buffer()
    if image.isNull() or not QImageWriter(buffer, QByteArray(b"PNG")).write(image):
        raise RBMStudioError("The picture is too large for this computer's memory.", "Save it at a smaller scale.")
    return bytes(data.data())


def _buffer() -> tuple[QByteArray, QBuffer]:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return data, buffer
