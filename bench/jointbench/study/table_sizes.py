"""A large table at growing numbers of rows: what sharing costs at 5,000 rows is not what it costs at 200,000."""

from __future__ import annotations

import math
from dataclasses import replace

from jointbench.errors import BadInput
from jointbench.networks.arms import compared
from jointbench.networks.network_options import DEFAULT_NETWORK, NetworkOptions
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.types import Dataset

STEP = math.sqrt(10)  # times as many rows
LEAST_STEP = 1.5  # the size before the whole table is left out where it is nearer to it


def sizes_above(rows: int, whole: int) -> tuple[int, ...]:
    """The numbers of rows after ``rows``, each STEP times the one before to two digits, up to all of them."""
    sizes: list[int] = []
    while rows < whole:
        rows = int(float(f"{rows * STEP:.1e}"))
        sizes.append(rows if rows * LEAST_STEP <= whole else whole)
        rows = sizes[-1]
    return tuple(sizes)


def with_larger(
    experiment: Experiment,
    whole: Dataset,
    validation: CrossValidation,
    loss_weights: tuple[tuple[str, float], ...] = (),
    network: NetworkOptions = DEFAULT_NETWORK,
    *,
    most_rows: float = math.inf,
) -> Experiment:
    """The experiment with those on more rows of the same table, which is ``whole``: of joint and the first other arm.

    A size at which the table cannot be split is left out, with those above. most_rows: of the largest size. There are
    none where the other arm is one that searches its groups: that is done once.
    """
    larger: list[Experiment] = []
    if any(arm.search for arm in compared(experiment.arms, lambda arm: arm)):
        return experiment
    for rows in sizes_above(experiment.dataset.rows, whole.rows):
        if rows > most_rows:
            break
        named = replace(whole, slug=f"{whole.slug}@{rows}", title=f"{whole.title or whole.slug}, {rows:,} rows")
        try:
            at = make_experiment(named, (), replace(validation, max_rows=rows, max_images=rows), loss_weights, network)
        except BadInput:
            break
        larger.append(replace(at, arms=compared(experiment.arms, lambda arm: arm)))
    return replace(experiment, larger=tuple(larger))
