"""Files that a reader once stumbled over, each in the folder of its reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from .judging import Verdict
from .readers import READERS
from .seeds import CANARY

FOLDER = Path(__file__).parent / "regressions"
FILES = sorted(path for path in FOLDER.glob("*/*") if path.is_file())

pytestmark = pytest.mark.no_qt_log


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}: {path.name}")
def test_a_file_that_was_once_a_fault(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    assert qapp is not None
    monkeypatch.setenv(CANARY, str(tmp_path / "executed"))
    verdict = Verdict(READERS[path.parent.name], path)
    assert not verdict.fault


def test_every_folder_is_a_reader_s() -> None:
    assert {path.parent.name for path in FILES} <= set(READERS)
