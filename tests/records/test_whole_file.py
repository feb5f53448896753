"""A file is written whole or not at all; what is no file is neither read nor replaced."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tiny_run
from jointbench.errors import BadInput
from jointbench.records import Record
from jointbench.records.store import read_records, write_records
from jointbench.records.whole_file import open_regular, whole_file, write_text, write_together

RECORDS = tiny_run.records()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which nothing more reaches the platter: what is written is in a buffer, and syncing it fails."""

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)


def test_a_write_that_breaks_off_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """A run stopped while writing must not take the previous run's records with it."""
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    before = path.read_bytes()

    def breaking() -> Iterator[Record]:
        yield RECORDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(path, breaking())
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["records.jsonl"]


def test_a_reader_sees_the_old_records_until_the_new_ones_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS[:1])
    seen = []

    def watching() -> Iterator[Record]:
        for record in RECORDS[:3]:
            seen.append(len(list(read_records(path))))
            yield record

    write_records(path, watching())
    assert seen == [1, 1, 1]
    assert len(list(read_records(path))) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["records.jsonl"]


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(tmp_path: Path, full_disk: None) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old")
    with pytest.raises(BadInput, match=r"summary\.json cannot be written \(No space left on device\)"):
        write_text(path, "new")
    assert path.read_text() == "old"
    with pytest.raises(BadInput):
        write_text(tmp_path / "new.json", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]


def test_files_that_belong_together_are_written_all_or_none(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("summary.json", "report.html")]
    paths[0].write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(BadInput, match=r"report\.html cannot be written \(File too large\)"):
            write_together({paths[0]: b"new", paths[1]: b"x" * 1001})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert paths[0].read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]
    write_together({paths[0]: b"new", paths[1]: b"page"})
    assert [path.read_text() for path in paths] == ["new", "page"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("no/folder/file.json", lambda path: None, "No such file"),
        ("x" * 300, lambda path: None, "File name too long"),
        ("folder.json", lambda path: path.mkdir(), "no regular file"),
        ("pipe.json", lambda path: os.mkfifo(path), "no regular file"),
        ("file/below.json", lambda path: path.parent.write_text(""), "Not a directory"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / name
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=words) as caught:
        write_text(path, "text")
    assert str(path) in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """``--write-baseline /dev/full`` took the place of the device. A link shows it without touching a device."""
    link = tmp_path / "baseline.json"
    link.symlink_to("/dev/full")
    with pytest.raises(BadInput, match="no regular file"):
        write_text(link, "text")
    assert link.is_symlink()
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_one_and_permissions_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_file_one_may_not_write_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.json"
    path.write_text("mine")
    monkeypatch.setattr(os, "access", lambda target, mode: False)  # these tests may run as root, who may do anything
    with pytest.raises(BadInput, match="Permission denied"):
        write_text(path, "text")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "records.jsonl"
    make(path)
    with pytest.raises(BadInput, match=r"records\.jsonl cannot be read \(it is no regular file\); name another"):
        open_regular(path, "name another")


def test_a_device_is_not_read() -> None:
    """/dev/zero would fill the memory."""
    with pytest.raises(BadInput, match="no regular file"):
        open_regular(Path("/dev/zero"))


def test_text_of_a_file_name_that_is_no_utf_8_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / "page.html", "caf\udce9")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "caf\N{REPLACEMENT CHARACTER}"


def test_an_error_in_the_block_is_not_the_files(tmp_path: Path) -> None:
    def write() -> None:
        with whole_file(tmp_path / "file") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert not list(tmp_path.iterdir())
