"""Image files read one after the other, in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.drawings import bounded
from rbm_studio.app.picture_import import as_ink, read_picture
from rbm_studio.app.task import Task
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtGui import QImage


class TrayReading(QObject):
    """Reads pictures on a thread, all that are asked for.

    Parameters
    ----------
    parent : QObject, optional

    Signals
    -------
    read : list of QImage
        Of those files that could be read; small, square and grey.
    failed : Exception
        Why a file could not, or several.
    """

    read = Signal(list)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._waiting: list[Path] = []

    def take(self, paths: Sequence[Path]) -> None:
        """Read these files as well."""
        self._waiting += paths
        if self._task is None:
            self._begin()

    def shut_down(self) -> None:
        """Give up the file that is being read, and read no other."""
        self._waiting = []
        if self._task is not None:
            self._task.give_up()

    def _begin(self) -> None:
        paths, self._waiting = self._waiting, []

        def work(task: Task) -> tuple[list[QImage], list[RBMStudioError]]:
            pictures, errors = [], []
            for path in paths:
                if task.cancelled.is_set():
                    break
                try:
                    pictures.append(bounded(as_ink(read_picture(path))[0]))
                except RBMStudioError as error:
                    errors.append(error)
            return pictures, errors

        self._task = Task("Reading pictures", work, self)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _finish(self, found: tuple[list[QImage], list[RBMStudioError]]) -> None:
        pictures, errors = found
        self.read.emit(pictures)
        if len(errors) == 1:
            self.failed.emit(errors[0])
        elif errors:
            # One message, and not one for each of a whole folder.
            several = self.tr("{count} files were not added. The first: {first}")
            self.failed.emit(RBMStudioError(several, count=len(errors), first=errors[0]))
        self._end()

    def _fail(self, error: Exception) -> None:
        self.failed.emit(error)
        self._end()

    def _end(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None
        if self._waiting:
            self._begin()
