"""The main window: docks, menus, tool bar, status bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from rbm_studio.app import layout
from rbm_studio.app.dock import Dock
from rbm_studio.app.document_actions import DocumentActions
from rbm_studio.app.findings_view import in_words
from rbm_studio.app.focus_ring import FocusRing
from rbm_studio.app.icons import icon
from rbm_studio.app.menus import Menus
from rbm_studio.app.messages import Messages
from rbm_studio.app.panel_actions import PanelActions
from rbm_studio.app.panels.compare_panel import ComparePanel
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.panels.dataset_panel import DatasetPanel
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.panels.drawings_panel import DrawingsPanel
from rbm_studio.app.panels.dream_panel import DreamPanel
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.panels.model_panel import ModelPanel
from rbm_studio.app.panels.notes_panel import NotesPanel
from rbm_studio.app.panels.reconstructions_panel import ReconstructionsPanel
from rbm_studio.app.panels.runs_panel import RunsPanel
from rbm_studio.app.panels.timeline_bar import TimelineBar
from rbm_studio.app.panels.training_bar import TrainingBar
from rbm_studio.app.panels.unit_panel import UnitPanel
from rbm_studio.app.panels.weights_panel import WeightsPanel
from rbm_studio.app.questions import ask_to_go_on_on_cpu
from rbm_studio.app.screens import ScreenWatch
from rbm_studio.app.tab_badge import TabBadge
from rbm_studio.app.text_window import show_report
from rbm_studio.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDropEvent,
    )

    from rbm_studio.app.session import Session
    from rbm_studio.core.gpu_errors import GPUError

PANELS: dict[str, type[QWidget]] = {
    "dataset": DatasetPanel,
    "model": ModelPanel,
    "curve": CurvePanel,
    "weights": WeightsPanel,
    "draw": DrawPanel,
    "drawings": DrawingsPanel,
    "dream": DreamPanel,
    "unit": UnitPanel,
    "compare": ComparePanel,
    "health": HealthPanel,
    "runs": RunsPanel,
    "notes": NotesPanel,
    "reconstructions": ReconstructionsPanel,
}
"""The panels by name; each is a dock of that name."""

_PAST = ("weights", "draw", "drawings", "dream", "unit", "health", "reconstructions")
"""The panels that show the model as it was while one looks back."""

_MESSAGE_MS = 6000
_LONGEST_MESSAGE = 300


class MainWindow(QMainWindow):
    """RBM Studio's window.

    Parameters
    ----------
    session : Session
        What it shows.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._may_close = False
        self._remembers_layout = True
        self.setObjectName("main_window")
        self.setWindowIcon(icon("rbm-studio"))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setDockOptions(self.dockOptions() | QMainWindow.DockOption.AllowTabbedDocks)
        self.training_bar = TrainingBar(session)
        self.addToolBar(self.training_bar)
        self.timeline_bar = TimelineBar(session)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.timeline_bar)
        self.docks = {name: self._dock(name, panel) for name, panel in PANELS.items()}
        self.panel_actions = PanelActions(self, list(self.docks.values()))
        self.documents = DocumentActions(self)
        self._menus = Menus(self)
        self.restore_default_layout()
        ScreenWatch(self, self.docks)
        self._health_badge = TabBadge(self, self.docks["health"])
        self._focus_ring = FocusRing(self)
        self._messages = Messages(
            self, self._show_notice, lambda error: show_report(self, session, error), session.setting_pointed_at.emit
        )
        session.failed.connect(self._messages.show)
        session.device_failed.connect(self._ask_about_device)
        session.noticed.connect(self._show_notice)
        session.setting_pointed_at.connect(self._bring_up_model_panel)
        session.panel_wanted.connect(self._bring_up)
        session.drawings.wanted.connect(self._bring_up_draw_panel)
        session.documents.missing_changed.connect(self._bring_up_dataset_panel)
        session.run_state_changed.connect(self._menus.show_state)
        session.run_state_changed.connect(self.statusBar().clearMessage)
        session.newest_changed.connect(self._menus.show_state)
        session.book.changed.connect(self._menus.show_state)
        session.timeline.changed.connect(self._mark_past)
        session.health.changed.connect(self._mark_health)
        self._mark_health()
        self._menus.show_state()
        self.statusBar().showMessage(self.tr("Press Train, then draw a digit."))

    def panel(self, name: str) -> QWidget:
        """Return a panel of `PANELS` by its name."""
        return self.docks[name].widget()

    @property
    def dataset_panel(self) -> DatasetPanel:
        """The panel that opens and downloads images, also for the menu and for files that are dropped."""
        panel = self.panel("dataset")
        if not isinstance(panel, DatasetPanel):
            raise TypeError(f"the dataset's panel is a {type(panel).__name__}")
        return panel

    # --- docks

    def focusNextPrevChild(self, next: bool) -> bool:
        """Go to the next widget, or the one before; not into docks that lie behind another, which Qt does not hide."""
        passed: list[QWidget] = []
        while super().focusNextPrevChild(next):
            widget = self.focusWidget()
            if widget is None or widget in passed or not self._is_behind(widget):
                return True
            passed.append(widget)
        return False

    def _is_behind(self, widget: QWidget) -> bool:
        return any(dock.isAncestorOf(widget) and dock.visibleRegion().isEmpty() for dock in self.docks.values())

    def _dock(self, name: str, panel: type[QWidget]) -> Dock:
        titles = {
            "dataset": self.tr("Dataset"),
            "model": self.tr("Model"),
            "curve": self.tr("Learning curve"),
            "weights": self.tr("Weights"),
            "draw": self.tr("Draw"),
            "drawings": self.tr("Drawings"),
            "dream": self.tr("Dream"),
            "unit": self.tr("Unit"),
            "compare": self.tr("Compare"),
            "health": self.tr("Health"),
            "runs": self.tr("Runs"),
            "notes": self.tr("Notes"),
        }
        make: Callable[[Session], QWidget] = panel
        made = make(self.session)
        # One that shows now this and now that has a title of its own.
        dock = Dock(made.windowTitle() or titles[name], self)
        made.windowTitleChanged.connect(dock.setWindowTitle)
        dock.setObjectName(name)
        dock.setWidget(made)
        # Qt puts a dock that comes back among tabs behind one of them.
        dock.topLevelChanged.connect(lambda floats: None if floats else dock.raise_())
        return dock

    def createPopupMenu(self) -> QMenu:
        """Return what a click with the right button on a title offers: what the View menu does."""
        menu = QMenu(self)
        menu.addActions(self.panel_actions.actions)
        return menu

    def restore_default_layout(self) -> None:
        """Put every dock where it is at the first start."""
        layout.arrange(self, self.docks)

    def restore_layout(self) -> None:
        """Put the window and its docks where they were left; the default layout where that is not known."""
        layout.restore(self, self.docks)

    # --- files

    def open_path(self, path: Path) -> None:
        """Open an experiment or a model, or else images, as the file's name says."""
        self.documents.open(path)

    def open_when_ready(self, path: Path) -> None:
        """Open a file as soon as what is being loaded is there."""
        self.documents.open_when_ready(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that are dragged over the window."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the file that was dropped."""
        local = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.open_path(local[0])

    # --- closing

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask, if something would be lost; then stop what runs, and remember the layout."""
        if not self._may_close and self.documents.would_lose():
            event.ignore()
            self.documents.ask_to_keep(self.tr("Close RBM Studio?"), self._close_now)
            return
        if self._remembers_layout:
            layout.remember(self)
        # Of a large model a batch, or a measurement, takes a second to its end: nobody has to look at that.
        self.hide()
        self.session.shut_down()
        event.accept()

    def discard(self) -> None:
        """Close without asking or saving; the layout is not remembered either."""
        self._remembers_layout = False
        self._close_now()

    def let_close(self, unasked: bool) -> None:
        """Close without asking from now on, or ask again: at the end of the user's session nobody may be there."""
        self._may_close = unasked

    def _close_now(self) -> None:
        self._may_close = True
        self.close()

    # --- words

    def _mark_past(self) -> None:
        """Colour the titles of what shows the past: nobody is to take it for the present."""
        looks_back = self.session.timeline.past is not None
        for dock in (self.docks[name] for name in _PAST):
            if dock.property("past") is not looks_back:
                dock.setProperty("past", looks_back)
                dock.style().unpolish(dock)
                dock.style().polish(dock)

    def _mark_health(self) -> None:
        """Mark the tab behind which is told what makes the model one that learns no more."""
        self._health_badge.set_tip(" ".join(in_words(finding)[0] for finding in self.session.health.grave))

    def _show_notice(self, text: str) -> None:
        self.statusBar().showMessage(plain(text, _LONGEST_MESSAGE), _MESSAGE_MS)

    def _ask_about_device(self, error: GPUError) -> None:
        ask_to_go_on_on_cpu(self, error, self.session.go_on_on_cpu)

    def _bring_up(self, name: str) -> None:
        self.docks[name].show()
        self.docks[name].raise_()

    def _bring_up_model_panel(self) -> None:
        self.docks["model"].show()
        self.docks["model"].raise_()

    def _bring_up_draw_panel(self) -> None:
        self.docks["draw"].show()
        self.docks["draw"].raise_()

    def _bring_up_dataset_panel(self) -> None:
        """Show which images are missing, and how to get them."""
        if self.session.documents.missing is not None:
            self.docks["dataset"].show()
            self.docks["dataset"].raise_()
