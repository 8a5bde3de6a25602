"""Measuring in a fresh process: nothing imported yet, nothing allocated yet, settings of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 600


def measure(module: str, *arguments: str, environment: dict[str, str] | None = None) -> dict[str, float]:
    """Run a benchmark's own ``main`` in a process of its own.

    Parameters
    ----------
    module : str
        A module of this package that prints a JSON object as its last line.
    *arguments : str
        Its command line.
    environment : dict of str to str, optional
        Variables that it gets besides those of this process.

    Returns
    -------
    dict of str to float
        What it printed.

    Raises
    ------
    RuntimeError
        If it failed or hung; what it said last is the message.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        # The window's settings and log go there, and a layout that the user left does not come in.
        own = {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder, "PYTHONWARNINGS": "ignore"}
        variables = {**os.environ, **own, **(environment or {})}
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{module} took more than {_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"{module} ended with status {done.returncode}"])[-1])
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def screens() -> dict[str, dict[str, str]]:
    """Return where windows are measured: by name, the variables that choose it.

    Offscreen always; on the real screen too where there is one.
    """
    found = {"offscreen": {"QT_QPA_PLATFORM": "offscreen"}}
    is_unix = sys.platform not in ("win32", "darwin")
    has_screen = not is_unix or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if has_screen and not chosen.startswith(("offscreen", "minimal")):
        found["on screen"] = {"QT_QPA_PLATFORM": chosen} if chosen else {}
    return found
