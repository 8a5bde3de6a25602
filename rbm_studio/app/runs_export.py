"""The runs as files: the table, and the curves of all runs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from rbm_studio.app import files
from rbm_studio.app.background import Background
from rbm_studio.app.curve_export import curves_csv, harmless, written
from rbm_studio.app.icons import icon
from rbm_studio.app.quantities import quantities
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rbm_studio.app.run import Run
    from rbm_studio.app.run_columns import Column, Value
    from rbm_studio.app.runs_model import RunsModel
    from rbm_studio.app.session import Session


def table_csv(runs: Sequence[Run], columns: Sequence[Column]) -> bytes:
    """Return a table of runs as CSV (RFC 4180, UTF-8): headings with units, numbers in full, empty where not known."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.heading for column in columns])
    for run in runs:
        writer.writerow([_cell(column.value(run)) for column in columns])
    return text.getvalue().encode()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else repr(value)


class RunsExport(QToolButton):
    """Offers the table as it is shown, or all curves, as CSV; curves are written in the background.

    Parameters
    ----------
    session : Session
    runs : RunsModel
    parent : QWidget, optional
    """

    def __init__(self, session: Session, runs: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._runs = session, runs
        self._saving = Background("Saving the curves of all runs", 0, self)
        self._saving.done.connect(lambda path: self._tell(path))
        self._saving.failed.connect(session.failed)
        session.ending.connect(self._saving.finish)
        self.setIcon(icon("export"))
        self.setText(self.tr("Export CSV…"))
        self.setAccessibleName(self.tr("Export the runs as CSV"))
        self.setToolTip(self.tr("Save the table, or the curves of all runs, as numbers (CSV)"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.addAction(self.tr("The &table…"), self._ask_for_table)
        menu.addAction(self.tr("All &curves…"), self._ask_for_curves)
        self.setMenu(menu)

    def _ask_for_table(self) -> None:
        self._ask(self.tr("Save the table of runs"), "runs.csv", self.save_table)

    def _ask_for_curves(self) -> None:
        self._ask(self.tr("Save the curves of all runs"), "curves.csv", self.save_curves)

    def _ask(self, title: str, suggestion: str, save: Callable[[Path], None]) -> None:
        files.ask_to_save(self.window(), title, self.tr("Numbers (*.csv)"), suggestion, save)

    def save_table(self, path: Path) -> None:
        """Save what the table shows, in the order of its rows."""
        data = table_csv(self._runs.runs, self._runs.columns)
        try:
            write_atomically(path, lambda file: file.write(data))
        except RBMStudioError as error:
            self._session.failed.emit(error)
        else:
            self._tell(path)

    def save_curves(self, path: Path) -> None:
        """Save every point of every run, also of hidden ones."""
        curves = [
            (
                quantity.label,
                [written(run.curves[name]) for run in self._session.book.runs if name in run.curves],
            )
            for name, quantity in quantities().items()
        ]

        def save() -> Path:
            data = curves_csv(curves)
            write_atomically(path, lambda file: file.write(data))
            return path

        self._saving.request(save, urgent=True)

    def _tell(self, path: Path) -> None:
        self._session.noticed.emit(self.tr("Saved {0}").format(path.name))
