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

    from rbm_studio.app.likeness_words import Caveat

SURE = 0.5
"""A class with more than this is likelier than all others together."""
_LEAST_ROW = 11  # px: less cannot be read
_WIDE = 24 * GRID  # px: from here on there is room for a figure behind each bar
_WRAPPED = Qt.TextFlag.TextWordWrap
_ANSWER_SHARE = 0.36  # of the width, for the likeliest class
_DOUBT_SHARE = 0.5  # where there are words below it


class LabelBars(QWidget):
    """Shows the probabilities of classes 0, 1, 2, … as horizontal bars; at their left, the likeliest class.

    Where not all classes find room, the likeliest are shown. Of an image that is unlike all that the model knows, the
    class is given in doubt, and why in the place of its probability; of nothing, there is no answer.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._probabilities: NDArray[np.float64] = np.empty(0)
        self._caveat: Caveat | None = None
        self._nothing = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def probabilities(self) -> NDArray[np.float64]:
        """Return what is shown, of shape (C,)."""
        return self._probabilities

    def set_probabilities(self, probabilities: NDArray[np.float64], caveat: Caveat | None = None) -> None:
        """Show the probabilities of C classes, of shape (C,), and why they are to be doubted, if they are."""
        self._show(probabilities.copy(), caveat, "")

    def set_nothing(self, words: str) -> None:
        """Show no answer, but why there is none."""
        self._show(np.empty(0), None, words)

    def _show(self, probabilities: NDArray[np.float64], caveat: Caveat | None, nothing: str) -> None:
        self._probabilities, self._caveat, self._nothing = probabilities, caveat, nothing
        self.setAccessibleDescription(self.answer() or nothing)
        self.update()

    def answer(self) -> str:
        """Return the likeliest class, and its probability or why it is in doubt, in words; "" where there is none."""
        if self._probabilities.size == 0:
            return ""
        best = int(self._probabilities.argmax())
        if self._caveat is not None:
            return self.tr("{0}? {1}").format(best, self._caveat.words)
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
        printed._show(self._probabilities, self._caveat, self._nothing)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which ten classes can be read."""
        return QSize(18 * GRID, 20 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which the likeliest can be read."""
        return QSize(10 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the likeliest class, and the bars."""
        painter = QPainter(self)
        if self._probabilities.size == 0:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(QRectF(self.rect()), int(Qt.AlignmentFlag.AlignCenter | _WRAPPED), self._nothing)
            return
        left = self.width() * (_ANSWER_SHARE if self._caveat is None else _DOUBT_SHARE)
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
        is_sure = probability > SURE and self._caveat is None
        role = QPalette.ColorRole.Accent if is_sure else QPalette.ColorRole.PlaceholderText
        painter.setPen(self.palette().color(role))
        text = str(best) if self._caveat is None else self.tr("{0}?").format(best)
        figure = min(box.height() / 2, 1.5 * box.width() / len(text))
        gap = figure / 2
        painter.setFont(_font(self.font(), figure, bold=True))
        centre = Qt.AlignmentFlag.AlignHCenter
        upper = QRectF(box.left(), box.top(), box.width(), box.height() / 2 + gap / 2)
        painter.drawText(upper, int(centre | Qt.AlignmentFlag.AlignBottom), text)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        lower = QRectF(box.left(), upper.bottom(), box.width(), box.height() - upper.height())
        if self._caveat is not None:
            painter.setFont(self.font())
            painter.drawText(lower, int(centre | Qt.AlignmentFlag.AlignTop | _WRAPPED), self._caveat.short)
            return
        percent = min(max(_text_height(self.font()), figure / 3), box.width() / 3.2)
        painter.setFont(_font(self.font(), percent, bold=True))
        painter.drawText(lower, int(centre | Qt.AlignmentFlag.AlignTop), _percent(probability))

    def _has_figures(self) -> bool:
        return self.width() >= _WIDE and self._caveat is None

    def _draw_row(self, painter: QPainter, number: int, row: QRectF) -> None:
        palette = self.palette()
        is_best = number == int(self._probabilities.argmax()) and self._caveat is None
        probability = float(self._probabilities[number])
        height = min(_text_height(self.font()), 0.85 * row.height())
        painter.setFont(_font(self.font(), height, bold=is_best))
        metrics = QFontMetricsF(_font(self.font(), height, bold=True))
        name_width = metrics.horizontalAdvance("0" * len(str(self._probabilities.size - 1)))
        figure_width = metrics.horizontalAdvance(_percent(1.0)) + GRID if self._has_figures() else 0
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
