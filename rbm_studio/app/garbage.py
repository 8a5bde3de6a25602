"""Garbage is collected on the window's thread alone.

Python collects wherever the count of new objects happens to run over, also on a thread that trains or measures. What it
finds may be widgets, and to destroy these on another thread than the window's crashes Qt.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

INTERVAL_MS = 500


class Collector(QObject):
    """Collects, instead of Python, whenever it would have, but on the thread of the event loop.

    Parameters
    ----------
    parent : QObject
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self.collect)
        timer.start(INTERVAL_MS)

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation whose time has come, and with it the younger ones."""
        due = zip(gc.get_count(), gc.get_threshold(), strict=True)
        generations = [place for place, (count, most) in enumerate(due) if most and count > most]
        if generations:
            gc.collect(generations[-1])
