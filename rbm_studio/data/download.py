"""MNIST from the network: mirrors in turn, hashes checked, nothing half-downloaded left behind."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import platformdirs

from rbm_studio.atomic import write_whole
from rbm_studio.data.reading import at_home
from rbm_studio.data.transfer import RemoteFile, Transfer, TransferError
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CACHE_VARIABLE = "RBM_STUDIO_CACHE_DIR"
CACHED_MNIST = "mnist"
"""The folder in the cache where downloads of MNIST are kept."""

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

FILES: Mapping[str, RemoteFile] = {
    "train-images-idx3-ubyte.gz": RemoteFile(
        9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": RemoteFile(28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "t10k-images-idx3-ubyte.gz": RemoteFile(
        1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": RemoteFile(4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
}
"""MNIST's files: training images and labels, test images and labels."""

_POLL_SECONDS = 0.05


class DownloadError(RBMStudioError):
    """MNIST could not be downloaded, or not be kept."""


class DownloadCancelled(RBMStudioError):
    """The download was cancelled, as asked."""


def cache_folder() -> Path:
    """Return the folder for what can be had again: ``RBM_STUDIO_CACHE_DIR``, or where the system keeps caches."""
    named = os.environ.get(CACHE_VARIABLE)
    return at_home(Path(named)) if named else platformdirs.user_cache_path("rbm-studio")


def download_mnist(
    cache: Path | None = None,
    *,
    mirrors: Sequence[str] = MIRRORS,
    files: Mapping[str, RemoteFile] = FILES,
    progress: Callable[[int, int], None] | None = None,
    cancelled: threading.Event | None = None,
    timeout: float = 15.0,
) -> Path:
    """Download MNIST's four files, those that are not yet there.

    A mirror that refuses, breaks off, sends other bytes, or sends nothing for `timeout` seconds is passed over. A
    file is written only once all of it has come and its hash is right.

    Parameters
    ----------
    cache : Path, optional
        The cache, by default `cache_folder()`.
    mirrors : sequence of str
        Addresses that the files' names are put after, tried in this order.
    files : mapping of str to RemoteFile
        The files to get.
    progress : callable, optional
        Called from this thread as ``progress(done_bytes, total_bytes)``, over all files together.
    cancelled : threading.Event, optional
        Set it from another thread to end the download, within a fifth of a second.
    timeout : float
        Seconds without a single byte after which a mirror is given up.

    Returns
    -------
    Path
        The folder that holds the files.

    Raises
    ------
    DownloadError
        If no mirror has a file, or the cache cannot be written, or the disk is full.
    DownloadCancelled
        If `cancelled` was set; files that were already complete stay.
    """
    folder = (cache or cache_folder()) / CACHED_MNIST
    with _keeping(folder):
        folder.mkdir(parents=True, exist_ok=True)
        missing = [name for name, file in files.items() if not _is_there(folder / name, file)]
    total = sum(file.size for file in files.values())
    done = total - sum(files[name].size for name in missing)
    source = _Mirrors(mirrors, timeout, cancelled or threading.Event())
    # The small files first: what stands in the way of all is then known within a second.
    for name in sorted(missing, key=lambda name: files[name].size):
        for received in source.fetch(name, files[name]):
            if progress is not None:
                progress(done + received, total)
        with _keeping(folder):
            write_whole(folder / name, lambda file: file.write(source.content))
        done += files[name].size
    if progress is not None:
        progress(done, total)
    return folder


def _is_there(path: Path, file: RemoteFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


class _Mirrors:
    """Addresses that have the same files, the one that worked last first."""

    def __init__(self, mirrors: Sequence[str], timeout: float, cancelled: threading.Event) -> None:
        self._mirrors = list(mirrors)
        self._timeout = timeout
        self._cancelled = cancelled
        self.content = b""

    def fetch(self, name: str, file: RemoteFile) -> Iterator[int]:
        """Fetch a file into `content`; yields now and then how many bytes of it have come."""
        reasons = []
        for mirror in tuple(self._mirrors):
            transfer = Transfer(mirror + name, file, self._timeout)
            yield from self._watch(transfer)
            try:
                self.content = transfer.content()
            except TransferError as error:
                reasons.append(f"{urlsplit(mirror).netloc} {error}")
                continue
            self._mirrors.remove(mirror)
            self._mirrors.insert(0, mirror)
            return
        raise DownloadError(
            "{name} could not be downloaded: {reasons}.",
            "Check the network and try again; or download the four files by hand, from {mirrors}, and open the folder "
            "that you put them in.",
            name=name,
            reasons="; ".join(reasons),
            mirrors=" or ".join(self._mirrors),
        )

    def _watch(self, transfer: Transfer) -> Iterator[int]:
        ended = False
        try:
            while not ended:
                if self._cancelled.is_set():
                    raise DownloadCancelled("The download was cancelled.", "It can be started again at any time.")
                ended = transfer.wait(_POLL_SECONDS)
                yield transfer.received
        finally:
            transfer.leave_behind()


@contextmanager
def _keeping(folder: Path) -> Iterator[None]:
    """Say in words why nothing can be kept in a folder."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                "The disk is full: {folder} has no room for the download.",
                "Free at least 12 MB, or name a folder on another disk in the environment variable {variable}.",
                folder=folder,
                variable=CACHE_VARIABLE,
            ) from error
        raise DownloadError(
            "Nothing can be written to {folder}: {reason}.",
            "Ask for the right to write there, or name another folder in the environment variable {variable}.",
            folder=folder,
            reason=error.strerror or error,
            variable=CACHE_VARIABLE,
        ) from error
