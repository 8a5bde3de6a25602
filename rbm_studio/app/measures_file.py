"""What a run's figures are of, as a file keeps it: for each curve from which row on it is of which measure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rbm_studio.app.checked import belongs, items, mapping, number, one_of, text, whole
from rbm_studio.app.measures import Measure
from rbm_studio.core.settings import BINARISATION_NAMES, MAX_BATCH

if TYPE_CHECKING:
    from rbm_studio.app.curve_history import CurveRun

_MOST_SPANS = 10_000
_LONGEST_NAME, _LONGEST_DIGEST, _LONGEST_SIDE, _MOST_IMAGES = 1_000, 100, 1 << 15, 1 << 53


def spans_as_json(curve: CurveRun, count: int) -> list[dict[str, Any]] | None:
    """Return the measures of a curve's first rows, as JSON can hold them; None where one of them is not known."""
    spans = [span for span in curve.spans() if span.start < count]
    if len(spans) > _MOST_SPANS:
        # Nobody changes the settings so often; the figures are kept, and what they are of is taken from the settings.
        return None
    found = []
    for span in spans:
        if span.measure is None:
            return None
        about = asdict(span.measure)
        found.append({**about, "dataset": about["dataset"][:_LONGEST_NAME], "from": span.start})
    return found


def spans_from_json(known: Any, count: int) -> list[tuple[int, Measure]] | None:
    """Return the first row of each stretch and its measure; None where the file does not say.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is not what `spans_as_json` returned for so many rows.
    """
    if known is None:
        return None
    spans = [mapping(about) for about in items(known, _MOST_SPANS)]
    begins = [(whole(about["from"], 0, max(count - 1, 0)), _measure(about)) for about in spans]
    rows = [row for row, _ in begins]
    belongs(rows == sorted(set(rows)) and (rows[:1] == [0] or not count))
    return begins


def _measure(about: dict[str, Any]) -> Measure:
    height, width = about["image_shape"]
    threshold = number(about["threshold"], 0.0)
    belongs(threshold <= 1)
    return Measure(
        text(about["dataset"], _LONGEST_NAME),
        text(about["digest"], _LONGEST_DIGEST),
        whole(about["train_num"], 0, _MOST_IMAGES),
        whole(about["test_num"], 0, _MOST_IMAGES),
        (whole(height, 0, _LONGEST_SIDE), whole(width, 0, _LONGEST_SIDE)),
        one_of(about["binarisation"], BINARISATION_NAMES),
        threshold,
        whole(about["batch_size"], 0, MAX_BATCH),
    )
