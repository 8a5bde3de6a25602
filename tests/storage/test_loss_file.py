from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.metrics import EpochRecord
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.loss_file import save_loss

if TYPE_CHECKING:
    from pathlib import Path


def test_numpy_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "loss.dat"
    save_loss(path, [EpochRecord(1.0, 0.3689), EpochRecord(2.0, 0.2504, 0.26), EpochRecord(2.5, -0.01)])
    np.testing.assert_allclose(np.loadtxt(path), [[1, 0.3689], [2, 0.2504], [2.5, -0.01]])


def test_it_is_a_header_then_an_epoch_a_line(tmp_path: Path) -> None:
    path = tmp_path / "loss.dat"
    save_loss(path, [EpochRecord(1.0, 0.3689), EpochRecord(12.0, 0.2504)])
    assert path.read_text("ascii") == "# epoch kl_divergence\n1 0.368900\n12 0.250400\n"


def test_a_model_without_epochs_has_a_header(tmp_path: Path) -> None:
    save_loss(tmp_path / "loss.dat", [])
    assert (tmp_path / "loss.dat").read_text("ascii") == "# epoch kl_divergence\n"


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no folder"):
        save_loss(tmp_path / "missing" / "loss.dat", [])
