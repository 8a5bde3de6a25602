"""Findings as a column of texts that can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.theme import GRID, plot_colours
from rbm_studio.core.findings import FINDINGS, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = GRID // 2
_STRIPE = GRID // 2
_WRAPPED = int(Qt.TextFlag.TextWordWrap)
# Room to lay out wrapped text in; it takes what it needs.
_TALL = 10_000


def in_words(finding: Finding) -> tuple[str, str, str]:
    """Return what is wrong, what to do about it, and where the rule comes from, in the user's language."""

    def translated(template: str) -> str:
        return QCoreApplication.translate("findings", template).format(**finding.fields)

    return translated(finding.problem), translated(finding.remedy), translated(finding.source)


class SteadyFindings:
    """Lets a finding come and go only when two measurements in a row say so, so that nothing flickers."""

    def __init__(self) -> None:
        self._shown: dict[str, Finding] = {}
        self._last: dict[str, Finding] = {}

    def update(self, found: list[Finding], *, at_once: bool = False) -> list[Finding]:
        """Take a measurement's findings, and return those to show, in their order of gravity.

        Parameters
        ----------
        found : list of Finding
        at_once : bool
            Whether to believe it without another: where no other will follow.
        """
        now = {finding.name: finding for finding in found}
        steady = now.keys() if at_once else now.keys() & (self._last.keys() | self._shown.keys())
        leaving = set() if at_once else (self._shown.keys() & self._last.keys()) - now.keys()
        shown = {**{name: self._shown[name] for name in leaving}, **{name: now[name] for name in steady}}
        self._shown = {name: shown[name] for name in FINDINGS if name in shown}
        self._last = now
        return list(self._shown.values())

    def clear(self) -> None:
        """Forget everything."""
        self._shown, self._last = {}, {}


class FindingButton(QAbstractButton):
    """One finding: the problem in bold, the remedy, and the source; it stays down while it is pointed out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ("", "", "")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_finding(self, finding: Finding) -> None:
        """Show a finding's words."""
        words = in_words(finding)
        if words != self._words:
            self._words = words
            self.setText(words[0])
            self.setAccessibleName(words[0])
            self.setAccessibleDescription(" ".join(words[1:]))
            self._take_height()
            self.update()
        show = (
            self.tr("Click to point out the hidden units") if finding.units else self.tr("Click to go to the setting")
        )
        self.setToolTip(self.tr("{0} (Space)").format(show))

    def words(self) -> tuple[str, str, str]:
        """Return problem, remedy and source, as they are shown."""
        return self._words

    def heightForWidth(self, width: int) -> int:
        """Return the height of all three texts at this width."""
        return sum(box.height() for box in self._boxes(width)) + 2 * GRID

    def sizeHint(self) -> QSize:
        """Return the size at the present width."""
        return QSize(self.width(), self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that the texts need at the new width."""
        super().resizeEvent(event)
        self._take_height()

    def changeEvent(self, event: QEvent) -> None:
        """Take the height that the texts need in another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._take_height()

    def _take_height(self) -> None:
        # A box layout asks for the height before it knows the width.
        self.setFixedHeight(self.heightForWidth(self.width()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground, a stripe at the left, and the texts."""
        painter = QPainter(self)
        palette, colours = self.palette(), plot_colours(self.palette())
        marked = self.isChecked() or self.isDown()
        ground = QPalette.ColorRole.Highlight if marked else QPalette.ColorRole.Base
        ink = palette.color(QPalette.ColorRole.HighlightedText if marked else QPalette.ColorRole.Text)
        painter.fillRect(self.rect(), palette.color(ground))
        painter.fillRect(QRect(0, 0, _STRIPE, self.height()), colours.held_out)
        fonts = (_bold(self.font()), self.font(), self.font())
        quiet = ink if marked else palette.color(QPalette.ColorRole.PlaceholderText)
        top = GRID
        for text, font, colour, box in zip(
            self._words, fonts, (ink, ink, quiet), self._boxes(self.width()), strict=True
        ):
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(box.translated(_STRIPE + GRID, top), _WRAPPED, text)
            top += box.height()
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _boxes(self, width: int) -> list[QRect]:
        """Return the room that each text takes, from the place 0, 0."""
        room = QRect(0, 0, max(width - _STRIPE - 2 * GRID, 1), _TALL)
        metrics = (QFontMetrics(_bold(self.font())), QFontMetrics(self.font()), QFontMetrics(self.font()))
        return [
            QRect(0, 0, room.width(), each.boundingRect(room, _WRAPPED, text).height())
            for each, text in zip(metrics, self._words, strict=True)
        ]


class FindingsView(QScrollArea):
    """The findings, each a button, under a notice that stands alone where there is nothing to report.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    chosen : Signal(object)
        The `Finding` that was clicked; None when it was clicked again, and is to be left.
    offer_taken : Signal()
        The button below a finding was clicked.
    """

    chosen = Signal(object)
    offer_taken = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._findings: dict[str, Finding] = {}
        self._chosen = ""
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        self._notice.setObjectName("quiet")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP)
        column.addWidget(self._notice)
        self._buttons = {name: self._make_button(name) for name in FINDINGS}
        for button in self._buttons.values():
            column.addWidget(button)
        self._offer = QToolButton()
        self._offer.setObjectName("choice")
        self._offer.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._offer.clicked.connect(self.offer_taken)
        self._offer.hide()
        self._column = column
        self._figures = QLabel()
        self._figures.setWordWrap(True)
        self._figures.setObjectName("quiet")
        self._figures.hide()
        column.addWidget(self._figures)
        column.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Findings"))

    def _make_button(self, name: str) -> FindingButton:
        button = FindingButton()
        button.hide()
        button.clicked.connect(lambda: self._choose(name))
        return button

    def findings(self) -> list[Finding]:
        """Return what is shown."""
        return list(self._findings.values())

    def show_findings(self, findings: list[Finding], notice: str) -> None:
        """Show findings in their order; the notice stands above them."""
        self._findings = {finding.name: finding for finding in findings}
        self._notice.setText(notice)
        self._notice.setVisible(bool(notice))
        for name, button in self._buttons.items():
            if name in self._findings:
                button.show_finding(self._findings[name])
            button.setVisible(name in self._findings)
        if self._chosen and self._chosen not in self._findings:
            self._choose(self._chosen)

    def show_figures(self, text: str, tip: str) -> None:
        """Show figures below the findings; none with an empty text."""
        self._figures.setText(text)
        self._figures.setToolTip(tip)
        self._figures.setVisible(bool(text))

    def show_offer(self, names: Sequence[str], text: str, tip: str) -> None:
        """Offer something by a button below the first of some findings that is shown; nothing with an empty text."""
        shown = [name for name in self._findings if name in names]
        self._offer.setVisible(bool(shown and text))
        if not shown or not text:
            return
        self._offer.setText(text)
        self._offer.setAccessibleName(text)
        self._offer.setToolTip(tip)
        self._column.removeWidget(self._offer)
        place = self._column.indexOf(self._buttons[shown[0]]) + 1
        self._column.insertWidget(place, self._offer, 0, Qt.AlignmentFlag.AlignLeft)

    def chosen_finding(self) -> Finding | None:
        """Return the finding that is pointed out."""
        return self._findings.get(self._chosen)

    def leave(self) -> None:
        """Point nothing out any more, without a word."""
        self._chosen = ""
        for button in self._buttons.values():
            button.setChecked(False)

    def _choose(self, name: str) -> None:
        chosen = "" if name == self._chosen else name
        self.leave()
        self._chosen = chosen
        if chosen:
            self._buttons[chosen].setChecked(True)
        self.chosen.emit(self._findings.get(chosen))


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
