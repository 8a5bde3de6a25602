from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage

from rbm_studio.app.demo import SIZE, run_demo
from rbm_studio.app.images import grey_values
from rbm_studio.app.preferences import STATE, preferences
from rbm_studio.cli import main
from rbm_studio.errors import RBMStudioError

from .conftest import mnist_files
from .driving import process_deletions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture(autouse=True)
def _nothing_is_left_of_the_window() -> Iterator[None]:
    yield
    process_deletions()


@pytest.fixture
def small_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars in MNIST's form, where MNIST is looked for."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, content in mnist_files().items():
        (folder / name).write_bytes(content)
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(folder))


def _ink(window: QImage) -> int:
    """Return how many pixels are white where the canvas is in the default layout."""
    canvas = window.copy(310, 385, 190, 170)
    return int((grey_values(canvas) > 0.95).sum())


@pytest.mark.usefixtures("small_mnist")
def test_the_demo_runs_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "made" / "pictures"
    preferences.keep(STATE, b"as it was")
    assert main(["demo", "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    first, *epochs, last = printed.out.splitlines()
    assert "200 training images" in first
    assert len(epochs) == 10
    kls = []
    for number, line in enumerate(epochs, start=1):
        match = re.fullmatch(rf"Epoch \[{number}/10\], KL Divergence: (\d\.\d{{4}})", line)
        assert match
        kls.append(float(match[1]))
    assert kls[-1] < kls[0]
    assert last == f"Pictures of the window are in {output}/"
    names = [path.name for path in sorted(output.iterdir())]
    assert names == [
        "01-start.png",
        "02-stroke-1.png",
        "03-stroke-2.png",
        "04-training.png",
        "05-trained.png",
        "06-filter.png",
        "07-completed.png",
        "08-unit.png",
        "09-dream.png",
        "10-health.png",
    ]
    images = [QImage(str(output / name)) for name in names]
    assert all((image.width(), image.height()) == SIZE for image in images)
    assert all(images[0] != image for image in images[1:])
    assert all(before != after for before, after in itertools.pairwise(images[4:]))
    # On the canvas, which the training does not change, lies ink once the strokes are drawn; then the labs do.
    ink = [_ink(image) for image in images[:6]]
    assert ink[0] < 200 < 2000 < ink[1] < ink[2] == ink[-1]
    # The user's own layout is not touched.
    assert preferences.value(STATE) == b"as it was"


@pytest.mark.usefixtures("no_sample")
def test_without_mnist_the_demo_says_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--output", str(tmp_path / "pictures")]) == 1
    assert capsys.readouterr().err == (
        "rbm-studio: There is no MNIST on this computer. Install the sample: pip install rbm-studio[sample].\n"
    )


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RBMStudioError, match="was not saved"):
        run_demo(tmp_path / "file" / "pictures")
