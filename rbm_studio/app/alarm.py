"""One line where nobody overlooks it, about a model that learns no more, with the button that begins anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from rbm_studio.app.findings_view import in_words
from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from rbm_studio.app.session import Session
    from rbm_studio.core.findings import Finding

_BESIDE = 34 * GRID
"""What is left of the place below, in px, where there is room for both: what a run says of itself fits into it."""


class Alarm(QWidget):
    """A line over the right end of another widget, which stays where it is, and so does all beside it.

    Parameters
    ----------
    session : Session
    place : QWidget
        What it lies over.
    reset : QAction
        What its button does.
    """

    def __init__(self, session: Session, place: QWidget, reset: QAction) -> None:
        super().__init__(place)
        self._session, self._place = session, place
        self._texts = ("", "")
        self.setObjectName("alarm")
        # Without this a style sheet paints no ground on a plain widget.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._words = QLabel()
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._reset = QToolButton()
        self._reset.setText(self.tr("Reset model"))
        self._reset.setIcon(icon("reset"))
        self._reset.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._reset.setToolTip(reset.toolTip())
        self._reset.setAccessibleName(self._reset.text())
        self._reset.clicked.connect(reset.trigger)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID // 2, 0)
        row.setSpacing(GRID)
        row.addWidget(self._words, 1)
        row.addWidget(self._reset)
        self.hide()
        place.installEventFilter(self)
        session.health.changed.connect(self.refresh)
        session.health.watch()
        reset.changed.connect(lambda: self._follow(reset))
        self._follow(reset)
        self.refresh()

    def words(self) -> str:
        """Return what it says in full; empty where there is nothing to say."""
        return self._texts[0]

    def refresh(self) -> None:
        """Say what the session's health is now."""
        health = self._session.health
        self._texts = _texts(health.grave, has_diverged=health.has_diverged)
        full = self._texts[0]
        tip = "\n".join((full, *(in_words(finding)[1] for finding in health.grave[:1])))
        self._words.setToolTip(tip)
        self._words.setAccessibleName(full)
        self.setVisible(bool(full))
        self._fit()

    def _follow(self, reset: QAction) -> None:
        self._reset.setEnabled(reset.isEnabled())
        self._reset.setToolTip(reset.toolTip())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of what it lies over."""
        if watched is self._place and event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange):
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Say as much as there is room for, beside what lies below where that is possible."""
        place, metrics = self._place.rect(), self._words.fontMetrics()
        around = self._reset.sizeHint().width() + self._row.spacing() + GRID + GRID // 2 + 2
        most = max(place.width() - around, 1)
        widths = [metrics.horizontalAdvance(text) for text in self._texts]
        if widths[0] <= most - _BESIDE or (widths[1] > most - _BESIDE >= 0 and widths[0] <= most):
            text, width = self._texts[0], widths[0]
        elif widths[1] <= most:
            text, width = self._texts[1], widths[1]
        else:
            text, width = metrics.elidedText(self._texts[1], Qt.TextElideMode.ElideRight, most), most
        self._words.setText(text)
        # What lies below is seen whole, or not at all.
        covers_all = width + around > place.width() - _BESIDE
        left = 0 if covers_all else place.width() - width - around
        self.setGeometry(QRect(left, 0, place.width() - left, place.height()))


def _texts(grave: tuple[Finding, ...], *, has_diverged: bool) -> tuple[str, str]:
    """Return a sentence and a short form of it, about the gravest of what is known."""
    if grave:
        problem = in_words(grave[0])[0].rstrip(".")
        full = _tr("{problem}: this model cannot learn any more.").format(problem=problem)
        return (_tr("The last run was halted. {full}").format(full=full) if has_diverged else full), problem
    if has_diverged:
        return (
            _tr("The last run was halted, for its parameters exploded: change its settings, or reset the model."),
            _tr("The last run was halted"),
        )
    return "", ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("alarm", text)
