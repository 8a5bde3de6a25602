"""Pictures dropped and pasted on the canvas, and files that the canvas leaves to the window."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QImageWriter, QPainter, QPen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.picture_import import read_picture
from rbm_studio.data.handwriting import normalize_image
from rbm_studio.errors import RBMStudioError

from .by_hand import CTRL, LEFT, drag, is_bare, is_ink, points
from .driving import shown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.canvas import DrawingCanvas
    from rbm_studio.app.window import MainWindow

CENTRE = QPointF(200, 150)


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(target: QWidget, mime: QMimeData, pos: QPointF = CENTRE) -> bool:
    """Drag something over a widget and let it go, if it is welcome there; return whether it was."""
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    entering = QDragEnterEvent(pos.toPoint(), actions, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(target, entering)
    if entering.isAccepted():
        dropped = QDropEvent(pos, actions, mime, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(target, dropped)
        # A file manager would delete a file that was moved.
        assert dropped.dropAction() is not Qt.DropAction.MoveAction
    return entering.isAccepted()


def paste(canvas: DrawingCanvas, mime: QMimeData) -> None:
    QGuiApplication.clipboard().setMimeData(mime)
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_V, CTRL)
    # A clipboard that holds what Python made ends the interpreter with a fault.
    QGuiApplication.clipboard().clear()


def on_the_paper(canvas: DrawingCanvas) -> NDArray[np.float32]:
    picture = canvas.picture()
    assert picture is not None
    return grey_values(picture)


def seven(width: int = 200, height: int = 200, ink: str = "black", paper: str = "white") -> QImage:
    """Return a picture of a 7 amid a square of 200 px, in the middle of a picture of that size."""
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(QColor(paper))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate((width - 200) / 2, (height - 200) / 2)
    painter.setPen(QPen(QColor(ink), 20, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
    painter.drawPolyline([QPointF(60, 50), QPointF(140, 50), QPointF(90, 150)])
    painter.end()
    return image


def saved(folder: Path, image: QImage, name: str = "seven.png") -> Path:
    path = folder / name
    assert image.save(str(path))
    return path


def refused(qtbot: QtBot, canvas: DrawingCanvas, path: Path) -> str:
    with qtbot.waitSignal(canvas.failed) as failed:
        assert drop(canvas, files(path))
    [error] = failed.args
    assert isinstance(error, RBMStudioError)
    assert error.remedy
    return str(error)


def test_a_dropped_file_takes_the_place_of_the_strokes(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    drag(canvas, (0.1, 0.9), (0.4, 0.9))
    with qtbot.waitSignals([canvas.strokes_changed, canvas.history_changed]):
        assert drop(canvas, files(saved(tmp_path, seven(ink="white", paper="black"))))
    assert canvas.picture_is_imported
    assert is_ink(canvas, (0.5, 0.25))
    assert is_bare(canvas, (0.2, 0.9), (0.05, 0.05))
    canvas.undo()
    assert points(canvas) == [[[0.1, 0.9], [0.4, 0.9]]]
    assert not canvas.picture_is_imported
    canvas.redo()
    assert canvas.picture_is_imported
    assert is_ink(canvas, (0.5, 0.25))


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff", "PNG"])
def test_dark_on_light_is_inverted_and_that_is_told(
    qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path, suffix: str
) -> None:
    with qtbot.waitSignal(canvas.noticed) as noticed:
        assert drop(canvas, files(saved(tmp_path, seven(), f"seven.{suffix}")))
    assert "inverted" in noticed.args[0]
    assert on_the_paper(canvas)[50, 100] > 0.95
    assert on_the_paper(canvas)[5, 5] < 0.05


def test_light_on_dark_is_taken_as_it_is(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    digit = (np.arange(28 * 28) % 256).astype(np.uint8).reshape(28, 28)
    digit[:2], digit[-2:], digit[:, :2], digit[:, -2:] = 0, 0, 0, 0
    with qtbot.assertNotEmitted(canvas.noticed), qtbot.waitSignal(canvas.strokes_changed):
        drop(canvas, files(saved(tmp_path, grey_image(digit))))
    assert canvas.picture() == grey_image(digit)


@pytest.mark.parametrize("ink", ["black", "white"])
def test_ink_on_nothing_is_ink(qtbot: QtBot, canvas: DrawingCanvas, ink: str) -> None:
    mime = QMimeData()
    mime.setImageData(seven(ink=ink, paper="transparent"))
    with qtbot.waitSignal(canvas.strokes_changed):
        assert drop(canvas, mime)
    assert on_the_paper(canvas)[50, 100] > 0.95
    assert on_the_paper(canvas)[5, 5] == 0


def test_a_colour_photograph_s_paper_becomes_black(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    mime = QMimeData()
    mime.setImageData(seven(ink="#203060", paper="#c8c0a8"))
    with qtbot.waitSignal(canvas.strokes_changed):
        drop(canvas, mime)
    assert on_the_paper(canvas)[50, 100] > 0.95
    assert on_the_paper(canvas)[5, 5] == 0


@pytest.mark.parametrize(("width", "height"), [(200, 400), (400, 200)])
def test_a_picture_that_is_not_square_is_fitted(qtbot: QtBot, canvas: DrawingCanvas, width: int, height: int) -> None:
    mime = QMimeData()
    mime.setImageData(seven(width, height))
    with qtbot.waitSignal(canvas.strokes_changed):
        drop(canvas, mime)
    values = on_the_paper(canvas)
    assert values.shape == (400, 400)
    assert values[150, 200] > 0.95
    whole = normalize_image(1 - grey_values(seven()))
    assert np.abs(normalize_image(values) - whole).mean() < 0.01


def test_a_large_picture_is_kept_no_larger_than_needed(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    large = seven().scaled(3000, 1500)
    for name in ("large.jpg", "large.png"):
        with qtbot.waitSignal(canvas.strokes_changed):
            drop(canvas, files(saved(tmp_path, large, name)))
        assert on_the_paper(canvas).shape == (512, 512)
        assert on_the_paper(canvas)[128 + 64, 256] > 0.9


def test_the_clipboard_s_picture_is_pasted(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    mime = QMimeData()
    mime.setImageData(seven())
    with qtbot.waitSignal(canvas.strokes_changed):
        paste(canvas, mime)
    assert canvas.picture_is_imported
    assert is_ink(canvas, (0.5, 0.25))


def test_a_copied_file_is_pasted(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    with qtbot.waitSignal(canvas.strokes_changed):
        paste(canvas, files(saved(tmp_path, seven())))
    assert is_ink(canvas, (0.5, 0.25))


def test_pasting_what_is_no_picture_is_refused(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    mime = QMimeData()
    mime.setText("seven")
    with qtbot.waitSignal(canvas.failed) as failed:
        paste(canvas, mime)
    assert "no picture" in str(failed.args[0])
    assert not canvas.can_undo


def test_a_file_that_is_no_picture_is_refused(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    for name in ("notes.txt", "false.png"):
        path = tmp_path / name
        path.write_text("no picture")
        assert "PNG" in refused(qtbot, canvas, path)
    assert "no file" in refused(qtbot, canvas, tmp_path / "gone.png")
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_a_picture_that_would_take_too_much_memory_is_refused(
    qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path
) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    path = tmp_path / "huge.png"
    header = struct.pack(">IIBBBBB", 60_000, 50_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )
    assert "60000×50000" in refused(qtbot, canvas, path)


def drawing_in_svg(other: Path, encoding: str = "utf-8") -> bytes:
    """Return a drawing that shows another file, in an encoding that it declares."""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20">'
        f'<image xlink:href="file://{other}" width="9" height="9"/><path d="M4 10h12" stroke="black"/></svg>'
    )
    if encoding == "utf-7":
        head, end, rest = text.partition("?>")
        return (head + end).encode() + rest.replace("<", "+ADw-").encode("utf-7")
    return text.encode(encoding)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Return a file that whoever reads it waits for, for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes with names")
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("suffix", ["svg", "svgz", "png", "jpg", "pdf", "tiff"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-7", "hz", "iso-2022-jp", "iso-2022-kr", "utf-16", "utf-16-be", "utf-32", "cp037"]
)
def test_drawings_in_svg_are_refused_and_reach_no_other_file(
    qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path, pipe: Path, encoding: str, suffix: str
) -> None:
    path = tmp_path / f"drawing.{suffix}"
    content = drawing_in_svg(pipe, encoding)
    path.write_bytes(gzip.compress(content) if suffix == "svgz" else content)
    said = refused(qtbot, canvas, path)
    assert "PNG" in said
    if suffix.startswith("svg"):
        assert "SVG drawing" in said
    assert not canvas.can_undo


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/svg", "image/png", "image/jpeg", "application/x-qt-image"])
def test_copied_drawings_in_svg_are_refused(qtbot: QtBot, canvas: DrawingCanvas, pipe: Path, kind: str) -> None:
    for copied in (paste, drop):
        mime = QMimeData()
        mime.setData(kind, drawing_in_svg(pipe))
        with qtbot.waitSignal(canvas.failed) as failed:
            copied(canvas, mime)
        assert "PNG" in str(failed.args[0])
    assert not canvas.can_undo


def test_another_program_s_picture_is_told_by_its_content(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    for kind in ("image/png", "image/gif", "application/x-qt-image"):
        mime = QMimeData()
        mime.setData(kind, saved(tmp_path, seven(), "seven.jpg").read_bytes())
        with qtbot.waitSignal(canvas.strokes_changed):
            paste(canvas, mime)
        assert is_ink(canvas, (0.5, 0.25))
        canvas.clear()


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
        b"\0\0\1\0\1\0\1\1\0\0\1\0\x20\0\x30\0\0\0\x16\0\0\0" + bytes(60),
        b"P6 2 2 255 " + bytes(12),
        b'/* XPM */ static char * a[] = {"1 1 1 1", "a c #fff", "a"};',
        b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = { 0x01 };",
        b"icns\0\0\0\x08",
        b"\0\0\2" + bytes(9) + struct.pack("<HHBB", 1, 1, 24, 32) + bytes(3),
        b"",
    ],
    ids=["pdf", "ico", "ppm", "xpm", "xbm", "icns", "tga", "empty"],
)
def test_no_other_of_qt_s_readers_is_reached(
    qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    assert "not a picture" in refused(qtbot, canvas, path)


def test_a_jpeg_of_thousands_of_scans_is_refused(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    writer = QImageWriter(str(tmp_path / "scans.jpg"))
    writer.setProgressiveScanWrite(True)
    assert writer.write(seven(2000, 2000))
    whole = (tmp_path / "scans.jpg").read_bytes()
    last, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    (tmp_path / "scans.jpg").write_bytes(whole[:last] + 2000 * whole[last:end] + whole[end:])
    assert "damaged" in refused(qtbot, canvas, tmp_path / "scans.jpg")


@pytest.mark.usefixtures("qapp")
def test_the_texts_packed_into_a_png_are_not_unpacked(tmp_path: Path) -> None:
    path = saved(tmp_path, seven())
    whole = path.read_bytes()
    content = b"zTXt" + b"k\0\0" + zlib.compress(b"a" * 5_000_000, 9)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(whole[:33] + 5 * chunk + whole[33:])
    assert len(QImage(str(path)).text("k")) == 5_000_000
    assert not read_picture(path).textKeys()
    assert grey_values(read_picture(path).convertToFormat(QImage.Format.Format_Grayscale8)).any()


def test_of_two_pictures_the_last_one_dropped_stays(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    first = saved(tmp_path, seven().scaled(2000, 2000), "first.png")
    second = saved(tmp_path, grey_image(np.zeros((28, 28), np.uint8)), "second.png")
    drop(canvas, files(first))
    with qtbot.waitSignal(canvas.strokes_changed):
        drop(canvas, files(second))
    canvas.shut_down()
    QCoreApplication.sendPostedEvents()
    assert on_the_paper(canvas).shape == (28, 28)


def test_after_the_end_nothing_is_imported(qtbot: QtBot, canvas: DrawingCanvas, tmp_path: Path) -> None:
    path = saved(tmp_path, seven())
    drop(canvas, files(path))
    canvas.shut_down()
    with qtbot.assertNotEmitted(canvas.strokes_changed, wait=1), qtbot.assertNotEmitted(canvas.failed):
        QCoreApplication.sendPostedEvents()
        drop(canvas, files(path))


def test_a_picture_is_let_go_over_the_canvas_in_the_window(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    canvas = canvas_of(window)
    with qtbot.waitSignal(canvas.strokes_changed):
        assert drop(canvas, files(saved(tmp_path, seven())), QPointF(canvas.rect().center()))
    assert canvas.picture_is_imported
    assert window.session.task is None


@pytest.mark.parametrize("name", ["model.safetensors", "digits.npz", "t10k-images.idx3-ubyte", "folder"])
def test_models_and_data_sets_reach_the_window(qtbot: QtBot, window: MainWindow, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"damaged")
    canvas = canvas_of(window)
    with qtbot.waitSignal(window.session.failed), qtbot.assertNotEmitted(canvas.failed):
        assert drop(canvas, files(path), QPointF(canvas.rect().center()))
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    shown(QMessageBox)[0].accept()
    assert canvas.picture() is None


def canvas_of(window: MainWindow) -> DrawingCanvas:
    panel = window.panel("draw")
    assert isinstance(panel, DrawPanel)
    return panel.canvas


def test_words_are_not_welcome(canvas: DrawingCanvas) -> None:
    mime = QMimeData()
    mime.setText("seven")
    assert not drop(canvas, mime)
