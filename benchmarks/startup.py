"""From the start of the process to the window shown, and to the dataset loaded; with a warm disk."""

from __future__ import annotations

import json
import statistics
import time

from PySide6.QtCore import QEvent, QObject, QTimer

from benchmarks import digits
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, verdict
from rbm_studio.app.main import create_application, create_window

LIMIT_S = 2.0

_ROUNDS, _QUICK_ROUNDS = 4, 2
_GIVE_UP_MS = 60_000
_WHAT = {"shown": "to the window shown", "loaded": "to the window shown and its dataset loaded"}


def run(quick: bool) -> list[Row]:
    """Start the program several times, the first of which only warms the disk."""
    rows = []
    for screen, environment in screens().items():
        starts = [_start(environment) for _ in range(1 + (_QUICK_ROUNDS if quick else _ROUNDS))][1:]
        for figure, name in _WHAT.items():
            seconds = statistics.median(start[figure] for start in starts)
            rows.append(
                Row(
                    f"start {name}, {screen}",
                    f"{seconds:.2f} s",
                    digits.name() if figure == "loaded" else "",
                    target=f"< {LIMIT_S:g} s",
                    verdict=verdict(seconds < LIMIT_S),
                )
            )
    return rows


def _start(environment: dict[str, str]) -> dict[str, float]:
    begin = time.monotonic()  # one clock for all processes of a machine
    moments = measure("startup", environment=environment)
    return {name: moment - begin for name, moment in moments.items()}


class _FirstPaint(QObject):
    """Notes when the window has been painted for the first time."""

    def __init__(self, moments: dict[str, float]) -> None:
        super().__init__()
        self._moments = moments

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """See the window's first paint event; its panels are painted in the same go."""
        if event.type() == QEvent.Type.Paint and "shown" not in self._moments:
            self._moments["shown"] = 0.0
            QTimer.singleShot(0, self._note)
        return False

    def _note(self) -> None:
        self._moments["shown"] = time.monotonic()


def main() -> None:
    """Open the window as the program does, and print when it was shown and when the dataset was there."""
    moments: dict[str, float] = {}
    application = create_application()
    window = create_window()
    first_paint = _FirstPaint(moments)
    window.installEventFilter(first_paint)

    def look() -> None:
        if window.session.task is None:
            # In the next turn of the loop what the dataset changed has been painted too.
            QTimer.singleShot(0, note_loaded)

    def note_loaded() -> None:
        moments["loaded"] = time.monotonic()
        application.quit()

    window.session.task_changed.connect(look)
    window.restore_layout()
    window.show()
    QTimer.singleShot(_GIVE_UP_MS, application.quit)
    application.exec()
    window.session.shut_down()
    print(json.dumps(moments))


if __name__ == "__main__":
    main()
