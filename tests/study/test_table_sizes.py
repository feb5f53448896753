"""A table with more rows than its first round takes is trained on more and more of them, as far as the time goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from in_process import InProcess
from jointbench.comparison.build import describe, summarise
from jointbench.comparison.cells import BenchmarkCell
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.summary.recipe import recipe_summary
from jointbench.records import Fit, PlannedArm, Record
from jointbench.runs.options import RunOptions, study_config
from jointbench.runs.table_sizes import growing
from jointbench.study.config import StudyConfig
from jointbench.study.kept import kept_records
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.run import run, steps, unheard
from jointbench.study.table_sizes import sizes_above, with_larger
from jointbench.types import Dataset
from trained_records import TORCH_STUDY, table, torch_backend

VALIDATION = CrossValidation(folds=3, repeats=1, seeds=1, seed=0, max_rows=40, max_epochs=2)
CRITERIA = VerdictCriteria(rope=0.5, probability=0.6)


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.study.early_workers.Workers", lambda *_, **__: InProcess(torch_backend()))


def whole(rows: int = 200) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    return replace(table(x, {name: x[:, i] + rng.normal(size=rows) for i, name in enumerate("yz")}), slug="big")


def experiment() -> Experiment:
    first = make_experiment(whole(), ["joint", "separate", "separate-matched"], VALIDATION)
    return with_larger(first, whole(), VALIDATION)


def config(seconds: float = math.inf, rounds: int = 3) -> StudyConfig:
    return replace(TORCH_STUDY, rounds=rounds, criteria=CRITERIA, training_seconds=seconds)


def records_of(study: StudyConfig, heard: list[BenchmarkCell] | None = None) -> list[Record]:
    listen = (lambda _: None) if heard is None else heard.append
    return list(run([experiment()], study, lambda *_: None, listen))


def test_sizes_are_half_a_power_of_ten_apart_and_end_with_all_rows() -> None:
    assert sizes_above(5_000, 200_000) == (16_000, 51_000, 200_000)
    assert sizes_above(3_000, 1_000_000) == (9_500, 30_000, 95_000, 300_000, 1_000_000)
    assert sizes_above(5_000, 6_497) == (6_497,)
    assert sizes_above(5_000, 5_000) == ()


@pytest.mark.parametrize("rows", [60, 137, 9_999])
@pytest.mark.parametrize("first", [20, 40, 59])
def test_sizes_grow(rows: int, first: int) -> None:
    sizes = (first, *sizes_above(first, rows))
    assert list(sizes) == sorted(set(sizes))
    assert sizes[-1] == rows


def test_the_arms_of_more_rows_are_joint_and_the_first_other() -> None:
    chosen = experiment()
    assert [at.dataset.rows for at in chosen.larger] == [130, 200]
    assert [at.dataset.slug for at in chosen.larger] == ["big@130", "big@200"]
    assert [[arm.name for arm in at.arms] for at in chosen.larger] == [["joint", "separate"]] * 2


@pytest.fixture(scope="module")
def grown() -> Iterator[list[Record]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jointbench.study.early_workers.Workers", lambda *_, **__: InProcess(torch_backend()))
        yield records_of(config())


def test_every_size_is_trained_and_only_the_last_has_further_repeats(grown: list[Record]) -> None:
    repeats: dict[str, int] = {}
    for record in grown:
        if isinstance(record, Fit):
            slug = record.network.dataset
            repeats[slug] = max(repeats.get(slug, 0), record.network.repeat)
    assert list(repeats) == ["big", "big@130", "big@200"]
    assert repeats["big"] == repeats["big@130"] == 0


def test_a_first_round_says_what_it_has_come_to() -> None:
    heard: list[BenchmarkCell] = []
    records_of(config(), heard)
    assert [cell.dataset for cell in heard] == ["big", "big@130", "big@200"]


def test_without_time_the_first_size_is_the_only_one() -> None:
    records = records_of(config(seconds=0.0))
    assert {record.dataset for record in records if isinstance(record, PlannedArm)} == {"big"}


def test_the_summary_is_of_the_most_rows_and_has_the_differences_of_all(grown: list[Record]) -> None:
    first = experiment()
    datasets = [
        describe(
            at.dataset,
            at.splits,
            at.seeds,
            recipe_summary(at.recipe_rows, at.recipe, at.shape, at.splits),
            size_of="" if at is first else "big",
        )
        for at in (first, *first.larger)
    ]
    summary = summarise(grown, datasets, profile="", engine="", command="", notes=(), criteria=CRITERIA)
    (cell,) = summary.cells
    assert [dataset.slug for dataset in summary.datasets] == ["big@200"] == [cell.dataset]
    assert cell.table_sizes is not None
    assert [size.rows for size in cell.table_sizes.sizes] == [40, 130, 200]
    assert cell.table_sizes.sizes[-1].differences == cell.differences
    assert "The verdict is of all 200 rows" in cell.decisions[0].reason


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 1.0])
def test_a_run_that_was_cut_off_among_the_sizes_comes_to_the_same_end(grown: list[Record], share: float) -> None:
    there = grown[: round(share * len(grown))]
    new = [r for step in steps([experiment()], config(), (lambda *_: None, unheard), kept_records(there)) for r in step]
    fits = sorted(record.network.id for record in (*there, *new) if isinstance(record, Fit))
    assert fits == sorted(record.network.id for record in grown if isinstance(record, Fit))
    assert share < 1.0 or not new


@pytest.mark.parametrize(
    "options", [RunOptions(rows=40), RunOptions(folds=3), RunOptions(seeds=2), RunOptions(profile="smoke")]
)
def test_what_is_asked_for_is_not_grown(options: RunOptions) -> None:
    chosen = make_experiment(whole(), ["joint", "separate"], VALIDATION)
    assert growing([chosen], [whole()], options, study_config(options)) == [chosen]


def test_many_tables_are_compared_at_the_rows_of_their_profile() -> None:
    chosen = [make_experiment(whole(), ["joint", "separate"], VALIDATION)] * 4
    assert growing(chosen, [whole()] * 4, RunOptions(), study_config(RunOptions())) == chosen
