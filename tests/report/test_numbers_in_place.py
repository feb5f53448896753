"""Every number stands in its place in the page's tables."""

from __future__ import annotations

from typing import Any

import pytest

from jointbench.report import format as show
from page_tables import cell_name, close, rows_by_caption, tables, value


def test_the_table_of_comparisons_has_every_decision_in_its_place(report: Any) -> None:
    rows = report.root.with_id("comparisons-table").all("tbody")[0].all("tr")
    rows_by_names = {}
    for row in rows:
        cells = row.all("th") + row.all("td")
        rows_by_names[tuple(cell.text for cell in cells[:4])] = cells
    expected = [(cell, decision) for cell in report.summary.cells for decision in cell.decisions]
    assert len(rows) == len(rows_by_names) == len(expected) + sum(not cell.decisions for cell in report.summary.cells)
    datasets = {dataset.slug: dataset for dataset in report.summary.datasets}
    for cell, decision in expected:
        cells = rows_by_names[cell.dataset, cell.backend, cell.device, decision.other]
        costs = {cost.arm: cost for cost in cell.costs}
        ratios = {
            show.quantity(ratio.quantity): ratio.ratio
            for ratio in cell.ratios
            if ratio.other == decision.other and ratio.quantity.usual
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
        assert value(cells[11]) == [datasets[cell.dataset].rows]
        assert value(cells[12]) == [len(datasets[cell.dataset].outputs)]


def test_differences_and_probabilities_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        if not cell.differences:
            continue
        rows = rows_by_caption(report, "Joint − other", cell)
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
            assert [value(entry)[0] for entry in cells[1:5]] == close(*probabilities)
            assert cells[7].text == d.verdict


def test_costs_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        for cost in cell.costs:
            training = rows_by_caption(report, "Training in", cell)[(cost.arm,)]
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
            assert [value(entry)[0] for entry in training] == close(*expected)
            size = rows_by_caption(report, "Size of the arms", cell)[(cost.arm,)]
            assert value(size[2]) == [cost.parameters]
            for latency in cost.latency:
                table = next(
                    t
                    for t in tables(report)
                    if t.all("caption")[0].text.startswith(f"Request latency in {cell_name(cell)}:")
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
        if not cell.ratios:
            continue
        rows = rows_by_caption(report, "Joint / other", cell)
        for ratio in cell.ratios:
            row = rows[show.quantity(ratio.quantity), ratio.other]
            assert ("fused" in show.quantity(ratio.quantity)) == (ratio.quantity.mode == "fused")
            assert value(row[1]) == close(ratio.ratio.value, ratio.ratio.low, ratio.ratio.high)
            assert row[4].text.startswith({"": "no clock", "settled": "settled"}.get(ratio.state, "budget spent"))
            assert ("too few blocks" in row[4].text) == (ratio.state == "too few blocks")
            assert row[5].text == ("yes" if ratio.measured_difference else "no difference measured")


def test_flops_in_parts_are_in_their_places(report: Any) -> None:
    for cell in report.summary.cells:
        for flops in cell.flops:
            row = rows_by_caption(report, "FLOPs of the arms", cell)[(flops.arm,)]
            exact = (
                flops.trunk_forward,
                flops.trunk_backward,
                flops.heads_forward,
                flops.heads_backward,
                flops.per_step,
                flops.per_epoch,
            )
            assert [value(entry)[0] for entry in row[:6]] == close(*exact)
            assert value(row[6]) == close(flops.to_stop.value, flops.to_stop.low, flops.to_stop.high)
            update = (flops.update_flops_per_parameter, flops.update_per_step, flops.update_to_stop)
            assert [value(entry)[0] for entry in row[7:]] == close(flops.patience_share, *update)


def test_predictions_stand_beside_what_was_achieved(report: Any) -> None:
    shares = 0
    for cell in report.summary.cells:
        for saving in cell.explained:
            row = rows_by_caption(report, "Predicted and achieved", cell)[show.quantity(saving.quantity), saving.other]
            assert value(row[0]) == close(saving.predicted)
            assert value(row[1])[0] == pytest.approx(saving.achieved.value, rel=6e-5)
            assert (row[2].text == "not measured") == (saving.share is None) == (row[3].text == saving.reason)
            shares += saving.share is not None
        if cell.explained:
            caption = next(
                t.all("caption")[0].text
                for t in tables(report)
                if f"achieved in {cell_name(cell)}" in t.all("caption")[0].text
            )
            step = next(saving for saving in cell.explained if saving.quantity.scenario == "training step")
            numbers = (show.times(step.predicted), show.times(step.achieved.value), show.share(step.share.value))
            sentence = caption.partition("training step")[2]
            assert all(number in sentence for number in numbers)
    assert shares > 5


def test_memory_that_was_not_measured_says_why(report: Any) -> None:
    for cell in report.summary.cells:
        for memory in cell.memory:
            row = rows_by_caption(report, "Memory in", cell)[(memory.arm,)]
            assert value(row[0]) == [memory.artifact_bytes]
            if memory.reason:
                assert [entry.text for entry in row[1:]] == ["not measured"] * 4 + [memory.reason]
            else:
                sizes = (memory.training_peak, memory.training_increase, memory.serving_peak, memory.serving_increase)
                assert [value(entry)[0] for entry in row[1:5]] == close(*sizes)


def test_quality_is_in_its_place(report: Any) -> None:
    for cell in report.summary.cells:
        for quality in cell.quality:
            folds = rows_by_caption(report, "Skill of every fold", cell)[quality.output, quality.model]
            assert [value(entry)[0] for entry in folds] == close(quality.skill, *quality.per_fold)
