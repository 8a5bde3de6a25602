"""A file of more images than one would read: trained on within little memory, by the library and in the window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.large_file import PIXELS, STATUS, write_images
from tests.sizes import IS_SOAK, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
IMAGES = sized(400_000, 1_000_000)
EPOCHS = 1.0 if IS_SOAK else 0.05
OWN_MB = 300.0


@pytest.fixture
def large_file(tmp_path: Path) -> Iterator[Path]:
    if not STATUS.exists():
        pytest.skip("needs Linux's /proc")
    if shutil.disk_usage(tmp_path).free < 2 * IMAGES * PIXELS:
        pytest.skip(f"needs {2 * IMAGES * PIXELS / 1e9:.1f} GB of room on the disk")
    path = tmp_path / "large.npy"
    write_images(path, IMAGES)
    yield path
    path.unlink()


def measured(what: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.large_file", what, str(path), str(EPOCHS)]
    own = {"QT_QPA_PLATFORM": "offscreen", "XDG_STATE_HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent)}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.soak
@pytest.mark.parametrize("what", ["fit", "window"])
def test_a_large_file_is_trained_on_without_being_read(
    large_file: Path, what: str, figure: Callable[[str, object], None]
) -> None:
    found = measured(what, large_file)
    assert found["images"] >= 0.9 * EPOCHS * IMAGES
    assert found.get("mapped", True)
    # Its pages are the system's, and come and go; what is counted is what nobody else can have.
    assert found["own"] < OWN_MB < IMAGES * PIXELS / 1e6
    figure("images", IMAGES)
    figure("trained on", found["images"])
    figure("MB of its own at most", round(found["own"]))
    figure("MB of the file in view at most", round(found["files"]))
