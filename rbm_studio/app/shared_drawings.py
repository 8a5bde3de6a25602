"""The kept drawings from one start of the program to the next, in a file that several windows write."""

from __future__ import annotations

import itertools
import json
import logging
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platformdirs import user_data_path
from PySide6.QtCore import QObject

from rbm_studio.app.background import Background
from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.drawings_file import kept_as_json, read_drawings, write_drawings
from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import writing_error

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


@dataclass(frozen=True)
class Written:
    """What came of writing a window's drawings down.

    Attributes
    ----------
    drawings : tuple of Kept
        The window's.
    dropped : frozenset of Kept
        What the window had removed since the last writing, whether it has brought it back or not.
    without_room : int
        So many more are in the file than a window has room for.
    removed_elsewhere : int
        So many of the window's were found to be removed in another one.
    aside : Path or None
        As what the file was set aside, which could not be read.
    """

    drawings: tuple[Kept, ...]
    dropped: frozenset[Kept]
    without_room: int
    removed_elsewhere: int
    aside: Path | None


class SharedDrawings:
    """What one window knows of the file: it keeps what the others added, and what any has removed stays removed.

    The file holds what all windows keep together, of which each has room for `MOST_KEPT`. For one thread at a time.

    Parameters
    ----------
    path : Path
        The file; its folder is made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Drawings by what is written of them: as this window and the file had them when the file was last read or
        # written here, and those of this window that another one has removed.
        self._had: set[str] = set()
        self._seen: set[str] = set()
        self._gone: set[str] = set()

    def read(self) -> tuple[list[Kept], int]:
        """Read the file: what a window has room for, and how many there are beside; see `read_drawings`."""
        try:
            drawings = read_drawings(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return [], 0
        shown = drawings[:MOST_KEPT]
        self._had, self._seen = set(_written(shown)), set(_written(drawings))
        return shown, len(drawings) - len(shown)

    def write(self, drawings: tuple[Kept, ...], dropped: frozenset[Kept] = frozenset()) -> Written:
        """Write this window's drawings, with what others have added; see `Written`.

        Raises
        ------
        RBMStudioError
            If the file cannot be written, or cannot hold them all; it is unchanged then.
        """
        mine = dict(zip(_written(drawings), drawings, strict=True))
        with self._alone():
            theirs, aside = self._theirs()
            missed = set() if theirs is None else self._seen - theirs.keys()
            # What this window has removed as well, and keeps again since, is its own again.
            gone = (self._gone | missed) & (mine.keys() - set(_written(dropped))) - (theirs or {}).keys()
            removed = self._had - mine.keys()
            others = [kept for key, kept in (theirs or {}).items() if key not in mine and key not in removed]
            together = (*(kept for key, kept in mine.items() if key not in gone), *others)
            write_drawings(self._path, together)
            news = len(gone - self._gone)
            self._had, self._seen, self._gone = set(mine), set(_written(together)), gone
        return Written(drawings, dropped, max(len(together) - MOST_KEPT, 0), news, aside)

    def _theirs(self) -> tuple[dict[str, Kept] | None, Path | None]:
        """Return what the file holds now; None if it is not there, or was set aside since it cannot be read."""
        try:
            drawings = read_drawings(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return None, None
        except (OSError, RBMStudioError) as error:
            _log.warning("The kept drawings cannot be read, and are set aside: %s", error)
            try:
                return None, set_aside(self._path)
            except OSError as refusal:
                raise writing_error(self._path, refusal) from refusal
        return dict(zip(_written(drawings), drawings, strict=True)), None

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
    written over it. What windows keep beyond the room that one has stays in the file, and is told.

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
        self._has_told = False
        # Those of the last change, and what has been removed since the last writing.
        self._kept: tuple[Kept, ...] = ()
        self._dropped: set[Kept] = set()
        self._background = Background("Writing down the kept drawings", INTERVAL_MS, self)
        self._background.done.connect(self._note)
        self._background.failed.connect(session.failed)
        if self._bring_back():
            session.drawings.kept_changed.connect(self._write)
            session.ending.connect(self._shut_down)

    def _bring_back(self) -> bool:
        """Read the file, and tell whether another one may be written in its place."""
        try:
            drawings, without_room = self._file.read()
        except (OSError, RBMStudioError) as error:
            _log.warning("The kept drawings cannot be read: %s", error)
            return self._set_aside()
        self._session.drawings.add(drawings)
        self._kept = self._session.drawings.kept
        self._tell_of_room(without_room)
        return True

    def _set_aside(self) -> bool:
        try:
            aside = set_aside(self._path)
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

    def _tell_of_room(self, without_room: int) -> None:
        if without_room and not self._has_told:
            self._session.failed.emit(
                RBMStudioError(
                    self.tr("“Drawings” has room for {most}, and all windows together keep {count} more."),
                    self.tr("None is lost: remove some, and the next start shows others in their place."),
                    most=MOST_KEPT,
                    count=without_room,
                )
            )
        self._has_told = bool(without_room)

    def _write(self) -> None:
        self._is_written = False
        kept = self._session.drawings.kept
        self._dropped |= set(self._kept) - set(kept)
        self._kept, dropped = kept, frozenset(self._dropped)
        self._background.request(lambda: self._file.write(kept, dropped))

    def _note(self, written: Written) -> None:
        self._dropped -= written.dropped
        self._is_written = written.drawings == self._session.drawings.kept
        self._tell_of_room(written.without_room)
        if written.removed_elsewhere:
            self._session.noticed.emit(
                self.tr(
                    "Removed in another window, and still here until this one closes: {0} of “Drawings”. To keep one, "
                    "remove it here and bring it back."
                ).format(written.removed_elsewhere)
            )
        if written.aside is not None:
            self._session.failed.emit(
                RBMStudioError(
                    self.tr("What other windows had written of the kept drawings cannot be read."),
                    self.tr("It was set aside as {path}; the drawings of this window are written down."),
                    path=written.aside,
                )
            )

    def _shut_down(self) -> None:
        self._background.finish()
        if not self._is_written:
            try:
                self._file.write(self._session.drawings.kept, frozenset(self._dropped))
            except RBMStudioError as error:
                _log.warning("The kept drawings were not written: %s", error)


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be read, to a name that nothing has yet, and return that; raises `OSError`."""
    names = (f"{path.name}.broken{f'-{number}' if number else ''}" for number in itertools.count())
    aside = next(place for place in map(path.with_name, names) if not os.path.lexists(place))
    path.rename(aside)
    return aside


def _written(drawings: Iterable[Kept]) -> list[str]:
    return [json.dumps(kept_as_json(kept), separators=(",", ":")) for kept in drawings]
