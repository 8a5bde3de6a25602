"""The main window's menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from rbm_studio.app.about import show_about
from rbm_studio.app.exchange import Exchange
from rbm_studio.app.first_steps import FirstSteps
from rbm_studio.app.icons import icon
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.text_window import show_log, show_report
from rbm_studio.app.theme import Appearance, apply_appearance
from rbm_studio.plain import LONGEST, SHORT, folded, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.window import MainWindow


class Menus(QObject):
    """Fills the menu bar of a window.

    Parameters
    ----------
    window : MainWindow
        Does what is chosen.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._recent = QMenu(self.tr("Open &recent"), window)
        self._recent.setToolTipsVisible(True)
        self._recent.aboutToShow.connect(self._fill_recent)
        self._appearance = QActionGroup(self)
        self._appearance.triggered.connect(_choose_appearance)
        self._make_file_menu()
        self._make_training_menu()
        self._make_view_menu()
        self._make_help_menu()

    def show_state(self) -> None:
        """Grey what cannot be done now."""
        self._bring_back.setEnabled(self._window.session.can_bring_back)

    def _make_file_menu(self) -> None:
        window, dataset, documents = self._window, self._window.dataset_panel, self._window.documents
        menu = window.menuBar().addMenu(self.tr("&File"))
        self._add(menu, self.tr("&New experiment"), documents.begin, "Ctrl+N")
        self._add(menu, self.tr("&Open…"), documents.ask_to_open, "Ctrl+O", "open")
        menu.addMenu(self._recent)
        self._add(menu, self.tr("&Save"), documents.save, "Ctrl+S", "save")
        self._add(menu, self.tr("Save &as…"), documents.save_as, "Ctrl+Shift+S")
        menu.addSeparator()
        self._add(menu, self.tr("Open &images…"), dataset.open_file, "Ctrl+D")
        self._add(menu, self.tr("Open a &folder of images…"), dataset.open_folder, "Ctrl+Shift+D")
        self._add(menu, self.tr("&Download full MNIST (11 MB)…"), dataset.download, "", "download")
        menu.addSeparator()
        exchange = Exchange(window.session, window, window.documents.import_path)
        menu.addMenu(exchange.import_menu)
        menu.addMenu(exchange.export_menu)
        menu.addSeparator()
        self._add(menu, self.tr("&Quit"), window.close, "Ctrl+Q").setMenuRole(QAction.MenuRole.QuitRole)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self._window.documents.recent.paths():
            action = self._recent.addAction(plain(path.name, SHORT).replace("&", "&&"))
            action.setToolTip(folded(plain(str(path), 3 * LONGEST)))  # tells files of one name apart
            action.triggered.connect(lambda _checked=False, path=path: self._window.open_path(path))
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("None yet")).setEnabled(False)

    def _make_training_menu(self) -> None:
        menu = self._window.menuBar().addMenu(self.tr("&Training"))
        menu.addActions(self._window.training_bar.training_actions())
        menu.addSeparator()
        menu.addActions(self._window.timeline_bar.timeline_actions())
        menu.addSeparator()
        words = self.tr("&Bring back the previous model")
        self._bring_back = self._add(menu, words, self._window.session.bring_back, "Ctrl+B")

    def _make_view_menu(self) -> None:
        menu = self._window.menuBar().addMenu(self.tr("&View"))
        menu.addActions(self._window.panel_actions.actions)
        menu.addSeparator()
        self._add(menu, self.tr("&Restore the layout"), self._window.restore_default_layout)
        menu.addSeparator()
        names = {
            Appearance.SYSTEM: self.tr("As the &system"),
            Appearance.LIGHT: self.tr("&Light"),
            Appearance.DARK: self.tr("&Dark"),
        }
        chosen = preferences.value(APPEARANCE)
        for appearance, name in names.items():
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(appearance is chosen)
            action.setData(appearance)
            self._appearance.addAction(action)

    def _make_help_menu(self) -> None:
        window = self._window
        menu = window.menuBar().addMenu(self.tr("&Help"))
        self._add(menu, self.tr("&First steps"), self._show_first_steps, "F1")
        self._add(menu, self.tr("Show &log"), lambda: show_log(window))
        self._add(menu, self.tr("&Copy report…"), lambda: show_report(window, window.session))
        about = self._add(menu, self.tr("&About RBM Studio"), lambda: show_about(window))
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def _show_first_steps(self) -> None:
        """Say how to begin, in a window that may stay open beside this one; there is one of it."""
        found = self._window.findChild(FirstSteps)
        steps = found if isinstance(found, FirstSteps) else FirstSteps(self._window, self._window.docks["weights"])
        steps.show()
        steps.raise_()
        steps.activateWindow()

    def _add(
        self, menu: QMenu, text: str, slot: Callable[[], object], shortcut: str = "", icon_name: str = ""
    ) -> QAction:
        action = QAction(text, self._window)
        if icon_name:
            action.setIcon(icon(icon_name))
        action.setShortcut(QKeySequence(shortcut))
        # A lambda: `triggered` carries a flag that the slots do not take.
        action.triggered.connect(lambda: slot())
        menu.addAction(action)
        return action


def _choose_appearance(action: QAction) -> None:
    appearance = Appearance(action.data())
    preferences.keep(APPEARANCE, appearance)
    application = QApplication.instance()
    if isinstance(application, QApplication):
        apply_appearance(application, appearance)
