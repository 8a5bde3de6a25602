"""The frames of what can be worked with, measured on what is drawn: 3 to 1 against the ground (WCAG 2.1, 1.4.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollBar,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionButton,
    QStyleOptionSlider,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.theme import Appearance

from .test_theme import contrast

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

LEAST = 3.0
OUTSIDE = 3  # px from a frame, where the ground is
Element, Control, Part = QStyle.SubElement, QStyle.ComplexControl, QStyle.SubControl


@pytest.fixture(params=[Appearance.LIGHT, Appearance.DARK])
def application(
    request: pytest.FixtureRequest, application: QApplication, wear: Callable[[Appearance], None]
) -> QApplication:
    wear(request.param)
    return application


def frame_contrast(image: QImage, rect: QRect) -> float:
    """Return how far the middle of a frame's left and upper edges stands out from what lies outside, the lesser."""
    left, top = QPoint(rect.left(), rect.center().y()), QPoint(rect.center().x(), rect.top())
    return min(
        contrast(image.pixelColor(left), image.pixelColor(left - QPoint(OUTSIDE, 0))),
        contrast(image.pixelColor(top), image.pixelColor(top - QPoint(0, OUTSIDE))),
    )


def indicator(box: QWidget) -> QRect:
    option = QStyleOptionButton()
    option.initFrom(box)
    element = Element.SE_RadioButtonIndicator if isinstance(box, QRadioButton) else Element.SE_CheckBoxIndicator
    return box.style().subElementRect(element, option, box)


def pulled(widget: QSlider | QScrollBar, control: QStyle.ComplexControl, part: QStyle.SubControl) -> QRect:
    option = QStyleOptionSlider()
    widget.initStyleOption(option)
    return widget.style().subControlRect(control, option, part, widget)


def test_every_kind_of_control_has_a_frame_that_can_be_seen(qtbot: QtBot, application: QApplication) -> None:
    assert application is not None
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    box, ticked, radio, choice = QCheckBox("box"), QCheckBox("ticked"), QRadioButton("radio"), QComboBox()
    line, number, text, push, tool = (
        QLineEdit("1"),
        QSpinBox(),
        QPlainTextEdit("text"),
        QPushButton("Go"),
        QToolButton(),
    )
    slider, scroll, items = QSlider(Qt.Orientation.Horizontal), QScrollBar(Qt.Orientation.Horizontal), QListWidget()
    own = QToolButton()
    own.setObjectName("choice")
    ticked.setChecked(True)
    slider.setRange(0, 9)
    scroll.setRange(0, 9)
    item = QListWidgetItem("item")
    item.setCheckState(Qt.CheckState.Unchecked)
    items.addItem(item)
    widgets: list[QWidget] = [box, ticked, radio, choice, line, number, text, push, tool, slider, scroll, items, own]
    for widget in widgets:
        column.addWidget(widget)
    # Nothing of these has the keyboard: what has it is drawn in the accent's colour.
    page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    page.setFocus()
    page.resize(400, 700)
    page.show()
    qtbot.waitExposed(page)
    image = page.grab().toImage()
    rects = {widget: widget.rect() for widget in widgets}
    rects |= {each: indicator(each) for each in (box, ticked, radio)}
    rects[slider] = pulled(slider, Control.CC_Slider, Part.SC_SliderGroove)
    rects[scroll] = pulled(scroll, Control.CC_ScrollBar, Part.SC_ScrollBarSlider)
    for widget, rect in rects.items():
        if widget is slider:
            # The handle is at the groove's left end.
            point = widget.mapTo(page, QPoint(rect.center().x(), rect.top()))
            assert contrast(image.pixelColor(point), image.pixelColor(point - QPoint(0, OUTSIDE))) >= LEAST
        elif widget is scroll:
            point = widget.mapTo(page, QPoint(rect.right(), rect.center().y()))
            assert contrast(image.pixelColor(point), image.pixelColor(point + QPoint(OUTSIDE, 0))) >= LEAST
        else:
            assert frame_contrast(image, rect.translated(widget.mapTo(page, QPoint()))) >= LEAST, widget
    # The box of an item in a list, on the list's own ground.
    corner = items.viewport().mapTo(page, items.visualItemRect(item).topLeft())
    ground = image.pixelColor(corner + QPoint(1, 1))
    across = [image.pixelColor(corner + QPoint(x, items.visualItemRect(item).height() // 2)) for x in range(2, 9)]
    assert max(contrast(colour, ground) for colour in across) >= LEAST


def test_the_windows_own_controls_have_frames_that_can_be_seen(window: MainWindow) -> None:
    measured = 0
    for dock in window.docks.values():
        dock.raise_()
        image = window.grab().toImage()
        for widget in dock.findChildren(QWidget):
            rect = framed(widget)
            if rect is None or widget.hasFocus() or not widget.isEnabled():
                continue
            if widget.visibleRegion().boundingRect().adjusted(0, 0, 1, 1).contains(rect.adjusted(0, 0, 1, 1)):
                place = rect.translated(widget.mapTo(window, QPoint()))
                assert frame_contrast(image, place) >= LEAST, (dock.windowTitle(), widget, widget.accessibleName())
                measured += 1
    assert measured > 25


def framed(widget: QWidget) -> QRect | None:
    """Return where a control has its frame; None where it has none."""
    if isinstance(widget, QCheckBox | QRadioButton):
        return indicator(widget)
    if isinstance(widget, QComboBox | QAbstractSpinBox | QPushButton):
        return widget.rect()
    if isinstance(widget, QLineEdit) and not isinstance(widget.parent(), QComboBox | QAbstractSpinBox):
        return widget.rect()
    return None


def test_the_tabs_of_docks_can_be_told_from_the_ground(window: MainWindow) -> None:
    image = window.grab().toImage()
    (bar,) = (bar for bar in window.findChildren(QTabBar) if bar.isVisible() and bar.count() == 8)
    for place in range(bar.count()):
        rect = bar.tabRect(place).translated(bar.mapTo(window, QPoint()))
        # Of tabs side by side a gap belongs to each.
        left = [image.pixelColor(rect.left() + x, rect.center().y()) for x in range(3)]
        assert max(contrast(colour, image.pixelColor(rect.left() + 8, rect.center().y())) for colour in left) >= LEAST
