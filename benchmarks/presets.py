"""The README's table: each preset with 64 and 512 hidden units, all of them measured in the same way."""

from __future__ import annotations

from typing import Any

from benchmarks.table import Row
from benchmarks.trained_models import bracket, train
from rbm_studio.core.presets import PRESETS

SIZES = (64, 512)
CHANGES: dict[str, dict[str, Any]] = {"article": {"epochs": 10, "batch_size": 1000}}
"""The article's own call."""


def run(quick: bool) -> list[Row]:
    """Train by each preset with seed 0; with ``quick`` with 64 hidden units, and without those of 50 epochs."""
    rows = []
    for hidden in SIZES[:1] if quick else SIZES:
        for name in PRESETS:
            if quick and name == "best-likelihood":
                continue
            model = train(name, hidden, **CHANGES.get(name, {}))
            rows.append(
                Row(
                    f"{name}, {hidden} hidden: test log-likelihood, AIS / reverse AIS, thresholded at 0.5",
                    bracket(model.parameters)[0],
                    f"KL of grey test images: {_ends(model.kls)}",
                    f"{model.seconds:.0f} s",
                )
            )
    return rows


def _ends(kls: list[float]) -> str:
    shown = [f"{kl:.4f}" for kl in kls]
    return " ".join(shown if len(shown) <= 3 else [*shown[:2], "…", shown[-1]])
