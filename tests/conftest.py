from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.figures import Figures
from tests.patterns import three_patterns, trained_rbm
from tests.sizes import IS_SOAK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio import RBM
    from rbm_studio.core.backend import FloatArray

# Before the first import of Qt, which reads it once.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

OWN_FOLDERS = {
    "RBM_STUDIO_CACHE_DIR": "cache/rbm-studio",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
}

FIGURES = pytest.StashKey[Figures]()
BEGUN = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()
    config.stash[BEGUN] = time.monotonic()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash[FIGURES].lines()
    if not lines:
        return
    terminalreporter.section("figures")
    for line in lines:
        terminalreporter.line(line)
    if IS_SOAK:
        terminalreporter.line(f"full size; hours run {(time.monotonic() - config.stash[BEGUN]) / 3600:.2f}")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Return what notes a figure of the test, such as ``figure("files tried", 100_000)``, for the end of the run."""
    figures, test = request.config.stash[FIGURES], request.node.name

    def note(what: str, value: object) -> None:
        figures.note(test, what, value)

    return note


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests away from the settings, caches and logs of whoever runs them."""
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable, folder in OWN_FOLDERS.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            patch.setenv(variable, str(root / folder))
        yield root


@pytest.fixture
def images() -> FloatArray:
    """Return three patterns of six pixels, twenty times each."""
    return three_patterns()


@pytest.fixture
def trained() -> RBM:
    """Return an RBM that has learned them."""
    return trained_rbm()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """Return the folder of the full MNIST."""
    folder = os.environ.get("RBM_STUDIO_MNIST_DIR")
    if not folder:
        pytest.skip("needs the full MNIST: set RBM_STUDIO_MNIST_DIR to the folder that holds its four files")
    return Path(folder)
