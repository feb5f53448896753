"""Reference models cost at most a tenth of training, counted in work: what is cut depends on no clock, and is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from jointbench.backends.protocols import Backend
from jointbench.data.synthetic import SyntheticConfig, synthetic_dataset
from jointbench.metrics.reference_models import LINEAR, TREES
from jointbench.records import Reference
from jointbench.runs.notes import cut_notes
from jointbench.runs.options import RunOptions, study_config
from jointbench.runtime.processes import Processes
from jointbench.runtime.workers import Workers
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.reference_limits import (
    CORES,
    FEWEST_ROUNDS,
    FEWEST_ROWS,
    NO_LIMIT,
    REFERENCE_SHARE,
    WORK_PER_SECOND,
    TreeLimit,
    tree_limits,
    tree_work,
)
from jointbench.study.references import processes_for, references


def experiment(slug: str = "small", *, rows: int = 120, outputs: int = 2, features: int = 5) -> Experiment:
    made = synthetic_dataset(slug, SyntheticConfig(rows, outputs, 0.5, 0.1, features), 0)
    return make_experiment(made, ["joint", "separate"], CrossValidation(folds=2, repeats=1, seeds=1, seed=0))


def seconds_for(work: float) -> float:
    """The seconds of training of which so much work is the references' share."""
    return work / WORK_PER_SECOND / CORES / REFERENCE_SHARE


def scored(planned: Experiment, seconds: float) -> list[Reference]:
    return list(references([planned], 1, lambda *_: None, seconds))


def test_the_expensive_are_cut_the_others_stay_and_the_sum_keeps_to_the_share() -> None:
    planned = [experiment(), experiment("wide", rows=1_200, outputs=4, features=50), experiment("rows", rows=1_500)]
    full = sum(map(tree_work, planned))
    assert set(tree_limits(planned, math.inf).values()) == {NO_LIMIT} == set(tree_limits(planned, 1e9).values())
    limits = tree_limits(planned, seconds_for(0.7 * full))
    assert limits["small"] == limits["rows"] == NO_LIMIT
    assert FEWEST_ROUNDS <= limits["wide"].rounds < 100
    assert sum(tree_work(e, limits[e.dataset.slug]) for e in planned) <= 0.7 * full


def test_fewer_rounds_then_fewer_rows_then_none() -> None:
    wide = experiment("wide", rows=3_000, features=60)
    full = tree_work(wide)
    cuts = [tree_limits([wide], seconds_for(share * full))["wide"] for share in (0.6, 0.3, 0.005)]
    assert cuts[0] == TreeLimit(60)
    assert cuts[1].rounds == FEWEST_ROUNDS
    assert cuts[1].rows is not None
    assert FEWEST_ROWS < cuts[1].rows < 1_000
    assert not cuts[2].fitted
    for limit, share in zip(cuts, (0.6, 0.3, 0.005), strict=True):
        assert tree_work(wide, limit) <= 1.0001 * share * full


class AtOnce:
    """Stands in for the processes: calls in this one."""

    def __init__(self, *_: object) -> None:
        """Starts nothing."""

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends nothing."""

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*args))
        return future


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.study.references.Processes", AtOnce)


@pytest.mark.usefixtures("at_once")
def test_what_is_cut_is_said_and_the_linear_models_stay() -> None:
    planned = experiment()
    whole, cut = scored(planned, math.inf), scored(planned, seconds_for(0.5 * tree_work(planned)))
    assert [r for r in whole if r.model == LINEAR] == [r for r in cut if r.model == LINEAR]
    assert all(r.score is not None for r in cut)
    assert [r.score for r in whole if r.model == TREES] != [r.score for r in cut if r.model == TREES]
    none = scored(planned, 1e-6)
    assert {r.failure for r in none if r.model == TREES} == {
        "not fitted: it would take more than the references' share of the study"
    }
    assert all(r.score is not None for r in none if r.model == LINEAR)


@pytest.mark.usefixtures("at_once")
def test_fewer_rows_are_those_that_are_fitted() -> None:
    planned = experiment("wide", rows=4_000, features=20)
    cut = scored(planned, seconds_for(0.25 * tree_work(planned)))
    assert all(r.score is not None and r.score.error < 1 for r in cut)


def test_the_run_says_what_is_cut() -> None:
    planned = [experiment(), experiment("wide", rows=2_000, outputs=30, features=200)]
    config = study_config(RunOptions(budget=60.0))
    (note,) = cut_notes(planned, config)
    assert note.startswith("Reference models: boosted trees are cut (at most ")
    assert "rounds for wide;" in note
    assert "small" not in note
    assert note.endswith("cost at most about 10 % of the seconds for training.")
    assert cut_notes(planned[:1], config) == cut_notes(planned, replace(config, training_seconds=math.inf)) == ()
    assert cut_notes(planned, replace(config, references=False)) == ()


def test_a_table_whose_models_are_cheap_starts_one_process() -> None:
    planned = [experiment()]
    assert processes_for(planned, tree_limits(planned, math.inf), 8) == 1
    many = [experiment(f"table {i}", rows=2_000, outputs=5, features=100) for i in range(4)]
    assert processes_for(many, tree_limits(many, math.inf), 2) == 2


def _pools() -> list[int]:
    """Threads of every numerical library in this process, with those that trees and products start."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = np.random.default_rng(0).normal(size=(300, 30))
    HistGradientBoostingRegressor(max_iter=2).fit(rows @ rows.T @ rows, rows[:, 0])
    return [int(pool["num_threads"]) for pool in threadpool_info()]


def _worker_pools(_: Backend) -> list[int]:
    return [*_pools(), torch.get_num_threads()]


def test_no_library_uses_more_threads_than_its_share() -> None:
    with Processes(1, 1) as processes, Workers("torch", "cpu", 1, 1) as workers:
        of_references, of_training = processes.submit(_pools), workers.submit(_worker_pools)
        assert len(of_references.result()) >= 2
        assert set(of_references.result()) == set(of_training.result()) == {1}
