"""Coverage and decisions on made-up draws, where what is right can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.calibration.coverage import coverages
from jointbench.calibration.procedure import procedure_rates
from jointbench.stats.interval_candidates import CANDIDATES, CHOSEN, USUAL
from made_draws import SCALE, made_draws


def test_intervals_that_know_the_variance_hold_the_truth_as_often_as_they_say() -> None:
    rates = [rate for rate in coverages(made_draws(600)) if rate.method == CHOSEN]
    assert {rate.repeats for rate in rates} == {1, 2, 4}
    for rate in rates:
        assert rate.coverage == pytest.approx(0.975, abs=0.025), "the prior keeps it wider than 95 %"
        assert rate.wrong_joint <= 0.02 and rate.wrong_separate <= 0.02


def test_more_repeats_narrow_the_interval_down_to_the_rows() -> None:
    rates = {rate.repeats: rate for rate in coverages(made_draws(50)) if (rate.method, rate.output) == (CHOSEN, "same")}
    assert rates[1].half_width > rates[2].half_width > rates[4].half_width > 1.96 * SCALE * np.sqrt(0.5)


def test_every_candidate_is_measured_on_the_same_draws() -> None:
    rates = coverages(made_draws(20))
    assert {rate.method for rate in rates} == set(CANDIDATES)
    assert len({rate.draws for rate in rates}) == 1
    usual, chosen = ({(r.output, r.repeats): r.half_width for r in rates if r.method == m} for m in (USUAL, CHOSEN))
    assert all(chosen[place] < usual[place] for place in usual)


def test_the_rounds_find_the_output_that_loses() -> None:
    rates = {rate.most_repeats: rate for rate in procedure_rates(made_draws(200), CHOSEN)}
    assert rates[4].separate > 0.98
    assert rates[4].wrong_joint <= 0.02 and rates[4].wrong_separate == 0.0
    assert rates[4].open <= rates[1].open
    assert 1.0 <= rates[4].repeats <= 4.0


def test_where_nothing_can_be_told_it_stays_open_and_says_that_training_cannot() -> None:
    (rates,) = (rate for rate in procedure_rates(made_draws(60, scale=1.0), CHOSEN) if rate.most_repeats == 4)
    assert rates.undecidable + rates.open > 0.85
    assert rates.undecidable > 0.5


def test_a_few_draws_have_no_rates() -> None:
    assert coverages(made_draws(5)) == ()
    assert procedure_rates(made_draws(5), CHOSEN) == ()
