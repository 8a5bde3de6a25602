"""What a window shows as text, and whether it is only that: every label, tooltip, menu, title, table and list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QHelpEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDockWidget,
    QGraphicsTextItem,
    QGraphicsView,
    QGroupBox,
    QHeaderView,
    QLabel,
    QMainWindow,
    QProgressBar,
    QTabBar,
    QToolTip,
    QWidget,
)
from shiboken6 import isValid

from rbm_studio.plain import plain

from .driving import process_deletions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtCore import QAbstractItemModel

WIDEST = 1280
"""What is shown is no wider than a usual screen, in px."""
_ROLE = Qt.ItemDataRole


def look_at(window: QMainWindow) -> list[str]:
    """Bring every dock to the front, open what opens at the pointer, and return every line that is shown.

    Asserts that all of it is plain text, and that nothing is wider than a screen.
    """
    found: list[str] = []
    for dock in window.findChildren(QDockWidget):
        dock.show()
        dock.raise_()
        process_deletions()
        window.grab()
        found += look_into(dock)
    found += look_into(window)
    assert window.minimumSizeHint().width() <= WIDEST
    return found


def look_into(window: QWidget) -> list[str]:
    """Do the same with a dialog, or with one dock."""
    found: list[str] = []
    for widget in [window, *window.findChildren(QWidget)]:
        # Tabs and dialogs come and go under the pointer.
        for text in (*_texts(widget), *_tooltips(widget)) if isValid(widget) else ():
            for line in text.replace("\N{ZERO WIDTH SPACE}", "").split("\n"):
                assert plain(line) == line, f"{type(widget).__name__} {widget.objectName()}: {line[:200]!r}"
                found.append(line)
    for action in window.findChildren(QAction):
        found += [action.text(), *action.toolTip().split("\n")]
    return found


def _texts(widget: QWidget) -> Iterator[str]:
    yield from (widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle(), widget.statusTip())
    if isinstance(widget, QLabel) and widget.isVisible():
        assert widget.textFormat() == Qt.TextFormat.PlainText, widget.text()[:200]
        yield widget.text()
    elif isinstance(widget, QAbstractButton | QGroupBox):
        yield widget.title() if isinstance(widget, QGroupBox) else widget.text()
        assert widget.minimumSizeHint().width() <= WIDEST
    elif isinstance(widget, QComboBox):
        yield from (widget.itemText(place) for place in range(widget.count()))
    elif isinstance(widget, QProgressBar):
        yield widget.format()
    elif isinstance(widget, QTabBar):
        yield from (
            text for place in range(widget.count()) for text in (widget.tabText(place), widget.tabToolTip(place))
        )
    elif isinstance(widget, QAbstractItemView) and not isinstance(widget, QHeaderView) and widget.model() is not None:
        yield from _cells(widget.model())
    elif isinstance(widget, QMainWindow):
        yield widget.statusBar().currentMessage()
    if isinstance(widget, QGraphicsView):
        for item in widget.scene().items() if widget.scene() is not None else ():
            if isinstance(item, QGraphicsTextItem):
                yield item.toPlainText()


def _cells(model: QAbstractItemModel) -> Iterator[str]:
    for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount()):
        for row in range(model.rowCount()):
            for role in (_ROLE.DisplayRole, _ROLE.ToolTipRole, _ROLE.AccessibleTextRole):
                yield str(model.index(row, column).data(role) or "")
        yield str(model.headerData(column, Qt.Orientation.Horizontal, _ROLE.DisplayRole) or "")


def _tooltips(widget: QWidget) -> Iterator[str]:
    """Let the pointer rest on a widget, and on each cell of a table."""
    if not widget.isVisible():
        return
    if isinstance(widget, QAbstractItemView):
        model, port = widget.model(), widget.viewport()
        if isinstance(widget, QHeaderView):
            places = [QPoint(widget.sectionViewportPosition(n) + 4, 4) for n in range(widget.count())]
        elif model is not None:
            columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
            indices = [model.index(row, column) for row in range(model.rowCount()) for column in range(columns)]
            places = [widget.visualRect(index).center() for index in indices]
        else:
            places = []
        for place in places:
            if port.rect().contains(place):
                yield _tooltip(port, place)
    elif widget.toolTip():
        yield _tooltip(widget, widget.rect().center())


def _tooltip(widget: QWidget, place: QPoint) -> str:
    at = widget.mapToGlobal(place)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, place, at))
    shown = [each for each in QApplication.topLevelWidgets() if each.inherits("QTipLabel") and each.isVisible()]
    text = ""
    for tip in shown:
        assert isinstance(tip, QLabel)
        assert tip.textFormat() == Qt.TextFormat.PlainText
        assert tip.sizeHint().width() <= WIDEST, tip.text()[:300]
        tip.grab()
        text = tip.text()
    QToolTip.hideText()
    for tip in shown:
        tip.deleteLater()
    process_deletions()
    return text
