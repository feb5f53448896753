"""The screen of pairs: of many outputs only promising ones are trained, by each run's training rows, once, at a cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from in_process import InProcess
from jointbench.backends.base import Job
from jointbench.comparison.cells import cells
from jointbench.comparison.criteria import DEFAULT_CRITERIA
from jointbench.comparison.grouping import grouping_of
from jointbench.comparison.searched import runs_of, table_of
from jointbench.comparison.summary.grouping import Grouping
from jointbench.networks.partitions import promising_pairs
from jointbench.records import Fit, Record, SearchedArm
from jointbench.records.store import read_records, to_line, write_records
from jointbench.study.estimate import estimate
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, job, make_experiment, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.run import steps, unheard
from jointbench.study.screens import _look
from jointbench.types import Recipe, Shape
from trained_records import TORCH_STUDY, table, torch_backend

ARMS = ("joint", "separate", "best-grouping")
OUTPUTS, FOLDS = 15, 3


class Blind:
    """The backend, without diagnostics."""

    diagnostics = None

    def __getattr__(self, name: str) -> Any:
        return getattr(torch_backend(), name)


class Counted(InProcess):
    """Workers in this process, and how many networks they were asked to look into."""

    looked_into = 0

    def submit(self, function: Any, *args: Any, **words: Any) -> Any:
        Counted.looked_into += len(args[0]) if function is _look else 0
        return super().submit(function, *args, **words)


@contextmanager
def in_process(backend: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jointbench.study.early_workers.Workers", lambda *_, **__: Counted(backend))
        yield


@cache
def experiment(outputs: int = OUTPUTS, *, spoiled: bool = False) -> Experiment:
    """spoiled: the labels of the first fold's test rows are others."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    targets = {f"y{i}": x[:, i % 3] + 0.3 * rng.normal(size=90) for i in range(outputs)}
    made = make_experiment(
        table(x, targets), ARMS, CrossValidation(folds=FOLDS, repeats=1, seeds=1, seed=0, max_epochs=2)
    )
    if spoiled:
        rows = made.splits[0].test
        for values in made.dataset.targets.values():
            values[rows] = rng.permutation(values[rows])
        made = replace(made, splits=made.splits[:1])
    return made


def study(of: Experiment, kept: Sequence[Record] = (), backend: Any = None) -> list[Record]:
    heard = (lambda *_: None, unheard)
    with in_process(backend or torch_backend()):
        return [record for piece in steps([of], TORCH_STUDY, heard, kept_records(kept)) for record in piece]


@cache
def records() -> tuple[Record, ...]:
    return tuple(study(experiment()))


def searches(of: Sequence[Record]) -> list[SearchedArm]:
    return [record for record in of if isinstance(record, SearchedArm)]


def grouping(of: Sequence[Record]) -> Grouping:
    (cell,), _ = cells(of)
    found = grouping_of(cell, DEFAULT_CRITERIA)
    assert found is not None
    return found


def test_each_run_trains_the_pairs_that_its_own_screen_asks_for() -> None:
    first, second, third = searches(records())
    assert [len(candidate.group) for candidate in first.candidates] == [1] * OUTPUTS + [OUTPUTS]
    assert (first.screens, second.screens) == ((), third.screens)
    for run, screen in enumerate(third.screens):
        assert screen.failure is None
        asked = promising_pairs(table_of(screen, OUTPUTS))
        trained = {c.group for c in third.candidates if len(c.group) == 2 and c.network_ids[run]}
        assert {(f"y{a}", f"y{b}") for a, b in asked} <= trained  # more where a partition has such a group
        assert len(trained) < math.comb(OUTPUTS, 2)
    (cell,), _ = cells(records())
    for search in runs_of(third, cell.fits):
        assert all(search.loss(partition) < math.inf for partition in search.proposed)


def test_what_was_screened_out_is_predicted_to_help_nobody() -> None:
    (cell,), _ = cells(records())
    search = runs_of(searches(records())[-1], cell.fits)[0]
    out = np.isnan(search.pairs)
    assert out.any()
    alone = np.diagonal(search.pairs)[:, None]
    assert (search.predicted >= alone)[out].all()
    assert (search.predicted == search.pairs)[~out].all()
    assert np.isfinite(replace(search, fits={}).predicted).all()


def test_the_search_costs_its_screen_too() -> None:
    found, screens = grouping(records()), searches(records())[-1].screens
    fits = [record for record in records() if isinstance(record, Fit)]
    assert found.screen is not None
    assert found.screen.train_flops == sum(screen.train_flops for screen in screens) > 0
    assert found.cost.train_flops == sum(fit.train_flops for fit in fits) + found.screen.train_flops
    joint = [fit.train_flops for fit in fits if len(fit.network.group) == OUTPUTS]
    assert all(screen.train_flops > flops for screen, flops in zip(screens, joint, strict=True))
    assert found.screen.pairs == 105
    never = [pair for pair in combinations(range(OUTPUTS), 2) if not found.screen.trained[pair[0]][pair[1]]]
    assert all(found.affinity[a][b] is None for a, b in never)


def test_labels_of_test_rows_say_nothing_about_pairs() -> None:
    before, after = searches(records())[-1], searches(study(experiment(spoiled=True)))[-1]
    assert after.screens[0].overlaps == before.screens[0].overlaps


def test_a_search_that_was_cut_off_is_not_screened_again(tmp_path: Path) -> None:
    write_records(tmp_path / "records.jsonl", records())
    read = list(read_records(tmp_path))
    assert searches(read) == searches(records())
    assert ["screens" in to_line(search) for search in searches(read)] == [False, True, True]
    last = max(i for i, record in enumerate(read) if isinstance(record, SearchedArm))
    Counted.looked_into = 0
    rest = study(experiment(), kept=read[:last])
    assert Counted.looked_into == 0
    assert searches([*read[:last], *rest]) == searches(records())


def test_without_a_screen_all_pairs_are_trained_up_to_a_number_and_the_page_says_so() -> None:
    few, many = (searches(study(experiment(outputs), backend=Blind())) for outputs in (OUTPUTS, 25))
    assert {screen.failure for screen in few[-1].screens} == {"not measured: torch has no diagnostics"}
    assert sum(len(candidate.group) == 2 for candidate in few[1].candidates) == 105
    assert sum(len(candidate.group) == 2 for candidate in many[1].candidates) == 0


def test_the_estimate_counts_about_as_many_networks_as_are_trained() -> None:
    expected = estimate([experiment()], TORCH_STUDY).networks["table"]
    second = searches(records())[1]
    trained = sum(bool(name) for candidate in second.candidates for name in candidate.network_ids)
    assert expected == pytest.approx(trained, rel=0.35)


def related(draw: int, groups: int, size: int) -> tuple[list[Job], set[tuple[int, int]]]:
    """Groups of outputs that read the same direction of the features, each output in a way of its own, so that the labels
    of some are uncorrelated; and the related pairs."""
    rng = np.random.default_rng(draw)
    x = rng.normal(size=(600, 20))
    directions, _ = np.linalg.qr(rng.normal(size=(20, groups)))
    ways = [np.tanh, lambda v: (v**2 - 1) / 1.4, lambda v: np.tanh(1.5 * v), lambda v: (np.abs(v) - 0.8) / 0.6]
    of = np.repeat(np.arange(groups), size)
    signals = [ways[i % size]((x @ directions)[:, group]) for i, group in enumerate(of)]
    targets = {f"y{i}": signal + 0.3 * rng.normal(size=len(x)) for i, signal in enumerate(signals)}
    data = replace(table(x, targets), shape=Shape((24,)), recipe=Recipe(learning_rate=1e-2, patience=10, batch_size=32))
    made = make_experiment(data, ("joint",), CrossValidation(folds=4, repeats=1, seeds=1, seed=draw))
    networks = plan_arms(made, "torch", "cpu", "stacked")[1][:1]
    jobs = [job(made, network, prepared_split(made, network.repeat, network.fold)) for network in networks]
    return jobs, {(a, b) for a, b in combinations(range(groups * size), 2) if of[a] == of[b]}


def test_related_outputs_are_asked_for_though_their_labels_are_uncorrelated() -> None:
    jobs, planted = related(0, groups=4, size=4)
    (look,) = _look(torch_backend(), jobs, "stacked")  # type: ignore[arg-type]  # it has diagnostics
    assert len(planted & set(promising_pairs(look.overlaps))) >= 0.9 * len(planted)
    labels = np.abs(np.corrcoef(jobs[0].targets[jobs[0].train].T))
    assert len(planted & set(promising_pairs(labels))) < 0.7 * len(planted)


@pytest.mark.slow
def test_of_24_outputs_nearly_all_related_pairs_are_among_a_quarter_of_all() -> None:
    found, trained = [], []
    for draw in range(10):
        jobs, planted = related(draw, groups=6, size=4)
        (look,) = _look(torch_backend(), jobs, "stacked")  # type: ignore[arg-type]  # it has diagnostics
        pairs = set(promising_pairs(look.overlaps))
        found.append(len(planted & pairs) / len(planted))
        trained.append(len(pairs) / math.comb(24, 2))
    assert np.mean(found) >= 0.95
    assert max(trained) <= 0.25


def test_a_network_that_does_not_learn_is_a_failure_and_not_an_error() -> None:
    jobs, _ = related(0, groups=2, size=4)
    broken = replace(jobs[0], features=np.full_like(jobs[0].features, np.nan))
    (look,) = _look(torch_backend(), [broken], "stacked")  # type: ignore[arg-type]  # it has diagnostics
    assert look.failure is not None
