"""The window starts, whatever stands in the user's settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rbm_studio.app.main import create_application
from rbm_studio.app.preferences import preferences_path
from rbm_studio.app.session import Session
from rbm_studio.app.window import MainWindow
from tests.app.conftest import _as_on_a_new_computer, application, log  # noqa: F401
from tests.app.conftest import end as end_window
from tests.app.preference_files import write_old, write_preferences
from tests.app.started import environment
from tests.sizes import sized

from .formats import generator
from .mutation import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[2]
KEYS = ("appearance", "window/geometry", "window/state", "files/recent", "files/folder", "curve/shown", "curve/beside")
VALUES: tuple[Any, ...] = (None, 7, -1.5, True, "", "nothing", "\0", "x" * 9000, "=" * 99, "AAAA", ["a", "b"], [],
                           {"a": 1}, ["\0", "n" * 9000], "\ud800", 10**300, [[[]]])  # fmt: skip
OLD = (b"[General]\nappearance=dark\n\n[curve]\nshown=accuracy\n\n[files]\nfolder=/tmp\nrecent=/a, \"/b, c\", @@d\n\n"
       b'[window]\nstate="@ByteArray(\\0\\0\\0\\xff\\0\\0\\0\\x4\\xfd;)"\n')  # fmt: skip

pytestmark = [pytest.mark.no_qt_log, pytest.mark.usefixtures("log", "_as_on_a_new_computer")]


def started(qtbot: QtBot) -> None:
    """Start the program, open its menus, and end it, which writes its settings."""
    create_application()
    window = MainWindow(Session())
    window.restore_layout()
    window.show()
    qtbot.waitExposed(window)
    window.documents.recent.paths()
    assert window.width() < 10_000
    end_window(qtbot, window)


@pytest.mark.parametrize("which", range(4))
def test_values_of_every_other_kind(qtbot: QtBot, which: int) -> None:
    rng = generator(which, "settings", 0)
    write_preferences({key: rng.choice(VALUES) for key in KEYS})
    started(qtbot)


@pytest.mark.parametrize("which", range(4))
def test_files_that_are_broken(qtbot: QtBot, which: int) -> None:
    rng = generator(which, "settings file", 0)
    good = json.dumps(dict.fromkeys(KEYS, "AAAA")).encode()
    preferences_path().parent.mkdir(parents=True, exist_ok=True)
    preferences_path().write_bytes(mutated(rng, good, good))
    started(qtbot)
    preferences_path().unlink(missing_ok=True)
    write_old(mutated(rng, OLD, OLD))
    started(qtbot)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(sized(1, 4)))
def test_layouts_that_are_broken_or_made_up(tmp_path: Path, seed: int, figure: Callable[[str, object], None]) -> None:
    count = sized(16, 1_000)
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.layouts", str(seed), str(count)],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout.splitlines()[-1])["shown"]
    figure("layouts tried", 2 * count)
    figure("of which Qt was shown", shown)
    assert 0 < shown < 2 * count
