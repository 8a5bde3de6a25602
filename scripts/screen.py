"""Tell whether a window could be shown here, by asking the display servers that the environment names."""

import os
import re
import socket
import sys
from pathlib import Path
from typing import Literal

Screen = Literal["native", "wayland", "x11"]


def find() -> Screen | None:
    """Name the kind of screen that a window would open on.

    Returns
    -------
    {"native", "wayland", "x11"} or None
        "native" on macOS and Windows; None where no server answers, or where ``QT_QPA_PLATFORM`` asks for no screen.
    """
    if os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal")):
        return None
    if sys.platform in ("darwin", "win32"):
        return "native"
    if _wayland_answers():
        return "wayland"
    if _x11_answers():
        return "x11"
    return None


def _wayland_answers() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY")
    # A name that is a whole path stands for itself: joining leaves out what is before it.
    return bool(name) and _answers(str(Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / str(name)))


def _x11_answers() -> bool:
    # As X(7) has it: [protocol/][host]:display[.screen]
    display = re.fullmatch(r"(?:\w+/)?(.*):(\d+)(?:\.\d+)?", os.environ.get("DISPLAY", ""))
    if display is None:
        return False
    host, number = display[1], int(display[2])
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return _answers(path) or _answers(f"\0{path}")
    return _answers((host.strip("[]"), 6000 + number))


def _answers(address: str | tuple[str, int]) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, timeout=5).close()
        else:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(address)
    except OSError:
        return False
    return True
