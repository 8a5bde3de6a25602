"""Kept drawings as a file."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import LARGEST_SIDE, MOST_KEPT, Kept, bounded
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.data.handwriting import LARGEST_PEN_WIDTH, Stroke
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically
from rbm_studio.untrusted import open_ordinary, parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 20_000_000
"""No file of ours is larger; another one is not read at all."""
MOST_WRITTEN = 10 * MOST_KEPT
"""Drawings in a file: those of a window, and what others keep beside them."""

_FORMAT, _VERSION = "RBM Studio drawings", 1
_MOST_POINTS = 8_000
_MOST_STROKES = 2_000
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
    strokes = kept.drawing.strokes[:_MOST_STROKES]
    count = sum(len(stroke.points) for stroke in strokes)
    # Of a very long scribble, points that are evenly left out make no difference to the eye; once is enough.
    step = 1 if count <= _MOST_POINTS else -(-count // (_MOST_POINTS - _MOST_STROKES))
    return {**common, "strokes": [_stroke_as_json(stroke, step) for stroke in strokes]}


def _stroke_as_json(stroke: Stroke, step: int) -> dict[str, Any]:
    kept = [*range(0, len(stroke.points) - 1, step), len(stroke.points) - 1]
    # Six digits of a side of the paper are finer than any pen.
    written: dict[str, Any] = {"points": np.round(stroke.points[kept].astype(float), 6).tolist()}
    if stroke.pressure is not None:
        written["pressure"] = np.round(stroke.pressure[kept].astype(float), 3).tolist()
    return {**written, "erases": True} if stroke.erases else written


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
    if not isinstance(value, dict):
        raise _Broken
    width, normalize = value.get("pen_width"), value.get("normalize")
    if not (isinstance(normalize, bool) and isinstance(width, int | float)):
        raise _Broken
    _check(_is_number(width, 0, LARGEST_PEN_WIDTH) and width > 0)
    if "picture" in value:
        drawing = Drawing(picture=_picture(value["picture"]), is_imported=_flag(value, "imported"))
    else:
        drawing = Drawing(_strokes(value))
    _check(not drawing.is_empty())
    return Kept(drawing, float(width), normalize)


def _strokes(value: dict[str, Any]) -> tuple[Stroke, ...]:
    strokes = _list(value.get("strokes"), _MOST_STROKES)
    _check(all(isinstance(each, dict) for each in strokes))
    _check(sum(len(_list(each.get("points"), _MOST_POINTS)) for each in strokes) <= _MOST_POINTS)
    return tuple(map(_stroke, strokes))


def _stroke(value: dict[str, Any]) -> Stroke:
    points = _array(value["points"], 2, 1).astype(np.float32)
    pressure = None
    if "pressure" in value:
        pressures = _list(value["pressure"], _MOST_POINTS)
        _check(len(pressures) == len(points) and all(_is_number(each, 0, 1) for each in pressures))
        pressure = np.array(pressures, dtype=np.float32)
    return Stroke(points, pressure, _flag(value, "erases"))


def _flag(value: dict[str, Any], name: str) -> bool:
    flag = value.get(name, False)
    if not isinstance(flag, bool):
        raise _Broken
    return flag


def _picture(value: object) -> Any:
    rows = _list(value, LARGEST_SIDE)
    _check(bool(rows) and isinstance(rows[0], list))
    levels = _array(rows, len(rows[0]), 255)
    return grey_image(np.rint(levels).astype(np.uint8))


def _array(rows: Sequence[object], width: int, highest: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return lists of `width` numbers in 0..highest as an array."""
    _check(bool(rows) and 0 < width <= LARGEST_SIDE)
    for row in rows:
        _check(isinstance(row, list) and len(row) == width and all(_is_number(number, 0, highest) for number in row))
    return np.array(rows, dtype=np.float64)


def _is_number(value: object, lowest: float, highest: float) -> bool:
    # bool is an int to Python, but no number to anyone else; NaN compares as False.
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest
