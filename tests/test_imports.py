"""What an import loads, each seen from a Python of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The package's own __init__ imports all of the library, so its parts are imported without it.
BARE_PACKAGE = f"""
import sys, types
package = types.ModuleType("rbm_studio")
package.__path__ = [{str(ROOT / "rbm_studio")!r}]
sys.modules["rbm_studio"] = package
"""


def loaded_by(program: str) -> set[str]:
    """Return the names of the modules that a program loads."""
    result = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_the_library_loads_neither_qt_nor_cupy() -> None:
    loaded = loaded_by("import rbm_studio; rbm_studio.RBM, rbm_studio.load_mnist")
    assert "rbm_studio.estimator" in loaded
    assert not loaded & {"PySide6", "shiboken6", "pyqtgraph", "cupy", "rbm_studio.app", "rbm_studio.cli"}


@pytest.mark.parametrize(
    ("part", "modules", "others"),
    [
        ("core", "annealing gradients kernels likelihood presets sampling training", "data storage estimator app"),
        ("data", "download mnist handwriting opening", "core storage estimator app"),
        ("storage", "loss_file model_file", "data estimator app"),
    ],
)
def test_a_part_of_the_library_loads_no_part_above_or_beside_it(part: str, modules: str, others: str) -> None:
    imports = "\n".join(f"import rbm_studio.{part}.{module}" for module in modules.split())
    loaded = loaded_by(f"{BARE_PACKAGE}\n{imports}")
    assert f"rbm_studio.{part}" in loaded
    assert not loaded & {f"rbm_studio.{other}" for other in others.split()}
