"""Draws from a table as a population: disjoint from the rows that tell the truth, and scored as a user's table is."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.calibration.coverage import coverages
from jointbench.calibration.populations import Draw, DrawnOutput, draw_rows, study_draw
from jointbench.data.catalog import load_bundled
from jointbench.errors import BadInput
from jointbench.runtime.workers import Workers
from jointbench.stats.interval_candidates import CANDIDATES
from jointbench.stats.row_level import VarianceEvidence
from jointbench.study.plan import CrossValidation

DESIGN = CrossValidation(folds=3, repeats=1, seeds=1, seed=0, max_epochs=2)


def test_a_draw_and_the_other_rows_share_no_unit() -> None:
    bikes = load_bundled("bike_sharing")
    assert bikes.groups is not None
    chosen, further = draw_rows(bikes, 600, 3000, seed=1)
    assert 500 < len(chosen) <= 600
    assert 2500 < len(further) <= 3000
    assert not set(bikes.groups[chosen]) & set(bikes.groups[further])
    assert not np.array_equal(chosen, draw_rows(bikes, 600, 3000, seed=2)[0])


def test_a_small_table_is_no_population() -> None:
    with pytest.raises(BadInput, match="concrete_slump has 103 rows, too few for draws of 60"):
        draw_rows(load_bundled("concrete_slump"), 60, 3000, seed=0)


def test_a_draw_knows_its_outputs_under_each_loss() -> None:
    pytest.importorskip("torch")
    with Workers("torch", "cpu", 1, 1) as workers:
        draw = study_draw(load_bundled("wine_quality"), 150, 1500, 0, DESIGN, workers, "torch")
    assert [(drawn.output, drawn.loss) for drawn in draw.outputs] == [
        ("quality", "squared"),
        ("type", "log"),
        ("type", "brier"),
    ]
    for drawn in draw.outputs:
        assert drawn.evidence is not None
        assert np.isfinite([drawn.truth, drawn.evidence.mean, drawn.evidence.rows, drawn.evidence.between]).all()
        assert drawn.evidence.folds == 3


def test_coverage_is_the_share_of_intervals_that_hold_the_mean_truth() -> None:
    """Two of four draws are far off the truth of 0, each interval about +-0.02 to +-0.05 wide."""
    means = (0.0, 0.001, 0.5, -0.5)
    draws = [
        Draw(
            "p",
            600,
            seed,
            1.0,
            0.25,
            (DrawnOutput("y", "squared", 0.0, VarianceEvidence(mean, 1e-4, 600, 5e-4, 5.0, 1)),),
        )
        for seed, mean in enumerate(means)
    ]
    rates = coverages(draws)
    assert [rate.method for rate in rates] == list(CANDIDATES)
    assert all(rate.coverage == 0.5 for rate in rates)
    assert all(rate.wrong_separate == 0.25 for rate in rates), "the draw at -0.5 says separate, and nothing is lost"
    assert all(rate.wrong_joint == 0.0 for rate in rates)
