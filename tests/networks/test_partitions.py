"""Partitions of outputs: every one of few, and the ones that pairs speak for of many."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.errors import BadInput
from jointbench.networks.arms import MOST_SEARCHED, MOST_UNSCREENED, check_search, parse_arm
from jointbench.networks.partitions import (
    PARTNERS,
    affinities,
    groups_to_train,
    likely_partitions,
    partitions,
    promising_pairs,
)
from jointbench.types import FloatArray, Output

NAMES = "abcdefghijkl"


def pair_losses(groups: list[list[int]], outputs: int) -> FloatArray:
    """A loss of 0.9 beside one of its group, of 1.1 beside another, of 1 alone."""
    losses = np.full((outputs, outputs), 1.1)
    for group in groups:
        losses[np.ix_(group, group)] = 0.9
    np.fill_diagonal(losses, 1.0)
    return losses


@pytest.mark.parametrize(("count", "bell"), [(1, 1), (2, 2), (3, 5), (4, 15), (5, 52)])
def test_there_are_as_many_partitions_as_bell_numbers_say(count: int, bell: int) -> None:
    every = list(partitions(NAMES[:count]))
    assert len({frozenset(map(frozenset, partition)) for partition in every}) == len(every) == bell
    trained = set(groups_to_train(NAMES[:count]))
    assert len(trained) == 2**count - 1
    for partition in every:
        assert sorted(sum(partition, ())) == list(NAMES[:count])
        assert trained.issuperset(partition)


def test_of_more_outputs_singles_pairs_and_all_are_trained() -> None:
    groups = groups_to_train(NAMES[:6])
    assert len(groups) == len(set(groups)) == 6 + 15 + 1
    assert tuple(NAMES[:6]) in groups


def test_of_fifteen_outputs_and_more_a_screen_chooses_the_pairs() -> None:
    assert len(groups_to_train(range(14))) == 14 + 91 + 1  # type: ignore[arg-type]  # numbers for names
    assert [len(group) for group in groups_to_train(range(15))] == [1] * 15 + [15]  # type: ignore[arg-type]


def test_either_output_may_ask_for_the_other() -> None:
    overlaps = np.full((6, 6), 0.1)
    overlaps[0, 1:] = overlaps[1:, 0] = 0.9  # all ask for the first one, and it for four of them
    overlaps[4, 5] = overlaps[5, 4] = np.nan
    pairs = promising_pairs(overlaps)
    assert {(0, other) for other in range(1, 6)} <= set(pairs)
    assert (4, 5) not in pairs
    assert all(first < last for first, last in pairs)
    assert promising_pairs(np.full((6, 6), np.nan)) == []


def test_the_most_outputs_have_no_more_pairs_to_train_than_are_trained_unscreened() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(MOST_SEARCHED, MOST_SEARCHED))
    unscreened = MOST_UNSCREENED * (MOST_UNSCREENED - 1) // 2
    assert len(promising_pairs(values + values.T)) <= PARTNERS * MOST_SEARCHED <= unscreened


def test_the_beam_puts_together_only_outputs_that_help_each_other() -> None:
    """A larger group is predicted to be as good as its pairs, so that noise may divide one that could be larger."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        order = rng.permutation(12).tolist()
        groups = [order[:3], order[3:5], order[5:6], order[6:12]]
        found = likely_partitions(pair_losses(groups, 12) + 0.01 * rng.normal(size=(12, 12)), 1, 12)
        assert all(any(set(group) <= set(planted) for planted in groups) for group in found[0])
        assert [group for group in found[0] if len(group) == 1] == [tuple(groups[2])]


def test_the_beam_is_right_where_every_partition_can_be_looked_at() -> None:
    rng = np.random.default_rng(1)
    for most in (1, 2, 6):
        losses = rng.uniform(0.5, 1.0, size=(6, 6))

        def predicted(partition: tuple[tuple[int, ...], ...], losses: FloatArray = losses) -> float:
            return sum(
                float(np.mean([losses[i, j] for j in group if j != i] or [losses[i, i]]))
                for group in partition
                for i in group
            )

        every = [tuple(tuple(map(int, group)) for group in p) for p in partitions("012345") if len(p) <= most]
        found = likely_partitions(losses, 3, most)
        assert [predicted(p) for p in found] == pytest.approx(sorted(map(predicted, every))[:3])


def test_affinity_is_the_share_of_the_loss_alone_that_goes() -> None:
    shares = affinities(np.array([[0.5, 0.25], [0.3, 0.2]]))
    assert shares == pytest.approx(np.array([[0.0, 0.5], [-0.5, 0.0]]))


def test_what_cannot_be_searched_is_refused() -> None:
    many = [Output(f"y{i}", "regression") for i in range(MOST_SEARCHED + 1)]
    with pytest.raises(
        BadInput, match=r"--arm best-grouping: at most 64 outputs are searched .* not 65; leave some out"
    ):
        parse_arm("best-grouping", many)
    assert parse_arm("best-grouping", many[:MOST_SEARCHED]).search
    two = [parse_arm(text, many[:2]) for text in ("best-grouping", "separate")]
    with pytest.raises(BadInput, match="add --arm joint"):
        check_search(two)
    check_search([*two, parse_arm("joint", many[:2])])
