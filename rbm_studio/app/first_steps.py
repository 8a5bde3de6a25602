"""The first steps, in a window that lies beside what they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

_LEAST = QSize(40 * GRID, 20 * GRID)
_BESIDE = QSize(52 * GRID, 76 * GRID)


class FirstSteps(QDialog):
    """Says how to begin; the main window can be used meanwhile.

    It stands beside that window where the screen has room, and else lies over a part of it that can be spared.

    Parameters
    ----------
    parent : QWidget
        The main window.
    spared : QWidget
        The part.
    """

    def __init__(self, parent: QWidget, spared: QWidget) -> None:
        super().__init__(parent)
        self._main, self._spared = parent, spared
        self.setWindowTitle(self.tr("First steps"))
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QTextBrowser()
        self.text.setHtml(self._words())
        self.text.document().setIndentWidth(3 * GRID)
        self.text.setAccessibleName(self.windowTitle())
        self.text.setToolTip(self.tr("The steps are to be tried while this window stays open."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip(self.tr("Close this window (Esc)"))
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.text)
        column.addWidget(buttons)

    def showEvent(self, event: QShowEvent) -> None:
        """Take a place where nothing is covered that the steps tell of."""
        if not event.spontaneous():
            spared = QRect(self._spared.mapToGlobal(QPoint()), self._spared.size())
            self.setGeometry(place_for(self._main.frameGeometry(), spared, self._main.screen().availableGeometry()))
        super().showEvent(event)

    def _words(self) -> str:
        steps = (
            self.tr(
                "Press <b>Train</b> (F5). The curve falls, and the filters under <i>Weights</i> turn from noise into "
                "strokes."
            ),
            self.tr(
                "<b>Draw a digit</b> on the black canvas, or put a test digit on it (Ctrl+G, or a click on one of "
                "<i>Reconstructions</i>). Beside it you see what the network sees, which hidden units answer, and "
                "what it restores from them."
            ),
            self.tr(
                "<b>Chain</b>, below the canvas, goes on from the drawing stage by stage (F3), or runs (F4): Gibbs "
                "sampling, seen step by step."
            ),
            self.tr("<b>Cover</b> hides a part of the drawing: the model completes it."),
            self.tr(
                "<b>Dream</b> (Ctrl+7) shows what the model makes up when nobody shows it anything: many chains, "
                "from noise."
            ),
            self.tr(
                "Tick <b>Learn the labels too</b> under <i>Model</i>, and train a new model: <i>What is this?</i> then "
                "says which digit it takes your drawing for, and it draws the digit that you name."
            ),
            self.tr(
                "Change the number of <b>hidden units</b>, and train again: the earlier curve stays for comparison, "
                "and <i>Runs</i> keeps a line of each."
            ),
            self.tr(
                "Point at a filter to read its unit's bias and activity; click it to select it, double-click to "
                "enlarge it. <b>Unit</b> (Ctrl+8) shows what it does to your drawing."
            ),
            self.tr("Ctrl+1 to Ctrl+9 bring the panels to the front; the <i>View</i> menu names them all."),
        )
        items = "".join(f"<li style='margin-bottom: {GRID // 2}px'>{step}</li>" for step in steps)
        return f"<ol style='margin-left: 0; -qt-list-indent: 1'>{items}</ol>"


def place_for(main: QRect, spared: QRect, screen: QRect) -> QRect:
    """Return where a window of words goes.

    Parameters
    ----------
    main : QRect
        The main window, with its frame.
    spared : QRect
        What may be covered of it.
    screen : QRect
        Where windows may be.

    Returns
    -------
    QRect
        Right or left of the main window, or else over what may be covered, and no larger than that where it can be;
        in each case with room for a title above it.
    """
    title = 5 * GRID
    height = min(_BESIDE.height(), screen.height() - title)
    for left in (main.right() + 1 + GRID, main.left() - GRID - _BESIDE.width()):
        beside = QRect(left, max(main.top(), screen.top()) + title, _BESIDE.width(), height)
        beside.moveBottom(min(beside.bottom(), screen.bottom()))
        if screen.contains(beside):
            return beside
    over = QRect(spared.topLeft() + QPoint(0, title), (spared.size() - QSize(0, title)).expandedTo(_LEAST))
    over.moveRight(min(over.right(), screen.right()))
    over.moveBottom(min(over.bottom(), screen.bottom()))
    return over
