"""Partitions of outputs into groups: all of them, or, of many outputs, those that pairs predict to be the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jointbench.types import FloatArray, Partition

EXHAUSTIVE = 5  # most outputs of which every partition (52) is compared, by the networks of every subset (31)
WIDTH = 64  # partial partitions that the beam search keeps


def groups_to_train(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The groups whose networks a search trains first: all subsets of few outputs; of many the single ones, the pairs and
    all together, from which the others are predicted."""
    sizes = range(1, len(names) + 1) if len(names) <= EXHAUSTIVE else (1, 2, len(names))
    return [group for size in sizes for group in combinations(names, size)]


def partitions(names: Sequence[str]) -> Iterator[Partition]:
    """Every partition once: 1, 2, 5, 15, 52 of one to five names. Names and groups stay in order."""
    if not names:
        yield ()
        return
    *before, last = names
    for partition in partitions(before):
        for place, group in enumerate(partition):
            yield (*partition[:place], (*group, last), *partition[place + 1 :])
        yield (*partition, (last,))


@dataclass(frozen=True)
class _Partial:
    """Some outputs in groups. sums: by group, over its ordered pairs of the loss of one output beside the other."""

    groups: tuple[tuple[int, ...], ...]
    sums: tuple[float, ...]
    loss: float


def likely_partitions(losses: FloatArray, best: int, most_groups: int) -> list[tuple[tuple[int, ...], ...]]:
    """The partitions of the least predicted loss that a beam search finds, the best first.

    losses: (outputs, outputs), of the output in the row, trained with that of the column, alone on the diagonal. The
    loss of an output in a larger group is predicted as its mean over its partners (Standley et al. 2020, section 5.2).
    """
    beam = [_Partial((), (), 0.0)]
    for output in range(len(losses)):
        wider = [following for partial in beam for following in _placed(partial, output, losses, most_groups)]
        beam = sorted(wider, key=lambda partial: partial.loss)[:WIDTH]
    return [partial.groups for partial in beam[:best]]


def _placed(partial: _Partial, output: int, losses: FloatArray, most_groups: int) -> Iterator[_Partial]:
    """With one more output, in each of the groups and, while there may be more, in one of its own."""
    for place, (group, total) in enumerate(zip(partial.groups, partial.sums, strict=True)):
        members = list(group)
        wider = total + float(losses[output, members].sum() + losses[members, output].sum())
        before = float(losses[group[0], group[0]]) if len(group) == 1 else total / (len(group) - 1)
        groups = (*partial.groups[:place], (*group, output), *partial.groups[place + 1 :])
        sums = (*partial.sums[:place], wider, *partial.sums[place + 1 :])
        yield _Partial(groups, sums, partial.loss - before + wider / len(group))
    if len(partial.groups) < most_groups:
        alone = float(losses[output, output])
        yield _Partial((*partial.groups, (output,)), (*partial.sums, 0.0), partial.loss + alone)


def affinities(losses: FloatArray) -> FloatArray:
    """(outputs, outputs): the share of an output's loss alone that training with another one removes; 0 on the diagonal.

    losses: as of ``likely_partitions``."""
    alone = np.diagonal(losses)[:, None]
    return np.asarray(1 - np.divide(losses, alone, out=np.full_like(losses, np.nan), where=alone > 0))
