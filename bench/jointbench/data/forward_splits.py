"""Splits forward in time: fold k trains and validates on the k+1 earliest blocks and tests on the next one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jointbench.data.label_coverage import VALIDATION_PARTS, with_every_label
from jointbench.data.units import renumbered
from jointbench.errors import BadInput
from jointbench.types import Dataset, Split


def forward_splits(dataset: Dataset, folds: int, repeats: int, seed: int) -> tuple[Split, ...]:
    """The folds, cut only between different times. The validation rows are the latest of those before the test rows.

    Raises BadInput where there are too few times, or one time has too many rows.
    """
    assert dataset.time is not None
    if repeats > 1:
        raise BadInput("--repeats: with a time column every repeat would be the same split; ask for one repeat")
    times = renumbered(pd.factorize(dataset.time, sort=True)[0].astype(np.int64))
    blocks = folds + 1
    if blocks > int(times.max()) + 1:
        raise BadInput(f"--folds {folds}: {dataset.slug} has only {int(times.max()) + 1} different times")
    order = np.argsort(times, kind="stable")
    # Cut only between different times, at the cut nearest to equal shares of rows.
    ends = np.searchsorted(times[order], np.arange(int(times.max()) + 1), side="right")
    cuts = [
        0,
        *(int(ends[np.argmin(np.abs(ends - dataset.rows * b / blocks))]) for b in range(1, blocks)),
        dataset.rows,
    ]
    if len(set(cuts)) < len(cuts):
        raise BadInput(f"--folds {folds}: too many rows of {dataset.slug} share one time; ask for fewer folds")
    results = []
    for fold in range(folds):
        past, test = order[: cuts[fold + 1]], order[cuts[fold + 1] : cuts[fold + 2]]
        inner = ends[ends < len(past)]
        if not len(inner):
            raise BadInput(
                f"--folds {folds}: the first block of {dataset.slug} holds one time only; ask for fewer folds"
            )
        cut = int(inner[np.argmin(np.abs(inner - len(past) * (1 - 1 / VALIDATION_PARTS)))])
        earlier = np.sort(past)
        held_out = with_every_label(
            dataset.targets, times, earlier, np.isin(earlier, past[cut:]), np.arange(int(times.max()) + 1)
        )
        results.append(
            Split(
                repeat=0,
                fold=fold,
                folds=folds,
                train=earlier[~held_out],
                validation=earlier[held_out],
                test=np.sort(test),
                seed=seed,
            )
        )
    return tuple(results)
