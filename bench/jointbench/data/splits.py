"""Repeated K-fold splits with an inner validation part, seeded and stratified over all outputs at once.

Identical rows and rows of one group stay in one part. With a time column the splits go forward in time instead; where
the rows to test on are a file of their own, each repeat draws the validation rows alone, and there are no folds. Each
output has labels in the validation rows, where its missing labels allow it.

The folds depend on the data and the seed alone, so every arm and backend gets the same ones.
"""

from __future__ import annotations

import numpy as np

from jointbench.data.forward_splits import forward_splits
from jointbench.data.held_out import held_out_splits
from jointbench.data.label_coverage import VALIDATION_PARTS, with_every_label
from jointbench.data.stratification import label_matrix, stratified_parts
from jointbench.data.units import FEWEST_UNITS, renumbered, row_units, ways_out, why_few
from jointbench.errors import BadInput
from jointbench.types import Dataset, Split

LABELLED = 0x1ABE1  # of the seeds that draw validation rows for outputs whose labels are missing


def splits(dataset: Dataset, folds: int, repeats: int, seed: int, *, split_repeats: bool = False) -> tuple[Split, ...]:
    """All folds of all repeats. ``split_repeats``: identical rows may fall into different parts.

    Raises BadInput when there are not enough rows or groups for them.
    """
    if dataset.held_out is not None:
        return held_out_splits(dataset, repeats, seed, split_repeats=split_repeats)
    if folds < 2:
        raise BadInput(f"--folds {folds}: at least 2 folds are needed, so that every row is tested on once")
    if dataset.time is not None:
        if dataset.groups is not None:
            raise BadInput("--group and --time: a split forward in time cannot keep groups together; give one of them")
        return forward_splits(dataset, folds, repeats, seed)
    units = row_units(dataset, split_repeats=split_repeats)
    count = int(units.max()) + 1
    if folds > count or count < FEWEST_UNITS:
        raise BadInput(_too_few(dataset, folds, count, split_repeats))
    labels = label_matrix(dataset)
    results = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        part = stratified_parts(units, labels, [1 / folds] * folds, rng)
        for fold in range(folds):
            rest = np.flatnonzero(part != fold)
            inner_rng = np.random.default_rng([seed, repeat, fold])
            parts = min(VALIDATION_PARTS, len(np.unique(units[rest])))
            if parts < 2:
                raise BadInput(_too_few(dataset, folds, count, split_repeats))
            inner = stratified_parts(renumbered(units[rest]), labels[rest], [1 / parts] * parts, inner_rng)
            order = np.random.default_rng([seed, repeat, fold, LABELLED]).permutation(count)
            held_out = with_every_label(dataset.targets, units, rest, inner == 0, order)
            results.append(
                Split(
                    repeat=repeat,
                    fold=fold,
                    folds=folds,
                    train=rest[~held_out],
                    validation=rest[held_out],
                    test=np.flatnonzero(part == fold),
                    seed=seed,
                )
            )
    return tuple(results)


def _too_few(dataset: Dataset, folds: int, count: int, split_repeats: bool) -> str:
    """The sentence that refuses so many folds of ``count`` units, with a number of folds that works where one does."""
    ways = ways_out(dataset, split_repeats=split_repeats)
    if count >= FEWEST_UNITS:  # from three folds on, a fold may have no more than all units but one for each other fold
        ways.insert(0, f"ask for at most {count:,} folds" if folds > count else f"ask for {FEWEST_UNITS} folds")
    cause = why_few(dataset, split_repeats=split_repeats)
    needed = f"too few for a training, a validation and a test part in each of {folds:,} folds"
    return f"--folds {folds}: {cause}, {needed}" + (f"; {', or '.join(ways)}" if ways else "")
