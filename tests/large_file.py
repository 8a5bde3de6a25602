"""Trains on a file in a process of its own, and says how much memory that took: ``python -m tests.large_file``.

Memory of the process's own (RssAnon, RssShmem) is told apart from what it sees of files (RssFile): the system takes
the latter back whenever somebody needs it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rbm_studio.core.training import Progress

STATUS = Path("/proc/self/status")
PIXELS = 784
HIDDEN = 64
BATCH = 1000


def megabytes(*entries: str) -> float:
    """Return the sum of entries of the process's status, given there in kB, in MB."""
    lines = dict(line.split(":") for line in STATUS.read_text().splitlines() if "kB" in line)
    return sum(int(lines[entry].split()[0]) for entry in entries) * 1024 / 1e6


class Peak(threading.Thread):
    """Watches the process's own memory, and that which it sees of files."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own = self.files = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.01):
            self.look()

    def look(self) -> None:
        self.own = max(self.own, megabytes("RssAnon", "RssShmem"))
        self.files = max(self.files, megabytes("RssFile"))

    def end(self) -> None:
        self._ended.set()
        self.join()
        self.look()


def write_images(path: Path, count: int) -> None:
    """Write bars to an .npy file, some hundred thousand images larger than what fits; most of them lie in a hole."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, 28, 28)}
        np.lib.format.write_array_header_1_0(file, header)
        rng = np.random.default_rng(0)
        bars = np.zeros((10_000, 28, 28), dtype=np.uint8)
        bars[rng.random((10_000, 28)) < 0.3] = 255
        file.write(bars.tobytes())
        file.truncate(file.tell() + (count - len(bars)) * PIXELS)


def fit(path: Path, epochs: float) -> dict[str, Any]:
    """Train with the library."""
    from rbm_studio import RBM

    images = np.load(path, mmap_mode="r").reshape(-1, PIXELS)
    seen = 0

    def watch(at: Progress) -> None:
        nonlocal seen
        seen = at.images
        if at.images >= epochs * len(images):
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        RBM(PIXELS, HIDDEN).fit(images, epochs=1, batch_size=BATCH, verbose=False, progress=watch)
    return {"images": seen}


def train_in_window(path: Path, epochs: float) -> dict[str, Any]:
    """Open the file in the window, train, save and open again."""
    from PySide6.QtCore import QEventLoop

    from rbm_studio.app.main import create_application
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import RunState
    from rbm_studio.app.window import MainWindow

    application = create_application()
    assert application is not None
    session = Session()
    window = MainWindow(session)
    errors: list[str] = []
    session.failed.connect(lambda error: errors.append(str(error)))
    window.resize(1280, 800)
    window.show()
    loop = QEventLoop()

    def leave(when: bool) -> None:
        if when:
            loop.quit()

    session.task_changed.connect(lambda: leave(session.task is None))
    window.open_path(path)
    loop.exec()
    images = session.images
    assert images is not None, errors
    session.change_settings(hidden_num=HIDDEN, batch_size=BATCH, epochs=1, device="cpu")
    docks = list(window.docks.values())

    def look() -> None:
        progress = session.progress
        if progress is None or session.run_state is not RunState.RUNNING or session.documents.saving.is_saving:
            # To save brings what came meanwhile, and that calls this once more.
            return
        docks[progress.batch % len(docks)].raise_()
        if progress.images >= epochs * len(images.train):
            assert session.save_experiment(path.with_suffix(".rbmx")), errors
            session.stop()

    session.progressed.connect(look)
    session.run_state_changed.connect(lambda: leave(session.run_state is RunState.IDLE))
    session.train()
    loop.exec()
    assert session.progress is not None
    assert not errors, errors
    window.discard()
    return {"images": session.progress.images, "mapped": isinstance(images.train, np.memmap)}


def main(what: str, path: Path, epochs: float) -> None:
    """Train in this process, and print what it took as JSON."""
    if what == "window":
        import rbm_studio.app.main
    else:
        import rbm_studio  # noqa: F401
    start = megabytes("RssAnon", "RssShmem")
    peak = Peak()
    peak.start()
    found = (train_in_window if what == "window" else fit)(path, epochs)
    peak.end()
    sys.stdout.write(json.dumps({**found, "start": start, "own": peak.own, "files": peak.files}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
