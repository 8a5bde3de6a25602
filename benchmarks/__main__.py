"""The command line of the benchmarks: measures, prints one table, and judges nothing by its exit status."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import traceback
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import (
    default_quality,
    digits,
    event_loop,
    explorer,
    gpu_speed,
    likelihood,
    loading,
    many_epochs,
    memory,
    presets,
    quality,
    reconstruction_latency,
    startup,
    time_to_quality,
    training_speed,
)
from benchmarks.calibration import calibrate
from benchmarks.table import Row, Section, render

if TYPE_CHECKING:
    from collections.abc import Callable

BENCHMARKS: dict[str, Callable[[bool], list[Row]]] = {
    "training_speed": training_speed.run,
    "gpu_speed": gpu_speed.run,
    "time_to_quality": time_to_quality.run,
    "quality": quality.run,
    "default_quality": default_quality.run,
    "presets": presets.run,
    "likelihood": likelihood.run,
    "reconstruction_latency": reconstruction_latency.run,
    "event_loop": event_loop.run,
    "many_epochs": many_epochs.run,
    "explorer": explorer.run,
    "startup": startup.run,
    "loading": loading.run,
    "memory": memory.run,
}
"""The benchmarks by name; each is told whether to be quick, and returns its figures."""


def main() -> None:
    """Run the benchmarks that are named, or all."""
    options = _parse()
    begin = time.monotonic()
    sections = [_section(name, options.quick) for name in options.names or BENCHMARKS]
    print(_header())
    print(render(sections))
    print(f"\nMeasured in {time.monotonic() - begin:.0f} s. In brackets: the machine's speed just before.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure RBM Studio's speed and memory.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and images; about a minute")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return options


def _section(name: str, quick: bool) -> Section:
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    calibration = str(calibrate())
    try:
        rows = BENCHMARKS[name](quick)
    except Exception as error:  # the others are still worth their time
        traceback.print_exc()
        rows = [Row(name, "not measured", str(error))]
    return Section(name, calibration, rows)


def _header() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"NumPy {np.__version__}\n{digits.in_words()}\n"
    )


if __name__ == "__main__":
    main()
