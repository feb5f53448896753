"""What a comparison in Python returns: the verdict, a frame, a page, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jointbench
from commands import ended
from jointbench import BadInput
from jointbench.api.result import Result
from long_tables import made_table


@pytest.fixture(scope="module")
def judged() -> Result:
    return jointbench.judge(made_table(rows=300, worse=0.4), costs={"training": {"joint": 1, "separate": 2}})


def test_the_verdict_is_a_word_and_its_reason_a_sentence(judged: Result) -> None:
    assert judged.verdict == "separate"
    assert "sharing costs y" in judged.reason and judged.reason in " ".join(str(judged).split())


def test_comparisons_are_a_frame_with_numbers(judged: Result) -> None:
    (row,) = judged.comparisons.to_dict("records")
    assert (row["verdict"], row["other"]) == ("separate", "separate")
    assert row["mean_difference_low"] < row["mean_difference"] < row["mean_difference_high"] < 0
    assert row["training_flops_ratio"] == pytest.approx(0.5)
    assert np.isnan(row["request_ratio"])


def test_the_page_and_the_files_can_be_kept(judged: Result, tmp_path: Path) -> None:
    assert "separate" in judged.report(tmp_path / "page.html").read_text()
    assert judged.report(tmp_path) == tmp_path / "report.html"
    folder = judged.save(tmp_path / "kept")
    assert sorted(file.name for file in folder.iterdir()) == [
        "environment.json",
        "records.jsonl",
        "report.html",
        "summary.json",
    ]
    assert ended("report", folder)[0] == 0
    with pytest.raises(BadInput, match="nothing was overwritten"):
        judged.save(folder)
    with pytest.raises(BadInput, match="cannot be written"):
        judged.report(tmp_path / "no" / "such" / "page.html")


def test_a_notebook_gets_a_frame_without_scripts(judged: Result) -> None:
    html = judged._repr_html_()
    assert html.startswith("<iframe srcdoc=") and "sandbox" in html and "<script" not in html.replace("&lt;", "<")
    assert "sharing costs y" in html


def arrays_compared() -> Result:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 3))
    y = {"u": x[:, 0] + 0.1 * rng.normal(size=90), "v": np.where(x[:, 1] > 0, "up", "down")}
    return jointbench.compare(x, y, profile="smoke", folds=3, arms=["joint", "separate"], progress=False, name="mine")


def test_networks_are_compared_from_arrays() -> None:
    result = arrays_compared()
    assert {d.output for d in result.summary.cells[0].differences} == {"u", "v"}
    assert result.comparisons["dataset"].tolist() == ["mine"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_differences() -> None:
    first, second = (arrays_compared().summary.cells[0].differences for _ in range(2))
    assert [d.difference for d in first] == [d.difference for d in second]
