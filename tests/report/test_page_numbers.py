"""Every number in the page's tables is one of the summary's, shown as it is, and in the right place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from jointbench.report import format as show

UNITS = {
    "ns": 1e-9,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "min": 60,
    "h": 3600,
    "%": 0.01,
    "B": 1,
    "kB": 1e3,
    "MB": 1e6,
    "FLOP": 1,
    "kFLOP": 1e3,
    "MFLOP": 1e6,
    "GFLOP": 1e9,
    "TFLOP": 1e12,
}
TOKEN = re.compile(
    r"([<>]?)([+−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(?:x| (ns|µs|ms|s|min|h|%|[kMGT]?FLOP|[kM]?B)\b|(?= ?%))?"
)
WORDS = {
    "yes",
    "no",
    "—",
    "not measured",
    "too few",
    "no clock in it",
    "joint",
    "equivalent",
    "separate",
    "inconclusive",
    "same-width",
    "same-parameters",
    "nothing to compare",
    "no difference measured",
    "settled",
    "budget spent",
    "budget spent: too few blocks for an interval",
    "request, batch 1, fused",
}


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        yield len(value)
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.fixture(scope="module")
def numbers(report: Any) -> set[str]:
    """The summary's numbers to five digits, with the lengths of its lists and the quotients of parameter counts."""
    found = {f"{leaf:.5g}" for leaf in leaves(asdict(report.summary)) if isinstance(leaf, int | float)}
    for cell in report.summary.cells:
        joint = next((cost for cost in cell.costs if cost.arm == cell.joint), None)
        found |= {f"{joint.parameters / cost.parameters:.5g}" for cost in cell.costs}
    return found


def tables(report: Any, source: str = "summary") -> list[Any]:
    found = [table for table in report.root.all("table") if table.attributes.get("data-source", "summary") == source]
    assert found
    return found


def test_every_number_is_in_the_summary(report: Any, numbers: set[str]) -> None:
    seen = 0
    for table in tables(report):
        for cell in table.all("td"):
            values = cell.attributes.get("data-v", "").split()
            seen += len(values)
            assert set(values) <= numbers, (table.all("caption")[0].text, cell.text)
    assert seen > 900


def test_what_is_shown_is_the_number(report: Any) -> None:
    for table in [*tables(report), *tables(report, "records")]:
        for cell in table.all("td"):
            values = [float(value) for value in cell.attributes.get("data-v", "").split()]
            shown = TOKEN.findall(cell.text)
            if not values:
                continue
            assert len(shown) >= (1 if len(values) == 3 else len(values)), cell.text
            for value, (sign, text, unit) in zip(values, shown[-len(values) :] * 3, strict=False):
                plain = text.replace(",", "").replace("−", "-").lstrip("+")
                digits, _, power = plain.partition("e")
                scale = UNITS[unit or ("%" if "%" in cell.text else "s")] * 10 ** int(power or 0)
                if sign:
                    assert (value < float(digits) * scale) if sign == "<" else (value > float(digits) * scale)
                else:
                    half = 0.51 * 10 ** -len(digits.partition(".")[2]) * scale
                    rounded = abs(value) * 0.006 if "," in text or value > 99 else 0  # three digits of a large number
                    assert value == pytest.approx(float(digits) * scale, abs=max(half, rounded)), cell.text


def test_no_number_is_shown_without_its_value(report: Any) -> None:
    names = {show.plain(leaf) for leaf in leaves(asdict(report.summary)) if isinstance(leaf, str)}
    allowed = WORDS | names | {name + " (reference)" for name in names}
    for table in tables(report):
        for cell in (*table.all("td"), *table.all("th")):
            if cell.tag == "th" and cell.attributes.get("scope") == "col":
                continue
            if "data-v" not in cell.attributes:
                assert cell.text in allowed, cell.text


def value(cell: Any) -> list[float]:
    return [float(text) for text in cell.attributes["data-v"].split()]


def close(*numbers: float) -> Any:
    return pytest.approx(list(numbers), rel=6e-5, abs=1e-9)


def test_the_table_of_comparisons_has_every_decision_in_its_place(report: Any) -> None:
    rows = report.root.with_id("comparisons-table").all("tbody")[0].all("tr")
    found = {}
    for row in rows:
        cells = row.all("th") + row.all("td")
        found[tuple(cell.text for cell in cells[:4])] = cells
    expected = [(cell, decision) for cell in report.summary.cells for decision in cell.decisions]
    assert len(rows) == len(found) == len(expected) + sum(not cell.decisions for cell in report.summary.cells)
    abouts = {about.slug: about for about in report.summary.datasets}
    for cell, decision in expected:
        cells = found[cell.dataset, cell.backend, cell.device, decision.other]
        costs = {cost.arm: cost for cost in cell.costs}
        ratios = {
            ratio.quantity: ratio.ratio
            for ratio in cell.ratios
            if ratio.other == decision.other and ratio.path != "fused"
        }
        mean = decision.mean_difference
        assert cells[4].text == decision.verdict
        assert value(cells[5]) == close(mean.value, mean.low, mean.high)
        assert value(cells[6]) == close(decision.worst_difference)
        assert decision.worst_output in cells[6].text
        for place, quantity in ((7, "training FLOPs to the stop"), (8, "training step"), (9, "request, batch 1")):
            ratio = ratios[quantity]
            assert value(cells[place]) == close(ratio.value, ratio.low, ratio.high)
        assert value(cells[10]) == close(costs[cell.joint].parameters / costs[decision.other].parameters)
        assert value(cells[11]) == [abouts[cell.dataset].rows]
        assert value(cells[12]) == [len(abouts[cell.dataset].outputs)]


def test_noise_is_marked(report: Any) -> None:
    noisy = [ratio for cell in report.summary.cells for ratio in cell.ratios if not ratio.measured_difference]
    marked = [
        cell
        for figure in report.root.all("figure")
        if figure.attributes["id"].endswith("ratios") and figure.attributes["id"] != "all-ratios"
        for cell in figure.all("td", "noise")
    ]
    assert len(marked) == len(noisy) > 0
    assert all(cell.text.startswith("≈ ") for cell in marked)


def rows_by_caption(report: Any, start: str, place: str) -> dict[tuple[str, ...], list[Any]]:
    table = next(
        t
        for t in tables(report)
        if t.all("caption")[0].text.startswith(start) and f"in {place}" in t.all("caption")[0].text
    )
    return {tuple(head.text for head in row.all("th")): row.all("td") for row in table.all("tbody")[0].all("tr")}


def test_differences_and_probabilities_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        if not cell.differences:
            continue
        rows = rows_by_caption(report, "Joint − other", f"{cell.dataset}, {cell.backend} on {cell.device}")
        assert len(rows) == len(cell.differences)
        for d in cell.differences:
            cells = rows[d.output, d.other]
            assert value(cells[0]) == close(d.difference.value, d.difference.low, d.difference.high)
            probabilities = (
                d.probability_joint_better,
                d.probability_equivalent,
                d.probability_other_better,
                d.probability_no_loss,
            )
            assert [value(one)[0] for one in cells[1:5]] == close(*probabilities)
            assert cells[7].text == d.verdict


def test_costs_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        for cost in cell.costs:
            place = f"{cell.dataset}, {cell.backend} on {cell.device}"
            training = rows_by_caption(report, "Training in", place)[(cost.arm,)]
            expected = (
                cost.train_flops,
                cost.steps,
                cost.epochs,
                cost.patience_share,
                cost.step_seconds,
                cost.train_seconds,
                cost.longest_seconds,
                cost.build_seconds,
                cost.first_call_seconds,
                cost.fits,
                len(cost.failures),
            )
            assert [value(one)[0] for one in training] == close(*expected)
            size = rows_by_caption(report, "Size of the arms", place)[(cost.arm,)]
            assert value(size[2]) == [cost.parameters]
            for latency in cost.latency:
                table = next(
                    t for t in tables(report) if t.all("caption")[0].text.startswith(f"Request latency in {place}:")
                )
                row = next(
                    r.all("td")
                    for r in table.all("tbody")[0].all("tr")
                    if [h.text for h in r.all("th")] == [cost.arm, latency.path]
                    and value(r.all("td")[0]) == [latency.batch_size]
                )
                assert value(row[2]) == close(latency.median_seconds)
                assert (row[3].text == "too few") == (latency.p90_seconds is None)
                if latency.p90_bounds is not None:
                    assert value(row[3]) == close(latency.p90_seconds, *latency.p90_bounds)


def test_a_ratio_says_on_which_path_it_was_timed_and_until_when(report: Any) -> None:
    for cell in report.summary.cells:
        rows = (
            [rows_by_caption(report, "Joint / other", f"{cell.dataset}, {cell.backend} on {cell.device}")]
            if cell.ratios
            else []
        )
        for found in rows:
            for ratio in cell.ratios:
                fused = ", fused" if ratio.path == "fused" else ""
                row = found[ratio.quantity + fused, ratio.other]
                assert value(row[1]) == close(ratio.ratio.value, ratio.ratio.low, ratio.ratio.high)
                assert row[4].text.startswith({"": "no clock", "settled": "settled"}.get(ratio.state, "budget spent"))
                assert ("too few blocks" in row[4].text) == (ratio.state == "too few blocks")
                assert row[5].text == ("yes" if ratio.measured_difference else "no difference measured")


def test_flops_in_parts_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        for flops in cell.flops:
            row = rows_by_caption(report, "FLOPs of the arms", f"{cell.dataset}, {cell.backend} on {cell.device}")[
                (flops.arm,)
            ]
            exact = (
                flops.trunk_forward,
                flops.trunk_backward,
                flops.heads_forward,
                flops.heads_backward,
                flops.per_step,
                flops.per_epoch,
            )
            assert [value(one)[0] for one in row[:6]] == close(*exact)
            assert value(row[6]) == close(flops.to_stop.value, flops.to_stop.low, flops.to_stop.high)
            update = (flops.update_flops_per_parameter, flops.update_per_step, flops.update_to_stop)
            assert [value(one)[0] for one in row[7:]] == close(flops.patience_share, *update)


def test_predictions_stand_beside_what_was_achieved(report: Any) -> None:
    shares = 0
    for cell in report.summary.cells:
        place = f"{cell.dataset}, {cell.backend} on {cell.device}"
        for one in cell.explained:
            row = rows_by_caption(report, "Predicted and achieved", place)[one.quantity, one.other]
            assert value(row[0]) == close(one.predicted)
            assert value(row[1])[0] == pytest.approx(one.achieved.value, rel=6e-5)
            assert (row[2].text == "not measured") == (one.share is None) == (row[3].text == one.reason)
            shares += one.share is not None
        if cell.explained:
            caption = next(
                t.all("caption")[0].text for t in tables(report) if f"achieved in {place}" in t.all("caption")[0].text
            )
            assert "training step: FLOPs predict 0.51x, the clock says " in caption
            assert "(71 % of the saving, in logarithms)" in caption
    assert shares > 5


def test_memory_that_was_not_measured_says_why(report: Any) -> None:
    for cell in report.summary.cells:
        for memory in cell.memory:
            row = rows_by_caption(report, "Memory in", f"{cell.dataset}, {cell.backend} on {cell.device}")[
                (memory.arm,)
            ]
            assert value(row[0]) == [memory.artifact_bytes]
            if memory.reason:
                assert [one.text for one in row[1:]] == ["not measured"] * 4 + [memory.reason]
            else:
                sizes = (memory.training_peak, memory.training_increase, memory.serving_peak, memory.serving_increase)
                assert [value(one)[0] for one in row[1:5]] == close(*sizes)


def test_quality_is_in_its_place(report: Any) -> None:
    for cell in report.summary.cells:
        for quality in cell.quality:
            place = f"{cell.dataset}, {cell.backend} on {cell.device}"
            folds = rows_by_caption(report, "Skill of every fold", place)[quality.output, quality.model]
            assert [value(one)[0] for one in folds] == close(quality.skill, *quality.per_fold)


def test_a_network_below_the_reference_says_so(report: Any) -> None:
    about = {a.slug: a for a in report.summary.datasets}
    below, above = 0, 0
    for cell in report.summary.cells:
        for quality in cell.quality:
            best = max(r.skill for r in about[cell.dataset].references if r.output == quality.output)
            below, above = below + (quality.skill <= best), above + (quality.skill > best)
    assert below > 0 < above
    warned = [cell.text for table in tables(report) for cell in table.all("td", "warning")]
    assert warned == ["no"] * below
    assert "does not beat the reference model on" in report.root.text


def test_not_a_number_is_never_shown(report: Any) -> None:
    assert not any(
        math.isnan(v) for table in tables(report) for c in table.all("td") if "data-v" in c.attributes for v in value(c)
    )
    assert not re.search(r"\bnan\b", report.root.all("body")[0].text)
