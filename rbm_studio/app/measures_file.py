"""What a run's figures are of, as a file keeps it: for each curve from which row on it is of which measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.measures import Measure
from rbm_studio.storage.experiment_format import MOST_SPANS, SpanFacts, readable

if TYPE_CHECKING:
    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.storage.experiment_format import Spans


def spans_of(curve: CurveRun, count: int) -> Spans | None:
    """Return the measures of a curve's first rows; None where one of them is not known."""
    spans = [span for span in curve.spans() if span.start < count]
    if len(spans) > MOST_SPANS:
        # Nobody changes the settings so often; the figures are kept, and what they are of is taken from the settings.
        return None
    found = []
    for span in spans:
        if span.measure is None:
            return None
        about = vars(span.measure)
        found.append(SpanFacts(span.start, **{**about, "dataset": readable(about["dataset"])}))
    return tuple(found)


def measures_of(spans: Spans) -> list[tuple[int, Measure]]:
    """Return the first row of each stretch and its measure."""
    names = Measure.__dataclass_fields__
    return [(span.start, Measure(**{name: getattr(span, name) for name in names})) for span in spans]
