"""What a model takes a drawing for: the probability of each class as a bar, and the likeliest one large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.painting import dress_for_paper
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE = 0.5
"""A class with more than this is likelier than all others together."""
_LEAST_ROW = 11  # px: less cannot be read
_WIDE = 24 * GRID  # px: from here on there is room for a figure behind each bar
_ANSWER_SHARE = 0.36  # of the width, for the likeliest class


class LabelBars(QWidget):
    """Shows the probabilities of classes 0, 1, 2, … as horizontal bars; at their left, the likeliest class.

    Where not all classes find room, the likeliest are shown.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._probabilities: NDArray[np.float64] = np.empty(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def probabilities(self) -> NDArray[np.float64]:
        """Return what is shown, of shape (C,)."""
        return self._probabilities

    def set_probabilities(self, probabilities: NDArray[np.float64]) -> None:
        """Show the probabilities of C classes, of shape (C,)."""
        self._probabilities = probabilities.copy()
        self.setAccessibleDescription(self.answer())
        self.update()

    def answer(self) -> str:
        """Return the likeliest class and its probability in words; "" where there is none."""
        if self._probabilities.size == 0:
            return ""
        best = int(self._probabilities.argmax())
        return self.tr("{0}: {1}").format(best, _percent(self._probabilities[best]))

    def classes(self) -> list[int]:
        """Return the classes that find room, in order."""
        count = self._probabilities.size
        room = max(1, self.height() // _LEAST_ROW)
        likeliest = np.argsort(-self._probabilities, kind="stable")[: min(count, room)]
        return sorted(int(each) for each in likeliest)

    def printed(self, palette: QPalette, size: QSize) -> LabelBars:
        """Return the same bars, to be rendered on paper."""
        printed = LabelBars()
        dress_for_paper(printed, self, palette, size)
        printed.set_probabilities(self._probabilities)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which ten classes can be read."""
        return QSize(18 * GRID, 20 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which the likeliest can be read."""
        return QSize(10 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the likeliest class, and the bars."""
        if self._probabilities.size == 0:
            return
        painter = QPainter(self)
        left = self.width() * _ANSWER_SHARE
        self._draw_answer(painter, QRectF(0, 0, left - GRID, self.height()))
        classes = self.classes()
        # Rows no higher than they need to be: bars of one row's height look alike at any size.
        row = min(self.height() / len(classes), 3.5 * GRID)
        top = (self.height() - row * len(classes)) / 2
        for number, each in enumerate(classes):
            self._draw_row(painter, each, QRectF(left, top + number * row, self.width() - left, row))

    def _draw_answer(self, painter: QPainter, box: QRectF) -> None:
        best = int(self._probabilities.argmax())
        probability = float(self._probabilities[best])
        role = QPalette.ColorRole.Accent if probability > SURE else QPalette.ColorRole.PlaceholderText
        painter.setPen(self.palette().color(role))
        text = str(best)
        figure = min(box.height() / 2, 1.5 * box.width() / len(text))
        gap = figure / 2
        painter.setFont(_font(self.font(), figure, bold=True))
        centre = Qt.AlignmentFlag.AlignHCenter
        upper = QRectF(box.left(), box.top(), box.width(), box.height() / 2 + gap / 2)
        painter.drawText(upper, int(centre | Qt.AlignmentFlag.AlignBottom), text)
        percent = min(max(_text_height(self.font()), figure / 3), box.width() / 3.2)
        painter.setFont(_font(self.font(), percent, bold=True))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        lower = QRectF(box.left(), upper.bottom(), box.width(), box.height() - upper.height())
        painter.drawText(lower, int(centre | Qt.AlignmentFlag.AlignTop), _percent(probability))

    def _draw_row(self, painter: QPainter, number: int, row: QRectF) -> None:
        palette, is_best = self.palette(), number == int(self._probabilities.argmax())
        probability = float(self._probabilities[number])
        height = min(_text_height(self.font()), 0.85 * row.height())
        painter.setFont(_font(self.font(), height, bold=is_best))
        metrics = QFontMetricsF(_font(self.font(), height, bold=True))
        name_width = metrics.horizontalAdvance("0" * len(str(self._probabilities.size - 1)))
        figure_width = metrics.horizontalAdvance(_percent(1.0)) + GRID if self.width() >= _WIDE else 0
        role = QPalette.ColorRole.WindowText if is_best else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(role))
        name = QRectF(row.left(), row.top(), name_width, row.height())
        painter.drawText(name, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), str(number))
        inset = 0.15 * row.height()
        bar = row.adjusted(name_width + GRID, inset, -figure_width, -inset)
        painter.fillRect(bar, palette.color(QPalette.ColorRole.Button))
        role = QPalette.ColorRole.Accent if is_best else QPalette.ColorRole.PlaceholderText
        painter.fillRect(QRectF(bar.left(), bar.top(), probability * bar.width(), bar.height()), palette.color(role))
        if figure_width:
            painter.drawText(
                row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), _percent(probability)
            )


def _percent(probability: float) -> str:
    # 100% is said of what is certain only.
    percent = min(round(100 * probability), 99) if probability < 1 else 100
    return f"{percent}%"


def _text_height(font: QFont) -> float:
    return float(QFontInfo(font).pixelSize())


def _font(font: QFont, height: float, *, bold: bool) -> QFont:
    sized = QFont(font)
    sized.setPixelSize(max(1, round(height)))
    sized.setBold(bold)
    return sized
