"""The text of scripts; that they repeat a run, tests/app/test_exchange.py shows."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.presets import settings_for
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.script_file import RunFacts, Trained, save_script, script

if TYPE_CHECKING:
    from pathlib import Path

FIRST = Trained(settings_for("article", epochs=2, k=3), 0.0, "cpu", 2, "Bars")
RUN = RunFacts(
    (FIRST,), (EpochRecord(1.0, 0.25, 0.5), EpochRecord(2.0, 1 / 8, None)), 64, 10, (14, 7), "Bars", "00ff", "1.2"
)


def test_only_what_differs_from_the_preset_is_written_out() -> None:
    text = script(RUN)
    assert "rbm = RBM(98, 64, preset='article', seed=0, labels=10, k=3)" in text
    assert "\nfit(2.0, epochs=2, batch_size=100)\n" in text
    assert '\nEXPECTED = """\n1 0.2500 0.5000\n2 0.1250 -\n""".split' in text
    assert "labels, held_out_labels = (dataset.train_labels, dataset.test_labels)" in text
    assert "use_GPU" not in text


def test_what_changes_from_training_to_training_is_written_out() -> None:
    second = replace(FIRST, settings=settings_for("article", epochs=5, k=1), begun=1.5, device="gpu", threads=1)
    text = script(replace(RUN, trainings=(FIRST, second, replace(FIRST, begun=1.75))))
    assert text.partition("flush=True)\nthreadpool_limits")[2].splitlines()[1:11] == [
        "fit(1.5, epochs=2, batch_size=100)",
        'threadpool_limits(limits=1, user_api="blas")  # the random numbers depend on it',
        "rbm.use_GPU = True",
        "rbm.change_settings(k=1)",
        "fit(1.75, epochs=5, batch_size=100)",
        'threadpool_limits(limits=2, user_api="blas")  # the random numbers depend on it',
        "rbm.use_GPU = False",
        "rbm.change_settings(k=3)",
        "fit(2.0, epochs=2, batch_size=100)",
        "",
    ]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("mnist", "open_dataset(IMAGES) if os.path.exists(IMAGES) else find_mnist()"),
        ("sample", "sample_dataset()"),
        ("file", "open_dataset(IMAGES)"),
        ("", "None"),
    ],
)
def test_the_images_are_found_again(found: str, words: str) -> None:
    text = script(replace(RUN, found=found, images="/some/where"))
    assert f"if len(sys.argv) > 1 else {words}\n" in text
    assert ("import os" in text) == (found == "mnist")


@given(st.text(), st.text(), st.text())
def test_no_name_becomes_code(name: str, where: str, note: str) -> None:
    plain = ast.parse(script(replace(RUN, images="x", notes=("x",))))
    text = script(replace(RUN, dataset=name, images=where, found="", notes=(note,)))
    hostile = ast.parse(text.encode("utf-8", "backslashreplace"))
    assert len(hostile.body) == len(plain.body)
    images = next(
        node for node in hostile.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "IMAGES"
    )
    assert ast.literal_eval(images.value) == where
    images.value = ast.Constant("x")
    assert ast.dump(hostile) == ast.dump(plain)


@pytest.mark.parametrize(
    "name", ["\n", "'\nimport os\n'", '"""', "\\", "\x0c", "\r", "\x00", "\udc80", "\u2028", "{0}"]
)
def test_names_that_look_like_code_stay_names(tmp_path: Path, name: str) -> None:
    save_script(tmp_path / "run.py", replace(RUN, dataset=name, images=name, notes=(name,)))
    compile((tmp_path / "run.py").read_bytes(), "run.py", "exec")


def test_a_training_comes_back_from_json() -> None:
    assert Trained.from_dict(FIRST.as_dict()) == FIRST
    for wrong in ({"begun": -1}, {"begun": float("inf")}, {"threads": 10**9}, {"settings": {"k": 0}}):
        with pytest.raises((ValueError, TypeError)):
            Trained.from_dict(FIRST.as_dict() | wrong)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"run\.py was not saved: there is no folder"):
        save_script(tmp_path / "none" / "run.py", RUN)
