"""What the user chose and where the window was left, from one start to the next: a file of values of known types.

It is JSON, which holds no objects. A file of QSettings can: what stands in it as a variant is unpickled, and so run,
as soon as anything beside it is asked for, and there are more ways to spell that than a check could know.
"""

from __future__ import annotations

import base64
import json
import logging
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from platformdirs import user_config_path
from PySide6.QtCore import QObject, Signal

from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.app.old_preferences import old_preferences
from rbm_studio.app.theme import Appearance
from rbm_studio.atomic import write_whole
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import check_writable
from rbm_studio.untrusted import open_ordinary, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

MOST_BYTES = 1_000_000
"""No file of ours is larger."""
MOST_RECENT = 8
"""Of so many files it is known that they were opened last."""

_LONGEST_PATH = 4096
_LONGEST_NAME = 100
_PATIENCE_MS = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preference(Generic[T]):
    """One value of the file.

    Attributes
    ----------
    name : str
        What it is called there.
    default : T
        Its value where the file has none, or one that cannot be.
    check : callable
        Returns the value that something out of the file is, or raises ValueError.
    """

    name: str
    default: T
    check: Callable[[object], T]

    def within(self, content: dict[str, Any]) -> T:
        """Return its value in what a file holds."""
        with suppress(ValueError):
            return self.check(content[self.name]) if self.name in content else self.default
        return self.default


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(value)
    return value


def _path(value: object) -> str:
    name = _text(value, _LONGEST_PATH)
    if not name or "\0" in name:
        raise ValueError(value)
    return name


def _paths(value: object) -> list[str]:
    """Return what there is of paths, each once."""
    found = []
    # A list of one came back as a string from some systems' settings.
    names = [value] if isinstance(value, str) else value
    for each in names if isinstance(names, list) else []:
        with suppress(ValueError):
            found.append(_path(each))
    return list(dict.fromkeys(found))[:MOST_RECENT]


def _bytes(most: int) -> Callable[[object], bytes]:
    return lambda value: base64.b64decode(_text(value, 2 * most), validate=True)[:most]


def _name(value: object) -> str:
    return _text(value, _LONGEST_NAME)


APPEARANCE = Preference("appearance", Appearance.SYSTEM, lambda value: Appearance(_name(value)))
GEOMETRY = Preference("window/geometry", b"", _bytes(1_000))
STATE = Preference("window/state", b"", _bytes(20_000))
FOLDER = Preference("files/folder", "", _path)
RECENT = Preference[list[str]]("files/recent", [], _paths)
CURVE = Preference("curve/shown", "", _name)
BESIDE = Preference("curve/beside", "", _name)


def preferences_path() -> Path:
    """Return where the file is, in the user's folder of settings."""
    return user_config_path("rbm-studio", appauthor=False) / "settings.json"


class Preferences(QObject):
    """The file, asked anew each time: several windows write it, and each keeps what the others changed.

    What stands in it that is not known here, as a later version may write it, stays.

    Signals
    -------
    failed : RBMStudioError
        The user's choices are not kept; told once.
    """

    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._is_told = False

    def value(self, preference: Preference[T]) -> T:
        """Return a value; the default if it is not known, or the file cannot be read."""
        try:
            return preference.within(_read())
        except (OSError, ValueError, RecursionError) as error:
            _log.info("The settings cannot be read: %s", error)
            return preference.default

    def keep(self, preference: Preference[T], value: T) -> None:
        """Write a value down; `failed` says so where that cannot be."""
        self.change(preference, lambda _old: value)

    def change(self, preference: Preference[T], change: Callable[[T], T]) -> None:
        """Write down what becomes of a value, which no other window changes meanwhile."""
        try:
            path = Path(os.path.realpath(preferences_path()))
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(path):
                content = _read_or_set_aside(path)
                value = change(preference.within(content))
                kept = base64.b64encode(value).decode() if isinstance(value, bytes) else value
                if content.get(preference.name) != kept or not path.exists():
                    data = _text_of({**content, preference.name: kept})
                    write_whole(path, lambda file: file.write(data), waits_for_disk=False)
        except OSError as error:
            self._tell(error)
        else:
            self._is_told = False

    def check(self) -> None:
        """Find out whether choices can be kept, before there are any; `failed` says so if not."""
        try:
            with suppress(ValueError, RecursionError):
                _read()
            preferences_path().parent.mkdir(parents=True, exist_ok=True)
            check_writable(preferences_path())
        except (OSError, RBMStudioError) as error:
            self._tell(error)
        else:
            self._is_told = False

    def _tell(self, error: Exception) -> None:
        _log.warning("The settings are not kept: %s", error)
        if not self._is_told:
            self._is_told = True
            reason = error.strerror or error if isinstance(error, OSError) else error
            self.failed.emit(
                RBMStudioError(
                    self.tr("Your settings are not kept for the next start: {reason}"),
                    self.tr("RBM Studio goes on without. They belong in the file {path}."),
                    reason=reason,
                    path=preferences_path(),
                )
            )


preferences = Preferences()
"""Those of whoever runs the program."""


def _read() -> dict[str, Any]:
    """Return what the file holds, or what an earlier version left where there is none.

    Raises
    ------
    OSError
        If it cannot be read, or is no file.
    ValueError, RecursionError
        If it is broken.
    """
    try:
        with open_ordinary(preferences_path()) as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return old_preferences()
    if len(data) > MOST_BYTES:
        raise ValueError("the file is too large")
    content = parse_json(data)
    if not isinstance(content, dict):
        raise ValueError("it holds no names with values")
    return content


def _text_of(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1, allow_nan=False).encode()


def _read_or_set_aside(path: Path) -> dict[str, Any]:
    try:
        content = _read()
        # What cannot be written as it was read would break the file for the next start: 1e400, or lists in lists.
        _text_of(content)
        return content
    except (ValueError, RecursionError) as error:
        aside = path.with_name(path.name + ".broken")
        _log.warning("The settings cannot be read, and were set aside as %s: %s", aside, error)
        path.replace(aside)
        return {}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other windows from writing; go on without where that cannot be, or one of them hangs."""
    try:
        lock = take_lock(path.with_name(path.name + ".lock"), _PATIENCE_MS)
    except CannotLock:
        yield
        return
    try:
        yield
    finally:
        if not isinstance(lock, Holder):
            lock.unlock()
