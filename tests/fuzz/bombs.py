"""Files made to do harm: small ones that unpack to gigabytes, and others that claim what there is not."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib

BLOCK = 10_000_000
"""Zeros that a bomb is made of, again and again."""


def idx_header(*shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


def npy(shape: str, content: bytes = b"", descr: str = "'|u1'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def gzip_bomb(start: bytes, blocks: int) -> bytes:
    """Return gzip of some bytes and so many blocks of zeros."""
    return gzip.compress(start, mtime=0) + gzip.compress(bytes(BLOCK), mtime=0) * blocks


def deflated_bomb(start: bytes, blocks: int) -> bytes:
    """Return the deflated form, without header or trailer, of some bytes and so many blocks of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begun = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return begun + block * blocks + packer.flush()


def zip_of(*entries: tuple[str, bytes, int]) -> bytes:
    """Return a zip of (name, content, method)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content, method in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.compress_type = name, method
            archive.writestr(entry, content)
    return stream.getvalue()


def raw_zip(names: list[str], deflated: bytes, size: int, *, flags: int = 0, method: int = 8) -> bytes:
    """Return a zip in which all names stand for the same bytes, of one size by their own account."""
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 33, 0, len(deflated), size & 0xFFFFFFFF,
                        len(names[0].encode()), 0)  # fmt: skip
    body = local + names[0].encode() + deflated
    directory = b"".join(
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, flags, method, 0, 33, 0, len(deflated),
                    size & 0xFFFFFFFF, len(name.encode()), 0, 0, 0, 0, 0, 0) + name.encode()
        for name in names
    )  # fmt: skip
    count = min(len(names), 0xFFFF)
    return body + directory + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)


def safetensors(header: object, content: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def tensor(shape: list[int], start: int, end: int, kind: str = "F32") -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def tiff(width: int, height: int, tile: int) -> bytes:
    """Return a TIFF picture of one tile, which is so wide and high by its own account."""
    tags = (
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, tile),
        (323, tile),
        (324, 8),
        (325, 16),
    )
    return (
        struct.pack("<2sHI", b"II", 42, 8)
        + struct.pack("<H", len(tags))
        + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        + bytes(20)
    )


def svg(uses: int, depth: int) -> bytes:
    """Return a picture that draws the same thing `uses` to the power of `depth` times."""
    groups = '<g id="a0"><path d="M0 0h9v9z"/></g>' + "".join(
        f'<g id="a{level}">' + f'<use xlink:href="#a{level - 1}"/>' * uses + "</g>" for level in range(1, depth + 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20">'
        f'<defs>{groups}</defs><use xlink:href="#a{depth}"/></svg>'
    ).encode()
