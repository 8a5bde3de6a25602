"""Half an hour of training, drawing and dreaming: memory must stay, and the log empty of warnings.

``python -m benchmarks.long_run [minutes]``; it takes too long to be one of the benchmarks that run by themselves.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget

from benchmarks import digits
from benchmarks.calibration import calibrate
from benchmarks.driven_window import DrivenWindow, spend
from benchmarks.hand import Hand
from benchmarks.memory import STATUS, megabytes
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.state import RunState

HIDDEN_NUM = 64
LIMIT_MB = 50.0
WARM_UP_S = 120.0
"""Until then everything has been shown once, and what Qt, fonts and allocators keep is kept."""

_ROUND_S = 4.0
_MINUTES = 30.0


class _Warnings(logging.Handler):
    """Keeps what the log says, from warnings on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, but for what the offscreen platform says of itself."""
        if not record.getMessage().startswith("This plugin does not support"):
            self.messages.append(record.getMessage())


class _Person:
    """Uses the window: draws in it, looks at each dock in turn, dreams, chooses units, and trains again and again."""

    def __init__(self, driven: DrivenWindow) -> None:
        panel = driven.window.panel("draw")
        if not isinstance(panel, DrawPanel):
            raise TypeError("the window has no panel to draw on")
        self._driven = driven
        self._draw = panel
        self._hand = Hand(panel.canvas)
        self._docks = itertools.cycle(name for name in driven.window.docks if name != "draw")
        self._rounds = 0

    def do_something(self) -> None:
        """Live through one round of some seconds."""
        window, session = self._driven.window, self._driven.session
        if session.run_state is RunState.IDLE:
            if self._rounds % 5 == 4:
                session.reset()
            session.train()
        window.docks["draw"].raise_()
        self._hand.draw_for(_ROUND_S / 2)
        self._press(self._draw, "Random test digit")
        name = next(self._docks)
        window.docks[name].raise_()
        if name == "dream":
            self._press(window.panel(name), "Run")
        model = session.model
        if model is not None:
            session.selection.select_units((self._rounds % model.parameters.hidden_num,))
        spend(_ROUND_S / 2)
        if name == "dream":
            self._press(window.panel(name), "Pause")
        if self._rounds % 20 == 19:
            session.stop()
        self._rounds += 1

    @staticmethod
    def _press(panel: QWidget, name: str) -> None:
        for button in panel.findChildren(QAbstractButton):
            if button.isVisible() and button.isEnabled() and name in (button.text(), button.accessibleName()):
                QTest.mouseClick(button, Qt.MouseButton.LeftButton)
                return


def main(minutes: float) -> int:
    """Drive the window for so many minutes, print what was found, and return 1 if that is not as it should be."""
    if not STATUS.exists():
        print("This needs Linux's /proc.")
        return 0
    warnings = _Warnings()
    logging.getLogger().addHandler(warnings)
    calibration = calibrate()
    driven = DrivenWindow(HIDDEN_NUM)
    person = _Person(driven)
    begin = time.monotonic()
    samples: list[tuple[float, float]] = []
    next_line = 0.0
    while (now := time.monotonic() - begin) < 60 * minutes:
        person.do_something()
        gc.collect()
        samples.append((now, megabytes("VmRSS")))
        if now >= next_line:
            print(f"{now / 60:5.1f} min  {samples[-1][1]:.0f} MB", flush=True)
            next_line += 60
    driven.end()
    warm = [megabyte for at, megabyte in samples if at >= min(WARM_UP_S, 30 * minutes)]
    tenth = max(1, len(warm) // 10)
    first, last = (sorted(some)[len(some) // 2] for some in (warm[:tenth], warm[-tenth:]))
    print(f"{digits.in_words()}; {calibration}")
    print(f"memory: {first:.0f} MB after {WARM_UP_S / 60:g} min, {last:.0f} MB at the end: {last - first:+.0f} MB")
    print(f"warnings in the log: {len(warnings.messages)}")
    for message in warnings.messages[:20]:
        print(f"  {message}")
    return int(last - first >= LIMIT_MB or bool(warnings.messages))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        # The window's settings, log and drawings go there.
        os.environ |= {name: str(Path(folder)) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else _MINUTES))
