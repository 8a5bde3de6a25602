from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if getattr(os, "geteuid", lambda: 1)() != 0:
        pytest.skip("only root may mount the small disk that this test fills")
    mounted = _run("mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder))
    if mounted:
        pytest.skip(f"the small disk that this test fills cannot be mounted here: {mounted}")
    try:
        yield folder
    finally:
        # Lazily: a lock on it may be held until the end of the test.
        _run("umount", "-l", str(folder))


def make_read_only(disk: Path) -> None:
    problem = _run("mount", "-o", "remount,ro", str(disk))
    assert not problem, problem


def _run(*command: str) -> str:
    """Run a command; return why it failed, or nothing."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return str(error)
    if result.returncode == 0:
        return ""
    return (result.stderr.strip() or f"{command[0]} failed").splitlines()[0]
