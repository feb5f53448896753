"""How often one run of each setting ranks the settings, against cases with known shares."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.explain.forum.ranking import agreement


def test_settings_far_apart_are_ranked_by_any_run() -> None:
    errors = np.array([[3.0, 3.1], [1.0, 1.1], [2.0, 2.1]])
    ranking = agreement(errors)
    assert ranking.truth == (1, 2, 0)
    assert (ranking.best, ranking.order, ranking.repeated_order) == (1.0, 1.0, 1.0)
    assert (ranking.chance_best, ranking.chance_order) == (pytest.approx(1 / 3), pytest.approx(1 / 6))


def test_settings_alike_are_ranked_by_chance() -> None:
    errors = np.random.default_rng(0).normal(size=(4, 200))
    ranking = agreement(errors)
    assert ranking.best == pytest.approx(1 / 4, abs=0.07)
    assert ranking.order == pytest.approx(1 / 24, abs=0.03)


def test_two_settings_by_hand() -> None:
    """Means 1 and 2; one run of the better setting (3) is worse than both of the other's: 1/2 of draws are right."""
    ranking = agreement(np.array([[-1.0, 3.0], [2.0, 2.0]]))
    assert ranking.best == pytest.approx(0.5, abs=0.02)


def test_a_failed_run_loses_its_draw_and_leaves_the_mean() -> None:
    ranking = agreement(np.array([[1.0, np.nan], [2.0, 2.0]]))
    assert ranking.truth == (0, 1)
    assert ranking.best == pytest.approx(0.5, abs=0.02)


def test_a_setting_whose_runs_all_failed_is_last() -> None:
    ranking = agreement(np.array([[np.nan, np.nan], [2.0, 2.0]]))
    assert (ranking.truth, ranking.best) == ((1, 0), 1.0)
