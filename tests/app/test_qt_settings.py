"""Nothing that Qt or the program reads by itself at the start runs what stands in it, or waits for it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .preference_files import OLD, respelt, trapped
from .started import environment, found_by, start
from .test_preferences import make

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other systems keep settings elsewhere")

READ = """
import sys
from PySide6.QtCore import QSettings
for path in sys.argv[1:]:
    settings = QSettings(path, QSettings.Format.IniFormat)
    for key in settings.allKeys():
        settings.value(key)
"""

# A file dialog of Qt's own reads QtProject.conf, and an icon's theme its index.
LOOK = """
from PySide6.QtCore import QByteArray, QDataStream, QSettings
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog
from rbm_studio.app import files
application.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
window.documents.recent.paths()
QIcon.setThemeSearchPaths([str(Path.cwd())])
QIcon.setThemeName("theme")
QIcon.fromTheme("document-open").availableSizes()
dialog = files.ask_to_open(window, "Open", "All (*)", print)
wait_until(dialog.isVisible)
dialog.reject()
for path in sys.argv[1:]:
    settings = QSettings(path, QSettings.Format.IniFormat)
    for key in settings.allKeys():
        settings.value(key)
end()
"""


@LINUX
def test_no_spelling_of_an_object_in_any_settings_runs_it(tmp_path: Path) -> None:
    marks = {}
    for number, how in enumerate(respelt(b"")):
        mark = tmp_path / f"sprung {number}"
        file = tmp_path / f"{number}.ini"
        file.write_bytes(respelt(trapped(tmp_path, mark))[how])
        marks[how] = file, mark
    files = [str(file) for file, _ in marks.values()]
    subprocess.run([sys.executable, "-c", READ, *files], check=True, capture_output=True)
    real = [how for how, (_, mark) in marks.items() if mark.exists()]
    # These are traps, as QSettings reads them where nothing keeps it from that.
    assert len(real) > 10, real
    assert {"plain", "quotes within", "a line that goes on", "octal first"} <= set(real)
    for _, mark in marks.values():
        mark.unlink(missing_ok=True)
    together = b"\n".join(Path(file).read_bytes().replace(b"trap", b"trap%d" % n) for n, file in enumerate(files))
    dialog = trapped(tmp_path, tmp_path / "sprung by the dialog", "FileDialog/trap")
    theme = trapped(tmp_path, tmp_path / "sprung by a theme", "Icon Theme/Name")
    config = tmp_path / "config"
    (config / OLD).parent.mkdir(parents=True)
    (config / OLD).write_bytes(together)
    (config / "QtProject.conf").write_bytes(dialog)
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "index.theme").write_bytes(theme)
    found_by(start(tmp_path, LOOK.replace("sys.argv[1:]", repr(files))))
    assert not list(tmp_path.glob("sprung*"))


def test_the_program_keeps_nothing_where_objects_can_be() -> None:
    used = []
    for path in (ROOT / "rbm_studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = {ast.Name: "id", ast.Attribute: "attr", ast.alias: "name"}.get(type(node))
            if name and getattr(node, name) in ("QSettings", "saveSettings", "restoreSettings", "readQVariant"):
                used.append(path.name)
    # It alone has Qt read no files of its own, and PySide unpickle nothing.
    assert set(used) == {"qt_settings.py"}


PROGRAM = """
import json, os, sys
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from rbm_studio.app import files
from rbm_studio.app.log import trace_crashes
from rbm_studio.app.main import Program, create_application
application = create_application()
application.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
trace_crashes()
program = Program(application)
told = []
program.window.session.failed.connect(lambda error: told.append(str(error)))
dialog = files.ask_to_open(program.window, "Open", "All (*)", print)
dialog.reject()

def end():
    found = [box.text() for box in application.topLevelWidgets() if isinstance(box, QMessageBox)]
    print(json.dumps({"visible": program.window.isVisible(), "told": [*told, *found]}), flush=True)
    program.end()

QTimer.singleShot(500, end)
application.exec()
"""
READ_AT_THE_START = (
    "config/rbm-studio/settings.json",
    "config/rbm-studio/settings.json.lock",
    f"config/{OLD}",
    "config/QtProject.conf",
    "state/rbm-studio/starts/crashes",
    "state/rbm-studio/starts/0123456789ab.starting",
    "state/rbm-studio/log/rbm-studio.log",
    "state/rbm-studio/log/rbm-studio.log.1",
    "state/rbm-studio/log/rbm-studio.crash.txt",
    "state/rbm-studio/recovery/20260101-000000-01234567/about.json",
    "state/rbm-studio/recovery/20260101-000000-01234567/lock",
    "state/rbm-studio/recovery/20260101-000000-01234567/experiment.rbmx",
    "state/rbm-studio/recovery/20260102-000000-01234567",
    "data/rbm-studio/drawings.json",
    "data/rbm-studio/drawings.json.lock",
    "cache/rbm-studio/train-images-idx3-ubyte.gz",
)


@LINUX
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "circle", "socket", "large"])
def test_the_program_starts_where_what_it_reads_by_itself_is_no_file(tmp_path: Path, kind: str) -> None:
    for name in READ_AT_THE_START:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, kind)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(tmp_path, RBM_STUDIO_CACHE_DIR=str(tmp_path / "cache" / "rbm-studio")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["visible"]
    if kind != "large":
        assert any("settings" in words for words in found["told"]), found
    assert os.path.lexists(tmp_path / READ_AT_THE_START[0])
