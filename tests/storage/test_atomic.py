from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

from rbm_studio import atomic
from rbm_studio.atomic import remove_leftovers
from rbm_studio.storage.atomic import FileError, check_writable, write_atomically
from tests.storage.conftest import make_read_only
from tests.write_faults import calls_of, fault

if TYPE_CHECKING:
    from collections.abc import Callable

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files, links or limits")


def writing(data: bytes) -> Callable[[BinaryIO], object]:
    return lambda file: file.write(data)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_atomically(path, writing(b"old and long"))
    write_atomically(str(path), writing(b"new"))
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_old_file_survives_a_writer_that_fails(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def fail_half_way(file: BinaryIO) -> None:
        file.write(b"half of the n")
        raise error

    with pytest.raises(error):
        write_atomically(path, fail_half_way)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


def test_a_full_disk(tiny_disk: Path) -> None:
    path = tiny_disk / "model"
    path.write_bytes(b"old")
    with pytest.raises(FileError, match=r"model was not saved: the disk is full\. Free some space"):
        write_atomically(path, writing(bytes(200_000)))
    assert path.read_bytes() == b"old"
    assert names(tiny_disk) == ["model"]


def test_a_disk_that_is_read_only(tiny_disk: Path) -> None:
    path = tiny_disk / "model"
    path.write_bytes(b"old")
    make_read_only(tiny_disk)
    with pytest.raises(FileError, match=r"model was not saved: you may not write in .*disk\. Save it in a folder of"):
        write_atomically(path, writing(b"new"))
    assert path.read_bytes() == b"old"


@POSIX
def test_another_refusal_of_the_system_is_named(tmp_path: Path) -> None:
    import resource
    import signal

    path = tmp_path / "model"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        with pytest.raises(FileError, match="model was not saved: File too large"):
            write_atomically(path, writing(bytes(200_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"model was not saved: there is no folder .*missing\. Save it in a"):
        write_atomically(tmp_path / "missing" / "model", writing(b""))
    assert names(tmp_path) == []


def test_a_file_where_a_folder_was_meant(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileError, match="there is no folder"):
        write_atomically(tmp_path / "file" / "model", writing(b""))
    assert (tmp_path / "file").read_bytes() == b"old"


@POSIX
def test_a_folder_where_a_file_was_meant(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"folder is a folder\. Give the file another name"):
        write_atomically(tmp_path / "folder", writing(b"new"))
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == []


@POSIX
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "models" / "model")
    write_atomically(tmp_path / "link", writing(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "models" / "model").read_bytes() == b"new"


@POSIX
def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write_atomically(tmp_path / "new", writing(b""))
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
    (tmp_path / "new").chmod(0o640)
    write_atomically(tmp_path / "new", writing(b"again"))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_name_as_long_as_the_system_takes(tmp_path: Path) -> None:
    name = "手書き" * 27 + ".safetensors"
    write_atomically(tmp_path / name, writing(b"new"))
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("refuses", [check_writable, lambda path: write_atomically(path, writing(b"new"))])
def test_a_longer_name_than_that(tmp_path: Path, refuses: Callable[[Path], None]) -> None:
    with pytest.raises(FileError, match=r"name x+ is too long for a file\. Give the file a shorter name"):
        refuses(tmp_path / ("x" * 300))
    assert names(tmp_path) == []


def test_what_can_be_written_is_told_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    for name in ("old", "new"):
        check_writable(tmp_path / name)
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_what_cannot_be_written_is_told_beforehand(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(FileError, match="there is no folder"):
        check_writable(tmp_path / "missing" / "model")


@POSIX
def test_beside_the_file_that_a_link_leads_to_there_must_be_room(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing" / "model")
    with pytest.raises(FileError, match=r"there is no folder .*missing"):
        check_writable(tmp_path / "link")


def test_a_device_is_not_replaced_by_a_file() -> None:
    device = Path("/dev/null")
    if not device.is_char_device():
        pytest.skip("this system has no /dev/null")

    with pytest.raises(FileError, match="not an ordinary file"):
        write_atomically(device, lambda file: file.write(b"x"))

    assert device.is_char_device()


def test_a_drive_that_is_pulled_out_in_the_middle(tiny_disk: Path, tmp_path: Path) -> None:
    path = tiny_disk / "model"
    path.write_bytes(b"old")

    def pull(file: BinaryIO) -> None:
        file.write(b"half of the n")
        subprocess.run(["umount", "-l", str(tiny_disk)], check=True)
        file.write(b"ew")

    with pytest.raises(FileError, match=r"the drive of .*disk is gone or cannot be reached"):
        write_atomically(path, pull)
    assert names(tiny_disk) == []
    assert names(tmp_path) == ["disk"]


@POSIX
def test_a_folder_that_is_removed_in_the_middle(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def remove(file: BinaryIO) -> None:
        file.write(b"half of the n")
        shutil.rmtree(folder)

    with pytest.raises(FileError, match="there is no folder"):
        write_atomically(folder / "model", remove)
    assert names(tmp_path) == []


@POSIX
def test_a_folder_that_may_not_be_written_to() -> None:
    # Not in the folder of the test: nobody else may look into that one.
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above, "folder")
        folder.mkdir()
        (folder / "model").write_bytes(b"old")
        Path(above).chmod(0o755)
        folder.chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)
            with pytest.raises(FileError, match="you may not write in"):
                write_atomically(folder / "model", writing(b"new"))
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
        assert (folder / "model").read_bytes() == b"old"
        assert names(folder) == ["model"]


def held(path: Path, times: int) -> Callable[..., None]:
    """Return `os.replace` as it is on Windows while another program has the file open."""
    real, left = os.replace, [times]

    def replace(source: Path, target: Path) -> None:
        assert target == path
        if left[0]:
            left[0] -= 1
            error = PermissionError(errno.EACCES, "Access is denied")
            error.winerror = 32  # type: ignore[attr-defined, unused-ignore]
            raise error
        real(source, target)

    return replace


def test_a_file_that_is_open_elsewhere_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    monkeypatch.setattr(atomic.os, "replace", held(path, 3))  # type: ignore[attr-defined]
    write_atomically(path, writing(b"new"))
    assert path.read_bytes() == b"new"


def test_a_file_that_stays_open_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    monkeypatch.setattr(atomic.os, "replace", held(path, 99))  # type: ignore[attr-defined]
    with pytest.raises(FileError, match=r"another program has it open\. Close it there"):
        write_atomically(path, writing(b"new"))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model"]


def test_where_not_even_the_half_file_can_be_removed_the_first_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(atomic.os, "unlink", refuse)  # type: ignore[attr-defined]
    calls = calls_of(lambda: write_atomically(tmp_path / "model", writing(b"old")))
    with fault(calls - 4, errno.ENOSPC), pytest.raises(FileError, match="the disk is full"):
        write_atomically(tmp_path / "model", writing(b"new"))
    assert (tmp_path / "model").read_bytes() == b"old"


def test_half_files_of_dead_programs_are_removed_and_nothing_else(tmp_path: Path) -> None:
    old = [".model.0123456789ab.part", ".other.0123456789ab.part"]
    kept = ["model", ".model.part", "model.0123456789ab.part", ".model.0123456789AB.part", ".new.0123456789ab.part"]
    for name in (*old, *kept):
        (tmp_path / name).write_bytes(b"half")
        age = 0 if name.startswith(".new") else 3600
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    (tmp_path / ".folder.0123456789ab.part").mkdir()
    assert remove_leftovers(tmp_path, "model") == old[:1]
    assert remove_leftovers(tmp_path) == old[1:]
    assert names(tmp_path) == sorted([*kept, ".folder.0123456789ab.part"])
    assert remove_leftovers(tmp_path / "missing") == []


@POSIX
def test_a_half_file_that_is_being_written_stays_however_long_it_takes(tmp_path: Path) -> None:
    def slowly(file: BinaryIO) -> None:
        (part,) = tmp_path.iterdir()
        os.utime(part, (1, 1))
        assert remove_leftovers(tmp_path) == []
        file.write(b"new")

    write_atomically(tmp_path / "model", slowly)
    assert (tmp_path / "model").read_bytes() == b"new"
    assert names(tmp_path) == ["model"]


@POSIX
def test_permissions_are_private_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    path.chmod(0o600)

    def look(file: BinaryIO) -> None:
        (part,) = tmp_path.glob(".*.part")
        assert part.stat().st_mode & 0o777 == 0o600
        file.write(b"new")

    write_atomically(path, look)
    assert path.stat().st_mode & 0o777 == 0o600
