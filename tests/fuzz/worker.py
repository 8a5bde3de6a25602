"""A process that opens mutants one after the other, and says how each went: it may hang, crash or be killed.

Its arguments: the folder for the mutants, the seed, the first mutant's number, the step to the next, the number to end
before, and the readers' names.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from .formats import generator
from .judging import Verdict
from .readers import READERS
from .seeds import CANARY

SPARE_BYTES = 1024**3
"""More than that is not even reserved for one mutant."""


def main() -> None:
    """Do what the arguments say."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    first, step, end = map(int, sys.argv[3:6])
    names = sys.argv[6:]
    os.environ[CANARY] = str(folder / "executed")
    logging.disable()
    application = QGuiApplication([])
    for name in names:
        READERS[name].files()
    _limit_memory()
    for number in range(first, end, step):
        name = names[number // step % len(names)]
        reader = READERS[name]
        path = folder / f"mutant{reader.suffix}"
        path.write_bytes(mutant(name, seed, number))
        say({"number": number, "reader": name, "path": str(path)})
        verdict = Verdict(reader, path)
        if verdict.fault:
            # On a busy machine it may have waited.
            verdict = Verdict(reader, path)
        say({"opened": verdict.opened, "fault": verdict.fault, "s": verdict.seconds, "memory": verdict.memory})
    del application


def mutant(name: str, seed: int, number: int) -> bytes:
    """Return a mutant, which depends on these three alone."""
    reader = READERS[name]
    rng = generator(seed, name, number)
    files = reader.files()
    # Pickles are few among them, and as many are wanted as of the reader's own.
    data = rng.choice(files[:-3] or files) if rng.random() < 0.97 else rng.choice(files)
    return reader.mutate(rng, data, rng.choice(files))


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _limit_memory() -> None:
    status = Path("/proc/self/status")
    if status.exists():
        import resource  # which other systems do not have

        [size] = [int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmSize")]
        resource.setrlimit(resource.RLIMIT_AS, (size + SPARE_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
