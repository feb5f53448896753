"""A run that was killed says so wherever it is shown, and names what it did not come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tiny_run
from commands import ended
from jointbench.records import Fit, NotMeasured, PlannedArm, Record, Timing
from jointbench.runs.cut_off import NOTICE
from jointbench.runs.folder import republish
from jointbench.runs.stored_run import read_run

RECORDS = tiny_run.records()
TORCH = [record for record in RECORDS if not (isinstance(record, NotMeasured) and record.backend == "tensorflow")]


def until(kind: type[Record], count: int) -> list[Record]:
    """The records before the ``count``-th of a kind."""
    position = [i for i, record in enumerate(RECORDS) if isinstance(record, kind)][count]
    return RECORDS[:position]


@pytest.mark.parametrize(
    ("records", "sentences"),
    [
        (RECORDS, ()),
        (TORCH, ("wine, tensorflow on cpu: nothing ran.",)),
        (
            [record for record in TORCH if not isinstance(record, Timing | NotMeasured)],
            ("wine, torch on cpu: nothing was timed.", "wine, tensorflow on cpu: nothing ran."),
        ),
        (
            until(Fit, 4),
            ("wine, torch on cpu: 5 of 9 networks were not trained.", "wine, tensorflow on cpu: nothing ran."),
        ),
        (
            until(PlannedArm, 1),
            ("wine, torch on cpu: 3 of 3 networks were not trained.", "wine, tensorflow on cpu: nothing ran."),
        ),
        (until(PlannedArm, 0), ("wine, torch on cpu: nothing ran.", "wine, tensorflow on cpu: nothing ran.")),
        ([], ("wine, torch on cpu: nothing ran.", "wine, tensorflow on cpu: nothing ran.")),
    ],
    ids=["at the end", "between backends", "before timing", "in training", "in planning", "before planning", "at once"],
)
def test_what_a_killed_run_did_not_come_to_is_named(
    tmp_path: Path, records: list[Record], sentences: tuple[str, ...]
) -> None:
    folder = tiny_run.write_run(tmp_path / "run", records, finished=False)
    assert read_run(folder).cut_off == (NOTICE, *sentences)


def test_a_killed_run_says_so_on_the_page_and_in_the_summary(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run", until(Fit, 4), finished=False)
    assert ended("report", folder)[0] == 0
    page, summary = (folder / "report.html").read_text(), json.loads((folder / "summary.json").read_text())
    for sentence in (NOTICE, "wine, torch on cpu: 5 of 9 networks were not trained."):
        assert sentence in page
        assert sentence in summary["cut_off"]


@pytest.mark.usefixtures("blank_page")
def test_a_killed_run_says_so_in_the_terminal_and_in_markdown(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run", until(Fit, 4), finished=False)
    for words in ((), ("--format", "md")):
        _, out, _ = ended("report", folder, *words)
        text = " ".join(out.replace("> ", "").split())
        assert NOTICE in text
        assert "5 of 9 networks were not trained" in text
        assert "the run was cut off before it" in text  # in TensorFlow's place in the table
        assert "are lost" not in text


@pytest.mark.usefixtures("blank_page")
def test_json_on_standard_output_is_nothing_but_json(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run", finished=False)
    _, out, _ = ended("report", folder, "--format", "json")
    assert NOTICE in json.loads(out)["cautions"]


@pytest.mark.usefixtures("blank_page")
def test_pairs_that_were_not_trained_are_no_failures(tmp_path: Path) -> None:
    """The report of such a run read "2 of 2 pairs of fits are lost (100 %)"."""
    folder = tiny_run.write_run(tmp_path / "run", until(Fit, 4), finished=False)
    (decision,) = republish(folder).cells[0].decisions
    assert decision.reason.startswith("cut off: 3 of 3 pairs of fits are not there (100 %)")


@pytest.mark.usefixtures("blank_page")
def test_a_run_that_came_to_its_end_says_nothing(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run")
    assert read_run(folder).cut_off == ()
    assert NOTICE not in ended("report", folder)[1]


def test_an_older_run_says_only_what_its_records_show(tmp_path: Path) -> None:
    """Its environment.json knows nothing of what was asked for, nor whether it finished."""
    old = {"finished": None, "backends": (), "devices": ()}
    assert read_run(tiny_run.write_run(tmp_path / "whole", TORCH, **old)).cut_off == ()
    killed = tiny_run.write_run(tmp_path / "killed", until(Fit, 4), **old)
    assert read_run(killed).cut_off == (NOTICE, "wine, torch on cpu: 5 of 9 networks were not trained.")


@pytest.mark.usefixtures("blank_page")
def test_half_a_last_record_is_left_out_and_said(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run", until(Fit, 4), finished=False)
    path = folder / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert "The last record is half written, and was left out." in read_run(folder).cut_off
    assert "wine, torch on cpu: 6 of 9 networks were not trained." in read_run(folder).cut_off
    assert "half written" in ended("report", folder)[1]
    code, out, _ = ended("pack", folder)
    assert (code, "half written" in out) == (0, True)


def test_a_killed_run_is_no_baseline(tmp_path: Path) -> None:
    folder = tiny_run.write_run(tmp_path / "run", TORCH, finished=False)
    code, _, err = ended("check", folder, "--write-baseline", tmp_path / "baseline.json")
    assert code == 2
    assert err.count("\n") == 1
    assert "This run did not finish" in err
    assert "tensorflow on cpu: nothing ran" in err
    assert not (tmp_path / "baseline.json").exists()


def test_a_check_of_a_killed_run_says_why_something_is_missing(tmp_path: Path) -> None:
    whole = tiny_run.write_run(tmp_path / "whole")
    assert ended("check", whole, "--write-baseline", tmp_path / "baseline.json")[0] == 0
    killed = tiny_run.write_run(tmp_path / "run", until(PlannedArm, 0), finished=False)
    code, out, _ = ended("check", killed, "--baseline", tmp_path / "baseline.json")
    text = " ".join(out.split())
    assert code == 4
    assert NOTICE in text
    assert "the run was cut off before it" in text
    assert "was not asked for" not in text
