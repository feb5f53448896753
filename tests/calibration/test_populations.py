"""Draws from a table as a population: disjoint from the rows that tell the truth, and scored as a user's table is."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.calibration.draw_study import study_draw
from jointbench.calibration.populations import draw_rows, load_population, rows_of
from jointbench.errors import BadInput
from jointbench.runtime.workers import Workers
from jointbench.study.plan import CrossValidation

DESIGN = CrossValidation(folds=3, repeats=2, seeds=1, seed=0, max_epochs=2)


def test_a_draw_and_the_other_rows_share_no_unit() -> None:
    bikes = load_population("bike_sharing")
    assert bikes.table.groups is not None
    chosen, further = draw_rows(bikes, 600, 3000, seed=1)
    assert 500 < len(chosen) <= 600
    assert 2500 < len(further) <= 3000
    assert not set(bikes.table.groups[chosen]) & set(bikes.table.groups[further])
    assert not np.array_equal(chosen, draw_rows(bikes, 600, 3000, seed=2)[0])


def test_a_small_table_is_no_population() -> None:
    with pytest.raises(BadInput, match="concrete_slump has 103 rows, too few for draws of 60"):
        draw_rows(load_population("concrete_slump"), 60, 3000, seed=0)


def test_a_draw_knows_its_outputs_under_each_loss() -> None:
    pytest.importorskip("torch")
    with Workers("torch", "cpu", 1, 1) as workers:
        draw = study_draw(load_population("wine_quality"), 150, 1500, 0, DESIGN, workers, "torch")
    assert [(drawn.output, drawn.loss) for drawn in draw.outputs] == [
        ("quality", "squared"),
        ("type", "log"),
        ("type", "brier"),
    ]
    for drawn in draw.outputs:
        assert len(drawn.evidence) == 2
        for evidence in drawn.evidence:
            assert evidence is not None
            assert np.isfinite([drawn.truth, evidence.mean, evidence.rows, evidence.between]).all()
            assert evidence.folds == 3
        assert drawn.bootstrap[0] < 0 < drawn.bootstrap[1]


def test_forward_in_time_repeats_are_seeds_and_the_truth_is_what_the_draw_shows() -> None:
    pytest.importorskip("torch")
    population = load_population("bike_sharing-forward")
    assert population.forward and population.table.groups is None
    with Workers("torch", "cpu", 1, 1) as workers:
        draw = study_draw(population, 600, 1000, 0, DESIGN, workers, "torch")
    for drawn in draw.outputs:
        assert [evidence is not None and evidence.repeats for evidence in drawn.evidence] == [1, 1]
        last = drawn.evidence[-1]
        assert last is not None and drawn.truth == last.mean
    assert draw.overlap > 1 / 2, "early folds train on few rows"


def test_a_large_population_is_a_sample_of_its_table() -> None:
    census = load_population("census_income")
    assert census.table.rows == 30_000
    again = rows_of(census.table, np.arange(5))
    assert again.rows == 5 and all(len(values) == 5 for values in again.targets.values())


def test_a_table_without_an_order_in_time_has_no_forward_population() -> None:
    with pytest.raises(BadInput, match="abalone has no groups in the order of time"):
        load_population("abalone-forward")
