"""Records of a run in progress: each is in the file at once, and what breaks off half-way is taken back."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tiny_run
from exact import same
from jointbench.errors import BadInput, DidNotFinish
from jointbench.records.log import TOGETHER, RecordLog
from jointbench.records.store import read_records, write_records

RECORDS = tiny_run.records()


SIZE_LIMIT = 4000


@contextmanager
def size_limit() -> Iterator[None]:
    """A limit on the size of files, as ``ulimit -f`` sets it. Not a fixture: pytest's own output may be a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE_LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_record_is_in_the_file_before_the_next_is_made(tmp_path: Path) -> None:
    with RecordLog(tmp_path / "records.jsonl") as log:
        for count, record in enumerate(RECORDS, start=1):
            log.append(record)
            assert same(list(read_records(tmp_path))[-1], record)
            assert len(list(read_records(tmp_path))) == count


def test_of_two_runs_one_has_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with RecordLog(path) as log:
        log.append(RECORDS[0])
        with pytest.raises(BadInput, match=r"has a records\.jsonl already; name another folder"):
            RecordLog(path)
        log.append(RECORDS[1])
    assert len(list(read_records(path))) == 2


def test_half_a_last_line_is_cut_off_and_said(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS)
    whole = path.read_bytes()
    for cut in (1, 20, len(whole.splitlines()[-1])):
        path.write_bytes(whole[:-cut])
        with RecordLog(path, going_on=True) as log:
            assert log.repaired == (cut > 1)  # a line that lacks nothing but its end gets one
            if log.repaired:
                log.append(RECORDS[-1])
        assert path.read_bytes() == whole


def test_a_log_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, RECORDS[:5])
    with RecordLog(path, going_on=True) as log:
        assert not log.repaired
        for record in RECORDS[5:]:
            log.append(record)
    assert all(same(*pair) for pair in zip(read_records(path), RECORDS, strict=True))


@pytest.mark.parametrize("written", [0, 1, 40, -40, -1, None])
def test_of_records_that_belong_together_all_are_there_after_a_kill(tmp_path: Path, written: int | None) -> None:
    """Killed after so many bytes of them, or before it removed their copy."""
    path = tmp_path / "records.jsonl"
    with RecordLog(path) as log:
        log.append(RECORDS[0])
        before = path.read_bytes()
        log.append(*RECORDS[1:4])
        assert not (tmp_path / TOGETHER).exists()
    whole = path.read_bytes()
    together = whole[len(before) :]
    (tmp_path / TOGETHER).write_bytes(together)
    path.write_bytes(before + together[:written])
    with RecordLog(path, going_on=True) as log:
        assert not log.repaired
    assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["records.jsonl"]


def test_of_records_that_belong_together_none_is_written_where_one_finds_no_room(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with RecordLog(path) as log:
        log.append(RECORDS[0])
        before = path.read_bytes()
        with size_limit(), pytest.raises(DidNotFinish, match="cannot be written"):
            log.append(*RECORDS[1:])
    assert path.read_bytes() == before


def append_all(log: RecordLog) -> None:
    for record in RECORDS:
        log.append(record)


def test_a_size_limit_ends_the_run_and_keeps_the_whole_records(tmp_path: Path) -> None:
    """The system takes the first bytes of the line that passes the limit."""
    path = tmp_path / "records.jsonl"
    too_large = pytest.raises(DidNotFinish, match=r"cannot be written \(File too large\)")
    with RecordLog(path) as log, too_large as caught, size_limit():
        append_all(log)
    records = list(read_records(path))
    assert 0 < len(records) < len(RECORDS)
    assert f"its {len(records)} records are kept" in str(caught.value)
    assert path.stat().st_size < SIZE_LIMIT
    assert path.read_bytes().endswith(b"}\n")


def test_where_not_one_record_found_room_none_is_promised(tmp_path: Path) -> None:
    with RecordLog(tmp_path / "records.jsonl") as log:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
            with pytest.raises(DidNotFinish, match="there is no record yet") as caught:
                log.append(RECORDS[0])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "kept" not in str(caught.value)
    assert (tmp_path / "records.jsonl").read_bytes() == b""


def test_a_folder_removed_midway_ends_the_run_at_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "run" / "records.jsonl"
    path.parent.mkdir()
    with RecordLog(path) as log:
        log.append(RECORDS[0])
        path.unlink()
        path.parent.rmdir()
        with pytest.raises(DidNotFinish, match="was removed while the run wrote to it"):
            log.append(RECORDS[1])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file") as caught:
        RecordLog(tmp_path / "nowhere" / "records.jsonl")
    assert caught.value.exit_code == 2
