"""The main window: docks, menus, tool bar, status bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QWidget

from rbm_studio.app import files, layout
from rbm_studio.app.focus_ring import FocusRing
from rbm_studio.app.icons import icon
from rbm_studio.app.menus import Menus
from rbm_studio.app.messages import in_words, show_error
from rbm_studio.app.panels.compare_panel import ComparePanel
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.panels.dataset_panel import DatasetPanel
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.panels.drawings_panel import DrawingsPanel
from rbm_studio.app.panels.dream_panel import DreamPanel
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.panels.model_panel import ModelPanel
from rbm_studio.app.panels.reconstructions_panel import ReconstructionsPanel
from rbm_studio.app.panels.training_bar import TrainingBar
from rbm_studio.app.panels.unit_panel import UnitPanel
from rbm_studio.app.panels.weights_panel import WeightsPanel
from rbm_studio.app.questions import ask_to_keep
from rbm_studio.app.recent import RecentFiles
from rbm_studio.app.state import RunState
from rbm_studio.model_import import holds_weights
from rbm_studio.storage.model_file import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDropEvent,
    )

    from rbm_studio.app.session import Session

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
    "reconstructions": ReconstructionsPanel,
}
"""The panels by name; each is a dock of that name."""

_MESSAGE_MS = 6000


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
        self._waiting_path: Path | None = None
        self.setObjectName("main_window")
        self.setWindowIcon(icon("rbm-studio"))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setDockOptions(self.dockOptions() | QMainWindow.DockOption.AllowTabbedDocks)
        self.training_bar = TrainingBar(session)
        self.addToolBar(self.training_bar)
        self.docks = {name: self._dock(name, panel) for name, panel in PANELS.items()}
        self.recent = RecentFiles()
        self._menus = Menus(self)
        self.restore_default_layout()
        self._focus_ring = FocusRing(self)
        session.failed.connect(self._show_error)
        session.noticed.connect(self._show_notice)
        session.setting_pointed_at.connect(self._bring_up_model_panel)
        session.drawings.wanted.connect(self._bring_up_draw_panel)
        session.task_changed.connect(self._open_waiting)
        session.run_state_changed.connect(self._show_model)
        session.run_state_changed.connect(self.statusBar().clearMessage)
        session.model_changed.connect(self._show_model)
        self._show_model()
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

    def _dock(self, name: str, panel: type[QWidget]) -> QDockWidget:
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
            "reconstructions": self.tr("Reconstructions: held-out images, input and restored"),
        }
        dock = QDockWidget(titles[name], self)
        dock.setObjectName(name)
        make: Callable[[Session], QWidget] = panel
        dock.setWidget(make(self.session))
        # Qt puts a dock that comes back among tabs behind one of them.
        dock.topLevelChanged.connect(lambda floats: None if floats else dock.raise_())
        return dock

    def restore_default_layout(self) -> None:
        """Put every dock where it is at the first start."""
        layout.arrange(self, self.docks)

    def restore_layout(self) -> None:
        """Put the window and its docks where they were left; the default layout where that is not known."""
        layout.restore(self, self.docks)

    # --- models in files

    def open_path(self, path: Path) -> None:
        """Open a model, or else images, as the file's name says, and the names of what is in it."""
        if files.is_model(path):
            self._ask_about_training(self.tr("Open another model?"), lambda: self._open_model(path))
        elif holds_weights(path):
            self.import_path(path)
        else:
            self.dataset_panel.open_path(path)

    def import_path(self, path: Path) -> None:
        """Import a model of another program."""
        self._ask_about_training(self.tr("Open another model?"), lambda: self.session.import_model(path))

    def open_when_ready(self, path: Path) -> None:
        """Open a file as soon as what is being loaded is there."""
        self._waiting_path = path
        self._open_waiting()

    def _open_waiting(self) -> None:
        path = self._waiting_path
        if path is not None and self.session.task is None:
            self._waiting_path = None
            self.open_path(path)

    def _open_model(self, path: Path) -> None:
        if self.session.open_model(path):
            self.recent.add(path)

    def ask_for_model(self) -> None:
        """Ask for a model's file, and open it."""
        files.ask_to_open(self, self.tr("Open a model"), self._model_filter(), self.open_path)

    def _model_filter(self) -> str:
        return self.tr("RBM Studio models (*{0})").format(SUFFIX)

    @property
    def _model_path(self) -> Path | None:
        # The session's: a new model must not be saved over the file of the one before.
        return self.session.model.path if self.session.model else None

    def save(self) -> None:
        """Save the model in its file; ask for one if it has none."""
        path = self._model_path
        if path is None:
            self.save_as()
        else:
            self._save_to(path)

    def save_as(self) -> None:
        """Ask for a file, and save the model there."""
        self._ask_to_save(lambda: None)

    def _ask_to_save(self, then: Callable[[], object]) -> None:
        def save(path: Path) -> None:
            if self._save_to(path):
                then()

        suggestion = self._model_path.name if self._model_path else f"model{SUFFIX}"
        files.ask_to_save(self, self.tr("Save the model"), self._model_filter(), suggestion, save)

    def _save_to(self, path: Path) -> bool:
        if not self.session.save_model(path):
            return False
        self.recent.add(path)
        self._show_model()
        return True

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
        if not self._may_close and self._would_lose():
            event.ignore()
            self._ask_about_training(self.tr("Close RBM Studio?"), self._close_now)
            return
        if self._remembers_layout:
            layout.remember(self)
        self.session.shut_down()
        event.accept()

    def discard(self) -> None:
        """Close without asking or saving; the layout is not remembered either."""
        self._remembers_layout = False
        self._close_now()

    def _close_now(self) -> None:
        self._may_close = True
        self.close()

    def _would_lose(self) -> bool:
        return self.session.has_unsaved_training or self.session.run_state is not RunState.IDLE

    def _ask_about_training(self, question: str, then: Callable[[], object]) -> None:
        """Go on at once if nothing would be lost; else ask whether to save first, without blocking the program."""
        if not self._would_lose():
            then()
            return

        def save() -> None:
            self.session.halt()
            self._ask_to_save(then)

        def discard() -> None:
            self.session.halt()
            then()

        training = self.session.run_state is not RunState.IDLE
        ask_to_keep(self, question, training=training, save=save, discard=discard)

    # --- words

    def _show_model(self) -> None:
        self._menus.show_state()
        name = self._model_path.name if self._model_path else self.tr("untitled model")
        self.setWindowTitle(f"{name}[*] – RBM Studio")
        self.setWindowModified(self.session.has_unsaved_training)

    def _show_notice(self, text: str) -> None:
        self.statusBar().showMessage(text, _MESSAGE_MS)

    def _show_error(self, error: Exception) -> None:
        problem, _remedy = in_words(error)
        # What fails thirty times a second is told once.
        if not any(box.isVisible() and box.text() == problem for box in self.findChildren(QMessageBox)):
            show_error(self, error)

    def _bring_up_model_panel(self) -> None:
        self.docks["model"].show()
        self.docks["model"].raise_()

    def _bring_up_draw_panel(self) -> None:
        self.docks["draw"].show()
        self.docks["draw"].raise_()
