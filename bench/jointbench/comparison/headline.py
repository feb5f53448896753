"""The answer to a whole run in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jointbench.comparison.summary.decisions import Decision
from jointbench.comparison.summary.run import CellSummary


def headline(summaries: Sequence[CellSummary]) -> str:
    """One sentence over all cells: the answer for one dataset; of several, how often each verdict was reached."""
    compared = [cell for cell in summaries if cell.decisions]
    if not compared:
        return "Nothing was compared: no arm ran beside another."
    datasets = dict.fromkeys(cell.dataset for cell in compared)
    if len(datasets) == 1:
        return f"{next(iter(datasets))}: {_one_answer(compared)}."
    verdicts = [cell.decisions[0].verdict for cell in compared]
    counts = Counter(verdicts)
    every = ", ".join(
        f"{name} in {counts[name]}" for name in ("joint", "equivalent", "separate", "open") if counts[name]
    )
    other = compared[0].decisions[0].other
    return f"{len(datasets)} datasets, joint against {other}: {every} of {len(compared)} comparisons."


def _one_answer(compared: Sequence[CellSummary]) -> str:
    """The verdict, and where the cells differ or are several, of which framework and device."""
    devices = len({cell.device for cell in compared}) > 1
    places: dict[str, list[str]] = {}
    for cell in compared:
        place = f"{cell.backend} on {cell.device}" if devices else cell.backend
        places.setdefault(_answer(cell.decisions[0]), []).append(place)
    if len(compared) == 1:
        return next(iter(places))
    return ", ".join(f"{answer} in {' and '.join(names)}" for answer, names in places.items())


def _answer(decision: Decision) -> str:
    if decision.open is None or not decision.open.lean:
        return decision.verdict
    return f"open, leaning {decision.open.lean}"
