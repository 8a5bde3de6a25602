from __future__ import annotations

import logging
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from rbm_studio.app import private_names
from rbm_studio.app.log_lines import LineFormatter, traceback_of
from rbm_studio.app.private_names import Own, message_of, of_a_crash, of_another, shown_file, without_names
from rbm_studio.errors import RBMStudioError

SECRET = "Geheimnis"
NAMES = (
    f"{SECRET}.npz",
    f"{SECRET} mit Leerzeichen.npz",
    f"{SECRET} ohne Endung",
    f"Ünïcode {SECRET} 数字.csv",
    f"it's {SECRET}.npz",
    f'say "{SECRET}".npz',
    f"Zeile\n{SECRET}\r.npz",
    f"a, b: {SECRET} (1).npz",
    f"{SECRET}%20x.npz",
    f"'{SECRET}'",
    f"{{x}} {SECRET}",
    f"…{SECRET} “best” run",
)
FOLDERS = (
    "/home/annelise/Eigene Dateien {SECRET}",
    "/Users/annelise/{SECRET}",
    "/home/somebody else/{SECRET}",
    "/root/{SECRET}",
    "/media/usb/{SECRET} 5b",
    "~/{SECRET}",
    "C:\\Users\\Annelise B\\{SECRET}",
    "C:\\Users\\ANNELI~1\\{SECRET}",
    "D:/Daten/{SECRET}",
    "\\\\server\\share\\{SECRET}",
)


def lines_of(path: str) -> list[str]:
    """Return what the program and Python write of a path."""
    name = path.replace("\\", "/").rpartition("/")[2]
    errors: list[Exception] = [
        FileNotFoundError(2, "No such file or directory", path, None, name),
        OSError(f"{name} is in the way"),
        ValueError(f"cannot read {path}: it is empty"),
        RBMStudioError("{name} cannot be read: {reason}.", "Save it in {folder}.", name=name, reason="x", folder=path),
        RBMStudioError("{count} failed. The first: {first}", count=7, first=RBMStudioError("{n:>9} {n!r}", n=name)),
    ]
    written = []
    for error in errors:
        try:
            raise error
        except Exception as caught:
            written.append(traceback_of(caught))
            written.append(str(message_of(caught)))
            written.append(logged("It was %s", caught))
    return [
        *written,
        logged("Opened %r, %s", name, Path(path)),
        logged("%(what)s", {"what": path}),
        logged("%s", {name: path}),
        logged("%s", [1, name]),
        logged("%s", of_another(f"at file://{quote(path)} it was")),
        logged("%s", of_another(f"can't open '{name}'")),
        logged("%s", of_a_crash(f'  File "{path}", line 3 in f')),
        logged("%s", of_a_crash(f"Thread 0x00007f12 [Opening {name}] (most recent call first):")),
        shown_file(path),
    ]


def logged(message: str, *values: object) -> str:
    return LineFormatter().format(logging.LogRecord("x", logging.INFO, "", 0, message, values, None))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_and_no_folder_gets_out(folder: str) -> None:
    for name in NAMES:
        separator = "\\" if "\\" in folder else "/"
        for line in lines_of(folder.format(SECRET=SECRET) + separator + name):
            told = without_names(line)
            assert SECRET not in told, (line, told)
            assert "annel" not in told.lower(), (line, told)


def test_what_is_around_a_name_stays() -> None:
    error = PermissionError(13, os.strerror(13), "/home/annelise/a b.npz")
    assert without_names(message_of(error)) == f"PermissionError 13: {os.strerror(13)}: <name>"
    assert without_names(logged("Opened %s, %d bytes", "x.npz", 7)).endswith("INFO x: Opened <name>, 7 bytes")
    for harmless in (7, 0.5, np.float32(0.5), (64, 12), None, datetime.now(UTC), Own("mine"), IndexError("axis 0")):
        assert "⟨" not in logged("%s", harmless)
    assert isinstance(of_another("QPainter::begin: Paint device returned engine == 0"), Own)


def test_the_programs_own_files_stay_from_their_root_on() -> None:
    try:
        np.linalg.inv(np.zeros((2, 3)))
    except Exception as error:
        traceback.clear_frames(error.__traceback__)
        told = without_names(traceback_of(error))
    assert 'File "<python>/' in told
    assert "numpy/linalg/" in told
    assert "in test_the_programs_own_files_stay_from_their_root_on" in told
    assert "np.linalg.inv(" in told
    assert str(Path.home()) not in told
    assert shown_file(private_names.__file__) == "<program>/app/private_names.py"


def test_causes_and_circles_of_them_are_told_once() -> None:
    first, second = ValueError(SECRET), RuntimeError("x")
    first.__cause__, second.__context__ = second, first
    assert without_names(traceback_of(first)).split("\n") == [
        "RuntimeError: <name>",
        "That was the cause of:",
        "ValueError: <name>",
    ]
