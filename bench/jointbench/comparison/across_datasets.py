"""Across datasets, one value each: how often joint wins, and what to expect on a further dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.decision import MOST_FAILURES
from jointbench.comparison.summary.run import Across, CellSummary
from jointbench.stats.signed_rank import signed_rank

MIN_DATASETS = 5  # fewer that all agree are no evidence at 0.95: a sign test's best is 1/2^n
SEED = 0  # of the posterior's draws, so that a summary redrawn from its records is the same


def across_datasets(cells: Sequence[CellSummary], criteria: VerdictCriteria) -> tuple[Across, ...]:
    """Joint against each other arm on each backend and device, over the datasets where both ran.

    A dataset contributes one value, the mean difference over its outputs: outputs and folds are not independent
    datasets. One with too many failures counts as open and is not ranked.
    """
    keys = dict.fromkeys((c.backend, c.device, d.other) for c in cells for d in c.decisions)
    comparisons = []
    for backend, device, other in keys:
        decisions = [
            d for c in cells if (c.backend, c.device) == (backend, device) for d in c.decisions if d.other == other
        ]
        ranked = [d for d in decisions if d.failures <= MOST_FAILURES and np.isfinite(d.mean_difference.value)]
        if not ranked:
            continue
        counts = Counter(d.mean_verdict for d in ranked)
        values = [d.mean_difference.value for d in ranked]
        rank = (
            signed_rank(values, np.random.default_rng(SEED), rope=criteria.rope)
            if len(values) >= MIN_DATASETS
            else None
        )
        comparisons.append(
            Across(
                backend=backend,
                device=device,
                other=other,
                win=counts["joint"],
                equivalent=counts["equivalent"],
                lose=counts["separate"],
                open=counts["open"] + len(decisions) - len(ranked),
                ranked=len(ranked),
                probability_joint_better=rank.probability_joint_better if rank else None,
                probability_equivalent=rank.probability_equivalent if rank else None,
                probability_other_better=rank.probability_other_better if rank else None,
            )
        )
    return tuple(comparisons)
