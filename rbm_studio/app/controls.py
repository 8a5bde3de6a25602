"""What controls are given alike: a name for screen readers, a tooltip, an icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from rbm_studio.app.icons import icon
from rbm_studio.app.theme import BAR_PADDING, GRID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QToolButton


def explain(tips: Mapping[QWidget, tuple[str, str]]) -> None:
    """Give each widget its accessible name and its tooltip."""
    for widget, (name, tip) in tips.items():
        widget.setAccessibleName(name)
        widget.setToolTip(tip)


def make_tool(button: QToolButton, icon_name: str, name: str, keys: str) -> None:
    """Make a button flat, with an icon alone; the tooltip says its name, and how else one gets there."""
    button.setIcon(icon(icon_name))
    button.setAutoRaise(True)
    explain({button: (name, f"{name} ({keys})")})


def bar_margin() -> QWidget:
    """Return what keeps the buttons of a tool bar a grid's step from its end: Qt moves none for the bar's margins."""
    margin = QWidget()
    # The bar's padding is before it, and its spacing behind it.
    margin.setFixedWidth(GRID - BAR_PADDING - GRID // 2)
    return margin
