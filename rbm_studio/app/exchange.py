"""Models for other programs and from them: the menus Import and Export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from rbm_studio.app import files
from rbm_studio.app.background import Background
from rbm_studio.app.trainings import run_facts
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.loss_file import save_loss
from rbm_studio.storage.model_file import SUFFIX, save_model
from rbm_studio.storage.script_file import save_script
from rbm_studio.storage.weights_file import save_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.session import Session


class Exchange(QObject):
    """Fills two menus; files are written in the background.

    Parameters
    ----------
    session : Session
    window : QWidget
        The dialogs open over it.
    open_foreign : callable
        Gets the file that was chosen to be imported.

    Attributes
    ----------
    import_menu, export_menu : QMenu
    """

    def __init__(self, session: Session, window: QWidget, open_foreign: Callable[[Path], None]) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._open_foreign = open_foreign
        self._saving = Background("Exporting", 0, self)
        self._saving.done.connect(self._tell)
        self._saving.failed.connect(session.failed)
        session.ending.connect(self._saving.finish)
        self.import_menu = QMenu(self.tr("&Import"), window)
        self.export_menu = QMenu(self.tr("&Export"), window)
        for menu in (self.import_menu, self.export_menu):
            menu.setToolTipsVisible(True)
        self._fill()
        self.export_menu.aboutToShow.connect(self.show_state)

    def _fill(self) -> None:
        self._add(
            self.import_menu,
            self.tr("&Weights or model from another program…"),
            self.tr("From NumPy (.npz), scikit-learn's BernoulliRBM (.npz), simple_rbm (.pkl) or a .safetensors file"),
            self.ask_to_import,
        )
        self._of_model = [
            self._add(
                self.export_menu,
                self.tr("&Model (.safetensors)…"),
                self.tr("A copy of the model with its settings and curve, also for the library"),
                self._ask_for_model,
            ),
            self._add(
                self.export_menu,
                self.tr("&Weights (.npz, .csv)…"),
                self.tr("Weights and biases as numbers, for NumPy or a spreadsheet"),
                self._ask_for_weights,
            ),
        ]
        self._of_history = [
            self._add(
                self.export_menu,
                self.tr("&Loss per epoch (loss.dat)…"),
                self.tr("The KL divergence of each epoch as text, as simple_rbm writes it"),
                self._ask_for_loss,
            ),
            self._add(
                self.export_menu,
                self.tr("&Python script that repeats the run…"),
                self.tr("A script (.py) that trains the same model and compares its KL divergence to four digits"),
                self._ask_for_script,
            ),
        ]
        self.show_state()

    def _add(self, menu: QMenu, text: str, tip: str, slot: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.setToolTip(tip)
        action.setStatusTip(tip)
        action.triggered.connect(lambda: slot())
        return action

    def show_state(self) -> None:
        """Grey what there is nothing of."""
        model = self._session.newest
        for action in self._of_model:
            action.setEnabled(model is not None)
        for action in self._of_history:
            action.setEnabled(model is not None and bool(model.history))

    # --- import

    def ask_to_import(self) -> None:
        """Ask for a file of another program, and open it."""
        kinds = self.tr("Weights and models (*.npz *.pkl *.pickle *.safetensors)")
        files.ask_to_open(self._window, self.tr("Import weights or a model"), kinds, self._open_foreign)

    # --- export

    def _ask(self, title: str, kinds: str, suggestion: str, save: Callable[[Path], None]) -> None:
        files.ask_to_save(self._window, title, kinds, suggestion, save)

    def _ask_for_model(self) -> None:
        kinds = self.tr("RBM Studio models (*{0})").format(SUFFIX)
        self._ask(self.tr("Export the model"), kinds, f"model{SUFFIX}", self._export_model)

    def _ask_for_weights(self) -> None:
        kinds = self.tr("NumPy (*.npz);;Table (*.csv)")
        self._ask(self.tr("Export the weights"), kinds, "weights.npz", self._export_weights)

    def _ask_for_loss(self) -> None:
        self._ask(self.tr("Export the loss per epoch"), self.tr("Text (*.dat)"), "loss.dat", self._export_loss)

    def _ask_for_script(self) -> None:
        self._ask(self.tr("Export the run as a script"), self.tr("Python (*.py)"), "run.py", self._export_script)

    def _export_model(self, path: Path) -> None:
        saved = self._session.saved_model()
        if saved is not None:
            self._save(path, lambda: save_model(path, saved))

    def _export_weights(self, path: Path) -> None:
        model = self._session.newest
        if model is not None:
            self._save(path, lambda: save_weights(path, model.parameters))

    def _export_loss(self, path: Path) -> None:
        model = self._session.newest
        if model is not None:
            self._save(path, lambda: save_loss(path, model.history))

    def _export_script(self, path: Path) -> None:
        model, images = self._session.newest, self._session.images

        def save() -> str:
            if model is None:
                raise RBMStudioError("There is no model to repeat.", "Train one first.")
            run = run_facts(model, images)
            save_script(path, run)
            return self.tr("{0}: read what it takes for granted at its top") if run.notes else "{0}"

        self._save(path, save)

    def _save(self, path: Path, save: Callable[[], str | None]) -> None:
        def work() -> str:
            return (save() or "{0}").format(path.name)

        if not self._saving.is_idle:
            # Of what waits in the background only the newest would be done.
            self._session.noticed.emit(self.tr("Please wait: the last export is not over yet."))
            return
        self._saving.request(work, urgent=True)

    def _tell(self, name: str) -> None:
        self._session.noticed.emit(self.tr("Exported {0}").format(name))
