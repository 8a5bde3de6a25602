"""One file on its way from one address, in a thread that can be left behind."""

from __future__ import annotations

import hashlib
import importlib
import io
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

# What counts against the read timeout is the wait for any byte; this is only how often the count moves.
_CHUNK = 8192


class RemoteFile(NamedTuple):
    """What a file must be: its size in bytes and its SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


class TransferError(Exception):
    """The file did not come, or another one did; the text is the reason in words, to follow a mirror's name."""


class _Downloader(Protocol):
    def __call__(self, url: str, output_file: io.BytesIO, pooch: None) -> None: ...


class Transfer:
    """Fetch one file into memory, in a thread of its own, and check that it is the right one.

    The thread cannot be stopped while the network keeps it waiting, but it can be left behind: it holds no file, and
    ends by itself, at the latest `timeout` seconds later.

    Parameters
    ----------
    url : str
        The address.
    file : RemoteFile
        What it must be.
    timeout : float
        Seconds without a single byte after which it is given up.
    """

    def __init__(self, url: str, file: RemoteFile, timeout: float) -> None:
        self._url = url
        self._file = file
        self._timeout = timeout
        self._sink = _Sink(file.size)
        self._failure: str | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, name=f"download {url}", daemon=True).start()

    @property
    def received(self) -> int:
        """The bytes that have come so far."""
        return self._sink.received

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; tell whether the transfer has ended, well or not."""
        return self._ended.wait(seconds)

    def leave_behind(self) -> None:
        """Let the thread end as soon as it next hears from the network."""
        self._sink.refuse("was cancelled")

    def content(self) -> bytes:
        """Return the file, once `wait` has returned True.

        Raises
        ------
        TransferError
            If the transfer failed, or what came is not the file.
        """
        if self._failure is not None:
            raise TransferError(self._failure)
        content = self._sink.getvalue()
        if hashlib.sha256(content).hexdigest() != self._file.sha256:
            raise TransferError(_OTHER_FILE)
        return content

    def _run(self) -> None:
        responses: list[Response] = []
        try:
            _http_downloader(self._timeout, responses.append)(self._url, self._sink, None)
        # Whatever goes wrong on this thread must become a reason, or the other thread would wait for ever.
        except Exception as error:
            self._failure = str(error) if isinstance(error, TransferError) else _in_words(error, self._timeout)
        finally:
            for response in responses:
                response.close()
            self._ended.set()


_OTHER_FILE = "sent something else than the file asked for"


class _Sink(io.BytesIO):
    """Memory to write to, no more than the file's size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._refusal: str | None = None
        self.received = 0

    def refuse(self, reason: str) -> None:
        self._refusal = reason

    def write(self, chunk: Any, /) -> int:
        self.received += len(chunk)
        if self.received > self._size:
            self._refusal = _OTHER_FILE
        if self._refusal is not None:
            raise TransferError(self._refusal)
        return super().write(chunk)


def _http_downloader(timeout: float, on_response: Callable[[Response], None]) -> _Downloader:
    # Loaded here, because it takes a tenth of a second that a start without a download need not spend; and by name,
    # because pooch comes without types.
    pooch = importlib.import_module("pooch")
    downloader: _Downloader = pooch.HTTPDownloader(
        chunk_size=_CHUNK,
        timeout=timeout,
        # The .gz itself is wanted: a server that offers to pack it once more would get it unpacked on arrival.
        headers={"Accept-Encoding": "identity"},
        hooks={"response": lambda response, **_: on_response(response)},
    )
    return downloader


def _in_words(error: Exception, timeout: float) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} ({error.response.reason})"
    # A stall within the body comes as a ConnectionError that only says so in its text.
    if isinstance(error, exceptions.Timeout) or "timed out" in str(error):
        return f"sent nothing for {timeout:g} seconds"
    if isinstance(error, exceptions.SSLError):
        return "could not prove who it is (its certificate is not accepted)"
    if isinstance(error, exceptions.ProxyError):
        return "could not be reached through the proxy"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "broke off in the middle"
    if isinstance(error, exceptions.ConnectionError):
        return "could not be reached"
    return f"failed ({type(error).__name__}: {error})"
