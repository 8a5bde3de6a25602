"""What a file says of a drawing in JSON; see `rbm_studio.storage.experiment_format`."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

LARGEST_SIDE = 128
"""Pixels on the longer side of a picture that is kept; a larger one is made smaller."""
MOST_POINTS, MOST_STROKES = 8_000, 2_000

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Level = Annotated[float, Meta(ge=0.0, le=255.0)]
Row = Annotated[list[Level], Meta(min_length=1, max_length=LARGEST_SIDE)]


class StrokeFacts(Struct, frozen=True):
    """A stroke, with places in parts of the paper's side."""

    points: Annotated[list[tuple[Share, Share]], Meta(min_length=1, max_length=MOST_POINTS)]
    pressure: Annotated[list[Share], Meta(max_length=MOST_POINTS)] | UnsetType = UNSET
    erases: bool = False


class KeptFacts(Struct, frozen=True):
    """A drawing: strokes, or a picture of grey levels, row by row."""

    pen_width: Annotated[float, Meta(gt=0.0)]
    normalize: bool
    strokes: Annotated[list[StrokeFacts], Meta(max_length=MOST_STROKES)] | UnsetType = UNSET
    picture: Annotated[list[Row], Meta(min_length=1, max_length=LARGEST_SIDE)] | UnsetType = UNSET
    imported: bool = False
