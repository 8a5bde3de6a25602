"""Files made to do harm, one kind of attack after the other."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import pickle
import socket
import struct
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from . import bombs, seeds
from .judging import Verdict
from .readers import READERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What Qt says of broken pictures goes to the log.
pytestmark = pytest.mark.no_qt_log

IDX = bombs.idx_header(10, 28, 28)
NPY = bombs.npy("(10, 28, 28)")
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
SPARSE_BYTES = 100 * 1024**3


@pytest.fixture(autouse=True)
def _canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object) -> Iterator[None]:
    """Notice a pickle that is executed, and any file that appears."""
    assert qapp is not None
    monkeypatch.setenv(seeds.CANARY, str(tmp_path / "executed"))
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    yield
    made = {path.name for path in tmp_path.rglob("*")} - {"a", "b", "bomb", "link", "pipe", "pipe2", "socket"}
    assert not made


def judged(reader: str, data: bytes) -> Verdict:
    """Have a reader open some bytes, which it must do soon and without much memory."""
    path = Path("bomb").absolute()
    path.write_bytes(data)
    return sound(reader, path)


def sound(reader: str, path: Path) -> Verdict:
    """Have a reader open a path; a reader that waits for ever fails the test."""
    found: list[Verdict] = []
    thread = threading.Thread(target=lambda: found.append(Verdict(READERS[reader], path)), daemon=True)
    thread.start()
    thread.join(20)
    assert found, f"{reader} waits for ever for {path}"
    [verdict] = found
    assert not verdict.fault, f"{reader}: {verdict.fault}"
    return verdict


def refused(reader: str, data: bytes) -> None:
    assert not judged(reader, data).opened


# --- what unpacks to more than it is


@pytest.mark.parametrize("reader", ["gzip", "images"])
def test_a_kilobyte_that_claims_ten_gigabytes(reader: str) -> None:
    claim = gzip.compress(bombs.idx_header(12_755_102, 28, 28) + os.urandom(800), mtime=0)
    assert len(claim) < 1024
    refused(reader, claim)
    # Also where the trailer says so.
    whole = gzip.compress(IDX + bytes(7840), mtime=0)
    refused(reader, whole[:-4] + struct.pack("<I", 10**10 % 2**32))


@pytest.mark.parametrize("reader", ["gzip", "images", "csv"])
@pytest.mark.parametrize("start", [b"", IDX, bombs.idx_header(3_000_000, 28, 28), b"1,2\n"])
def test_a_gzip_of_gigabytes(reader: str, start: bytes) -> None:
    refused(reader, bombs.gzip_bomb(start, 300))


@pytest.mark.parametrize("reader", ["npz", "experiment"])
@pytest.mark.parametrize("claimed", [8_000, 3_000_000_000, 2**32 - 1])
@pytest.mark.parametrize("start", [NPY, bombs.npy("(3000000, 1000)"), b"{}", b'{"a": "'])
def test_a_zip_of_gigabytes(reader: str, claimed: int, start: bytes) -> None:
    name = "images.npy" if reader == "npz" else "experiment.json"
    refused(reader, bombs.raw_zip([name], bombs.deflated_bomb(start, 300), claimed))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_a_bound(method: int) -> None:
    content = bombs.npy("(20, 1000, 1000)", bytes(20_000_000))
    refused("npz", bombs.zip_of(("images.npy", content, method)))
    refused("experiment", bombs.zip_of(("experiment.json", b" " * 20_000_000 + b"{}", method)))


@pytest.mark.parametrize("reader", ["npz", "experiment"])
def test_entries_that_share_their_bytes(reader: str) -> None:
    # David Fifield, A better zip bomb, WOOT 2019.
    names = [f"{number}.npy" for number in range(500)]
    names[0] = "images.npy" if reader == "npz" else "experiment.json"
    refused(reader, bombs.raw_zip(names, bombs.deflated_bomb(NPY, 30), 300_000_000))


@pytest.mark.parametrize("reader", ["npz", "experiment"])
def test_zips_in_zips(reader: str) -> None:
    name = "images.npy" if reader == "npz" else "experiment.json"
    data = bytes(1_000_000)
    for _ in range(6):
        data = bombs.zip_of((name, data, DEFLATED))
    refused(reader, data)


@pytest.mark.parametrize("reader", ["npz", "experiment"])
@pytest.mark.parametrize("count", [65_535, 400_000])
def test_a_zip_of_very_many_entries(reader: str, count: int) -> None:
    refused(reader, bombs.raw_zip([f"{number}.npy" for number in range(count)], b"\3\0", 0))


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 15_000_000,
        b'{"a":' * 3_000_000,
        b'{"a": [' + b"[]," * 5_000_000 + b"0]}",
        b'{"a": [' + b"{}," * 5_000_000 + b"0]}",
        b'{"a": [' + b'"ab",' * 3_000_000 + b"0]}",
        b"{" + b",".join(b'"%d":0' % number for number in range(1_000_000)) + b"}",
        b'{"format": "rbm-studio-experiment", "format_version": ' + b"9" * 15_000_000 + b"}",
    ],
    ids=["deep lists", "deep dicts", "lists", "dicts", "strings", "keys", "digits"],
)
def test_json_that_takes_far_more_memory_than_space(text: bytes) -> None:
    refused("experiment", bombs.zip_of(("experiment.json", text, DEFLATED), ("drawings.json", b"{}", STORED)))
    refused("drawings", text)
    refused("safetensors", bombs.safetensors(text))
    refused("model bytes", bombs.safetensors(text))


@pytest.mark.parametrize("reader", ["pictures"])
@pytest.mark.parametrize(
    "data",
    [
        bombs.png(60_000, 60_000),
        bombs.png(2**31 - 1, 2**31 - 1),
        bombs.png(7_000, 7_000),
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 446, 0, 54, 40, 9, 4_500_000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(392),
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0xF0, 0, 0) + bytes(20),
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 100, 0, 54, 40, 60_000, -60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        bombs.tiff(60_000, 60_000, 16),
        bombs.tiff(10, 10, 65_536),
        b"P6 60000 60000 255 ",
        bombs.svg(8, 8),
        gzip.compress(bombs.svg(8, 8)),
    ],
    ids=["png", "absurd png", "png without pixels", "bmp without pixels", "gif", "bmp", "tiff", "tile", "ppm",
         "svg", "packed svg"],
)  # fmt: skip
def test_pictures_of_very_many_pixels(reader: str, data: bytes) -> None:
    refused(reader, data)


# --- what leads elsewhere


@pytest.mark.parametrize("reader", ["npz", "experiment"])
@pytest.mark.parametrize(
    "name",
    ["../../up.npy", "/tmp/rbm-studio-up.npy", "..\\up.npy", "C:\\up.npy", "a/../../../up.npy", "\\\\host\\up.npy"],
)
def test_names_that_lead_out_of_a_zip(reader: str, name: str) -> None:
    content = bombs.npy("(4, 2, 2)", bytes(16))
    others = [(each.filename, b"", STORED) for each in _experiment().infolist()] if reader == "experiment" else []
    refused(reader, bombs.zip_of((name, content, STORED), *others))
    assert not Path("/tmp/rbm-studio-up.npy").exists()


@pytest.mark.parametrize("name", ["images.npy\0.txt", "images.npy"])
def test_a_zip_s_names_are_cut_or_double(name: str) -> None:
    content = bombs.npy("(4, 2, 2)", bytes(16))
    with pytest.warns(UserWarning, match="Duplicate") if "\0" not in name else contextlib.nullcontext():
        data = bombs.zip_of(("images.npy", content, STORED), (name, content, STORED))
    refused("npz", data)


def test_a_link_in_a_zip_is_no_file() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("images.npy")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    refused("npz", stream.getvalue())


def _experiment() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(seeds.experiments()[0]))


def _device(name: str) -> Callable[[], Path]:
    return lambda: Path(name)


def _link_to(name: str) -> Callable[[], Path]:
    def make() -> Path:
        link = Path("link").absolute()
        link.symlink_to(name)
        return link

    return make


def _pipe() -> Path:
    path = Path("pipe").absolute()
    os.mkfifo(path)
    return path


def _link_to_pipe() -> Path:
    os.mkfifo("pipe2")
    return _link_to("pipe2")()


def _socket() -> Path:
    path = Path("socket").absolute()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    return path


PLACES: dict[str, Callable[[], Path]] = {
    "zero": _device("/dev/zero"),
    "full": _device("/dev/full"),
    "terminal": _device("/dev/tty"),
    "memory": _device("/proc/self/mem"),
    "pages": _device("/proc/self/pagemap"),
    "folder": _device("/"),
    "pipe": _pipe,
    "socket": _socket,
    "link to zero": _link_to("/dev/zero"),
    "link to a pipe": _link_to_pipe,
    "link to a folder": _link_to("/"),
    "link to nothing": _link_to("nowhere"),
    "link to itself": _link_to("link"),
    "link to memory": _link_to("/proc/self/mem"),
    "no name": lambda: Path("a\0b"),
    "long name": lambda: Path("n" * 5000),
    "file as a folder": lambda: Path("/etc/passwd/x"),
    "nobody's home": lambda: Path("~nobody-of-that-name/x"),
}


@pytest.mark.skipif(os.name != "posix", reason="other systems have other special files")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reader", [name for name in READERS if name != "model bytes"])
def test_what_is_no_ordinary_file(reader: str, place: str) -> None:
    path = PLACES[place]()
    assert not sound(reader, path).opened


STARTS = {
    "nothing": b"",
    "idx": IDX,
    "large idx": bombs.idx_header(2**32 - 1, 5, 5),
    "gzip": gzip.compress(IDX + bytes(7840)),
    "npy": NPY,
    "large npy": bombs.npy(f"({SPARSE_BYTES - 128},)"),
    "zip": bombs.zip_of(("images.npy", NPY, STORED)),
    "safetensors": seeds.safetensors()[0],
    "large safetensors": bombs.safetensors({"w": bombs.tensor([2**33], 0, 2**35)}),
    "long header": bombs.safetensors(b"{" + b" " * 90, length=2**33),
    "png": bombs.png(9, 9),
    "json": b"[",
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("reader", [name for name in READERS if name != "model bytes"])
def test_a_file_of_a_hundred_gigabytes_of_nothing(reader: str, start: str) -> None:
    path = Path("bomb").absolute()
    with path.open("wb") as file:
        file.write(STARTS[start])
        try:
            file.truncate(SPARSE_BYTES)
        except OSError:
            pytest.skip("no sparse files here")
    assert not sound(reader, path).opened or (reader, start) == ("pictures", "png")


# --- what its own header says


@pytest.mark.parametrize(
    "data",
    [
        bombs.npy("(-1, 28, 28)"),
        bombs.npy("(-4, -4)", bytes(16)),
        bombs.npy(f"({2**62}, {2**62}, {2**62})"),
        bombs.npy(f"(0, {2**62}, {2**62})"),
        bombs.npy(f"(0, {2**39}, {2**39})"),
        bombs.npy("(" + "1, " * 70 + ")", b"a"),
        bombs.npy("(" + "9" * 4000 + ",)"),
        bombs.npy(f"({'9' * 3000}, {'9' * 3000}, {'9' * 3000})"),
        bombs.npy("(True, True)", b"a"),
        bombs.npy("(1.5,)", b"a"),
        bombs.npy("('a',)", b"a"),
        bombs.npy("()", b""),
        bombs.npy("(3,)", bytes(12), "'|O'"),
        bombs.npy("(3,)", pickle.dumps([seeds.Canary] * 3), "'|O'"),
        bombs.npy("(1,)", bytes(8), "('<f4', (2,))"),
        bombs.npy("(1,)", bytes(8), "[('a', 'O')]"),
        bombs.npy("(1,)", bytes(8), "__import__('os').system('touch executed')"),
        bombs.npy("(1,)" + " " * 60_000, b"a"),
        bombs.npy("(" * 5_000),
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{" * 99,
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 0),
    ],
)
@pytest.mark.parametrize("reader", ["npy", "npz", "images"])
def test_absurd_headers_of_arrays(reader: str, data: bytes) -> None:
    refused(reader, bombs.zip_of(("images.npy", data, DEFLATED)) if reader == "npz" else data)


def test_an_overlong_header_in_a_bomb() -> None:
    start = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{"
    refused("npz", bombs.raw_zip(["images.npy"], bombs.deflated_bomb(start, 300), 2**32 - 1))


@pytest.mark.parametrize(
    "shape", [(0, 2**32 - 1, 2**32 - 1, 2**32 - 1), (2**32 - 1,) * 4, (0,), (0, 28, 28), (1, 0, 5)]
)
def test_absurd_idx_headers(shape: tuple[int, ...]) -> None:
    refused("images", bombs.idx_header(*shape))
    refused("images", gzip.compress(bombs.idx_header(*shape)))


W, A, B = bombs.tensor([4, 2], 0, 32), bombs.tensor([4], 32, 48), bombs.tensor([2], 48, 56)


@pytest.mark.parametrize(
    "data",
    [
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": bombs.tensor([2], 0, 8)}, bytes(56)),
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": bombs.tensor([2], 2**62, 2**62 + 8)}, bytes(56)),
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": bombs.tensor([2], -8, 0)}, bytes(56)),
        bombs.safetensors({"w": bombs.tensor([-4, -2], 0, 32), "visible_bias": A, "hidden_bias": B}, bytes(56)),
        bombs.safetensors({"w": bombs.tensor([2**40, 2**40], 0, 32), "visible_bias": A, "hidden_bias": B}, bytes(56)),
        bombs.safetensors({"w": bombs.tensor([0, 0], 0, 0), "visible_bias": bombs.tensor([0], 0, 0),
                           "hidden_bias": bombs.tensor([0], 0, 0)}),
        bombs.safetensors(b'{"w":' + json.dumps(W).encode() + b',"w":' + json.dumps(W).encode() + b"}", bytes(56)),
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": B, "__metadata__": {"format": 1}}, bytes(56)),
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": B, "__metadata__": []}, bytes(56)),
        bombs.safetensors({"w": W, "visible_bias": A, "hidden_bias": B}, np.full(14, np.nan, np.float32).tobytes()),
        bombs.safetensors({f"t{number}": bombs.tensor([0], 0, 0) for number in range(300_000)}),
        bombs.safetensors({"w": W}, bytes(32), length=2**63),
        bombs.safetensors({"w": W}, bytes(32), length=2**64 - 1),
        bombs.safetensors({"w": W}, bytes(32), length=0),
        bombs.safetensors([], bytes(32)),
        bombs.safetensors(b"null"),
        b"",
        b"\0" * 7,
        b"\0" * 8,
    ],
)  # fmt: skip
@pytest.mark.parametrize("reader", ["safetensors", "model bytes"])
def test_absurd_headers_of_models(reader: str, data: bytes) -> None:
    refused(reader, data)


def test_locked_zips() -> None:
    stored = bombs.npy("(4, 2, 2)", bytes(16))
    refused("npz", bombs.raw_zip(["images.npy"], stored, len(stored), flags=1, method=0))
    refused("experiment", bombs.raw_zip(["experiment.json"], b"{}", 2, flags=1, method=0))
    refused("experiment", bombs.raw_zip(["experiment.json"], b"{}", 2, flags=0x41, method=0))


@pytest.mark.parametrize("reader", READERS)
def test_a_pickle_is_no_file_of_any_kind(reader: str) -> None:
    for data in seeds.pickles():
        refused(reader, data)
        refused(reader, gzip.compress(data))
        refused(reader, bombs.zip_of(("images.npy", data, STORED), ("experiment.json", data, STORED)))
    # The trap is a real one.
    pickle.loads(seeds.pickles()[0])
    executed = Path(os.environ[seeds.CANARY])
    assert executed.exists()
    executed.unlink()
