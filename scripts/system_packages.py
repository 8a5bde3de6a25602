"""See that the system libraries that Qt needs are here: install them as root on Debian and Ubuntu, else say how."""

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import screen

# Each library that the wheels of PySide6-Essentials link to without bringing it, and the package that holds it on
# Debian 12, Debian 13 and Ubuntu 24.04 (where a package is called ...t64, it answers to the older name too).
OFFSCREEN = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
ON_SCREEN = {"wayland": WAYLAND, "x11": X11}
FONTS = "fonts-dejavu-core"
VENV = Path(__file__).resolve().parent.parent / ".venv"


def missing(libraries: dict[str, str]) -> dict[str, str]:
    """Find what is not here.

    Parameters
    ----------
    libraries : dict of str to str
        The packages that hold the libraries, by library.

    Returns
    -------
    dict of str to str
        The packages to install, by what each is for; empty where nothing is missing.
    """
    lacking = {library: package for library, package in libraries.items() if not _loads(library)}
    if not _has_font():
        lacking["a TrueType font"] = FONTS
    if not VENV.exists() and importlib.util.find_spec("ensurepip") is None:
        lacking["Python's venv"] = f"python3.{sys.version_info.minor}-venv"
    return lacking


def _loads(library: str) -> bool:
    # The loader itself is asked: it alone knows every folder that it searches.
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_font() -> bool:
    folders = ["/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"]
    return any(
        name.lower().endswith((".ttf", ".otf", ".ttc"))
        for folder in folders
        for _, _, names in os.walk(os.path.expanduser(folder), followlinks=True)
        for name in names
    )


def _install(packages: list[str]) -> None:
    print(f"Installing the system packages that Qt needs: {' '.join(packages)} ...", flush=True)
    # A fresh machine may be updating itself: wait for it.
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for command in ([*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        # A failed update is no end: what was downloaded earlier may hold every package.
        if done.returncode:
            print(done.stdout, file=sys.stderr)
    if done.returncode:
        sys.exit("The system packages could not be installed; what apt-get says is above.")


def _advice(lacking: dict[str, str]) -> str:
    if shutil.which("apt-get") is None:
        return f"Install, with this system's package manager, what holds: {', '.join(lacking)}."
    listed = any(Path("/var/lib/apt/lists").glob("*Packages*"))
    update = "" if listed else "sudo apt-get update && "
    packages = " ".join(sorted(set(lacking.values())))
    command = f"{update}sudo apt-get install -y --no-install-recommends {packages}"
    return f"Run this, then the same command again:\n\n{command}\n"


def main() -> None:
    """Read the command line, and see to the libraries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", action="store_true", help="those that a window on the screen needs too")
    arguments = parser.parse_args()
    if sys.platform != "linux":
        return
    shown_on = screen.find() if arguments.window else None
    libraries = OFFSCREEN | ON_SCREEN.get(shown_on or "", {})
    lacking = missing(libraries)
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(sorted(set(lacking.values())))
        lacking = missing(libraries)
    if lacking:
        sys.exit(f"RBM Studio needs system packages that are missing here. {_advice(lacking)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run the same command again to go on.")
