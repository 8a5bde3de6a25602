"""Fusion, with frames that can be seen: around what is ticked, typed into, chosen from, pulled or pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOptionComplex, QStyleOptionFrame

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOption, QWidget

_Primitive, _Control, _Part = QStyle.PrimitiveElement, QStyle.ComplexControl, QStyle.SubControl
_SQUARE = (_Primitive.PE_IndicatorCheckBox, _Primitive.PE_Frame)
_ROUNDED = (_Primitive.PE_FrameLineEdit, _Primitive.PE_PanelButtonCommand)
_PULLED = {
    _Control.CC_Slider: (_Part.SC_SliderGroove, _Part.SC_SliderHandle),
    _Control.CC_ScrollBar: (_Part.SC_ScrollBarSlider,),
}
_RADIUS = 2.0


class FramesStyle(QProxyStyle):
    """Draws over Fusion's own outlines, which are the ground a little darker: on a dark ground nobody sees them.

    What is disabled, and what the keyboard is at, Fusion draws as it likes.

    Attributes
    ----------
    colour : QColor
        Of the frames.
    """

    def __init__(self) -> None:
        super().__init__("Fusion")
        self.colour = QColor("#808080")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw an indicator, a field or a button, and its frame."""
        super().drawPrimitive(element, option, painter, widget)
        if element in _SQUARE:
            if not isinstance(option, QStyleOptionFrame) or option.lineWidth > 0:
                self._frame(option, painter, QRectF(option.rect), 0.0)
        elif element in _ROUNDED:
            self._frame(option, painter, QRectF(option.rect), _RADIUS)
        elif element is _Primitive.PE_IndicatorRadioButton:
            self._frame(option, painter, QRectF(option.rect), option.rect.width() / 2)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw a list, a number's field, a slider or a scroll bar, and its frame."""
        super().drawComplexControl(control, option, painter, widget)
        if control in (_Control.CC_ComboBox, _Control.CC_SpinBox):
            self._frame(option, painter, QRectF(option.rect), _RADIUS)
        for part in _PULLED.get(control, ()):
            if option.subControls & part:
                rect = self.proxy().subControlRect(control, option, part, widget)
                self._frame(option, painter, QRectF(rect), _RADIUS)

    def _frame(self, option: QStyleOption, painter: QPainter, rect: QRectF, radius: float) -> None:
        state = option.state
        if not state & QStyle.StateFlag.State_Enabled or state & QStyle.StateFlag.State_HasFocus:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.colour, 1.0))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.restore()
