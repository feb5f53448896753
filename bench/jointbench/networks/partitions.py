"""Partitions of outputs into groups: all of them, or, of many outputs, those that pairs predict to be the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from jointbench.types import FloatArray, Partition

EXHAUSTIVE = 5  # most outputs of which every partition (52) is compared, by the networks of every subset (31)
WIDTH = 64  # partial partitions that the beam search keeps
MOST_PAIRS = 100  # that are all trained; of more, from 15 outputs on, a screen says which are
PARTNERS = 4  # of each output, that a screen has trained beside it


def groups_to_train(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The groups whose networks a search trains first: all subsets of few outputs; of many the single ones, the pairs and
    all together, from which the others are predicted. Of so many that a screen chooses the pairs, these are not among
    them."""
    if len(names) <= EXHAUSTIVE:
        return [group for size in range(1, len(names) + 1) for group in combinations(names, size)]
    sizes = (1, len(names)) if is_screened(len(names)) else (1, 2, len(names))
    return [group for size in sizes for group in combinations(names, size)]


def is_screened(outputs: int) -> bool:
    """Are there more pairs than are all trained?"""
    return math.comb(outputs, 2) > MOST_PAIRS


def promising_pairs(overlaps: FloatArray) -> list[tuple[int, int]]:
    """The pairs in which either output has the other among its PARTNERS of the largest overlap.

    overlaps: (outputs, outputs); NaN of a pair that is not known, which is not chosen.
    """
    known = np.where(np.isfinite(overlaps), overlaps, -np.inf)
    np.fill_diagonal(known, -np.inf)
    asked = np.zeros(known.shape, dtype=bool)
    for output, partners in enumerate(np.argsort(-known, axis=1, kind="stable")[:, :PARTNERS]):
        asked[output, partners] = np.isfinite(known[output, partners])
    return [(int(first), int(last)) for first, last in np.argwhere(np.triu(asked | asked.T))]


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


@dataclass(frozen=True, eq=False)
class _Partial:
    """Some outputs in groups. sums: by group, over its ordered pairs of the loss of one output beside the other. beside:
    by group, (outputs,): what each output would add to that sum."""

    groups: tuple[tuple[int, ...], ...]
    sums: tuple[float, ...]
    beside: tuple[FloatArray, ...]
    loss: float


def likely_partitions(losses: FloatArray, best: int, most_groups: int) -> list[tuple[tuple[int, ...], ...]]:
    """The partitions of the least predicted loss that a beam search finds, the best first.

    losses: (outputs, outputs), of the output in the row, trained with that of the column, alone on the diagonal. The
    loss of an output in a larger group is predicted as its mean over its partners (Standley et al. 2020, section 5.2).
    """
    return list(_found(np.asarray(losses, dtype=np.float64).tobytes(), len(losses), best, most_groups))


@lru_cache(maxsize=512)  # each run is searched by all who ask what it came to
def _found(table: bytes, outputs: int, best: int, most_groups: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    losses = np.frombuffer(table).reshape(outputs, outputs)
    mutual = losses + losses.T
    beam = [_Partial((), (), (), 0.0)]
    for output in range(outputs):
        wider = [
            (loss, partial, place)
            for partial in beam
            for place, loss in enumerate(_losses_with(partial, output, losses, most_groups))
        ]
        wider = sorted(wider, key=lambda following: following[0])[:WIDTH]
        beam = [_placed(partial, output, place, loss, mutual[output]) for loss, partial, place in wider]
    return tuple(partial.groups for partial in beam[:best])


def _losses_with(partial: _Partial, output: int, losses: FloatArray, most_groups: int) -> Iterator[float]:
    """With one more output: in each of the groups and, while there may be more, in one of its own."""
    for group, total, beside in zip(partial.groups, partial.sums, partial.beside, strict=True):
        before = float(losses[group[0], group[0]]) if len(group) == 1 else total / (len(group) - 1)
        yield partial.loss - before + (total + float(beside[output])) / len(group)
    if len(partial.groups) < most_groups:
        yield partial.loss + float(losses[output, output])


def _placed(partial: _Partial, output: int, place: int, loss: float, mutual: FloatArray) -> _Partial:
    """With this output in one of the groups, or in one behind them. mutual: (outputs,), of it with each other one."""
    before, group, after = partial.groups[:place], partial.groups[place : place + 1], partial.groups[place + 1 :]
    if not group:
        return _Partial((*before, (output,)), (*partial.sums, 0.0), (*partial.beside, mutual), loss)
    total, beside = partial.sums[place] + float(partial.beside[place][output]), partial.beside[place] + mutual
    return _Partial(
        groups=(*before, (*group[0], output), *after),
        sums=(*partial.sums[:place], total, *partial.sums[place + 1 :]),
        beside=(*partial.beside[:place], beside, *partial.beside[place + 1 :]),
        loss=loss,
    )


def affinities(losses: FloatArray) -> FloatArray:
    """(outputs, outputs): the share of an output's loss alone that training with another one removes; 0 on the diagonal.

    losses: as of ``likely_partitions``."""
    alone = np.diagonal(losses)[:, None]
    return np.asarray(1 - np.divide(losses, alone, out=np.full_like(losses, np.nan), where=alone > 0))
