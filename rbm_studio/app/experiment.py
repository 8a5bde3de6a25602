"""The experiment as a document: where it is kept, its notes, and whether something of it is not saved yet."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.app.drawings import Kept

MOST_NOTES = 20_000
"""Characters: some ten pages."""


class Owner:
    """What the runs of a document belong to: another one each time that a document is begun or opened, in no file.

    Attributes
    ----------
    file : str
        The name of the document's file, without its ending; "" before it has one.
    """

    def __init__(self, path: Path | None) -> None:
        self.file = path.stem if path is not None else ""


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
        self._owner = Owner(None)
        self._identity = uuid.uuid4().hex
        self._path: Path | None = None
        self._name = ""
        self._notes = ""
        self._without_room: tuple[Kept, ...] = ()
        self._revision = 0
        self._is_modified = False

    @property
    def owner(self) -> Owner:
        """What its runs belong to."""
        return self._owner

    @property
    def identity(self) -> str:
        """What its file says that it is; nothing depends on it, for a copy of the file says the same."""
        return self._identity

    def identity_in(self, path: Path) -> str:
        """Return what a file says that it is, once it is saved there: a copy is another one."""
        return self._identity if path == self._path else uuid.uuid4().hex

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
    def without_room(self) -> tuple[Kept, ...]:
        """Drawings of its file that found no room among those that are kept here; they stay in the file."""
        return self._without_room

    @property
    def is_modified(self) -> bool:
        """Whether closing would lose something."""
        return self._is_modified

    @property
    def revision(self) -> int:
        """A number that grows with each change: a file that took a while to write may be behind it."""
        return self._revision

    def begin(self, identity: str = "", path: Path | None = None, notes: str = "", name: str = "") -> None:
        """Open another one: a new one, without arguments."""
        self._owner = Owner(path)
        self._identity = identity or uuid.uuid4().hex
        self._path, self._name, self._notes = path, name, notes
        self._without_room = ()
        self._revision += 1
        self._is_modified = False
        self.changed.emit()

    def hold(self, drawings: tuple[Kept, ...]) -> None:
        """Keep drawings of its file that found no room elsewhere."""
        self._without_room = drawings

    def write_notes(self, notes: str) -> None:
        """Take other notes.

        Raises
        ------
        RBMStudioError
            If they are longer than `MOST_NOTES`; those that were there stay.
        """
        if len(notes) > MOST_NOTES:
            raise RBMStudioError("The notes are too long.", "Keep them below {most} characters.", most=MOST_NOTES)
        if notes != self._notes:
            self._notes = notes
            self._revision += 1
            self._is_modified = True
            self.changed.emit()
            self.touched.emit()

    def touch(self) -> None:
        """Note that something of it has changed."""
        self._revision += 1
        if not self._is_modified:
            self._is_modified = True
            self.changed.emit()
        self.touched.emit()

    def note_saved(self, path: Path, revision: int | None = None, identity: str = "") -> None:
        """Note that it is in a file now.

        Parameters
        ----------
        path : Path
        revision : int, optional
            Which one is; by default the present one. What has changed since is not saved yet.
        identity : str, optional
            Another one, that the file says.
        """
        self._path, self._owner.file = path, path.stem
        self._identity = identity or self._identity
        self._is_modified = revision is not None and revision != self._revision
        self.changed.emit()
