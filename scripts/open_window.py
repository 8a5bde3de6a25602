"""Open RBM Studio's window, or run its demonstration where there is no screen to open it on."""

import os
import subprocess
from pathlib import Path

import screen

BIN = Path(__file__).resolve().parent.parent / ".venv/bin"


def qt_can_show() -> bool:
    """Tell whether Qt itself gets to the screen; if not, it writes the reason to the standard error."""
    probe = [str(BIN / "python"), "-c", "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"]
    try:
        return subprocess.run(probe, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Become RBM Studio, with a window or without one."""
    command = [str(BIN / "rbm-studio")]
    if screen.find() is None or not qt_can_show():
        print("No screen here: running the demonstration without one; its pictures go to demo-output/.", flush=True)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        command.append("demo")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
