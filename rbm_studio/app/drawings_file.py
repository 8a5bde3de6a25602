"""Kept drawings as a file."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UnsetType

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import MOST_KEPT, Kept, bounded
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.data.handwriting import LARGEST_PEN_WIDTH, Stroke
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically
from rbm_studio.storage.drawing_format import MOST_POINTS, MOST_STROKES, KeptFacts, StrokeFacts
from rbm_studio.storage.experiment_format import described
from rbm_studio.untrusted import open_ordinary, parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.core.backend import FloatArray

MOST_BYTES = 20_000_000
"""No file of ours is larger; another one is not read at all."""
MOST_WRITTEN = 10 * MOST_KEPT
"""Drawings in a file: those of a window, and what others keep beside them."""

_FORMAT, _VERSION = "RBM Studio drawings", 1
_log = logging.getLogger(__name__)


def write_drawings(path: Path, drawings: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """Write drawings to a file, whole or not at all, and return them; its folder is made if it is missing.

    Raises
    ------
    RBMStudioError
        If it cannot be written, or could not be read again; a file that was there before is unchanged then.
    """
    content = {"format": _FORMAT, "version": _VERSION, "drawings": [kept_as_json(kept) for kept in drawings]}
    data = json.dumps(content, separators=(",", ":")).encode()
    try:
        _drawings_of(data)
    except _Broken as error:
        raise RBMStudioError(
            "The kept drawings were not written down: {count} are more than their file can hold.",
            "Remove some of “Drawings”.",
            count=len(drawings),
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        _log.info("The folder %r cannot be made", str(path.parent))  # the next line says why, in words
    write_atomically(path, lambda file: file.write(data))
    return drawings


def kept_as_json(kept: Kept) -> dict[str, Any]:
    """Return a drawing as JSON can hold it."""
    common = {"pen_width": kept.pen_width, "normalize": kept.normalize}
    if kept.drawing.picture is not None:
        levels = np.rint(grey_values(bounded(kept.drawing.picture)) * 255).astype(int)
        return {**common, "picture": levels.tolist(), "imported": kept.drawing.is_imported}
    strokes = kept.drawing.strokes[:MOST_STROKES]
    count = sum(len(stroke.points) for stroke in strokes)
    # Of a very long scribble, points that are evenly left out make no difference to the eye; once is enough.
    step = 1 if count <= MOST_POINTS else -(-count // (MOST_POINTS - MOST_STROKES))
    return {**common, "strokes": [_stroke_as_json(stroke, step) for stroke in strokes]}


def _stroke_as_json(stroke: Stroke, step: int) -> dict[str, Any]:
    kept = [*range(0, len(stroke.points) - 1, step), len(stroke.points) - 1]
    # Six digits of a side of the paper are finer than any pen.
    written: dict[str, Any] = {"points": _shares(stroke.points[kept], 6)}
    if stroke.pressure is not None:
        written["pressure"] = _shares(stroke.pressure[kept], 3)
    return {**written, "erases": True} if stroke.erases else written


def _shares(values: FloatArray, digits: int) -> list[Any]:
    """Return numbers in 0..1, as the reader wants them, whatever a pen said."""
    shares: list[Any] = np.round(np.clip(np.nan_to_num(values.astype(float)), 0, 1), digits).tolist()
    return shares


def read_drawings(path: Path) -> list[Kept]:
    """Read what `write_drawings` wrote; nothing in the file is believed before it is checked.

    Raises
    ------
    RBMStudioError
        If it is anything else.
    OSError
        If it cannot be read.
    """
    with open_ordinary(path) as file:
        return _drawings_of(file.read(MOST_BYTES + 1))


def _drawings_of(data: bytes) -> list[Kept]:
    _check(len(data) <= MOST_BYTES)
    try:
        content = parse_json(data)
    except (ValueError, RecursionError) as error:
        raise _Broken from error
    _check(isinstance(content, dict) and content.get("format") == _FORMAT and content.get("version") == _VERSION)
    drawings = content.get("drawings")
    return [kept_from_json(each) for each in _list(drawings, MOST_WRITTEN)]


class _Broken(RBMStudioError):
    def __init__(self) -> None:
        super().__init__("This is no file of kept drawings.", "Keep the drawings anew.")


def _check(condition: bool) -> None:
    if not condition:
        raise _Broken


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise _Broken
    return value


def kept_from_json(value: object) -> Kept:
    """Return what `kept_as_json` was given; nothing is believed before it is checked.

    Raises
    ------
    RBMStudioError
        If it is anything else.
    """
    try:
        facts = described(value, KeptFacts)
    except ValueError as error:
        raise _Broken from error
    _check(facts.pen_width <= LARGEST_PEN_WIDTH)
    if not isinstance(facts.picture, UnsetType):
        _check(len({len(row) for row in facts.picture}) == 1)
        levels = np.rint(np.array(facts.picture)).astype(np.uint8)
        drawing = Drawing(picture=grey_image(levels), is_imported=facts.imported)
    else:
        _check(not isinstance(facts.strokes, UnsetType))
        strokes = () if isinstance(facts.strokes, UnsetType) else facts.strokes
        _check(sum(len(stroke.points) for stroke in strokes) <= MOST_POINTS)
        drawing = Drawing(tuple(map(_stroke, strokes)))
    _check(not drawing.is_empty())
    return Kept(drawing, facts.pen_width, facts.normalize)


def _stroke(facts: StrokeFacts) -> Stroke:
    pressure = None
    if not isinstance(facts.pressure, UnsetType):
        _check(len(facts.pressure) == len(facts.points))
        pressure = np.array(facts.pressure, dtype=np.float32)
    return Stroke(np.array(facts.points).astype(np.float32), pressure, facts.erases)
