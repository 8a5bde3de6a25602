"""The learning curve as a file: a picture, a drawing, or its numbers."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from rbm_studio.app.theme import light_palette
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.curve_plot import CurvePlot

_SCALE = 2
# A curve in a narrow dock is still printed at a size that can be read.
_LEAST_SIZE = QSize(800, 500)


def save_curve(plot: CurvePlot, path: Path) -> None:
    """Save what a plot shows, or all of its numbers.

    Parameters
    ----------
    plot : CurvePlot
        The plot.
    path : Path
        Where to; the suffix says what to write. ``.png``: a picture at twice the plot's size, in light colours.
        ``.svg``: the same as a vector drawing. ``.csv``: columns run, epoch, training and held_out, the whole history,
        empty where a value was not measured. A file of that name is replaced, and only once the new one is complete.

    Raises
    ------
    RBMStudioError
        If the suffix is another, or if there is no curve yet; its subclass `FileError` if the file cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise RBMStudioError(
            "A curve cannot be saved as “{name}”: the ending says what kind of file to write.",
            "Let the name end in .png (a picture), .svg (a drawing for print) or .csv (the numbers).",
            name=path.name,
        )
    if not plot.runs():
        raise RBMStudioError("There is no learning curve to save yet.", "Train the model first.")
    data = write(plot)
    write_atomically(path, lambda file: file.write(data))


def _png(plot: CurvePlot) -> bytes:
    printed = _printed(plot)
    image = QImage(printed.size() * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    painter = QPainter(image)
    printed.render(painter, QPoint())
    painter.end()
    data, buffer = _buffer()
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(data.data())


def _svg(plot: CurvePlot) -> bytes:
    printed = _printed(plot)
    data, buffer = _buffer()
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(printed.size())
    generator.setViewBox(QRect(QPoint(), printed.size()))
    # The points of fonts are to have the size in px that the plot laid out.
    generator.setResolution(printed.logicalDpiX())
    generator.setTitle(plot.accessibleName())
    painter = QPainter(generator)
    printed.render(painter, QPoint())
    painter.end()
    return bytes(data.data())


def _csv(plot: CurvePlot) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("run", "epoch", "training", "held_out"))
    for title, table in plot.runs():
        for row in table.tolist():
            writer.writerow((title, *("" if math.isnan(value) else repr(value) for value in row)))
    return text.getvalue().encode()


_WRITERS: dict[str, Callable[[CurvePlot], bytes]] = {".png": _png, ".svg": _svg, ".csv": _csv}


def _printed(plot: CurvePlot) -> CurvePlot:
    return plot.printed(light_palette(), plot.size().expandedTo(_LEAST_SIZE))


def _buffer() -> tuple[QByteArray, QBuffer]:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return data, buffer
