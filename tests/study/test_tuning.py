"""Tuning: every network is served in the configuration that its validation rows choose, and nothing else is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jointbench.comparison.cells import BenchmarkCell, cells
from jointbench.comparison.criteria import DEFAULT_CRITERIA
from jointbench.comparison.tuned import best_on_average, choices, tuned_arm, validation_loss
from jointbench.comparison.tuning import tuning_of
from jointbench.errors import BadInput
from jointbench.records import Fit, PlannedArm, Record, TunedArm
from jointbench.records.pack import packed
from jointbench.runs.number_limits import check_numbers
from jointbench.runs.options import RunOptions, check_budget
from jointbench.study.config import StudyConfig
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.run import run, steps, unheard
from trained_records import TORCH_STUDY, table

TRIALS, FOLDS = 3, 3


@cache
def experiment(arms: tuple[str, ...] = ("joint", "separate")) -> Experiment:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    data = table(x, {"y": x[:, 0] + 0.1 * rng.normal(size=90), "z": x[:, 1] * x[:, 2]})
    sizes = CrossValidation(folds=FOLDS, repeats=1, seeds=1, seed=0, max_epochs=6)
    return replace(make_experiment(data, arms, sizes), trials=TRIALS)


def config(**changes: object) -> StudyConfig:
    return replace(TORCH_STUDY, **changes)  # type: ignore[arg-type]  # each field in its own type


@cache
def records() -> tuple[Record, ...]:
    return tuple(run([experiment()], config(), lambda *_: None))


def cell(of: Sequence[Record]) -> BenchmarkCell:
    (only,), _ = cells(of)
    return only


def planned(of: Sequence[Record], arm: str) -> PlannedArm:
    return next(record for record in of if isinstance(record, PlannedArm) and record.arm.name == arm)


def tuned(of: Sequence[Record], arm: str) -> TunedArm:
    return next(record for record in of if isinstance(record, TunedArm) and record.arm == arm)


def test_every_configuration_is_trained_in_every_fold_and_the_first_is_the_untuned_arm() -> None:
    fits = [record for record in records() if isinstance(record, Fit)]
    assert len(fits) == TRIALS * FOLDS * (1 + 2)
    assert len({fit.network.recipe.learning_rate for fit in fits}) == TRIALS
    for arm in ("joint", "separate"):
        untuned = tuned_arm(planned(records(), arm), tuned(records(), arm), cell(records()).fits, 1)
        assert untuned.network_ids == planned(records(), arm).network_ids


def test_each_network_is_the_one_with_the_least_validation_loss() -> None:
    fits = cell(records()).fits
    for served in cell(records()).planned_arms:
        trials = tuned(records(), served.arm.name).trials
        for network_id in served.network_ids:
            own = fits[network_id]
            rivals = [
                fit
                for trial in trials
                for of_group in trial
                for fit in (fits[i] for i in of_group.network_ids)
                if (fit.network.group, fit.network.fold) == (own.network.group, own.network.fold)
            ]
            losses = [float(fit.validation_loss[fit.best_epoch].mean()) for fit in rivals]
            assert len(losses) == TRIALS
            assert float(own.validation_loss[own.best_epoch].mean()) == min(losses)


def test_what_a_network_answers_on_test_rows_chooses_nothing() -> None:
    spoiled = [
        replace(record, predictions=-record.predictions, scores=()) if isinstance(record, Fit) else record
        for record in records()
    ]
    before, after = ([arm.network_ids for arm in cell(some).planned_arms] for some in (list(records()), spoiled))
    assert after == before


def test_a_configuration_that_failed_is_not_chosen() -> None:
    arm = tuned(records(), "joint")
    fits = dict(cell(records()).fits)
    best = choices(arm, fits, TRIALS)[0]
    lost = arm.trials[best.trial][0].network_ids[0]
    fits[lost] = Fit(network=fits[lost].network, failure="loss is not finite in epoch 1")
    assert choices(arm, fits, TRIALS)[0].trial != best.trial
    every = {i: Fit(network=fit.network, failure="lost") for i, fit in fits.items()}
    assert {choice.trial for choice in choices(arm, every, TRIALS)} == {0}


def test_costs_are_of_all_that_was_trained_and_shares_of_a_stack_add_up() -> None:
    tuning = tuning_of(cell(records()), DEFAULT_CRITERIA)
    assert tuning is not None
    total = sum(fit.train_flops for fit in cell(records()).fits.values())
    assert sum(cost.train_flops for cost in tuning.costs) == total
    assert sum(cost.seconds for cost in tuning.costs) == pytest.approx(sum(s.seconds for s in cell(records()).stacks))
    assert [step.trials for step in tuning.by_trials] == [1, 2, 3]
    assert all(step.other_train_flops <= step.train_flops or step.other_trials == 1 for step in tuning.by_flops)
    assert len(tuning.chosen) == FOLDS * 3
    assert all(chosen.loss <= chosen.first_loss for chosen in tuning.chosen)


def test_packed_records_choose_the_same() -> None:
    before, after = (
        [arm.network_ids for arm in cell(some).planned_arms] for some in (records(), list(packed(records())))
    )
    assert after == before


def test_one_that_was_cut_off_comes_to_the_same_and_other_configurations_are_refused() -> None:
    cut = records()[: len(records()) * 2 // 3]
    rest = [
        r for piece in steps([experiment()], config(), (lambda *_: None, unheard), kept_records(cut)) for r in piece
    ]
    assert [arm.network_ids for arm in cell([*cut, *rest]).planned_arms] == [
        arm.network_ids for arm in cell(records()).planned_arms
    ]
    more = replace(experiment(), trials=TRIALS + 1)
    with pytest.raises(BadInput, match="are of other configurations of arm joint"):
        list(steps([more], config(), (lambda *_: None, unheard), kept_records(records())))


def test_what_is_timed_is_what_is_served(tmp_path: Path) -> None:
    timed = list(run([experiment()], config(timing_seconds=3.0), lambda *_: None))
    assert {record.arm.name for record in timed if isinstance(record, PlannedArm)} == {"joint", "separate"}
    assert cell(timed).timings


@pytest.mark.parametrize("count", [-1, 0, 1, 513])
def test_a_number_that_is_no_tuning_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match=f"--tune {count}: a number of configurations from 2 to 512"):
        check_numbers(RunOptions(tune=count))


def test_a_fixed_number_of_configurations_leaves_nothing_to_decide() -> None:
    with pytest.raises(BadInput, match="--tune fix what is trained"):
        check_budget(RunOptions(tune=4, until_decided=True))


def test_an_arm_is_exported_in_the_configuration_that_did_best_over_all_folds() -> None:
    fits = cell(records()).fits
    for arm in ("joint", "separate"):
        chosen = best_on_average(tuned(records(), arm), fits)
        for group in {fits[network_id].network.group for network_id in chosen}:
            own = [fits[i] for i in chosen if fits[i].network.group == group]
            assert len({(fit.network.shape, fit.network.recipe) for fit in own}) == 1
            assert len(own) == FOLDS
            means = [
                np.mean([validation_loss(fits[i]) for i in of_group.network_ids])
                for trial in tuned(records(), arm).trials
                for of_group in trial
                if of_group.arm.groups == (group,)
            ]
            assert np.mean([validation_loss(fit) for fit in own]) == pytest.approx(min(means))
