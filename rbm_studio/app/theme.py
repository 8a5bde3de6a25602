"""The look of the window: palettes, sizes, and the colours of plots."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QPalette

from rbm_studio.app.frames_style import FramesStyle
from rbm_studio.assets import resource

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

GRID = 8
"""Margins and spacings are multiples of this many px; 4 for small gaps."""

BAR_PADDING = 2
"""Around the buttons of a tool bar, in px: Qt takes what the style sheet says of the left side for all."""

BASE_POINT_SIZE = 10.5
"""The least size of the window's text; a projector in a class room takes no less."""


class Appearance(enum.StrEnum):
    """Which palette the window wears."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class PlotColours:
    """The colours of a plot, legible to colour-blind people.

    Attributes
    ----------
    background, text, grid : QColor
        What the curves are drawn on.
    training, held_out : QColor
        The current run: blue and orange, from Okabe & Ito's set ("Color Universal Design", 2008).
    earlier : QColor
        What was before, faint.
    runs : tuple of QColor
        Three to tell the runs before apart, with dashes; see `looks`.
    """

    background: QColor
    text: QColor
    grid: QColor
    training: QColor
    held_out: QColor
    earlier: QColor
    runs: tuple[QColor, ...]


# Green, purple, and nearly the text's own: of three lightnesses, so that colour-blind people tell them apart too.
_RUNS_ON_LIGHT = ("#2f9f5f", "#c048c8", "#3a3f47")
_RUNS_ON_DARK = ("#35a047", "#cc55f5", "#e6e9ee")


def plot_colours(palette: QPalette) -> PlotColours:
    """Return the plot's colours on the ground that the palette gives.

    Parameters
    ----------
    palette : QPalette
        The palette of the widget that draws the plot.
    """
    background = palette.color(QPalette.ColorRole.Base)
    text = palette.color(QPalette.ColorRole.Text)
    dark = is_dark(palette)
    return PlotColours(
        background=background,
        text=text,
        grid=_blend(text, background, 0.16),
        training=QColor("#56b4e9" if dark else "#0072b2"),
        held_out=QColor("#e69f00" if dark else "#d55e00"),
        earlier=_blend(text, background, 0.42),
        runs=tuple(QColor(name) for name in (_RUNS_ON_DARK if dark else _RUNS_ON_LIGHT)),
    )


def alarm_colours(palette: QPalette) -> tuple[QColor, QColor]:
    """Return the colour of a mark that nobody is to overlook, and that of what is drawn on it."""
    return (QColor("#ff8a6b"), QColor("#10151c")) if is_dark(palette) else (QColor("#c62f12"), QColor("#ffffff"))


def _blend(colour: QColor, ground: QColor, share: float) -> QColor:
    def mixed(over: float, under: float) -> float:
        return share * over + (1 - share) * under

    return QColor.fromRgbF(
        mixed(colour.redF(), ground.redF()),
        mixed(colour.greenF(), ground.greenF()),
        mixed(colour.blueF(), ground.blueF()),
    )


def is_dark(palette: QPalette) -> bool:
    """Return whether text is lighter than what it stands on."""
    text, background = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
    return text.lightness() > background.lightness()


def apply_appearance(app: QApplication, appearance: Appearance) -> None:
    """Give the application its style, palette, text size and style sheet; may be called again at any time.

    Parameters
    ----------
    app : QApplication
        The application. With `Appearance.SYSTEM` it goes on following the system's light and dark schemes.
    appearance : Appearance
        The palette to wear.
    """
    look = app.findChild(_Look)
    if not isinstance(look, _Look):
        look = _Look(app)
    look.wear(appearance)


def light_palette() -> QPalette:
    """Return the light palette, which is also the one of printed plots."""
    return _palette(_LIGHT)


def dark_palette() -> QPalette:
    """Return the dark palette."""
    return _palette(_DARK)


@dataclass(frozen=True)
class _Shades:
    window: str
    base: str
    alternate: str
    button: str
    text: str
    quiet_text: str
    disabled_text: str
    line: str
    # Around what can be worked with: 3 to 1 on every ground (WCAG 2.1, 1.4.11).
    frame: str
    accent: str
    on_accent: str
    # A tint, not the accent itself: icons in a highlighted row keep the text's colour.
    highlight: str
    highlighted_text: str
    visited: str
    # What stands for the past.
    past: str
    # What stands for a model that learns no more.
    alarm: str


_LIGHT = _Shades(
    window="#f3f4f6",
    base="#ffffff",
    alternate="#eef0f3",
    button="#e8ebef",
    text="#1a1e24",
    quiet_text="#59626e",
    disabled_text="#7d848e",
    line="#c3c9d1",
    frame="#747c87",
    accent="#0a5fae",
    on_accent="#ffffff",
    highlight="#c5dff8",
    highlighted_text="#10202f",
    visited="#6a4aa3",
    past="#fbdfb5",
    alarm="#fcdcd3",
)
_DARK = _Shades(
    window="#282c33",
    base="#14161a",
    alternate="#1d2025",
    button="#3a404a",
    text="#eceef1",
    quiet_text="#a7aeb8",
    disabled_text="#8b929c",
    line="#535b67",
    frame="#8a929e",
    accent="#6cb4f2",
    on_accent="#10202f",
    highlight="#244d75",
    highlighted_text="#ffffff",
    visited="#bda2f2",
    past="#6b4a12",
    alarm="#6b2a1c",
)


class _Look(QObject):
    """Keeps the application in its appearance while the system's scheme changes; owned by the application."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._appearance = Appearance.SYSTEM
        self._style = FramesStyle()
        app.setStyle(self._style)
        app.styleHints().colorSchemeChanged.connect(self.refresh)

    def wear(self, appearance: Appearance) -> None:
        self._appearance = appearance
        self._app.styleHints().setColorScheme(_SCHEMES[appearance])
        self.refresh()

    def refresh(self) -> None:
        shades = _DARK if self._wants_dark() else _LIGHT
        palette, sheet = _palette(shades), _style_sheet(shades)
        self._style.colour = QColor(shades.frame)
        if self._app.palette() != palette:
            self._app.setPalette(palette)
        if self._app.styleSheet() != sheet:
            self._app.setStyleSheet(sheet)
        self._enlarge_font()

    def _enlarge_font(self) -> None:
        font = self._app.font()
        # A font given in pixels has no point size: Qt then says -1.
        if font.pointSizeF() < BASE_POINT_SIZE:
            font.setPointSizeF(BASE_POINT_SIZE)
            self._app.setFont(font)

    def _wants_dark(self) -> bool:
        if self._appearance == Appearance.SYSTEM:
            return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._appearance == Appearance.DARK


_SCHEMES = {
    Appearance.SYSTEM: Qt.ColorScheme.Unknown,
    Appearance.LIGHT: Qt.ColorScheme.Light,
    Appearance.DARK: Qt.ColorScheme.Dark,
}


def _palette(shades: _Shades) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(shades.button), QColor(shades.window))
    colours = {
        role.Window: shades.window,
        role.WindowText: shades.text,
        role.Base: shades.base,
        role.AlternateBase: shades.alternate,
        role.Text: shades.text,
        role.PlaceholderText: shades.quiet_text,
        role.Button: shades.button,
        role.ButtonText: shades.text,
        role.BrightText: shades.text,
        role.ToolTipBase: shades.base,
        role.ToolTipText: shades.text,
        role.Mid: shades.line,
        role.Accent: shades.accent,
        role.Highlight: shades.highlight,
        role.HighlightedText: shades.highlighted_text,
        role.Link: shades.accent,
        role.LinkVisited: shades.visited,
    }
    for each, colour in colours.items():
        palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(shades.disabled_text))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Base, QColor(shades.window))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Accent, QColor(shades.line))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(shades.alternate))
    return palette


def _icon_file(name: str) -> str:
    return resource("icons", f"{name}.svg").as_posix()


def _style_sheet(shades: _Shades) -> str:
    # First: every label there is or will be, Qt's own in message boxes and tooltips among them, shows plain text. Left
    # to guess, Qt takes a name with a "<" in it for HTML, and opens the files that this asks for.
    return f"""
QLabel, QToolTip {{ qproperty-textFormat: PlainText; }}
QDockWidget {{ font-weight: 600; }}
QDockWidget::title {{
    background: {shades.button}; text-align: left; padding: {GRID // 2}px {GRID}px; border: none;
}}
QDockWidget {{
    titlebar-close-icon: url("{_icon_file("dock_close")}"); titlebar-normal-icon: url("{_icon_file("dock_float")}");
}}
QDockWidget::close-button, QDockWidget::float-button {{
    border: none; border-radius: {GRID // 2}px; padding: 0; icon-size: {2 * GRID}px;
}}
QDockWidget::close-button:hover, QDockWidget::float-button:hover {{ background: {shades.line}; }}
QMainWindow::separator {{ background: {shades.window}; width: {GRID}px; height: {GRID}px; }}
QMainWindow::separator:hover {{ background: {shades.accent}; }}
QToolBar {{
    background: {shades.window}; spacing: {GRID // 2}px; padding: {BAR_PADDING}px;
    border: none; border-bottom: 1px solid {shades.line};
}}
QToolBar#timeline_bar {{ border-bottom: none; border-top: 1px solid {shades.line}; }}
QToolBar#timeline_bar[past="true"] {{ background: {shades.past}; border-top-color: {shades.past}; }}
QToolBar#timeline_bar[past="true"] QLabel {{ font-weight: 600; }}
QDockWidget[past="true"]::title {{ background: {shades.past}; }}
QMainWindow > QTabBar::tab {{
    background: {shades.button}; border: 1px solid {shades.frame}; border-top: 2px solid {shades.frame};
    padding: {GRID // 2}px {3 * GRID // 2}px; margin-right: 2px;
}}
QMainWindow > QTabBar::tab:hover {{ border-color: {shades.accent}; }}
QMainWindow > QTabBar::tab:selected {{
    background: {shades.highlight}; color: {shades.highlighted_text}; border-color: {shades.accent};
}}
QWidget#alarm {{ background: {shades.alarm}; border-radius: {GRID // 2}px; }}
QStatusBar {{ background: {shades.window}; border-top: 1px solid {shades.line}; }}
QStatusBar::item {{ border: none; }}
QGroupBox {{ font-weight: 600; border: none; margin-top: {3 * GRID}px; }}
QGroupBox::title {{ subcontrol-origin: margin; subcontrol-position: top left; padding: 0 0 {GRID // 2}px 0; }}
QLabel#heading {{ font-weight: 600; }}
QLabel#quiet {{ color: {shades.quiet_text}; }}
QToolButton#group {{ border: none; background: transparent; font-weight: 600; padding: {GRID // 2}px 0; }}
QToolButton#choice {{
    background: {shades.button}; border: 1px solid {shades.frame}; border-radius: {GRID // 2}px; padding: 2px {GRID}px;
}}
QToolButton#choice:checked {{
    background: {shades.highlight}; color: {shades.highlighted_text}; border-color: {shades.accent};
}}
QToolButton#primary {{ border: 1px solid transparent; border-radius: {GRID // 2}px; padding: 1px {GRID}px; }}
QToolButton#primary:enabled {{
    background: {shades.highlight}; color: {shades.highlighted_text}; border-color: {shades.accent};
}}
QToolButton#primary:enabled:hover, QToolButton#primary:enabled:pressed {{ background: {shades.button}; }}
QToolButton#choice:hover, QToolButton#choice:focus {{ border-color: {shades.accent}; }}
QProgressBar {{
    background: {shades.base}; border: 1px solid {shades.frame}; border-radius: {GRID // 2}px; text-align: center;
    min-height: {2 * GRID}px;
}}
QProgressBar::chunk {{ background: {shades.accent}; border-radius: {GRID // 2 - 1}px; }}
QProgressBar#thin {{ background: transparent; border: none; border-radius: 0; min-height: {GRID // 2}px; }}
QProgressBar#thin::chunk {{ border-radius: 0; }}
QToolTip {{
    color: {shades.text}; background: {shades.base}; border: 1px solid {shades.line}; padding: {GRID // 2}px;
}}
"""
