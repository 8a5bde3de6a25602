"""What parses bytes and values, and the command line, against whatever may come."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rbm_studio.app.drawings_file import kept_from_json
from rbm_studio.app.opened_experiment import opened
from rbm_studio.cli import main
from rbm_studio.data.dataset import DataError
from rbm_studio.data.idx import read_idx
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import model_from_bytes
from rbm_studio.untrusted import parse_json
from tests.sizes import sized

from . import bombs, seeds

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

often = settings(
    max_examples=sized(60, 3000),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=8), each, max_size=4),
    max_leaves=8,
)


@often
@given(start=st.sampled_from([b"", b"\0\0\x08", b"\0\0\x08\x03", b"\0\0\x0e\x01"]), rest=st.binary(max_size=64))
def test_idx(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(start + rest)
    with contextlib.suppress(DataError):
        assert read_idx(path).ndim >= 1


@often
@given(header=JSON, content=st.binary(max_size=64))
def test_model_bytes(header: Any, content: bytes) -> None:
    for data in (bombs.safetensors(header, content), content):
        with contextlib.suppress(FileError):
            assert model_from_bytes(data, "it").parameters.is_finite


@often
@given(value=JSON, place=st.sampled_from(["pen_width", "normalize", "strokes", "picture", "imported"]))
def test_drawings(value: Any, place: str) -> None:
    for kept in seeds.drawn():
        with contextlib.suppress(RBMStudioError):
            assert np.isfinite(kept_from_json({**kept, place: value}).pen_width)


@often
@given(value=JSON, place=st.sampled_from(sorted(seeds.experiments_saved()[0].facts)))
def test_facts_of_experiments(value: Any, place: str) -> None:
    experiment = seeds.experiments_saved()[0]
    with contextlib.suppress(RBMStudioError):
        opened(replace(experiment, facts={**experiment.facts, place: value}))
    with contextlib.suppress(RBMStudioError):
        opened(replace(experiment, drawings={"canvas": value, "kept": [value]}))


@often
@given(text=st.binary(max_size=40))
def test_json(text: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_json(text)


FLAGS = ["--hidden", "--epochs", "--batch-size", "--learning-rate", "--momentum", "--seed", "--preset", "--gradient",
         "--k", "--labels", "--size", "--centred", "--device", "--resume", "--images", "--chains", "--temperatures",
         "--json", "--no-progress", "--threshold", "--l1", "--list-presets", "--help", "--outptu"]  # fmt: skip
VALUES = ["0", "1", "-1", "2", "1e308", "nan", "inf", "9" * 30, "x", "", "2x2", "cd", "exact", "recommended", "cpu",
          "model.safetensors", "images.npz", "absent", ".", "~nobody-of-that-name/x"]  # fmt: skip


@settings(often, max_examples=sized(60, 1000))
@given(
    command=st.sampled_from(["train", "evaluate", "reconstruct", "trian", "--version"]),
    words=st.lists(st.sampled_from(FLAGS) | st.sampled_from(VALUES), max_size=6),
)
def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(seeds.safetensors()[0])
    (tmp_path / "images.npz").write_bytes(seeds.npz()[0])
    given_files = ["model.safetensors"] if command in ("evaluate", "reconstruct") else []
    # What they would take without it lies on this computer, and takes long.
    end = ["--data", "images.npz"] + (["--epochs", "1"] if command == "train" else [])
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status: object = main([command, *given_files, *words, *end])
        except SystemExit as ended:
            status = ended.code
    assert status in (0, 1, 2)
    if status == 1:
        last = said.getvalue().splitlines()[-1]
        assert last.startswith("rbm-studio: ")
        assert "Traceback" not in said.getvalue()
