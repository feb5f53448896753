"""A folder that may only be read: refused before any work, or what was done before is kept and gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import tiny_run
from as_any_user import bound_by_permissions
from commands import ended
from jointbench.errors import DidNotFinish
from jointbench.records.log import RecordLog
from jointbench.records.store import read_records
from jointbench.runs import folder as run_folder
from jointbench.runs.options import RunOptions

RECORDS = tiny_run.records()
READ_ONLY, WRITABLE = 0o555, 0o755


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder; whoever makes it read-only need not make it writable again."""
    place = tmp_path / "place"
    place.mkdir()
    with bound_by_permissions():
        yield place
    place.chmod(WRITABLE)


def test_it_is_refused_before_any_work(folder: Path) -> None:
    folder.chmod(READ_ONLY)
    words = ("run", "concrete_slump", "--profile", "smoke", "--backend", "torch", "--out")
    for out in (folder, folder / "below"):
        code, _, err = ended(*words, out)
        assert (code, err) == (
            2,
            f"jointbench: --out {out}: it cannot be made or written to (Permission denied); name another\n",
        )
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("blank_page")
def test_what_reads_a_run_and_writes_nothing_works(folder: Path) -> None:
    tiny_run.write_run(folder / "run")
    (folder / "run").chmod(READ_ONLY)
    assert ended("check", folder / "run", "--write-baseline", folder / "baseline.json")[0] == 0
    code, _, err = ended("report", folder / "run")
    assert (code, err) == (
        2,
        f"jointbench: {folder / 'run' / 'summary.json'} cannot be written (Permission denied)\n",
    )


def test_records_that_belong_together_are_all_kept_or_none(folder: Path) -> None:
    path = folder / "records.jsonl"
    with RecordLog(path) as log:
        log.append(RECORDS[0])
        folder.chmod(READ_ONLY)
        with pytest.raises(DidNotFinish, match=r"Permission denied\); its 1 records are kept"):
            log.append(*RECORDS[1:4])
    assert path.read_bytes().count(b"\n") == 1
    folder.chmod(WRITABLE)
    with RecordLog(path, going_on=True) as log:
        log.append(*RECORDS[1:4])
    assert len(list(read_records(path))) == 4


@pytest.mark.usefixtures("blank_page")
def test_a_run_whose_folder_becomes_read_only_goes_on_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = replace(tiny_run.about(), finished=False, options=RunOptions())
    monkeypatch.setattr(run_folder, "about_study", lambda *_: about)

    def study(*_: object) -> Iterator[tuple[object, ...]]:
        for number, record in enumerate(RECORDS[len(list(read_records(folder))) :]):
            if number == 12:
                folder.chmod(READ_ONLY)
            yield (record,)

    monkeypatch.setattr(run_folder, "steps", study)
    with pytest.raises(DidNotFinish, match=r"Permission denied.*the records are complete"):
        run_folder.execute([], None, folder, None, lambda *_: None)  # type: ignore[arg-type]  # not looked at
    assert len(list(read_records(folder))) == len(RECORDS)
    folder.chmod(WRITABLE)
    assert run_folder.execute([], None, folder, None, lambda *_: None).cut_off == ()  # type: ignore[arg-type]
    assert (folder / "report.html").is_file()
