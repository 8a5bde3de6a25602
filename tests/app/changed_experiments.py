"""Experiments in which one value is another: what they are made of, and every change that a stranger could think of."""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.images import grey_image
from rbm_studio.app.session import Session
from rbm_studio.data import Dataset
from rbm_studio.data.handwriting import Stroke

from .conftest import bars, load
from .driving import wait_until_idle

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

NUMBERS = (0, -1, 1, 2, 7, 2**31, 2**53, 2**63, 1e308, -1e308, 0.5, 10**400)
OTHERS: tuple[Any, ...] = (None, True, "", "x", "\ud800", "x" * 5000, [], [0], {}, "nan", "1")
RAW = ("NaN", "Infinity", "-Infinity", "1e999")
KINDS: dict[str, dict[str, Any]] = {
    "sgd with chains": {"momentum": 0.5, "epochs": 3},
    "adam": {"gradient": "cd", "update": "adam", "learning_rate": 0.01, "momentum": 0.9, "centred": False},
    "tempering": {"gradient": "tempering", "temperatures": 3, "sparsity_cost": 0.1, "epochs": 2},
    "labels": {"labels": True, "gradient": "cd", "epochs": 2},
}
_GONE = object()


def labelled() -> Dataset:
    labels = np.arange(220, dtype=np.uint8) % 3
    return Dataset("Bars", "made up", bars(200), labels[:200], bars(20, seed=1), labels[200:])


def make_experiments(qtbot: QtBot, folder: Path) -> list[Path]:
    """Return files of experiments of each kind: with earlier runs, an interrupted one, moments, drawings, and notes."""
    paths = []
    for name, changes in KINDS.items():
        session = Session()
        load(qtbot, session, labelled())
        session.change_settings(hidden_num=5, batch_size=20, device="cpu", **{"epochs": 2, **changes})
        session.train()
        wait_until_idle(qtbot, session)
        session.reset()
        session.train()
        wait_until_idle(qtbot, session)
        session.change_settings(epochs=4, k=2)
        for _ in range(3):
            with qtbot.waitSignal(session.progressed):
                session.step()
        session.stop()
        wait_until_idle(qtbot, session)
        session.selection.select_units((1, 2))
        session.experiment.write_notes("Look at unit 3.")
        strokes = (Stroke(np.array([[0.1, 0.2], [0.3, 0.4]], np.float32), np.array([0.5, 0.6], np.float32)),)
        session.drawings.offer(Drawing(strokes))
        picture = grey_image(np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4))
        session.drawings.add([Kept(Drawing(strokes)), Kept(Drawing(picture=picture))])
        paths.append(folder / f"{name}.rbmx")
        assert session.save_experiment(paths[-1])
        session.shut_down()
    return paths


@dataclass(frozen=True)
class Change:
    """One value that is another.

    Attributes
    ----------
    entry : str
        Of the zip.
    way : tuple
        To the value: in JSON; in a safetensors file below "json", where its texts are read as JSON too, or to a number
        in an array below "array".
    value : object
    """

    entry: str
    way: tuple[Any, ...]
    value: Any

    @property
    def kind(self) -> tuple[str, ...]:
        """What it is a change of, whichever run or moment it is in."""
        names = [str(each) for each in self.way if not isinstance(each, int)]
        return (self.entry.strip("0123456789").partition("/")[0], *names[:2], *names[-1:])


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def _header(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what a safetensors file says of itself, with the JSON in it as values, and its numbers."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    about = header.get("__metadata__", {})
    for key in ("settings", "history", "image_shape", "state", "provenance"):
        if key in about:
            about[key] = json.loads(about[key])
    return header, data[8 + length :]


def _with_header(header: dict[str, Any], numbers: bytes) -> bytes:
    about = header.get("__metadata__", {})
    if isinstance(about, dict):
        for key, value in about.items():
            if not isinstance(value, str) or key in ("settings", "history", "image_shape", "state", "provenance"):
                about[key] = _text(value)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def _text(value: Any) -> str:
    text = json.dumps(value)
    for raw in RAW:
        text = text.replace(f'"@{raw}"', raw)
    return text


def _places(tree: Any, way: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in below:
        yield (*way, key)
        yield from _places(value, (*way, key))


def _value_at(tree: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        tree = tree[key]
    return tree


def changes(data: bytes, rng: random.Random) -> Iterator[Change]:
    """Yield every change of one value of an experiment's file, in its facts and in its numbers."""
    for entry, content in entries(data).items():
        if entry.endswith(".json"):
            tree, before = json.loads(content), list[str]()
        else:
            tree, _ = _header(content)
            before = ["json"]
            for name, about in tree.items():
                if name != "__metadata__":
                    start, stop = about["data_offsets"]
                    size = {"F32": 4, "F64": 8}[about["dtype"]]
                    places = rng.sample(range((stop - start) // size), min(3, (stop - start) // size))
                    for place in places:
                        for value in (float("nan"), float("inf"), -1.0, 0.0, 7.0, 1e30, -1e30, 1e308, 2.0**31):
                            yield Change(entry, ("array", name, place), value)
        ways = list(_places(tree, ()))
        for way in ways:
            old = _value_at(tree, way)
            texts = [f"@{raw}" for raw in RAW] if isinstance(old, int | float) else []
            another = _value_at(tree, rng.choice(ways))
            for value in (*NUMBERS, *OTHERS, *texts, another, _GONE):
                if type(value) is not type(old) or value != old:
                    yield Change(entry, (*before, *way), value)


def changed(data: bytes, change: Change) -> bytes:
    """Return an experiment's file with one change."""
    parts = entries(data)
    content = parts[change.entry]
    if change.entry.endswith(".json"):
        tree = json.loads(content)
        _set(tree, change.way, change.value)
        parts[change.entry] = _text(tree).encode()
        return packed(parts)
    header, numbers = _header(content)
    kind, *way = change.way
    if kind == "json":
        _set(header, tuple(way), change.value)
    else:
        name, place = way
        about = header[name]
        code = {"F32": "f4", "F64": "f8"}[about["dtype"]]
        array = np.frombuffer(numbers, dtype=np.uint8).copy()
        with np.errstate(over="ignore"):
            array[slice(*about["data_offsets"])].view(code)[place] = np.float64(change.value)
        numbers = array.tobytes()
    parts[change.entry] = _with_header(header, numbers)
    return packed(parts)


def _set(tree: Any, way: tuple[Any, ...], value: Any) -> None:
    for key in way[:-1]:
        tree = tree[key]
    if value is _GONE:
        del tree[way[-1]]
    else:
        tree[way[-1]] = copy.deepcopy(value)
