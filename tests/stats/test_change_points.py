"""Steps are found where they are, soon, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from jointbench.stats.change_points import LEAST_SIDE, LEVEL, change_points

SPREAD = (
    0.01  # of the logarithm, from run to run: steps and requests of one row differ by 0.007 to 0.021 (check.run_spread)
)
MEASURED = 0.0134  # between the committed quick baselines of two quiet runs
STEP, RUNS, WITHIN = float(np.log(1.05)), 60, 3


def _planted(rng: np.random.Generator, spread: float) -> tuple[np.ndarray, int]:
    at = int(rng.integers(15, RUNS - 10))
    values = rng.normal(0, spread, RUNS)
    values[at:] += STEP
    return values, at


def test_steps_of_5_percent_are_reported_within_three_runs() -> None:
    """As a check sees them: the series as it was after each run."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        values, at = _planted(rng, SPREAD)
        assert all(not change_points(values[:n]) for n in range(at + 1))
        found = change_points(values[: at + WITHIN])
        assert [abs(point.at - at) <= WITHIN for point in found] == [True]


def test_steps_in_noise_as_measured_are_placed_within_three_runs() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        values, at = _planted(rng, MEASURED)
        (point,) = change_points(values)
        assert abs(point.at - at) <= WITHIN
        assert point.after - point.before == pytest.approx(STEP, abs=0.015)


@pytest.mark.parametrize("degrees_of_freedom", [4, 1000])
def test_flat_series_never_alarm_at_any_run(degrees_of_freedom: int) -> None:
    """Of normal noise, and of noise that is far off now and then."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        values = rng.standard_t(degrees_of_freedom, RUNS)
        assert all(not change_points(values[:n]) for n in range(RUNS + 1))


def test_several_steps_are_found_each_with_its_levels() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 0.1, 60) + np.repeat([1.0, 2.0, 1.0, 5.0], 15)
    found = change_points(values)
    assert [point.at for point in found] == [15, 30, 45]
    assert [point.after for point in found] == pytest.approx([2, 1, 5], abs=0.1)
    assert found[0].before == pytest.approx(1, abs=0.1)


def test_the_p_value_is_that_of_students_t_test() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, 40) + np.repeat([0.0, 3.0], 20)
    (point,) = change_points(values)
    assert point.p_value == pytest.approx(stats.ttest_ind(values[: point.at], values[point.at :]).pvalue)
    assert point.p_value < LEVEL


def test_the_place_is_where_the_energy_distance_is_largest() -> None:
    """Equation 2.8 of Matteson and James (2014), term by term."""
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(0, 1, 9), rng.normal(9, 1, 6)])

    def distance(place: int, end: int) -> float:
        left, right = values[:place], values[place:end]
        n, m = len(left), len(right)
        across = np.abs(left[:, None] - right[None, :]).mean()
        within = [np.abs(side[:, None] - side[None, :]).sum() / (len(side) * (len(side) - 1)) for side in (left, right)]
        return float(n * m / (n + m) * (2 * across - sum(within)))

    ends = [(p, e) for p in range(LEAST_SIDE, 13) for e in range(p + LEAST_SIDE, 16)]
    assert change_points(values)[0].at == max(ends, key=lambda pair: distance(*pair))[0]


def test_without_noise_a_change_is_a_step_once_it_has_stayed() -> None:
    assert change_points([7.0] * 30) == ()
    assert change_points([0.1 + 0.2] * 3 + [0.3] * 3) == ()  # equal but for rounding
    assert change_points([7.0] * 5 + [8.0] * 2) == ()
    (point,) = change_points([7.0] * 5 + [8.0] * 3)
    assert (point.at, point.before, point.after, point.p_value) == (5, 7.0, 8.0, 0.0)


def test_short_series_have_no_steps_and_gaps_are_refused() -> None:
    assert change_points([]) == ()
    assert change_points([1.0, 9.0]) == ()
    with pytest.raises(ValueError, match="finite"):
        change_points([1.0, float("nan")])


@pytest.mark.slow
def test_the_committed_rates_are_what_the_rule_gives() -> None:
    """results/history.json: how often a flat series alarms, and how soon a step of 5 % is reported."""
    stated = json.loads((Path(__file__).parents[2] / "results" / "history.json").read_text())
    rng = np.random.default_rng(7)
    flat = [rng.normal(0, 1, RUNS) for _ in range(1000)]
    alarms = np.mean([any(change_points(values[:n]) for n in range(6, RUNS + 1)) for values in flat])
    assert alarms == pytest.approx(stated["flat_series_with_an_alarm"], abs=0.006)
    for entry in stated["steps_of_5_percent"]:
        reported = []
        for _ in range(500):
            values, at = _planted(rng, entry["spread"])
            found = (n for n in range(3, 11) if change_points(values[: at + n]))
            reported.append(next(found, 99))
        for after in (3, 5, 10):
            share = np.mean(np.array(reported) <= after)
            assert share == pytest.approx(entry[f"reported_within_{after}"], abs=0.06)
