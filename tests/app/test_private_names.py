from __future__ import annotations

import sys
import traceback
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from rbm_studio.app.log_lines import for_log, traceback_of
from rbm_studio.app.private_names import without_names
from rbm_studio.errors import RBMStudioError

HOME = Path("/home/annelise")
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
    escaped = path.replace("\n", "\\n").replace("\r", "\\r")
    errors: list[Exception] = [
        FileNotFoundError(2, "No such file or directory", path),
        ValueError(f"cannot read {path}: it is empty"),
        RBMStudioError("{name} cannot be read: {reason}.", "Save it in {folder}.", name=name, reason="x", folder=path),
    ]
    written = []
    for error in errors:
        try:
            raise error
        except Exception as caught:
            written.append(traceback_of(caught))
            written.append(for_log(caught))
    return [
        *written,
        f"Opened {name!r}",
        f"Opened {path!r} and {path!r}",
        f'File "{escaped}", line 3, in f',
        f"{escaped} is in the way",
        f"at file://{quote(path)} it was",
        f"can't open {path!r}",
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_and_no_folder_gets_out(folder: str) -> None:
    for name in NAMES:
        separator = "\\" if "\\" in folder else "/"
        for line in lines_of(folder.format(SECRET=SECRET) + separator + name):
            # A name that stands alone and unquoted is known only if it is that of what is open.
            told = without_names(line, [name], HOME)
            assert SECRET not in told, (line, told)
            assert "annelise" not in told.lower(), (line, told)


def test_what_is_around_a_name_stays() -> None:
    assert without_names("2026-01-01 INFO x: Opened 'a b.npz'", home=HOME) == "2026-01-01 INFO x: Opened '<file>'"
    line = "[Errno 2] No such file or directory: '/home/annelise/a b.npz' (again)"
    assert without_names(line, home=HOME) == "[Errno 2] No such file or directory: '<file>' (again)"
    for harmless in (
        "Training begins: units (64, 12, 0), cpu, TrainingSettings(preset='recommended', learning_rate=1.0)",
        "3/4 and/or 28×28, 1e-3/2; it can't, and won't",
        "https://storage.googleapis.com/cvdf-datasets/mnist: 404",
        "NumPy 2.1.0; openblas 0.3.27, 1 threads",
    ):
        assert without_names(harmless, home=HOME) == harmless


def test_the_programs_own_files_stay_from_their_root_on() -> None:
    try:
        np.linalg.inv(np.zeros((2, 3)))
    except Exception as error:
        traceback.clear_frames(error.__traceback__)
        told = without_names(traceback_of(error), home=Path(sys.prefix))
    assert 'File "<python>/numpy/linalg/' in told
    assert str(Path.home()) not in told


def test_lines_are_as_many_as_before() -> None:
    text = "a\n\n/home/x/y\nb"
    assert without_names(text, home=HOME) == "a\n\n<file>\nb"
