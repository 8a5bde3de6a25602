"""One line beside the learning curve, where chains from noise show what the curve hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from rbm_studio.app.chain_words import figures, notice
from rbm_studio.app.findings_view import in_words
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.session import Session

_STRIPE = GRID // 2


class ChainNotice(QAbstractButton):
    """Says in a few words what is wrong with the chains, and asks for the Health panel; hidden where nothing is.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(lambda: session.panel_wanted.emit("health"))
        session.chains.changed.connect(self.refresh)
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        """Say what the newest chains tell."""
        dreamt = self._session.chains.dreamt
        if dreamt is None or not dreamt.findings:
            self.hide()
            return
        gravest = dreamt.findings[0]
        self.setText(self.tr("{0} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}").format(notice(gravest.name)))
        problem, _, _ = in_words(gravest)
        self.setToolTip("\n\n".join((problem, figures(dreamt), self.tr("Click to see it in Health (Space)"))))
        self.setAccessibleName(notice(gravest.name))
        self.setAccessibleDescription(problem)
        self.updateGeometry()
        self.update()
        self.show()

    def sizeHint(self) -> QSize:
        """Return what the words need, and no more height than a line of text."""
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self.text()) + _STRIPE + 2 * GRID, metrics.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a stripe in the colour of findings, and the words, underlined as a link is where it is pointed at."""
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, _STRIPE, self.height()), plot_colours(self.palette()).held_out)
        font = self.font()
        font.setUnderline(self.underMouse() or self.hasFocus())
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        box = self.rect().adjusted(_STRIPE + GRID, 0, 0, 0)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self.text())
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
