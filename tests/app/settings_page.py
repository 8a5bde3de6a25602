"""What a person does to the fields of the Model panel: finds them by their labels, types and chooses in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLabel, QToolButton, QWidget

if TYPE_CHECKING:
    from rbm_studio.app.window import MainWindow

Field = TypeVar("Field", bound=QWidget)


def field(window: MainWindow, label: str, kind: type[Field]) -> Field:
    """Return the field that a label's key leads to, as a person finds it."""
    for found in window.panel("model").findChildren(QLabel):
        if found.text().replace("&", "") == label:
            buddy = found.buddy()
            assert isinstance(buddy, kind)
            return buddy
    raise AssertionError(label)


def enter(box: QAbstractSpinBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def select(box: QComboBox, text: str) -> None:
    box.setFocus()
    for _ in range(box.count()):
        QTest.keyClick(box, Qt.Key.Key_Up)
    for _ in range(box.count()):
        if box.currentText() == text:
            return
        QTest.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(text)


def unfold(window: MainWindow) -> None:
    """Open all groups of settings."""
    for header in window.panel("model").findChildren(QToolButton, "group"):
        if not header.isChecked():
            QTest.mouseClick(header, Qt.MouseButton.LeftButton)
