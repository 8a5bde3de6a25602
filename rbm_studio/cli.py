"""The command line: the window, or the demo that needs no one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio import __version__
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``rbm-studio``.

    Parameters
    ----------
    arguments : sequence of str, optional
        The process's own without it.

    Returns
    -------
    int
        0; 1 if something that the user gave cannot be used; 2 for a wrong command line.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "demo":
            return _demo(options.output)
        return _window(options.file)
    except RBMStudioError as error:
        print(f"rbm-studio: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rbm-studio", description="Restricted Boltzmann machines to teach, study and explore."
    )
    parser.add_argument("--version", action="version", version=f"RBM Studio {__version__}")
    parser.set_defaults(command="window", file=None)
    commands = parser.add_subparsers(metavar="command")
    window = commands.add_parser("window", help="open the window (also without a command)")
    window.add_argument("file", nargs="?", type=Path, help="a model (.safetensors) or images to open")
    window.set_defaults(command="window")
    demo = commands.add_parser("demo", help="the window drives itself: load, train, draw, reconstruct; saves pictures")
    demo.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="where the PNGs go (default: demo-output)"
    )
    demo.set_defaults(command="demo")
    return parser


def _window(path: Path | None) -> int:
    from rbm_studio.app.main import run  # Qt is loaded only for the window

    return run(path)


def _demo(output: Path) -> int:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from rbm_studio.app.demo import run_demo

    return run_demo(output)
