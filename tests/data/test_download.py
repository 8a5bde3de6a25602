from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rbm_studio.data.download import (
    FILES,
    MIRRORS,
    DownloadCancelled,
    DownloadError,
    cache_folder,
    download_mnist,
)
from rbm_studio.data.transfer import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENTS = {"images.gz": bytes(range(256)) * 400, "labels.gz": b"0123456789" * 50}
REMOTE = {name: RemoteFile(len(body), hashlib.sha256(body).hexdigest()) for name, body in CONTENTS.items()}
TOTAL = sum(len(body) for body in CONTENTS.values())


class Mirrors(NamedTuple):
    """A server whose folders behave as they are named."""

    address: str
    hanging: threading.Event  # a request has been left hanging
    asked: list[str]  # the paths that were asked for

    def named(self, *behaviours: str) -> list[str]:
        return [f"{self.address}/{behaviour}/" for behaviour in behaviours]


@pytest.fixture
def mirrors() -> Iterator[Mirrors]:
    released = threading.Event()
    state = Mirrors("", threading.Event(), [])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            _, behaviour, name = self.path.split("/")
            body = CONTENTS[name]
            # The other side hangs up on a mirror that misbehaves, as it should.
            with contextlib.suppress(ConnectionError):
                getattr(self, behaviour)(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def hang(self) -> None:
            self.wfile.flush()
            state.hanging.set()
            released.wait()

        def send(self, body: bytes, status: int = 200, length: int | None = None) -> None:
            self.send_response(status)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def good(self, body: bytes) -> None:
            self.send(body, length=len(body))

        def missing(self, body: bytes) -> None:
            self.send(body, 404, len(body))

        def forbidden(self, body: bytes) -> None:
            self.send(body, 403, len(body))

        def wrong(self, body: bytes) -> None:
            self.send(body[::-1], length=len(body))

        def portal(self, _: bytes) -> None:
            self.send(b"<html>Please log in</html>")

        def endless(self, body: bytes) -> None:
            self.send(body)
            while not released.is_set():
                self.wfile.write(bytes(65536))

        def broken_off(self, body: bytes) -> None:
            self.send(body[: len(body) // 2], length=len(body))

        def no_headers(self, _: bytes) -> None:
            self.hang()

        def stalling(self, body: bytes) -> None:
            self.send(body[: len(body) // 2], length=len(body))
            self.hang()

        def trickling(self, body: bytes) -> None:
            self.send(b"", length=len(body))
            for part in range(0, len(body), 256):
                released.wait(0.002)
                self.wfile.write(body[part : part + 256])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state._replace(address=f"http://127.0.0.1:{server.server_port}")
    released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def downloads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("download ")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in downloads():
        thread.join(10)
    assert not downloads()


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "bad",
    ["missing", "forbidden", "wrong", "portal", "endless", "broken_off", "no_headers", "stalling"],
)
def test_a_bad_mirror_is_passed_over(tmp_path: Path, mirrors: Mirrors, bad: str) -> None:
    folder = download_mnist(tmp_path, mirrors=mirrors.named(bad, "good"), files=REMOTE, timeout=0.4)
    assert everything_in(folder) == CONTENTS
    # The mirror that worked is asked first from then on.
    assert sum(f"/{bad}/" in path for path in mirrors.asked) == 1


def test_a_mirror_that_nobody_answers_at_is_passed_over(tmp_path: Path, mirrors: Mirrors) -> None:
    dead = "http://127.0.0.1:9/"
    assert everything_in(download_mnist(tmp_path, mirrors=[dead, *mirrors.named("good")], files=REMOTE)) == CONTENTS


def test_a_slow_mirror_is_waited_for_as_long_as_it_moves(tmp_path: Path, mirrors: Mirrors) -> None:
    # All of it takes longer than the timeout, which is for the wait between two bytes.
    folder = download_mnist(tmp_path, mirrors=mirrors.named("trickling"), files=REMOTE, timeout=0.5)
    assert everything_in(folder) == CONTENTS


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "answered 404 (Not Found)"),
        ("forbidden", "answered 403 (Forbidden)"),
        ("wrong", "sent something else than the file asked for"),
        ("portal", "sent something else than the file asked for"),
        ("endless", "sent something else than the file asked for"),
        ("broken_off", "broke off in the middle"),
        ("no_headers", "sent nothing for 0.3 seconds"),
        ("stalling", "sent nothing for 0.3 seconds"),
    ],
)
def test_every_mirror_is_named_with_its_reason(tmp_path: Path, mirrors: Mirrors, bad: str, reason: str) -> None:
    addresses = [*mirrors.named(bad), "http://127.0.0.1:9/"]
    with pytest.raises(DownloadError) as caught:
        download_mnist(tmp_path, mirrors=addresses, files=REMOTE, timeout=0.3)
    message = str(caught.value)
    assert f"{mirrors.address.removeprefix('http://')} {reason}; 127.0.0.1:9 could not be reached" in message
    assert "by hand" in message
    assert addresses[0] in message
    assert everything_in(tmp_path / "mnist") == {}


def test_progress_runs_over_all_files(tmp_path: Path, mirrors: Mirrors) -> None:
    seen: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        threads.add(threading.current_thread())

    download_mnist(tmp_path, mirrors=mirrors.named("trickling"), files=REMOTE, progress=progress)
    done = [step[0] for step in seen]
    assert done == sorted(done)
    assert done[-1] == TOTAL
    assert len(set(done)) > 3
    assert {total for _, total in seen} == {TOTAL}
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("behaviour", ["no_headers", "stalling", "endless"])
def test_cancel_takes_effect_while_a_mirror_hangs(tmp_path: Path, mirrors: Mirrors, behaviour: str) -> None:
    cancelled = threading.Event()
    files = REMOTE
    if behaviour == "endless":
        mirrors.hanging.set()
        files = {name: RemoteFile(10**12, file.sha256) for name, file in REMOTE.items()}

    def cancel_when_it_hangs() -> None:
        mirrors.hanging.wait()
        cancelled.set()

    canceller = threading.Thread(target=cancel_when_it_hangs)
    canceller.start()
    # Were the hanging request waited for, this would be a DownloadError, three seconds later.
    with pytest.raises(DownloadCancelled, match="cancelled"):
        download_mnist(tmp_path, mirrors=mirrors.named(behaviour), files=files, cancelled=cancelled, timeout=3)
    canceller.join()
    assert everything_in(tmp_path / "mnist") == {}
    if behaviour == "endless":
        # What still comes in after that is refused, and so the connection ends.
        for thread in downloads():
            thread.join(2)
        assert not downloads()


def test_what_is_complete_is_not_downloaded_again(tmp_path: Path, mirrors: Mirrors) -> None:
    folder = download_mnist(tmp_path, mirrors=mirrors.named("good"), files=REMOTE)
    (folder / "images.gz").write_bytes(bytes(len(CONTENTS["images.gz"])))
    mirrors.asked.clear()
    seen: list[int] = []
    download_mnist(tmp_path, mirrors=mirrors.named("good"), files=REMOTE, progress=lambda done, _: seen.append(done))
    assert mirrors.asked == ["/good/images.gz"]
    assert everything_in(folder) == CONTENTS
    assert seen[0] >= len(CONTENTS["labels.gz"])


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, mirrors: Mirrors) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match=r"Nothing can be written to .*RBM_STUDIO_CACHE_DIR"):
        download_mnist(cache, mirrors=mirrors.named("good"), files=REMOTE)
    assert mirrors.asked == []


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 16 kB where we may mount one; elsewhere a system that says that the disk is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        fail = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def replace(*_: object) -> None:
            raise fail

        monkeypatch.setattr(os, "replace", replace)
        yield folder
        return
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_half_written_stays(full_disk: Path, mirrors: Mirrors) -> None:
    with pytest.raises(DownloadError, match="The disk is full"):
        download_mnist(full_disk, mirrors=mirrors.named("good"), files=REMOTE)
    left = everything_in(full_disk / "mnist")
    assert all(CONTENTS[name] == content for name, content in left.items())


def test_the_cache_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("RBM_STUDIO_CACHE_DIR")
    assert cache_folder().name == "rbm-studio"


def test_the_published_files_are_those_of_mnist() -> None:
    assert sum(file.size for file in FILES.values()) == 11_594_722
    assert all(len(file.sha256) == 64 for file in FILES.values())
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in MIRRORS)
