"""Every reader against thousands of broken files, in processes of their own."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sizes import sized

from .readers import READERS
from .seeds import CANARY
from .worker import mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SEED = 20_250
FILES = sized(4_000, 100_000)
PROCESSES = 2
HANG_S = 20.0
"""A process that says nothing for so long hangs; a machine that is busy takes longer than the 2 s that are allowed."""


@dataclass
class Tried:
    """How the files of one process went."""

    tried: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Workers:
    """One process after the other, until all mutants from a number on in steps are tried."""

    def __init__(self, first: int, folder: Path) -> None:
        self.result = Tried()
        self._next = first
        self._folder = folder
        folder.mkdir()

    def run(self) -> None:
        while self._next < FILES:
            self._run_one()

    def _run_one(self) -> None:
        command = [sys.executable, "-m", "tests.fuzz.worker", str(self._folder), str(SEED), str(self._next),
                   str(PROCESSES), str(FILES), *READERS]  # fmt: skip
        said = (self._folder / "stderr").open("wb")
        with said, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said, text=True) as process:
            begun: dict[str, Any] | None = None
            for line in _lines(process):
                heard = json.loads(line)
                if "number" in heard:
                    begun = heard
                elif begun is not None:
                    self._note(begun, heard)
                    begun = None
            process.kill()
        if begun is not None:
            self._note(begun, {"opened": False, "fault": f"the process hung or ended ({process.wait()})"})
        elif self._next < FILES:
            self.result.faults.append(f"the process ended: {(self._folder / 'stderr').read_text()[-2000:]}")
            self._next = FILES

    def _note(self, begun: dict[str, Any], heard: dict[str, Any]) -> None:
        reader, number = begun["reader"], begun["number"]
        self._next = number + PROCESSES
        self.result.tried[reader] += 1
        self.result.opened[reader] += heard["opened"]
        if heard["fault"]:
            kept = self._folder.parent / f"{reader} {number}"
            shutil.copy(begun["path"], kept)
            self.result.faults.append(f"seed {SEED}, {reader}, mutant {number}, kept as {kept}: {heard['fault']}")


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what a process says, until it ends or says nothing for too long."""
    said: queue.Queue[str] = queue.Queue()
    stream = process.stdout
    assert stream is not None

    def listen() -> None:
        for line in stream:
            said.put(line)
        said.put("")

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        while line := said.get(timeout=HANG_S):
            yield line
    except queue.Empty:
        process.kill()
    listener.join()


@pytest.mark.soak
def test_every_mutant_is_opened_or_refused_in_a_sentence(tmp_path: Path, figure: Callable[[str, object], None]) -> None:
    workers = [Workers(first, tmp_path / str(first)) for first in range(PROCESSES)]
    threads = [threading.Thread(target=each.run) for each in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tried = sum((each.result.tried for each in workers), Counter[str]())
    opened = sum((each.result.opened for each in workers), Counter[str]())
    figure("files tried", f"{tried.total():,}")
    figure("opened", ", ".join(f"{name} {opened[name] / max(tried[name], 1):.0%}" for name in READERS))
    faults = [fault for each in workers for fault in each.result.faults]
    assert not faults, "\n".join(faults[:40])
    assert tried.total() == FILES
    # Mutants that are all refused, or all opened, would try little.
    assert all(0 < opened[name] < tried[name] for name in READERS)


@pytest.mark.parametrize("name", READERS)
def test_the_files_that_mutants_are_made_of_are_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    assert qapp is not None
    canary = tmp_path / "executed"
    monkeypatch.setenv(CANARY, str(canary))
    reader = READERS[name]
    opened = 0
    for number, data in enumerate(reader.files()):
        path = tmp_path / f"{number}{reader.suffix}"
        path.write_bytes(data)
        try:
            reader.check(reader.open(path))
        except reader.refusals:
            continue
        opened += 1
    assert opened >= len(reader.seeds()) // 2
    assert not canary.exists()


def test_a_mutant_depends_on_its_seed_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qapp: object) -> None:
    assert qapp is not None
    monkeypatch.setenv(CANARY, str(tmp_path / "executed"))
    assert mutant("idx", 1, 5) == mutant("idx", 1, 5) != mutant("idx", 2, 5)
