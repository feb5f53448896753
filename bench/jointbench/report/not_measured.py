"""What a run did not measure, and why: gathered from the absences in its summary."""

from __future__ import annotations

from collections.abc import Iterator

from jointbench.comparison.summary.costs import BUDGET_SPENT
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show

MOST = 8  # places named for one reason


def not_measured(summary: Summary) -> list[str]:
    """A sentence for each thing that is missing, with the places where it is; none where nothing is."""
    places_by_reason: dict[str, dict[str, None]] = {}  # the inner dict is an ordered set
    for cell in summary.cells:
        backend = f"{show.plain(cell.backend)} on {show.plain(cell.device)}"
        throughout = {show.plain(absence) for absence in absent_throughout(summary, cell)}
        for reason in _reasons(cell):
            place = f"every dataset, {backend}" if reason in throughout else f"{show.plain(cell.dataset)} ({backend})"
            places_by_reason.setdefault(reason, {})[place] = None
    return [f"{reason}: {_listed(list(places))}." for reason, places in places_by_reason.items()]


def absent_throughout(summary: Summary, cell: CellSummary) -> frozenset[str]:
    """What is missing on every dataset with this cell's backend and device: reported once, not in each cell."""
    absences = [
        set(other.absences) for other in summary.cells if (other.backend, other.device) == (cell.backend, cell.device)
    ]
    return frozenset(set.intersection(*absences)) if len(absences) > 1 and cell.costs else frozenset()


def _reasons(cell: CellSummary) -> Iterator[str]:
    if not cell.costs:
        yield from (f"Nothing, {show.plain(absence)}" for absence in cell.absences)
        return
    yield from (show.plain(absence) for absence in cell.absences)
    if all(cost.step_seconds is None for cost in cell.costs):
        yield "Training time, nothing was timed"
    if not any(cost.latency for cost in cell.costs):
        yield "Latency, nothing was timed"
    if any(ratio.state == BUDGET_SPENT for ratio in cell.ratios):
        yield "Some ratios of seconds to the precision aimed at, the time for timing was spent first"
    yield from (f"Peak memory, {show.plain(memory.reason)}" for memory in cell.memory if memory.reason)


def _listed(places: list[str]) -> str:
    more = f" and {len(places) - MOST} more" if len(places) > MOST else ""
    return ", ".join(places[:MOST]) + more
