"""A run into its folder: what breaks before it begins is exit code 2, what breaks later 4, and what is done is kept."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import tiny_run
from commands import ended
from jointbench.comparison.summary.run import Summary
from jointbench.errors import BadInput, DidNotFinish
from jointbench.records import Record
from jointbench.records.store import read_records
from jointbench.report.embed import summary_json
from jointbench.runs import folder as run_folder
from jointbench.runs.about import write_about
from jointbench.runs.cut_off import NOTICE
from jointbench.runs.opened_run import RUN_FILES
from jointbench.runs.options import RunOptions
from jointbench.runtime.environment import BEGAN

pytestmark = pytest.mark.usefixtures("blank_page")
RECORDS = tiny_run.records()
ABOUT = replace(tiny_run.about(), finished=False, options=RunOptions())
Execute = Callable[..., Summary]


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch) -> Execute:
    """Executes a study of these records into a folder; before each of them something may happen."""
    monkeypatch.setattr(run_folder, "about_study", lambda *_: ABOUT)

    def executed(folder: Path, before: Callable[[int], None] = lambda _: None) -> Summary:
        def study(*_: object) -> Iterator[tuple[Record, ...]]:
            there = len(list(read_records(folder)))
            for number, record in enumerate(RECORDS[there:], start=there):
                before(number)
                yield (record,)

        monkeypatch.setattr(run_folder, "steps", study)
        folder.mkdir(exist_ok=True)
        return run_folder.execute([], None, folder, None, lambda *_: None)  # type: ignore[arg-type]  # not looked at

    return executed


def finished(folder: Path) -> bool:
    return bool(json.loads((folder / "environment.json").read_text())["finished"])


def failing(number: int, error: BaseException) -> Callable[[int], None]:
    def before(at: int) -> None:
        if at == number:
            raise error

    return before


def test_a_run_that_comes_to_its_end_says_so(tmp_path: Path, execute: Execute) -> None:
    summary = execute(tmp_path)
    assert finished(tmp_path)
    assert summary.cut_off == ()
    assert json.loads((tmp_path / "summary.json").read_text())["cut_off"] == []
    assert {path.name for path in tmp_path.iterdir()} == set(RUN_FILES) - {"records.jsonl.xz"}


def test_a_second_run_into_the_folder_gets_a_sentence_and_the_first_goes_on(tmp_path: Path, execute: Execute) -> None:
    def second(number: int) -> None:
        if number == 5:
            about = (tmp_path / "environment.json").read_bytes()
            with pytest.raises(BadInput, match="another run is writing to it") as caught:
                run_folder.execute([], None, tmp_path, None, lambda *_: None)  # type: ignore[arg-type]
            assert caught.value.exit_code == 2
            assert (tmp_path / "environment.json").read_bytes() == about

    execute(tmp_path, second)
    assert len(list(read_records(tmp_path))) == len(RECORDS)


def test_a_disk_that_is_full_before_the_run_begins_leaves_nothing(
    tmp_path: Path, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(BadInput, match=r"environment\.json cannot be written \(No space left on device\)") as caught:
        execute(tmp_path)
    assert caught.value.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_disk_that_gets_full_ends_the_run_and_its_report_says_so(tmp_path: Path, execute: Execute) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(number: int) -> None:
        if number == 20:
            resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "records.jsonl").stat().st_size + 100, limits[1]))

    try:
        with pytest.raises(DidNotFinish, match=r"its 20 records are kept, and `jointbench report"):
            execute(tmp_path, limit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(list(read_records(tmp_path))) == 20
    code, out, err = ended("report", tmp_path)
    assert (code, err) == (0, "")
    assert NOTICE in " ".join(out.split())
    assert execute(tmp_path).cut_off == ()  # there is room again: the same command goes on
    assert len(list(read_records(tmp_path))) == len(RECORDS)


def test_a_folder_removed_midway_ends_the_run(tmp_path: Path, execute: Execute) -> None:
    folder = tmp_path / "run"
    with pytest.raises(DidNotFinish, match="was removed while the run wrote to it") as caught:
        execute(folder, lambda number: shutil.rmtree(folder) if number == 12 else None)
    assert caught.value.exit_code == 4
    assert not list(tmp_path.iterdir())


def test_a_report_that_cannot_be_written_is_exit_code_4_and_the_records_are_complete(
    tmp_path: Path, execute: Execute
) -> None:
    def take_its_place(number: int) -> None:
        if number == 12:
            (tmp_path / "report.html").mkdir()

    with pytest.raises(DidNotFinish, match=r"report\.html cannot be written .*the records are complete"):
        execute(tmp_path, take_its_place)
    assert finished(tmp_path)
    assert not (tmp_path / "summary.json").exists()
    code, _, err = ended("report", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    (tmp_path / "report.html").rmdir()
    assert ended("report", tmp_path)[0] == 0


def test_summary_and_page_never_tell_of_two_criteria(tmp_path: Path, execute: Execute) -> None:
    """A disk that has room for a new summary and none for a new page."""
    execute(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = max(len(before[name]) for name in ("summary.json", "report.html")) - 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(BadInput, match="cannot be written"):
            run_folder.republish(tmp_path, ("0.2",))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_the_system_denies_the_study_is_one_sentence(tmp_path: Path, execute: Execute) -> None:
    with pytest.raises(
        DidNotFinish, match="was stopped: Cannot allocate memory; its records are kept, and the same"
    ) as caught:
        execute(tmp_path, failing(12, OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))))
    assert caught.value.exit_code == 4
    assert len(list(read_records(tmp_path))) == 12


def test_an_interrupted_run_keeps_what_it_has(tmp_path: Path, execute: Execute) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path, failing(12, KeyboardInterrupt()))
    assert not finished(tmp_path)
    assert len(list(read_records(tmp_path))) == 12
    assert not (tmp_path / "summary.json").exists()


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, execute: Execute) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path / "run", failing(12, KeyboardInterrupt()))
    assert ended("report", tmp_path / "run")[::2] == (4, "")  # its files are no hindrance
    begun = (tmp_path / "run" / "records.jsonl").read_bytes()
    summary = execute(tmp_path / "run")
    whole = execute(tmp_path / "whole")
    assert (tmp_path / "run" / "records.jsonl").read_bytes().startswith(begun)
    for name in ("records.jsonl", "summary.json", "environment.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert summary.cut_off == whole.cut_off == ()
    assert {path.name for path in (tmp_path / "run").iterdir()} == set(RUN_FILES) - {"records.jsonl.xz"}


def test_a_run_of_yesterday_goes_on(tmp_path: Path, execute: Execute) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path, failing(12, KeyboardInterrupt()))
    about = json.loads((tmp_path / "environment.json").read_text())
    about["machine"] |= {BEGAN: "2020-01-01T00:00:00+00:00", "load at start (1 min)": "9.5"}
    (tmp_path / "environment.json").write_text(json.dumps(about))
    assert execute(tmp_path).cut_off == ()
    assert json.loads((tmp_path / "environment.json").read_text())["machine"][BEGAN] == "2020-01-01T00:00:00+00:00"


def test_a_run_that_came_to_its_end_is_shown_and_nothing_is_written(tmp_path: Path, execute: Execute) -> None:
    first = execute(tmp_path)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    again = execute(tmp_path, failing(0, AssertionError("nothing is trained")))
    assert summary_json(again) == summary_json(first)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
    (tmp_path / "report.html").unlink()
    execute(tmp_path, failing(0, AssertionError("nothing is trained")))
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize("finish", [True, False])
def test_a_run_of_another_study_is_refused_and_the_difference_named(
    tmp_path: Path, execute: Execute, monkeypatch: pytest.MonkeyPatch, finish: bool
) -> None:
    (dataset,) = ABOUT.datasets
    execute(tmp_path) if finish else write_about(tmp_path, ABOUT)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    machine = {**ABOUT.machine, "load at start (1 min)": "7", "system": "a newer kernel"}
    for changed, words in (
        (replace(ABOUT, options=RunOptions(seed=3)), r"--seed was 0 and is 3; name another folder"),
        (replace(ABOUT, options=RunOptions(ropes=("0.02",))), "--rope was not given and is 0.02"),
        (replace(ABOUT, options=None), "does not say what was asked for"),
        (replace(ABOUT, backends=("torch",)), "its frameworks are torch, tensorflow, not torch"),
        (replace(ABOUT, datasets=(replace(dataset, slug="beer"),)), "its datasets are wine, not beer"),
        (replace(ABOUT, datasets=(replace(dataset, sha256="0" * 64),)), "the data of wine differ"),
        (replace(ABOUT, datasets=(replace(dataset, rows=11),)), r"the rows of wine differ \(12, now 11\)"),
        (replace(ABOUT, machine={**machine, "python": "3.12"}), "python was 3.11 and is 3.12"),
    ):
        monkeypatch.setattr(run_folder, "about_study", lambda *_, changed=changed: changed)
        with pytest.raises(BadInput, match=f"the run in it is of another study: .*{words}") as caught:
            execute(tmp_path)
        assert caught.value.exit_code == 2
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    same = replace(ABOUT, machine=machine, options=RunOptions(jobs=7), notes=("another",), command="jointbench run .")
    monkeypatch.setattr(run_folder, "about_study", lambda *_: same)
    assert execute(tmp_path).cells


def test_packed_records_of_a_run_that_was_cut_off_are_not_gone_on_with(tmp_path: Path, execute: Execute) -> None:
    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path, failing(12, KeyboardInterrupt()))
    assert ended("pack", tmp_path)[0] == 0
    (tmp_path / "records.jsonl").unlink()
    with pytest.raises(BadInput, match="its records are packed"):
        execute(tmp_path)


def test_a_folder_that_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    """Records beside the environment.json of another run would be reported under the wrong names."""
    about = tiny_run.about()
    (dataset,) = about.datasets
    for change, words in (
        ({"slug": "beer"}, "has no dataset 'wine'"),
        ({"outputs": (*tiny_run.OUTPUTS, "more"), "kinds": ("regression",) * 3}, "has other outputs of wine"),
        ({"folds": 5}, "has 5 folds of wine, not 3"),
        ({"rows": 8}, "has 8 rows of wine, and the fold tests row 11"),
        ({"kinds": ("regression",)}, "names 2 outputs of wine and 1 kinds"),
    ):
        changed = [{**asdict(dataset), **change}]
        folder = tiny_run.write_run(tmp_path / next(iter(change)), datasets=changed)
        code, _, err = ended("report", folder)
        assert code == 2
        assert words in err
        assert err.count("\n") == 1
