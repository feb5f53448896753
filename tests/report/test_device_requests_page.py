"""From planted timings of a device to its page: what of a request is copies, at every number of rows."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import tiny_run
from device_run import ANSWERS, FEATURES, SIZES, device_timings, seconds_of
from html_tree import parsed
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.records import COPIES, CUDA_GRAPH, SEQUENTIAL, Timing
from jointbench.report.figures.latency import latency_figure
from jointbench.report.palette import palette
from jointbench.report.tables.serving import COPY_COLUMNS, latency_table
from jointbench.runs.folder import republish
from jointbench.runs.opened_run import REPORT
from svg_reader import tick


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a GPU, whose records are drawn anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tiny_run.SITE, "device", "cuda")
        records = [*(r for r in tiny_run.records() if not isinstance(r, Timing)), *device_timings()]
        return tiny_run.write_run(tmp_path_factory.mktemp("device") / "run", records, devices=("cuda",))


@pytest.fixture(scope="module")
def summary(folder: Path) -> Summary:
    return republish(folder, (), None, None)


@pytest.fixture(scope="module")
def cell(summary: Summary) -> CellSummary:
    return next(cell for cell in summary.cells if cell.device == "cuda")


def test_the_summary_has_the_planted_share_of_copies_and_the_bytes(cell: CellSummary) -> None:
    seen = 0
    for cost in cell.costs:
        for latency in cost.latency:
            rows = latency.batch_size
            assert latency.median_seconds == pytest.approx(seconds_of(cost.arm, latency.path, rows), rel=0.01)
            assert (latency.bytes_to_device, latency.bytes_to_host) == (
                4 * FEATURES * rows,
                4 * ANSWERS[cost.arm] * rows,
            )
            if latency.path == COPIES:
                assert latency.copy_seconds is None
            else:
                assert latency.copy_seconds == pytest.approx(seconds_of(cost.arm, COPIES, rows), rel=0.01)
            seen += 1
    assert seen == 2 * 3 * len(SIZES)


def test_copies_are_no_throughput_and_no_arm_is_ranked_by_them(cell: CellSummary) -> None:
    for cost in cell.costs:
        assert {throughput.path for throughput in cost.throughput} == {SEQUENTIAL, CUDA_GRAPH}
        assert {throughput.batch_size for throughput in cost.throughput} == {65_536}
    for standing in cell.standings:
        assert standing.latency_seconds == pytest.approx(seconds_of(standing.arm, SEQUENTIAL, 1), rel=0.01)


def test_the_ratio_of_every_way_to_answer_is_of_that_way(cell: CellSummary) -> None:
    assert not any(ratio.quantity.mode == COPIES for ratio in cell.ratios)
    for mode in (SEQUENTIAL, CUDA_GRAPH):
        for rows in SIZES:
            (ratio,) = [
                ratio
                for ratio in cell.ratios
                if (ratio.quantity.mode, ratio.quantity.batch_size) == (mode, rows) and ratio.other == "separate"
            ]
            expected = seconds_of("joint", mode, rows) / seconds_of("separate", mode, rows)
            assert ratio.ratio.value == pytest.approx(expected, rel=0.01)


def test_the_page_says_what_of_a_request_is_copies(folder: Path, summary: Summary) -> None:
    page = parsed((folder / REPORT).read_text(encoding="utf-8"))
    (figure,) = [figure for figure in page.all("figure") if figure.attributes["id"].endswith("latency")]
    assert (
        "In turn, joint: of 41.0 µs at batch 1, 18.0 µs are copies; of 2.79 ms at batch 65,536, 2.64 ms" in figure.text
    )
    (table,) = [t for t in figure.all("table") if t.all("caption")[0].text.startswith("Request latency")]
    titles = [head.text for head in table.all("thead")[0].all("th")]
    assert [title for title in titles if title.startswith(tuple(title for title, _ in COPY_COLUMNS))] == titles[-3:]
    rows = {(*(h.text for h in row.all("th")), row.all("td")[0].text): row.all("td") for row in table.all("tr")[1:]}
    first = [cell.text for cell in rows["joint", CUDA_GRAPH, "1"]]
    assert (first[2], first[-3:]) == ("23.0 µs", ["18.0 µs", "44.0 B", "8.00 B"])
    assert [cell.text for cell in rows["joint", COPIES, "65,536"]][-3:] == ["—", "2.88 MB", "524 kB"]


def test_the_figure_reaches_the_largest_request_on_an_axis_of_powers(summary: Summary, cell: CellSummary) -> None:
    figure = latency_figure(cell, palette(summary), "f")
    places = [tick(figure.svg, f"{rows:,}").x for rows in SIZES]
    steps = [right - left for left, right in itertools.pairwise(places)]
    assert min(steps) > 20, "the numbers below the axis have room"
    assert steps == pytest.approx([steps[0]] * 4 + [steps[0] * 4 / 3], rel=0.01)
    assert "joint in turn at batch 65536 2.79 ms" in figure.alternative
    assert "CUDA graph" in figure.sentence


def test_the_cpu_has_no_such_columns(small: object) -> None:
    summary = small.summary()  # type: ignore[attr-defined]  # a maker of summaries
    table = latency_table(summary.cells[0])
    assert len(table.columns) == 8
    assert "copies" not in latency_figure(summary.cells[0], palette(summary), "f").sentence
