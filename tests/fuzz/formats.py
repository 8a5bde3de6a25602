"""Changes to files that know their format: the mutants get past checksums and lengths, to where the format is read."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from .mutation import field, mutated, mutated_json, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Mutate = Callable[[Random, bytes, bytes], bytes]


def idx(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change an IDX file's header, and perhaps make as many values follow as it promises."""
    if rng.random() < 0.3 or len(data) < 8:
        return mutated(rng, data, other)
    changed = bytearray(data)
    if rng.random() < 0.3:
        changed[2] = rng.choice((0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0))
    if rng.random() < 0.3:
        changed[3] = rng.choice((0, 1, 2, 3, 4, 5, 255))
    data = bytes(changed)
    for _ in range(rng.randint(0, 2)):
        data = field(rng, data, 4 + 4 * rng.randrange(4), 4, ">")
    if rng.random() < 0.5:
        data += bytes(rng.choice((1, 4, 784, 4096)))
    return data


def packed(inner: Mutate) -> Mutate:
    """Return a change to what is in a gzip file, which is packed again, or to its header and trailer."""

    def mutate(rng: Random, data: bytes, other: bytes) -> bytes:
        what = rng.random()
        if what < 0.25:
            return mutated(rng, data, other)
        if what < 0.45:
            # The flags, the length of an extra field, the checksum, the size.
            width, place = rng.choice(((1, 3), (2, 10), (4, len(data) - 8), (4, len(data) - 4)))
            return field(rng, data, place, width, "<")
        content = gzip.compress(inner(rng, _unpacked(data), _unpacked(other)), rng.choice((0, 1, 9)), mtime=0)
        return content if what < 0.9 else content + rng.choice((content, bytes(100), b"\x1f\x8b", other))

    return mutate


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return data


_DESCR = ("'|u1'", "'<f4'", "'>f8'", "'|b1'", "'<f2'", "'<i8'", "'<u8'", "'|O'", "'<U5'", "'<c16'", "'V4'",
          "'<M8[s]'", "[('a', '<f4')]", "('<f4', (2,))", "'|S0'", "'f16'", "None", "'<f999'", "''", "'g'", "'O8'",
          "('O', 3)")  # fmt: skip


def npy(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change an .npy file's header: its type, shape, order, version, length."""
    if rng.random() < 0.3 or not data.startswith(b"\x93NUMPY") or len(data) < 12:
        return mutated(rng, data, other)
    length = int.from_bytes(data[8:10], "little")
    header, content = data[10 : 10 + length], data[10 + length :]
    if rng.random() < 0.6:
        sides = [str(number(rng, len(content))) for _ in range(rng.choice((0, 1, 2, 3, 3, 4, 40)))]
        sides += rng.choice(([], [], [], ["True"], ["None"], ["1.5"], ["'x'"], ["9" * 4000], ["()"]))
        shape = "(" + "".join(f"{side}, " for side in sides) + ")"
        order = rng.choice(("False", "True", "1", "None"))
        header = f"{{'descr': {rng.choice(_DESCR)}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    elif rng.random() < 0.7:
        header = mutated(rng, header, other[10:100])
    version = rng.choice(((1, 0), (1, 0), (2, 0), (3, 0), (0, 0), (9, 9)))
    written = len(header) if rng.random() < 0.8 else number(rng, len(header))
    code = "<H" if version == (1, 0) else "<I"
    mask = (1 << 8 * struct.calcsize(code)) - 1
    return b"\x93NUMPY" + bytes(version) + struct.pack(code, written & mask) + header + content


# Where fields lie in an entry of a zip's directory, in an entry's own header, and in the end record: place and width.
_CENTRAL = (
    (4, 2),
    (6, 2),
    (8, 2),
    (10, 2),
    (16, 4),
    (20, 4),
    (24, 4),
    (28, 2),
    (30, 2),
    (32, 2),
    (34, 2),
    (38, 4),
    (42, 4),
)
_LOCAL = ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
_END = ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
_NAMES = ("../up.npy", "/etc/up.npy", "a\\..\\b.npy", "C:\\x.npy", "x\0y.npy", "", "x_train.npy", "images.npy", "é.npy",
          "n" * 3000, "a\nb.npy", "moments/0.safetensors", "moments/-1.safetensors", "experiment.json")  # fmt: skip
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def zipped(inner: Callable[[str], Mutate]) -> Mutate:
    """Return a change to what is in a zip, by the entry's name, to its list of entries, or to the zip's own fields."""

    def mutate(rng: Random, data: bytes, other: bytes) -> bytes:
        what = rng.random()
        if what < 0.2:
            return mutated(rng, data, other)
        if what < 0.45:
            return _with_fields_changed(rng, data)
        entries = _entries(data)
        if not entries:
            return mutated(rng, data, other)
        if what < 0.85:
            place = rng.randrange(len(entries))
            name, method, content = entries[place]
            foreign = rng.choice(_entries(other) or entries)[2]
            entries[place] = name, method, inner(name)(rng, content, foreign)
        else:
            _change_list(rng, entries, data)
        content = _written(entries)
        return content if rng.random() < 0.9 else _with_fields_changed(rng, content)

    return mutate


def _change_list(rng: Random, entries: list[tuple[str, int, bytes]], whole: bytes) -> None:
    place = rng.randrange(len(entries))
    name, method, content = entries[place]
    what = rng.randrange(7)
    if what == 0:
        del entries[place]
    elif what == 1:
        entries.append((name, method, rng.choice(entries)[2]))
    elif what == 2:
        entries[place] = rng.choice(_NAMES), method, content
    elif what == 3:
        entries[place] = name, rng.choice(_METHODS), content
    elif what == 4:
        entries[place] = name, zipfile.ZIP_DEFLATED, whole
    elif what == 5:
        entries[place:place] = [(f"{number}.npy", 0, b"") for number in range(rng.choice((3, 300, 3000)))]
    else:
        entries[place] = name, zipfile.ZIP_DEFLATED, content + bytes(rng.choice((1, 10**4, 3 * 10**6)))


def _with_fields_changed(rng: Random, data: bytes) -> bytes:
    for _ in range(rng.choice((1, 1, 2))):
        mark, fields = rng.choice(((b"PK\1\2", _CENTRAL), (b"PK\3\4", _LOCAL), (b"PK\5\6", _END)))
        places = [place for place in range(len(data)) if data.startswith(mark, place)]
        if places:
            offset, width = rng.choice(fields)
            data = field(rng, data, rng.choice(places) + offset, width, "<")
    return data


def _entries(data: bytes) -> list[tuple[str, int, bytes]]:
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry.filename, entry.compress_type, archive.read(entry)) for entry in archive.infolist()]
    return []


def _written(entries: list[tuple[str, int, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, method, content in entries:
            entry = zipfile.ZipInfo("x")
            # Set afterwards: the constructor would cut a name at its NUL.
            entry.filename, entry.compress_type = name, method
            archive.writestr(entry, content)
    return stream.getvalue()


def safetensors(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change a safetensors file's header: offsets, types, shapes, names, metadata, its length."""
    length = int.from_bytes(data[:8], "little")
    if rng.random() < 0.25 or length > len(data):
        return mutated(rng, data, other)
    header, content = data[8 : 8 + length], data[8 + length :]
    try:
        facts = json.loads(header)
    except ValueError:
        return mutated(rng, data, other)
    what = rng.random()
    if what < 0.35:
        header = mutated_json(rng, facts)
    elif what < 0.75 and isinstance(facts.get("__metadata__"), dict):
        about = facts["__metadata__"]
        key = rng.choice(sorted(about))
        with contextlib.suppress(ValueError):
            about[key] = mutated_json(rng, json.loads(about[key])).decode(errors="surrogateescape")
        header = json.dumps(facts).encode(errors="replace")
    elif what < 0.85:
        # One name twice.
        header = header[:-1] + b"," + header[1:]
    else:
        content = mutated(rng, content, other) if rng.random() < 0.5 else _special_numbers(rng, content)
    written = len(header) if rng.random() < 0.9 else number(rng, len(header)) % 2**64
    return struct.pack("<Q", written) + header + content


def _special_numbers(rng: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(3):
        if len(changed) >= 4:
            place = 4 * rng.randrange(len(changed) // 4)
            changed[place : place + 4] = struct.pack("<f", rng.choice((float("nan"), float("inf"), 3e38, -1e-40)))
    return bytes(changed)


def any_json(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change JSON, by its values or its bytes."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return mutated(rng, data, other)
    return mutated_json(rng, value) if rng.random() < 0.8 else mutated(rng, data, other)


def by_entry(name: str) -> Mutate:
    """Return what changes an entry of an experiment."""
    return any_json if name.endswith(".json") else safetensors


def csv(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change a table of numbers: single ones, columns, rows."""
    rows = data.split(b"\n")
    place = rng.randrange(len(rows))
    cells = rows[place].split(b",")
    at = rng.randrange(len(cells))
    what = rng.random()
    if what < 0.5:
        cells[at] = rng.choice(
            (b"", b"256", b"-1", b"1.5", b"nan", b"1e2", b"x", b"#", b'"7"', b"9" * 5000, b"\0", b" 3 ")
        )
    elif what < 0.6:
        del cells[at]
    elif what < 0.7:
        cells[at:at] = [b"0"] * rng.choice((1, 785, 20_000))
    elif what < 0.8:
        rows[place:place] = [rows[place]] * rng.choice((1, 60))
    else:
        return mutated(rng, data, other)
    rows[place] = b",".join(cells)
    return b"\n".join(rows)


def picture(rng: Random, data: bytes, other: bytes) -> bytes:
    """Change a picture; a PNG chunk by chunk, with checksums that are right."""
    if not data.startswith(b"\x89PNG") or rng.random() < 0.3:
        return mutated(rng, data, other)
    chunks, place = [], 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    at = rng.randrange(len(chunks))
    kind, content = chunks[at]
    if kind == b"IHDR":
        content = field(rng, content, *rng.choice(((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1))), ">")
    elif kind == b"IDAT" and rng.random() < 0.7:
        with contextlib.suppress(zlib.error):
            content = zlib.compress(mutated(rng, zlib.decompress(content), b""))
    else:
        content = mutated(rng, content, other)
    chunks[at] = kind, content
    if rng.random() < 0.2:
        chunks.insert(
            at, rng.choice(((b"tEXt", b"a\0" + bytes(2000)), (b"PLTE", bytes(768)), (b"acTL", bytes(8)), chunks[at]))
        )
    return data[:8] + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def generator(seed: int, reader: str, count: int) -> random.Random:
    """Return the generator of a mutant: the same one, whichever mutants were made before it."""
    return random.Random(f"{seed} {reader} {count}")
