"""The command line: the window, or a command that needs none."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio import __version__
from rbm_studio.commands.convert import add_convert
from rbm_studio.commands.evaluate import add_evaluate
from rbm_studio.commands.reconstruct import add_reconstruct
from rbm_studio.commands.terminal import INTERRUPTED, UNREAD
from rbm_studio.commands.train import add_train
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``rbm-studio``.

    Parameters
    ----------
    arguments : sequence of str, optional
        The process's own without it.

    Returns
    -------
    int
        0; 1 if something that the user gave cannot be used; 2 for a wrong command line; 130 after Ctrl+C; 141 if who
        read the output left before its end.
    """
    parser, commands = _parser()
    options = parser.parse_args(_with_command(sys.argv[1:] if arguments is None else arguments, commands))
    try:
        status: int = options.run(options)
        if sys.stdout is not None:  # None where a program without a terminal was started
            sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output has left, as head does. At its end Python would write the rest, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except RBMStudioError as error:
        print(f"rbm-studio: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _with_command(arguments: Sequence[str], commands: Container[str]) -> Sequence[str]:
    """Put ``window`` before what is a file by its looks, and so neither a command nor a mistyped one."""
    first = arguments[0] if arguments else ""
    if not first or first.startswith("-") or first in commands:
        return arguments
    is_file = Path(first).suffix or len(Path(first).parts) > 1 or os.path.exists(first)
    return ["window", *arguments] if is_file else arguments


def _parser() -> tuple[argparse.ArgumentParser, Container[str]]:
    """Return the parser, and the names of the commands."""
    parser = argparse.ArgumentParser(
        prog="rbm-studio",
        usage="%(prog)s [-h] [--version] [FILE | command ...]",
        description="Restricted Boltzmann machines to teach, study and explore. Without a command the window opens, "
        "with FILE in it: an experiment, a model, or images.",
        epilog="rbm-studio COMMAND --help tells the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"RBM Studio {__version__}")
    parser.set_defaults(run=_window, file=None)
    commands = parser.add_subparsers(metavar="command", prog="rbm-studio")
    window = commands.add_parser("window", help="open the window (also without a command)")
    window.add_argument(
        "file", nargs="?", type=Path, help="an experiment (.rbmx), a model (.safetensors) or images to open"
    )
    window.set_defaults(run=_window)
    add_train(commands)
    add_evaluate(commands)
    add_reconstruct(commands)
    add_convert(commands)
    demo = commands.add_parser("demo", help="the window drives itself: load, train, draw, reconstruct; saves pictures")
    demo.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="where the PNGs go (default: demo-output)"
    )
    demo.set_defaults(run=_demo)
    return parser, commands.choices


def _window(options: argparse.Namespace) -> int:
    from rbm_studio.app.main import run  # Qt is loaded only for the window

    return run(options.file)


def _demo(options: argparse.Namespace) -> int:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from rbm_studio.app.demo import run_demo

    return run_demo(options.output)
