"""Make .venv and install RBM Studio into it, with the extras that are named; what is done already is not done again."""

import argparse
import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PROJECT = ROOT / "pyproject.toml"
# What was done is noted inside .venv, so that the notes live and die with it.
NOTES = VENV / "rbm-studio"
FOLDER_NOTE = NOTES / "folder"


def flaw(*, this_python: bool) -> str | None:
    """Say why `.venv` cannot be used as it is.

    Parameters
    ----------
    this_python : bool
        Whether it must hold the Python that runs this script, rather than any that will do.

    Returns
    -------
    str or None
        The reason, as a clause; None where it can be used.
    """
    # Scripts and the link to the checkout hold whole paths: in a folder that was moved they lead nowhere.
    if FOLDER_NOTE.exists() and FOLDER_NOTE.read_text() != str(ROOT):
        return "this folder has moved"
    asked = "import pip, sys; print(*sys.version_info[:2], sys.base_prefix)"
    try:
        answer = subprocess.run([VENV / "bin/python", "-I", "-c", asked], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "it is incomplete, or its Python is gone"
    major, minor, prefix = answer.stdout.rstrip("\n").split(" ", 2)
    version = (int(major), int(minor))
    if version < (3, 11) or (this_python and (version, prefix) != (sys.version_info[:2], sys.base_prefix)):
        return f"it holds another Python, {major}.{minor} of {prefix}"
    return None


def make(*, this_python: bool) -> None:
    """Make `.venv`, or make it anew where it cannot be used."""
    if VENV.exists():
        reason = flaw(this_python=this_python)
        if reason is None:
            return
        print(f"Making .venv anew: {reason}.", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], ".venv could not be made")
    NOTES.mkdir()
    FOLDER_NOTE.write_text(str(ROOT))


def install(extras: list[str]) -> None:
    """Install RBM Studio, editable, with those of the extras that are not there as pyproject.toml now has them."""
    state = hashlib.sha256(PROJECT.read_bytes()).hexdigest()
    notes = [NOTES / extra for extra in extras]
    due = [note for note in notes if not note.exists() or note.read_text() != state]
    if not due:
        return
    if any(note.exists() for note in notes):
        print(f"Installing into .venv: {', '.join(note.name for note in due)} ...", flush=True)
    else:
        print("Installing RBM Studio into .venv (about 180 MB to fetch, a few minutes on a slow line) ...", flush=True)
    for note in due:
        note.unlink(missing_ok=True)
    what = f".[{','.join(note.name for note in due)}]"
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--editable", what], "RBM Studio could not be installed")
    NOTES.mkdir(exist_ok=True)
    for note in due:
        note.write_text(state)


def _run(command: list[str], failure: str) -> None:
    # A user's "user = true" in pip.conf cannot be obeyed inside a virtual environment.
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PIP_USER": "0"}, check=False)
    if done.returncode:
        sys.exit(f"{failure}; the reason is above. Once it is mended, run the same command again.")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold off a second run in the same folder; the system lets go of the lock even if this one is killed."""
    with PROJECT.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run is installing into .venv; waiting for it ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass  # some network file systems have no locks: do without
        yield


def main() -> None:
    """Read the command line, and set up what it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--this-python", action="store_true", help="let .venv hold the Python that runs this")
    parser.add_argument("extras", nargs="+", metavar="extra", help="an extra of pyproject.toml")
    arguments = parser.parse_args()
    with _alone():
        make(this_python=arguments.this_python)
        install(arguments.extras)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run the same command again to go on.")
