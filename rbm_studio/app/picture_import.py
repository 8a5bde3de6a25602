"""Pictures from outside, dropped or pasted, made into ink on black paper."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from rbm_studio.app.files import is_document
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.task import Task
from rbm_studio.data.photographs import ink_of
from rbm_studio.errors import RBMStudioError
from rbm_studio.untrusted import open_ordinary

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LONGEST_SIDE = 512  # px: the network sees 28 of them, and the paper on the screen is hardly larger
_MOST_BYTES = 256 * 1024**2
_START = 4096
_MOST_PIXELS = 50_000_000
_MOST_PIXELS_SCALED = 150_000_000
# Deflate packs 1,032 bytes into one, and each may hold 8 pixels; a small picture is read whatever it claims.
_MOST_IN_A_BYTE = 8 * 1032
_ANY_FILE_HOLDS = 4_000_000
# Each scan of a progressive JPEG goes over all pixels, and takes 20 bytes; programs write about ten.
_SCAN = b"\xff\xda"
_MOST_PIXELS_OF_SCANS = 2_000_000_000
# What a PNG's picture is made of. Its texts are packed, too, and Qt would unpack them all: 400 kB took 1.9 GB.
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")
_MOST_CHUNKS = 100_000

# Qt would try each of its plugins, and among them are some that read other files, or never end: SVG, PDF.
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
}
_IN_MEMORY = "application/x-qt-image"
_COPIED_AS = (
    "image/png",
    "image/bmp",
    "image/tiff",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/svg+xml",
    "image/svg",
)
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
        """Import a file."""
        self._start(lambda: as_ink(read_picture(path)))

    def take_copied(self, mime: QMimeData) -> None:
        """Import the picture, not the file, that is dragged or copied."""
        picture = _copied(mime)
        self._start(lambda: as_ink(picture if isinstance(picture, QImage) else _decoded(picture, "What was copied")))

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


def has_picture(mime: QMimeData) -> bool:
    """Whether a picture, and not only a file, is dragged or copied."""
    return mime.hasImage() or any(map(mime.hasFormat, _COPIED_AS))


def _copied(mime: QMimeData) -> QImage | bytes:
    kind = next(filter(mime.hasFormat, _COPIED_AS), _IN_MEMORY)
    # Qt would make an image of another program's bytes by whichever plugin knows them.
    content = bytes(mime.data(kind).data())
    return content or QImage(mime.imageData())


def read_picture(path: Path) -> QImage:
    """Read a picture, scaled down to what the paper needs.

    Parameters
    ----------
    path : Path
        Of a PNG, JPEG, GIF, BMP, TIFF or WebP file, told by content and not by name.

    Returns
    -------
    QImage
        Of any format; its longer side is at most 512 px.

    Raises
    ------
    RBMStudioError
        If there is no such file, it is no picture of these kinds, it is damaged, or it is too large to be read.
    """
    # Unlike Path.is_file this is False, and no error, for a name that is too long or in a folder that may not be read.
    if not os.path.isfile(path):
        raise RBMStudioError("There is no file {file}.", "Choose a picture that exists.", file=path)
    try:
        with open_ordinary(path) as file:
            content = file.read(_START)
            # Of what is refused no more is read.
            if _kind(content) is not None:
                if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                    raise _too_large(path)
                content += file.read(_MOST_BYTES)
    except OSError as error:
        raise RBMStudioError(
            "{file} cannot be read: {reason}.",
            "Ask for the right to read it, or choose a copy of your own.",
            file=path,
            reason=error.strerror or error,
        ) from error
    return _decoded(content, path)


def _decoded(content: bytes, origin: Path | str) -> QImage:
    """Return the picture that a file's content, or another program's, is."""
    kind = _kind(content)
    if kind is None:
        raise _no_picture(content, origin)
    if len(content) > _MOST_BYTES:
        raise _too_large(origin)
    if kind == "png":
        content = _picture_alone(content)
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, kind.encode())
    try:
        return _read(reader, kind, content, origin)
    finally:
        # What reads a TIFF looks at the buffer once more at its end, and Python may let go of the buffer first.
        reader.setDevice(QBuffer())


def _read(reader: QImageReader, kind: str, content: bytes, origin: Path | str) -> QImage:
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    # Without a size it cannot be told how much memory it would take.
    if not reader.size().isValid():
        raise _damaged(origin)
    _check_size(reader.size(), kind, content, origin)
    if max(reader.size().width(), reader.size().height()) > _LONGEST_SIDE:
        reader.setScaledSize(_fitted(reader.size()))
    image = reader.read()
    if image.isNull():
        raise _damaged(origin)
    return image


def _picture_alone(png: bytes) -> bytes:
    """Return a PNG without its texts, profiles and the like; a damaged one stays damaged."""
    parts, at = [png[:8]], 8
    for _ in range(_MOST_CHUNKS):
        if at >= len(png):
            break
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] in _PNG_CHUNKS:
            parts.append(png[at:end])
        at = end
    return b"".join(parts)


def _kind(content: bytes) -> str | None:
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)


def _no_picture(content: bytes, origin: Path | str) -> RBMStudioError:
    if Path(origin).suffix.lower() in (".svg", ".svgz") or b"<svg" in content[:_START]:
        return RBMStudioError(
            "{file} is an SVG drawing, and these are not opened: they can hold more than a picture.",
            "Export it as a PNG in the program that made it, and take that.",
            file=origin,
        )
    return RBMStudioError(
        "{file} is not a picture that can be read here.",
        "Use a PNG, JPEG, GIF, BMP, TIFF or WebP file. Models and data sets can be dropped beside the canvas.",
        file=origin,
    )


def _too_large(origin: Path | str) -> RBMStudioError:
    return RBMStudioError(
        "{file} holds more than {most} million bytes.",
        "Save it smaller: {side}×{side} pixels are enough.",
        file=origin,
        most=_MOST_BYTES // 1_000_000,
        side=_LONGEST_SIDE,
    )


def _damaged(origin: Path | str) -> RBMStudioError:
    return RBMStudioError(
        "{file} is a damaged picture.", "Open it in a program for pictures and save it anew, as PNG.", file=origin
    )


def _check_size(size: QSize, kind: str, content: bytes, origin: Path | str) -> None:
    pixels = size.width() * size.height()
    if pixels > (_MOST_PIXELS_SCALED if kind == "jpeg" else _MOST_PIXELS):
        raise RBMStudioError(
            "{file} has {width}×{height} pixels, too many to be read.",
            "Save it smaller: {side}×{side} pixels are enough.",
            file=origin,
            width=size.width(),
            height=size.height(),
            side=_LONGEST_SIDE,
        )
    if pixels > max(_ANY_FILE_HOLDS, len(content) * _MOST_IN_A_BYTE):
        raise _damaged(origin)
    if kind == "jpeg" and pixels * content.count(_SCAN) > _MOST_PIXELS_OF_SCANS:
        raise _damaged(origin)


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
