from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.images import grey_image
from rbm_studio.app.opened_experiment import opened
from rbm_studio.data.handwriting import Stroke
from rbm_studio.errors import RBMStudioError
from tests.sizes import sized

from .test_session import train

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.storage.experiment_file import SavedExperiment

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def saved(qtbot: QtBot, session: Session) -> SavedExperiment:
    """An experiment with something of everything that a file says in JSON."""
    train(qtbot, session)
    session.selection.select_units((1, 2))
    strokes = (Stroke(np.array([[0.1, 0.2], [0.3, 0.4]], np.float32), np.array([0.5, 0.6], np.float32)),)
    session.drawings.offer(Drawing(strokes))
    picture = grey_image(np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4))
    session.drawings.add([Kept(Drawing(strokes)), Kept(Drawing(picture=picture))])
    return gather(session, None)


def parts(saved: SavedExperiment) -> dict[str, Any]:
    """Return what stands in JSON, as a file would give it."""
    found = {"facts": saved.facts, "drawings": saved.drawings, "runs": [run.facts for run in saved.runs]}
    return dict(json.loads(json.dumps(found)))


def with_parts(saved: SavedExperiment, changed: dict[str, Any]) -> SavedExperiment:
    runs = tuple(replace(run, facts=facts) for run, facts in zip(saved.runs, changed["runs"], strict=True))
    return replace(saved, facts=changed["facts"], drawings=changed["drawings"], runs=runs)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all that is below what the reader of files has checked."""
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [path] if (len(path) > 1 and path[:1] != ("runs",)) or len(path) > 2 else []
    for key, value in below:
        found += places(value, (*path, key))
    return found


@pytest.mark.soak
def test_nothing_but_an_error_in_words_comes_of_a_file_that_says_anything(saved: SavedExperiment) -> None:
    whole = parts(saved)
    ways = places(whole)
    assert len(opened(with_parts(saved, whole)).kept) == 2
    refused: set[tuple[Any, ...]] = set()
    told: set[str] = set()

    @settings(
        max_examples=sized(400, 20_000),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(st.sampled_from(ways), st.booleans(), ANYTHING), min_size=1, max_size=2))
    def try_to_open(changes: list[tuple[tuple[Any, ...], bool, Any]]) -> None:
        changed = copy.deepcopy(whole)
        for way, is_gone, value in changes:
            change(changed, way, is_gone, value)
        try:
            opened(with_parts(saved, changed))
        except RBMStudioError as error:
            told.add(str(error))
            refused.add(changes[0][0])

    try_to_open()
    assert told == {
        "The file is a damaged experiment: its parts cannot be read, or do not belong together. "
        "Open another copy of the file."
    }
    # Much of what is written there matters.
    assert len(refused) > len(ways) // 3


def change(tree: Any, way: tuple[Any, ...], is_gone: bool, value: Any) -> None:
    # An earlier change may have taken the place away.
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in way[:-1]:
            tree = tree[key]
        if is_gone:
            del tree[way[-1]]
        else:
            tree[way[-1]] = value


@pytest.mark.parametrize("part", ["model", "moment"])
def test_a_training_state_of_another_model_is_refused(saved: SavedExperiment, part: str) -> None:
    assert saved.model is not None
    assert saved.model.state is not None
    kept = [[np.zeros(shape, dtype=np.float32)] for shape in ((64, 5), (64,), (5,))]
    wrong = replace(saved.model.state, kept=kept)
    if part == "model":
        broken = replace(saved, model=replace(saved.model, state=wrong))
    else:
        last = saved.moments[-1]
        assert last.model.state is not None
        moment = replace(last, model=replace(last.model, state=wrong))
        broken = replace(saved, moments=(*saved.moments[:-1], moment))
    with pytest.raises(RBMStudioError, match="do not belong together"):
        opened(broken)
