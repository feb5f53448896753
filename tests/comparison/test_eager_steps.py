"""Where an accelerator could not replay its steps as a graph, the record has the reason and every reader is told."""

from __future__ import annotations

from dataclasses import replace

from jointbench.comparison.api import described
from jointbench.comparison.build import summarise
from jointbench.comparison.summary.run import Summary
from jointbench.records import PlannedArm, Record, Stack
from jointbench.records.store import from_line, to_line
from jointbench.report.markdown import markdown_report
from jointbench.report.page import render
from planted import two_arms

REASON = "CUDA error: operation not permitted when stream is capturing"
STACK = Stack(
    dataset="planted",
    backend="torch",
    device="cuda",
    network_ids=("a", "b"),
    slots=2,
    compilations=0,
    memory_budget_bytes=2**30,
    seconds=1.0,
)


def summary_of(records: list[Record], notes: tuple[str, ...] = ()) -> Summary:
    return summarise(records, described(records), profile="p", engine="stacked", command="c", notes=notes)


def test_the_reason_travels_from_the_record_to_the_page_once() -> None:
    records = two_arms([0.0, 0.0]).records()
    first = next(record for record in records if isinstance(record, PlannedArm))
    stack = replace(STACK, dataset=first.dataset, backend=first.backend, device=first.device, eager_reason=REASON)
    assert from_line(to_line(stack)) == stack
    summary = summary_of([*records, stack, replace(stack, network_ids=("c",))])
    (note,) = summary.notes
    assert first.dataset in note and REASON in note and "one operation at a time" in note
    assert REASON in render(summary, {}, "", fits=[])
    assert "could not replay its steps" in markdown_report(summary)
    assert summary_of([*records, stack], summary.notes).notes == summary.notes


def test_stacks_that_were_replayed_are_written_as_they_always_were() -> None:
    assert "eager" not in to_line(STACK)
    assert from_line(to_line(STACK)) == STACK
    assert summary_of([*two_arms([0.0, 0.0]).records(), STACK]).notes == ()
