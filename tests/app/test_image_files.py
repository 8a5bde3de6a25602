from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from rbm_studio.app.image_files import is_picture, read_picture
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

INK = QRect(8, 4, 4, 16)


def sheet(paper: QColor, ink: QColor, side: int = 24) -> QImage:
    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(paper)
    painter = QPainter(image)
    painter.fillRect(INK, ink)
    painter.end()
    return image


def read(image: QImage, folder: Path, name: str = "digit.png", side: int = 128) -> NDArray[np.float32]:
    assert image.save(str(folder / name))
    return grey_values(read_picture(folder / name, side))


def expected() -> NDArray[np.float32]:
    values = np.zeros((24, 24), np.float32)
    values[4:20, 8:12] = 1
    return values


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ("black", "white"),
        ("white", "black"),
        ("transparent", "black"),
        ("transparent", "white"),
        ("#c0c0c0", "black"),
        ("#303030", "white"),
    ],
)
def test_ink_is_bright_on_dark_paper_whatever_it_was(tmp_path: Path, paper: str, ink: str) -> None:
    np.testing.assert_allclose(read(sheet(QColor(paper), QColor(ink)), tmp_path), expected(), atol=0.01)


def test_a_digit_as_it_is_in_mnist_stays_as_it_is(tmp_path: Path) -> None:
    values = np.zeros((28, 28), np.float32)
    values[5:20, 8:20] = np.random.default_rng(0).random((15, 12))
    np.testing.assert_allclose(read(grey_image(values), tmp_path), values, atol=0.003)


def test_a_large_picture_is_made_small_and_square(tmp_path: Path) -> None:
    image = QImage(600, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.fillRect(200, 100, 200, 100, Qt.GlobalColor.black)
    painter.end()
    values = read(image, tmp_path, side=60)
    assert values.shape == (60, 60)
    assert values[30, 30] == 1
    assert values[:15].max() == 0
    assert values.mean() == pytest.approx(20 * 10 / 3600, rel=0.1)


@pytest.mark.parametrize("size", [(4000, 1), (1, 4000), (1, 1)])
def test_a_thin_picture_is_read(tmp_path: Path, size: tuple[int, int]) -> None:
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    assert read(image, tmp_path, side=64).max() == 0


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    image = sheet(QColor("black"), QColor("white"))
    assert image.save(str(tmp_path / "digit.png"))
    (tmp_path / "digit.png").rename(tmp_path / "digit.jpg")
    assert grey_values(read_picture(tmp_path / "digit.jpg", 128)).max() == 1
    assert is_picture(tmp_path / "DIGIT.PNG")
    assert not is_picture(tmp_path / "digit.npz")


def header_only(width: int, height: int) -> bytes:
    return b"P5 %d %d 255\n" % (width, height) + bytes(100)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no picture"),
        (b"not a picture at all", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "no picture"),
        (header_only(20_000, 20_000), "too large"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "digit.png").write_bytes(content)
    with pytest.raises(RBMStudioError, match=words):
        read_picture(tmp_path / "digit.png", 128)


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(RBMStudioError, match="There is no file"):
        read_picture(tmp_path / "digit.png", 128)
    with pytest.raises(RBMStudioError, match="There is no file"):
        read_picture(tmp_path, 128)
