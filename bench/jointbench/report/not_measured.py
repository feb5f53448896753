"""What a run did not measure, and why: gathered from what its summary says is missing."""

from __future__ import annotations

from collections.abc import Iterator

from jointbench.compare.summary.run import CellSummary, Summary
from jointbench.report import format as show

MOST = 8  # places named for one reason


def not_measured(summary: Summary) -> list[str]:
    """A sentence for each thing that is missing, with the places where it is; none where nothing is."""
    places: dict[str, dict[str, None]] = {}
    for cell in summary.cells:
        on = f"{show.plain(cell.backend)} on {show.plain(cell.device)}"
        throughout = {show.plain(absence) for absence in absent_throughout(summary, cell)}
        for reason in _reasons(cell):
            here = f"every dataset, {on}" if reason in throughout else f"{show.plain(cell.dataset)} ({on})"
            places.setdefault(reason, {})[here] = None
    return [f"{reason}: {_named(list(where))}." for reason, where in places.items()]


def absent_throughout(summary: Summary, cell: CellSummary) -> frozenset[str]:
    """What is missing in this cell and in every other dataset's on its backend and device: said once, not in each."""
    alike = [set(c.absences) for c in summary.cells if (c.backend, c.device) == (cell.backend, cell.device)]
    return frozenset(set.intersection(*alike)) if len(alike) > 1 and cell.costs else frozenset()


def _reasons(cell: CellSummary) -> Iterator[str]:
    if not cell.costs:
        yield from (f"Nothing, {show.plain(absence)}" for absence in cell.absences)
        return
    yield from (show.plain(absence) for absence in cell.absences)
    if all(cost.step_seconds is None for cost in cell.costs):
        yield "Training time, nothing was timed"
    if not any(cost.latency for cost in cell.costs):
        yield "Latency, nothing was timed"
    if any(ratio.state == "budget spent" for ratio in cell.ratios):
        yield "Some ratios of seconds to the precision aimed at, the time for timing was spent first"
    yield from (f"Peak memory, {show.plain(one.reason)}" for one in cell.memory if one.reason)


def _named(where: list[str]) -> str:
    more = f" and {len(where) - MOST} more" if len(where) > MOST else ""
    return ", ".join(where[:MOST]) + more
