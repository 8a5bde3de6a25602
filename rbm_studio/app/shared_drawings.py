"""The kept drawings from one start of the program to the next, in a file that several windows write."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from platformdirs import user_data_path
from PySide6.QtCore import QObject

from rbm_studio.app.background import Background
from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.drawings_file import kept_as_json, read_drawings, write_drawings
from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rbm_studio.app.session import Session

INTERVAL_MS = 500
_PATIENCE_MS = 3000
_log = logging.getLogger(__name__)


def drawings_path() -> Path:
    """Return where the kept drawings are, in the user's data folder."""
    return user_data_path("rbm-studio", appauthor=False) / "drawings.json"


class SharedDrawings:
    """What one window knows of the file: it keeps what the others added, and what any has removed stays removed.

    For one thread at a time.

    Parameters
    ----------
    path : Path
        The file; its folder is made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Drawings by what is written of them: as this window had them at any time, as the file had them when it was
        # last read or written here, and those that another window has removed from it since.
        self._had: set[str] = set()
        self._seen: set[str] = set()
        self._gone: set[str] = set()

    def read(self) -> list[Kept]:
        """Read the file; see `read_drawings`."""
        drawings = read_drawings(self._path) if self._path.exists() else []
        self._had = self._seen = set(_written(drawings))
        return drawings

    def write(self, drawings: tuple[Kept, ...]) -> tuple[Kept, ...]:
        """Write this window's drawings, with what others have added, and return them.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        mine = dict(zip(_written(drawings), drawings, strict=True))
        with self._alone():
            theirs = self._theirs()
            if theirs is not None:
                self._gone |= self._seen - theirs.keys()
            self._had |= mine.keys()
            others = [kept for key, kept in (theirs or {}).items() if key not in self._had]
            staying = [kept for key, kept in mine.items() if key not in self._gone]
            together = (*staying, *others)[:MOST_KEPT]
            write_drawings(self._path, together)
            self._seen = set(_written(together))
        return drawings

    def _theirs(self) -> dict[str, Kept] | None:
        """Return what the file holds now; None if it is not there, or cannot be read."""
        try:
            drawings = read_drawings(self._path)
        except (OSError, RBMStudioError) as error:
            if self._seen:
                _log.info("The kept drawings are written anew: %s", error)
            return None
        return dict(zip(_written(drawings), drawings, strict=True))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = None
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = take_lock(self._path.with_name(self._path.name + ".lock"), _PATIENCE_MS)
            if isinstance(lock, Holder):
                _log.warning("Another window has been writing the kept drawings for too long to wait for it")
        except CannotLock:
            _log.info("The kept drawings are written without a lock")
        try:
            yield
        finally:
            if lock is not None and not isinstance(lock, Holder):
                lock.unlock()


class DrawingsFile(QObject):
    """Brings back the drawings that were kept last time, and writes them down whenever others are kept.

    A file that cannot be read is set aside, under the same name with ``.broken``; where even that fails, nothing is
    written over it.

    Parameters
    ----------
    session : Session
    path : Path
        Its folder is made if it is missing.
    """

    def __init__(self, session: Session, path: Path) -> None:
        super().__init__(session)
        self._session = session
        self._path = path
        self._file = SharedDrawings(path)
        self._is_written = True
        self._background = Background("Writing down the kept drawings", INTERVAL_MS, self)
        self._background.done.connect(self._note)
        self._background.failed.connect(session.failed)
        if self._bring_back():
            session.drawings.kept_changed.connect(self._write)
            session.ending.connect(self._shut_down)

    def _bring_back(self) -> bool:
        """Read the file, and tell whether another one may be written in its place."""
        try:
            self._session.drawings.add(self._file.read())
        except (OSError, RBMStudioError) as error:
            _log.warning("The kept drawings cannot be read: %s", error)
            return self._set_aside()
        return True

    def _set_aside(self) -> bool:
        aside = self._path.with_name(self._path.name + ".broken")
        try:
            self._path.replace(aside)
        except OSError:
            self._session.failed.emit(
                RBMStudioError(
                    self.tr(
                        "The drawings that were kept last time cannot be read, and those of today are not written."
                    ),
                    self.tr("Look after the file {path}."),
                    path=self._path,
                )
            )
            return False
        self._session.failed.emit(
            RBMStudioError(
                self.tr("The drawings that were kept last time cannot be read."),
                self.tr("The file was set aside as {path}; the tray begins empty."),
                path=aside,
            )
        )
        return True

    def _write(self) -> None:
        self._is_written = False
        kept = self._session.drawings.kept
        self._background.request(lambda: self._file.write(kept))

    def _note(self, written: object) -> None:
        self._is_written = written == self._session.drawings.kept

    def _shut_down(self) -> None:
        self._background.finish()
        if not self._is_written:
            try:
                self._file.write(self._session.drawings.kept)
            except RBMStudioError as error:
                _log.warning("The kept drawings were not written: %s", error)


def _written(drawings: Iterable[Kept]) -> list[str]:
    return [json.dumps(kept_as_json(kept), separators=(",", ":")) for kept in drawings]
