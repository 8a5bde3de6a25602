"""Pictures from outside, dropped or pasted, made into ink on black paper."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from rbm_studio.app.files import is_document
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.svg_safety import check_svg
from rbm_studio.app.task import Task
from rbm_studio.data.photographs import ink_of
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LONGEST_SIDE = 512  # px: the network sees 28 of them, and the paper on the screen is hardly larger
_MOST_PIXELS = 50_000_000
_MOST_PIXELS_SCALED = 150_000_000
# Deflate packs 1,032 bytes into one, and each may hold 8 pixels; a small picture is read whatever it claims.
_MOST_IN_A_BYTE = 8 * 1032
_ANY_FILE_HOLDS = 4_000_000
_SCALED_WHILE_READ = (b"jpeg", b"jpg", b"jfif")
_DRAWN_AT_ANY_SIZE = (b"svg", b"svgz")
_KINDS = (b"png", b"gif", b"bmp", b"tif", b"tiff", b"webp", *_SCALED_WHILE_READ, *_DRAWN_AT_ANY_SIZE)
_DATASET_SUFFIXES = ("", ".npz", ".npy", ".gz")


class PictureImport(QObject):
    """Reads pictures on a thread; of several asked for, the newest counts.

    Parameters
    ----------
    parent : QObject, optional

    Signals
    -------
    imported : QImage, bool
        A square of 8-bit grey, ink light on black, at most 512 px high; and whether it was dark on light before.
    failed : Exception
        Why there is no picture.
    """

    imported = Signal(QImage, bool)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Without a parent: a thread may still hold its task when the parent has gone.
        self._tasks: list[Task] = []
        self._closed = False

    def take_file(self, path: Path) -> None:
        """Import a file of any format that Qt reads."""
        self._start(lambda: as_ink(read_picture(path)))

    def take_image(self, image: QImage) -> None:
        """Import a picture that is in memory already."""
        self._start(lambda: as_ink(image))

    def shut_down(self) -> None:
        """Give up what is being read, and import nothing more."""
        self._closed = True
        for task in self._tasks:
            task.give_up()

    def _start(self, work: Callable[[], tuple[QImage, bool]]) -> None:
        if self._closed:
            return
        task = Task("Reading a picture", lambda _task: work())
        task.succeeded.connect(self._finish)
        task.failed.connect(self._fail)
        self._tasks.append(task)
        task.start()

    def _finish(self, result: tuple[QImage, bool]) -> None:
        if self._end_of_newest() and not self._closed:
            self.imported.emit(*result)

    def _fail(self, error: Exception) -> None:
        self._end_of_newest()
        if not self._closed:
            self.failed.emit(error)

    def _end_of_newest(self) -> bool:
        ended = self.sender()
        is_newest = bool(self._tasks) and self._tasks[-1] is ended
        for task in self._tasks:
            if task is ended:
                task.join()
        self._tasks = [task for task in self._tasks if task is not ended]
        return is_newest


def local_file(mime: QMimeData) -> Path | None:
    """Return the first of the files on this computer that are dragged or copied, or None."""
    return next((Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()), None)


def is_for_the_window(path: Path) -> bool:
    """Whether a file or folder by its name is an experiment, a model or a data set, and not a picture."""
    return os.path.isdir(path) or is_document(path) or path.suffix.lower() in _DATASET_SUFFIXES or "ubyte" in path.name


def read_picture(path: Path) -> QImage:
    """Read a picture, scaled down to what the paper needs.

    Parameters
    ----------
    path : Path

    Returns
    -------
    QImage
        Of any format; its longer side is at most 512 px.

    Raises
    ------
    RBMStudioError
        If there is no such file, it is no picture that Qt reads, it is damaged, or it has too many pixels to be read.
    """
    # Unlike Path.is_file this is False, and no error, for a name that is too long or in a folder that may not be read.
    if not os.path.isfile(path):
        raise RBMStudioError("There is no file {file}.", "Choose a picture that exists.", file=path)
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    if not reader.canRead() or reader.format().data() not in _KINDS:
        raise RBMStudioError(
            "{file} is not a picture that can be read here.",
            "Use a PNG, JPEG, GIF, BMP, TIFF, WebP or SVG file. Models and data sets can be dropped beside the canvas.",
            file=path,
        )
    if reader.format().data() in _DRAWN_AT_ANY_SIZE:
        check_svg(path)
    elif not reader.size().isValid():
        # Nor can it be told how much memory it would take.
        raise _damaged(path)
    _read_no_larger_than_needed(reader, path)
    image = reader.read()
    if image.isNull():
        raise _damaged(path)
    return image


def _damaged(path: Path) -> RBMStudioError:
    return RBMStudioError(
        "{file} is a damaged picture.", "Open it in a program for pictures and save it anew, as PNG.", file=path
    )


def _read_no_larger_than_needed(reader: QImageReader, path: Path) -> None:
    size, kind = reader.size(), reader.format().data()
    pixels = size.width() * size.height()
    most = _MOST_PIXELS_SCALED if kind in _SCALED_WHILE_READ else _MOST_PIXELS
    if pixels > most and kind not in _DRAWN_AT_ANY_SIZE:
        raise RBMStudioError(
            "{file} has {width}×{height} pixels, too many to be read.",
            "Save it smaller: {side}×{side} pixels are enough.",
            file=path,
            width=size.width(),
            height=size.height(),
            side=_LONGEST_SIDE,
        )
    if kind not in _DRAWN_AT_ANY_SIZE and pixels > max(_ANY_FILE_HOLDS, path.stat().st_size * _MOST_IN_A_BYTE):
        raise _damaged(path)
    if kind in _DRAWN_AT_ANY_SIZE or max(size.width(), size.height()) > _LONGEST_SIDE:
        reader.setScaledSize(_fitted(size))


def _fitted(size: QSize) -> QSize:
    box = QSize(_LONGEST_SIDE, _LONGEST_SIDE)
    return size.scaled(box, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))


def as_ink(image: QImage) -> tuple[QImage, bool]:
    """Return a picture as a square of 8-bit grey, its ink light on black, and whether it was dark on light before."""
    if max(image.width(), image.height()) > _LONGEST_SIDE:
        image = image.scaled(_fitted(image.size()), mode=Qt.TransformationMode.SmoothTransformation)
    ink, inverted = ink_of(_brightness(image))
    height, width = ink.shape
    side = max(height, width)
    square = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink
    return grey_image(square), inverted


def _brightness(image: QImage) -> NDArray[np.float32]:
    """Return a picture's brightness; where it is transparent, as on paper that its ink stands out from."""
    if not image.hasAlphaChannel():
        return grey_values(image)
    opacity = grey_values(_opacity(image))
    brightness = grey_values(image.convertToFormat(QImage.Format.Format_RGB32))
    is_dark = float((brightness * opacity).sum()) < 0.5 * float(opacity.sum())
    composed: NDArray[np.float32] = brightness * opacity + (1 - opacity) * np.float32(is_dark)
    return composed


def _opacity(image: QImage) -> QImage:
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    alpha.reinterpretAsFormat(QImage.Format.Format_Grayscale8)
    return alpha
