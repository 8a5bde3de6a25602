"""The most memory that training takes: `RBM.fit` in a script, and the window."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import digits
from benchmarks.isolation import measure
from benchmarks.table import Row, verdict

HIDDEN_NUM = 512
BATCH_SIZE = 1000
LIMIT_MB = 700

STATUS = Path("/proc/self/status")
_WINDOW_S, _QUICK_WINDOW_S = 8.0, 3.0


def run(quick: bool) -> list[Row]:
    """Train in fresh processes."""
    name = f"peak memory, 784×{HIDDEN_NUM}"
    if not STATUS.exists():
        return [Row(name, "not measured", "needs Linux's /proc")]
    window = {"QT_QPA_PLATFORM": "offscreen"}
    seconds = str(_QUICK_WINDOW_S if quick else _WINDOW_S)
    peaks = {
        "load_mnist and RBM.fit": measure("memory", "fit", "0"),
        "the window, training": measure("memory", "window", seconds, environment=window),
    }
    return [_row(f"{name}, {what}", peak["peak_mb"], peak["start_mb"]) for what, peak in peaks.items()]


def _row(name: str, peak: float, start: float) -> Row:
    reference = f"once imported: {start:.0f} MB; {digits.name()}"
    return Row(name, f"{peak:.0f} MB", reference, target=f"< {LIMIT_MB} MB", verdict=verdict(peak < LIMIT_MB))


def megabytes(entry: str) -> float:
    """Return an entry of the process's status, given there in kB, in MB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{entry}:"))
    return int(line.split()[1]) * 1024 / 1e6


def _fit() -> float:
    from rbm_studio import RBM, load_mnist

    start = megabytes("VmRSS")
    (images, _), _ = load_mnist(download=False)
    RBM(images.shape[1], HIDDEN_NUM).fit(images, epochs=1, batch_size=BATCH_SIZE, verbose=False)
    return start


def _train_in_window(seconds: float) -> float:
    from benchmarks.driven_window import DrivenWindow, spend

    start = megabytes("VmRSS")
    driven = DrivenWindow(HIDDEN_NUM)
    with driven.training(BATCH_SIZE):
        spend(seconds)
    driven.end()
    return start


def main(what: str, seconds: float) -> None:
    """Train in this process, and print its peak."""
    start = _fit() if what == "fit" else _train_in_window(seconds)
    print(json.dumps({"start_mb": start, "peak_mb": megabytes("VmHWM")}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
