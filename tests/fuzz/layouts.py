"""Layouts of the window as a made-up file has them, brought back one after the other: ``layouts.py SEED COUNT``.

A program of its own: Qt ends the one that reads them unchecked.
"""

from __future__ import annotations

import faulthandler
import json
import struct
import sys
from typing import TYPE_CHECKING

from rbm_studio.app.layout import VERSION
from rbm_studio.app.layout_state import is_geometry, is_state
from rbm_studio.app.main import create_application
from rbm_studio.app.preferences import GEOMETRY, STATE, preferences
from rbm_studio.app.session import Session
from rbm_studio.app.window import PANELS, MainWindow

from .formats import generator
from .mutation import mutated

if TYPE_CHECKING:
    from random import Random

BARS = ("training_bar", "timeline_bar")
FAR, LARGE, UNLIMITED = 1 << 15, 1 << 14, (1 << 24) + (1 << 14)


def number(rng: Random, lowest: int, highest: int) -> bytes:
    """Return a number that is allowed, as Qt writes it; often one of the ends, or of a usual size."""
    usual = rng.randint(max(lowest, 0), min(highest, 2000))
    return struct.pack(">i", rng.choice((lowest, highest, usual, usual, rng.randint(lowest, highest))))


def name(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return struct.pack(">i", len(data)) + data


def stretch(rng: Random) -> bytes:
    bounds = ((-FAR, FAR), (-LARGE, LARGE), (0, LARGE), (0, UNLIMITED))
    return b"".join(number(rng, *each) for each in bounds)


def size(rng: Random) -> bytes:
    return number(rng, -LARGE, LARGE) + number(rng, -LARGE, LARGE)


def dock(rng: Random, which: str) -> bytes:
    flags = rng.choice((1, 1, 1, 3, rng.randrange(16)))
    floating = [number(rng, -FAR, FAR) for _ in range(2)] + [number(rng, 0, LARGE // 8) for _ in range(2)]
    return name(which) + bytes([flags]) + (b"".join(floating) if flags & 2 else stretch(rng))


def parted(rng: Random, names: list[str], count: int) -> list[list[str]]:
    cuts = sorted(rng.sample(range(1, len(names)), count - 1))
    return [names[start:end] for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True)]


def group(rng: Random, names: list[str], depth: int) -> bytes:
    across = bytes([rng.choice((1, 2))])
    parts = parted(rng, names, rng.randint(1, len(names)) if depth and rng.random() < 0.7 else len(names))
    made = [
        b"\xfb" + dock(rng, part[0])
        if not depth or (len(part) == 1 and rng.random() < 0.5)
        else b"\xfc" + stretch(rng) + group(rng, part, depth - 1)
        for part in parts
    ]
    tabs = b"\xfa" + number(rng, -1, len(made) - 1)
    return (tabs if rng.random() < 0.4 else b"\xfc") + across + struct.pack(">i", len(made)) + b"".join(made)


def made_up(rng: Random) -> bytes:
    """Return a layout that is as Qt writes one, of every dock and bar once, and makes no sense."""
    names = sorted(PANELS)
    rng.shuffle(names)
    areas = sorted(rng.sample(range(4), rng.randint(1, 4)))
    made = struct.pack(">iiBi", 0xFF, VERSION, 0xFD, len(areas))
    for area, part in zip(areas, parted(rng, names, len(areas)), strict=True):
        made += struct.pack(">i", area) + size(rng) + group(rng, part, rng.randint(0, 11))
    made += size(rng) + b"".join(struct.pack(">i", rng.choice((1, 2, 4, 8))) for _ in range(4))
    lines = [BARS] if rng.random() < 0.3 else [(bar,) for bar in BARS]
    made += struct.pack(">Bi", 0xFC, len(lines))
    for line in lines:
        made += struct.pack(">ii", rng.randrange(4), len(line))
        for bar in line:
            made += name(bar) + bytes([rng.randrange(4)]) + number(rng, 0, FAR) + number(rng, -1, LARGE)
            made += struct.pack(">Q", rng.getrandbits(64))
    return made


def main(seed: int, count: int) -> None:
    """Bring back so many layouts, and print how many Qt was shown."""
    faulthandler.enable()
    application = create_application()
    window = MainWindow(Session())
    window.show()
    application.processEvents()
    geometry, state = (bytes(saved.data()) for saved in (window.saveGeometry(), window.saveState(VERSION)))
    window.hide()
    shown = 0
    for which in range(count):
        rng = generator(seed, "layout", which)
        preferences.keep(GEOMETRY, mutated(rng, geometry, state))
        preferences.keep(STATE, made_up(rng) if which % 2 else mutated(rng, state, state))
        shown += is_geometry(preferences.value(GEOMETRY)) + is_state(preferences.value(STATE), VERSION, PANELS, BARS)
        window.restore_layout()
        application.processEvents()
    window.restore_default_layout()
    window.discard()
    sys.stdout.write(json.dumps({"shown": shown}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
