"""The search for the best partition: it finds what is planted, looks at validation rows alone, and goes on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jointbench.comparison.cells import BenchmarkCell, cells
from jointbench.comparison.criteria import DEFAULT_CRITERIA
from jointbench.comparison.grouping import grouping_of
from jointbench.comparison.searched import runs_of
from jointbench.comparison.summary.grouping import Grouping
from jointbench.errors import BadInput
from jointbench.networks.partitions import partitions
from jointbench.records import Fit, PlannedArm, Record, SearchedArm
from jointbench.records.pack import packed
from jointbench.records.store import read_records, write_records
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.run import run, steps, unheard
from jointbench.study.trials import plan
from jointbench.types import Partition, Recipe, Shape
from trained_records import TORCH_STUDY, table, trained

ARMS = ("joint", "separate", "best-grouping")
FOLDS, ROWS, FEATURES, NOISE = 4, 400, 80, 0.5
PLANTED = (("a1", "a2"), ("b1", "b2"))


def two_related_pairs(draw: int) -> Experiment:
    """A network of one hidden unit, which is all that one pair needs and too little for two; of many features, so that
    twice the labels are worth having."""
    rng = np.random.default_rng(draw)
    x = rng.normal(size=(ROWS, FEATURES))
    directions, _ = np.linalg.qr(rng.normal(size=(FEATURES, 2)))
    signals = np.tanh(x @ directions)
    targets = {f"{'ab'[k]}{copy}": signals[:, k] + NOISE * rng.normal(size=ROWS) for copy in (1, 2) for k in range(2)}
    data = replace(
        table(x, targets),
        shape=Shape((1,), activation="tanh"),
        recipe=Recipe(learning_rate=1e-2, max_epochs=100, patience=10),
    )
    return make_experiment(data, ARMS, CrossValidation(folds=FOLDS, repeats=1, seeds=1, seed=draw))


@cache
def records(draw: int = 0) -> tuple[Record, ...]:
    experiment = two_related_pairs(draw)
    return tuple(trained(experiment, plan=plan(experiment, "torch", "cpu", "stacked")))


def cell(of: Sequence[Record]) -> BenchmarkCell:
    (only,), _ = cells(of)
    return only


def chosen(of: Sequence[Record]) -> PlannedArm:
    return next(planned for planned in cell(of).planned_arms if planned.arm.search)


def most_often(of: Sequence[Record]) -> Partition:
    return Counter(chosen(of).partitions).most_common(1)[0][0]


def grouping(of: Sequence[Record]) -> Grouping:
    found = grouping_of(cell(of), DEFAULT_CRITERIA)
    assert found is not None
    return found


def test_two_related_pairs_are_found() -> None:
    assert most_often(records()) == PLANTED
    affinity = np.array(grouping(records()).affinity, dtype=float)  # of a1, b1, a2, b2
    assert np.mean([affinity[0, 2], affinity[1, 3], affinity[2, 0], affinity[3, 1]]) > 0.02
    assert grouping(records()).best == PLANTED
    assert max(affinity[0, [1, 3]].max(), affinity[1, [0, 2]].max()) < 0


@pytest.mark.slow
def test_two_related_pairs_are_found_in_nineteen_of_twenty_draws() -> None:
    assert sum(most_often(records(draw)) == PLANTED for draw in range(20)) >= 19


def test_each_run_has_the_partition_of_the_least_validation_loss() -> None:
    fits = cell(records()).fits
    by_run = {
        (fit.network.fold, fit.network.group): fit.validation_loss[fit.best_epoch].sum() / 4 for fit in fits.values()
    }
    arm = chosen(records())
    for fold, (partition, ids) in enumerate(zip(arm.partitions, arm.runs, strict=True)):
        assert tuple(fits[name].network.group for name in ids) == partition
        assert {fits[name].network.fold for name in ids} == {fold}
        losses = {p: sum(by_run[fold, group] for group in p) for p in partitions(("a1", "b1", "a2", "b2"))}
        assert losses[partition] == pytest.approx(min(losses.values()))
    assert arm.arm.groups == arm.partitions[0]
    assert len(arm.shapes) == len(arm.partitions[0])


def test_labels_of_test_rows_choose_nothing() -> None:
    """With the test rows' labels permuted in one fold the fold's fits, and so its choice, are what they were."""
    before = two_related_pairs(0)
    rows = before.splits[0].test
    targets = {name: values.copy() for name, values in before.dataset.targets.items()}
    for values in targets.values():
        values[rows] = np.random.default_rng(1).permutation(values[rows])
    after = replace(before, dataset=replace(before.dataset, targets=targets), splits=before.splits[:1])
    planned = plan(after, "torch", "cpu", "stacked")
    spoiled = trained(after, plan=planned)
    assert chosen(spoiled).partitions == chosen(records()).partitions[:1]


def test_the_joint_network_is_all_that_its_own_budget_pays_for() -> None:
    found = grouping(records())
    assert [budget.times for budget in found.budgets] == [1.0, 1.5, 2.0, None]
    assert [item.partition for item in found.budgets[0].chosen] == [(("a1", "b1", "a2", "b2"),)]
    assert all(budget.parameters <= (budget.times or math.inf) for budget in found.budgets)
    assert all(sum(len(item.runs) for item in budget.chosen) == FOLDS for budget in found.budgets)
    assert [difference.other for difference in found.budgets[0].differences] == ["joint", "separate"]
    assert found.budgets[0].differences[0].mean.value == 0.0
    assert found.budgets[-1].differences[0].mean.low > 0  # the pairs are better than all four together
    assert (found.partitions, found.groups, found.runs) == (15, 15, FOLDS)


def test_the_cost_is_of_all_networks_that_were_tried() -> None:
    fits = cell(records()).fits
    cost = grouping(records()).cost
    assert len(fits) == 15 * FOLDS
    assert cost.train_flops == sum(fit.train_flops for fit in fits.values())
    assert cost.chosen_train_flops == sum(fits[name].train_flops for name in chosen(records()).network_ids)


def test_a_group_whose_network_failed_is_not_chosen() -> None:
    lost = chosen(records()).network_ids[0]
    failed = [
        Fit(network=r.network, failure="lost") if isinstance(r, Fit) and r.network.id == lost else r for r in records()
    ]
    assert chosen(failed).partitions[0] != chosen(records()).partitions[0]
    none = [Fit(network=r.network, failure="lost") if isinstance(r, Fit) else r for r in records()]
    assert set(map(len, chosen(none).partitions)) == {4}


def test_packed_records_choose_the_same() -> None:
    assert chosen(list(packed(records()))).network_ids == chosen(records()).network_ids


@cache
def many_outputs() -> Experiment:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    targets = {f"y{i}": x[:, i % 3] + 0.3 * rng.normal(size=80) for i in range(6)}
    sizes = CrossValidation(folds=3, repeats=1, seeds=1, seed=0, max_epochs=4)
    return make_experiment(table(x, targets), ARMS, sizes)


@cache
def two_stages() -> tuple[Record, ...]:
    return tuple(run([many_outputs()], TORCH_STUDY, lambda *_: None))


def test_of_many_outputs_the_likely_partitions_are_trained_in_a_second_stage() -> None:
    first, second = (record for record in two_stages() if isinstance(record, SearchedArm))
    assert len(first.candidates) == 6 + 15 + 1
    assert second.candidates[: len(first.candidates)] == first.candidates
    larger = [len(candidate.group) for candidate in second.candidates[len(first.candidates) :]]
    assert larger
    assert min(larger) > 2
    at = cell(two_stages())
    for search in runs_of(second, at.fits):
        assert all(search.loss(partition) < math.inf for partition in search.proposed)
    assert {name for c in second.candidates for name in c.network_ids if name} == set(at.fits)


def test_records_of_a_search_are_read_back(tmp_path: Path) -> None:
    write_records(tmp_path / "records.jsonl", two_stages())
    read = list(read_records(tmp_path))
    assert [r for r in read if isinstance(r, SearchedArm)] == [r for r in two_stages() if isinstance(r, SearchedArm)]
    assert chosen(read) == chosen(two_stages())


def test_a_search_that_was_cut_off_goes_on_and_another_one_is_refused() -> None:
    cut = two_stages()[: len(two_stages()) // 2]
    heard = (lambda *_: None, unheard)
    rest = [r for piece in steps([many_outputs()], TORCH_STUDY, heard, kept_records(cut)) for r in piece]
    assert chosen([*cut, *rest]).network_ids == chosen(two_stages()).network_ids
    assert sum(isinstance(record, SearchedArm) for record in [*cut, *rest]) == 2
    first = next(record for record in cut if isinstance(record, SearchedArm))
    with pytest.raises(BadInput, match="of other networks than those that arm best-grouping searches now"):
        list(kept_records(cut).new_searched([replace(first, candidates=first.candidates[1:])]))


def test_tuning_and_a_search_are_not_done_together() -> None:
    with pytest.raises(BadInput, match="--tune 2: the groups of best-grouping are not tuned"):
        plan(replace(many_outputs(), trials=2), "torch", "cpu", "stacked")
