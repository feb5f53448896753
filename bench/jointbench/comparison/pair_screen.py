"""What the screen of an arm that searches its groups came to: which pairs were trained, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jointbench.comparison.searched import table_of, whole_of
from jointbench.comparison.summary.grouping import PairScreen
from jointbench.records import SearchedArm
from jointbench.types import FloatArray


def pair_screen(searched: SearchedArm) -> PairScreen | None:
    """None where all pairs were trained without one."""
    if not searched.screens:
        return None
    outputs = whole_of(searched).group
    place = {name: i for i, name in enumerate(outputs)}
    trained = np.zeros((len(outputs), len(outputs)), dtype=int)
    for candidate in searched.candidates:
        if len(candidate.group) == 2:
            first, last = (place[name] for name in candidate.group)
            trained[first, last] = trained[last, first] = sum(map(bool, candidate.network_ids))
    failures = [screen.failure for screen in searched.screens if screen.failure is not None]
    return PairScreen(
        pairs=math.comb(len(outputs), 2),
        overlap=known_means([table_of(screen, len(outputs)) for screen in searched.screens]),
        trained=tuple(tuple(row) for row in trained.tolist()),
        train_flops=sum(screen.train_flops for screen in searched.screens),
        seconds=sum(screen.seconds for screen in searched.screens),
        failed=len(failures),
        failure=failures[0] if failures else "",
    )


def known_means(tables: Sequence[FloatArray]) -> tuple[tuple[float | None, ...], ...]:
    """Mean of each number over the tables that have it."""
    stacked = np.stack(tables)
    known = np.isfinite(stacked)
    counts = known.sum(axis=0)
    means = np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(counts, 1)
    return tuple(
        tuple(float(mean) if count else None for mean, count in zip(row, its_counts, strict=True))
        for row, its_counts in zip(means, counts, strict=True)
    )
