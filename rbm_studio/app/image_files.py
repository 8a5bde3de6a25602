"""Image files of unknown origin as pictures of bright ink on dark paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter

from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm")
"""Of files that are taken for pictures by their names."""

MOST_PIXELS = 100_000_000
_MOST_MEGABYTES = 512
"""What Qt may allocate for one picture: four bytes a pixel, and some."""

_FORMATS = {b"png", b"jpeg", b"jpg", b"bmp", b"gif", b"webp", b"tiff", b"tif", b"pbm", b"pgm", b"ppm"}
"""What their content may be: all are pixels. A drawing such as SVG could name other files."""


def is_picture(path: Path) -> bool:
    """Whether a file's name says that it is a picture."""
    return path.suffix.lower() in SUFFIXES


def read_picture(path: Path, side: int) -> QImage:
    """Read an image file, whatever its name says; may be called on any thread.

    Parameters
    ----------
    path : Path
    side : int
        Pixels of the square that it is fitted into, if it is larger.

    Returns
    -------
    QImage
        Grey and square. Ink is bright on dark paper, as in MNIST: a picture whose border is light is inverted.

    Raises
    ------
    RBMStudioError
        If it is no picture, or too large, or cannot be read.
    """
    QImageReader.setAllocationLimit(_MOST_MEGABYTES)
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and size.width() * size.height() > MOST_PIXELS:
        raise RBMStudioError(
            "{name} is too large: {width} × {height} pixels.",
            "At most {most} million pixels can be read: make it smaller.",
            name=path.name,
            width=size.width(),
            height=size.height(),
            most=MOST_PIXELS // 1_000_000,
        )
    if not path.is_file():
        raise RBMStudioError("There is no file {name}.", "Choose another one.", name=path.name)
    image = reader.read() if bytes(reader.format().data()) in _FORMATS else QImage()
    if image.isNull():
        raise RBMStudioError(
            "{name} is no picture that can be read.", "Choose a PNG, JPEG or BMP file.", name=path.name
        )
    if max(image.width(), image.height()) > side:
        # Smooth scaling averages over all that a pixel covers: thin strokes of a large scan do not get lost.
        smooth = Qt.TransformationMode.SmoothTransformation
        size = image.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
        image = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    return _squared(_bright_on_dark(_opaque(image)))


def _opaque(image: QImage) -> QImage:
    """Lay a transparent picture on paper that its ink stands out from."""
    if not image.hasAlphaChannel():
        return image
    whole = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(whole.constBits(), dtype=np.uint8).reshape(whole.height(), whole.width(), 4)
    opacity = pixels[..., 3:].astype(np.float32)
    is_light = bool((opacity * pixels[..., :3]).mean() > 127.5 * opacity.mean())
    paper = QImage(image.size(), QImage.Format.Format_RGB32)
    paper.fill(Qt.GlobalColor.black if is_light else Qt.GlobalColor.white)
    painter = QPainter(paper)
    painter.drawImage(0, 0, image)
    painter.end()
    return paper


def _bright_on_dark(image: QImage) -> QImage:
    """Make what the border is of, the paper, black, and the ink bright."""
    values = grey_values(image)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    paper = np.float32(np.median(border))
    if paper > 0.5:
        values, paper = 1 - values, 1 - paper
    return grey_image(np.clip((values - paper) / (1 - paper), 0, 1))


def _squared(image: QImage) -> QImage:
    """Put a picture amid a square, so that no size of visible units distorts it."""
    side = max(image.width(), image.height())
    if image.width() == image.height():
        return image
    square = QImage(side, side, QImage.Format.Format_Grayscale8)
    square.fill(Qt.GlobalColor.black)
    painter = QPainter(square)
    painter.drawImage(QPoint((side - image.width()) // 2, (side - image.height()) // 2), image)
    painter.end()
    return square
