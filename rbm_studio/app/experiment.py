"""The experiment as a document: where it is kept, its notes, and whether something of it is not saved yet."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from pathlib import Path


class Experiment(QObject):
    """The document that is open; what is in it belongs to the session.

    Signals
    -------
    changed
        Its file, its name, its notes, or whether it is saved.
    touched
        Something of it has changed, once more.
    """

    changed = Signal()
    touched = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._identity = uuid.uuid4().hex
        self._path: Path | None = None
        self._name = ""
        self._notes = ""
        self._is_modified = False

    @property
    def identity(self) -> str:
        """What tells it from every other experiment, wherever its file goes."""
        return self._identity

    @property
    def path(self) -> Path | None:
        """Its file; None before it has one."""
        return self._path

    @property
    def name(self) -> str:
        """What it is called: as its file; before it has one, as it was given, and empty where it was given none."""
        return self._path.stem if self._path is not None else self._name

    @property
    def notes(self) -> str:
        """What the user wrote about it."""
        return self._notes

    @property
    def is_modified(self) -> bool:
        """Whether closing would lose something."""
        return self._is_modified

    def begin(self, identity: str = "", path: Path | None = None, notes: str = "", name: str = "") -> None:
        """Open another one: a new one, without arguments."""
        self._identity = identity or uuid.uuid4().hex
        self._path, self._name, self._notes, self._is_modified = path, name, notes, False
        self.changed.emit()

    def write_notes(self, notes: str) -> None:
        """Take other notes."""
        if notes != self._notes:
            self._notes, self._is_modified = notes, True
            self.changed.emit()
            self.touched.emit()

    def touch(self) -> None:
        """Note that something of it has changed."""
        if not self._is_modified:
            self._is_modified = True
            self.changed.emit()
        self.touched.emit()

    def note_saved(self, path: Path) -> None:
        """Note that all of it is in a file now."""
        self._path, self._is_modified = path, False
        self.changed.emit()
