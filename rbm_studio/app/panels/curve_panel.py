"""The Learning curve panel: the KL divergence, live, over the earlier runs' curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from rbm_studio.app import files
from rbm_studio.app.curve_export import save_curve
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.icons import icon
from rbm_studio.app.messages import show_error
from rbm_studio.app.theme import GRID
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.app.curve_history import CurvePoint
    from rbm_studio.app.session import Session


class CurvePanel(QWidget):
    """Plots the session's runs.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.plot = CurvePlot()
        self._log = QCheckBox(self.tr("Log axis"))
        self._save = QPushButton(icon("export"), self.tr("Save…"))
        self._what = QLabel(self.tr("Grey values, not binarised"))
        self._arrange()
        self._log.toggled.connect(self.plot.set_log)
        self._save.clicked.connect(self.ask_to_save)
        session.curve_started.connect(self.plot.start_run)
        session.curve_grew.connect(self.plot.append)
        session.curve_grew.connect(self._offer_to_save)
        session.run_state_changed.connect(self._show_run_state)
        session.model_changed.connect(self._show_run_state)
        session.settings_changed.connect(self._show_run_state)
        self._show_run_state()

    def _arrange(self) -> None:
        self.plot.set_labels(x=self.tr("Epochs trained"), y=self.tr("KL as in the article (nats per pixel)"))
        self._log.setShortcut(QKeySequence("Ctrl+L"))
        self._log.setToolTip(self.tr("Show the KL on a logarithmic axis (Ctrl+L)"))
        self._save.setShortcut(QKeySequence("Ctrl+E"))
        self._save.setToolTip(self.tr("Save all curves as a picture (PNG, SVG) or as numbers (CSV) (Ctrl+E)"))
        self._what.setObjectName("quiet")
        self._what.setToolTip(
            self.tr(
                "What the article calls the KL divergence: the cross-entropy of images under their reconstructions\n"
                "from sampled hidden units, per pixel, less ln(batch size) / pixels.\n"
                "Training: mean over the batches since the point before. Held-out: 500 images never trained on.\n"
                "It is not the divergence of the model's distribution from the data's:\n"
                "a broken model can reconstruct well."
            )
        )
        self._what.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout()
        row.setContentsMargins(GRID, 0, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._what, 1)
        row.addWidget(self._log)
        row.addWidget(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.plot, 1)
        column.addLayout(row)

    def ask_to_save(self) -> None:
        """Ask for a file, and save the curves there."""
        pattern = self.tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)")
        files.ask_to_save(self, self.tr("Save the learning curve"), pattern, "learning-curve.png", self.save)

    def save(self, path: Path) -> None:
        """Save the curves in the form that the file's suffix names."""
        try:
            save_curve(self.plot, path)
        except RBMStudioError as error:
            show_error(self, error)
        else:
            self._session.noticed.emit(self.tr("Saved {0}").format(path.name))

    def _offer_to_save(self, points: list[CurvePoint]) -> None:
        if points:
            self._save.setEnabled(True)

    def _show_run_state(self) -> None:
        self._save.setEnabled(not self.plot.is_empty)
        progress = self._session.progress
        model = self._session.model
        epochs = float(self._session.settings.training.epochs)
        if progress is not None:
            begun = progress.epochs_trained - progress.images / max(1, self._images_per_epoch())
            epochs = round(begun + progress.epochs, 3)
        elif model is not None and model.history:
            epochs = model.history[-1].epoch
        self.plot.set_expected_epochs(epochs)

    def _images_per_epoch(self) -> int:
        images = self._session.images
        return len(images.train) if images else 0
