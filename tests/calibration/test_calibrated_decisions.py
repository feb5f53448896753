"""A dataset's decision errs no oftener because it has many outputs; without the correction it would."""

from __future__ import annotations

import numpy as np
import pytest

from jointbench.calibration.decisions import calibrate_decision, simulated_decisions
from jointbench.calibration.noise import OBSERVED_NOISE, ObservedNoise
from jointbench.calibration.simulation import decide, draw
from jointbench.calibration.study import calibration_study, mistakes
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.decision import judge
from jointbench.compare.differences import output_differences
from jointbench.compare.summary.costs import Ratio
from jointbench.compare.summary.quantity import TRAINING_STEP, Quantity
from jointbench.stats.estimate import Estimate
from jointbench.stats.variance_components import CVDesign, VarianceComponents, simulate_differences

WIDE = VarianceComponents(0.03**2, 0.0, folds=5)  # no seed noise to make the test cautious
LIMIT = 0.05  # of each kind of mistake
ERROR = 0.012  # three standard errors of 5 % in 3,000 comparisons


@pytest.mark.parametrize("outputs", [1, 2, 3, 14])
def test_mistakes_do_not_grow_with_the_outputs(outputs: int) -> None:
    rates = calibrate_decision(CVDesign(5, 5, 1), [WIDE] * outputs, np.random.default_rng(0), comparisons=3000)
    assert mistakes(rates) <= LIMIT + ERROR
    assert rates.edge_separate_rate >= LIMIT / 2  # and it is no more cautious than it must be


def test_without_the_correction_they_do() -> None:
    """The limit can be broken: of 14 independent outputs at the edge, one looks lost in 1 - 0.95^14 of the datasets."""
    rates = calibrate_decision(CVDesign(5, 5, 1), [WIDE] * 14, np.random.default_rng(1), comparisons=3000)
    assert rates.uncorrected_edge_separate_rate == pytest.approx(1 - 0.95**14, abs=0.03)
    assert rates.uncorrected_false_separate_rate > 2 * LIMIT
    single = calibrate_decision(CVDesign(5, 5, 1), [WIDE], np.random.default_rng(1), comparisons=3000)
    assert (single.uncorrected_false_separate_rate, single.uncorrected_edge_separate_rate) == (
        single.false_separate_rate,
        single.edge_separate_rate,
    )


def test_the_recommendation_needs_every_output() -> None:
    narrow = VarianceComponents(0.006**2, 0.01**2, folds=5)
    single, three = (
        calibrate_decision(CVDesign(10, 10, 10), [narrow] * n, np.random.default_rng(7), comparisons=500)
        for n in (1, 3)
    )
    assert single.recommendation_found > three.recommendation_found > 0.5
    assert single.separate_found > 0.9


def test_the_worst_place_for_the_bad_output_counts() -> None:
    """One noisy output among quiet ones: a loss of 0.03 is overlooked there if anywhere, so its rates stand."""
    quiet = VarianceComponents(0.002**2, 0.0, folds=5)
    alone, among = (
        calibrate_decision(CVDesign(5, 5, 1), spreads, np.random.default_rng(3), comparisons=1000)
        for spreads in ([WIDE], [quiet, quiet, WIDE])
    )
    assert among.separate_found <= alone.separate_found < 0.5
    assert among.wrong_recommendation_rate == pytest.approx(alone.wrong_recommendation_rate, abs=0.02)


def test_the_study_recommends_what_serves_its_first_dataset() -> None:
    study = calibration_study(comparisons=300, designs=[CVDesign(5, 1, 1)])
    best = study.recommended
    assert best.dataset == OBSERVED_NOISE[0].dataset
    assert best.reached
    assert study.equivalent_found > 0.75 and study.power_0_03 > 0.75
    assert max(study.false_verdict_rate, study.edge_rate, study.wrong_recommendation_rate) <= 0.09  # of 300
    assert best.fits == best.folds * best.repeats * best.seeds
    needs = [smallest.fits for smallest in best.alone.values() if smallest is not None]
    assert len(needs) == len(best.alone) and max(needs) <= 1.5 * best.fits  # drawn separately, so not exactly its own
    assert study == calibration_study(comparisons=300, designs=[CVDesign(5, 1, 1)])


def test_the_study_says_when_nothing_is_enough() -> None:
    hopeless = ObservedNoise("hard", "y", VarianceComponents(0.2**2, 0.1**2, folds=5), CVDesign(5, 3, 3))
    study = calibration_study(comparisons=100, designs=[], noise=[hopeless])
    assert not study.recommended.reached
    assert study.recommended.alone == {"y": None}
    assert set(study.recommended.by_folds.values()) == {None}
    assert study.equivalent_found < 0.8


def test_decides_as_a_real_run_is_decided() -> None:
    """The simulated decision is ``judge``'s on the same differences, where joint saves."""
    setting, spread, count = CVDesign(5, 2, 1), VarianceComponents(0.008**2, 0.0, folds=5), 150
    truths = (np.linspace(-0.04, 0.02, count), np.full(count, 0.01), np.full(count, 0.01))
    drawn = [simulate_differences(truth, spread, setting, np.random.default_rng(i)) for i, truth in enumerate(truths)]
    outputs = [decide(truth, draw(spread, setting, count, np.random.default_rng(i))) for i, truth in enumerate(truths)]
    saving = Ratio(
        quantity=Quantity(TRAINING_STEP),
        other="separate",
        ratio=Estimate(0.5, 0.4, 0.6),
        floor=None,
        blocks=20,
        measured_difference=True,
    )
    criteria, verdicts = VerdictCriteria(), []
    for differences in np.stack(drawn, axis=1):
        by_output = output_differences(differences, 10, ("a", "b", "c"), "separate", 5, criteria=criteria)
        verdicts.append(judge(by_output, [saving], criteria, planned=10).verdict)
    simulated = simulated_decisions(outputs, criteria)
    assert (np.array(verdicts) == "separate").tolist() == simulated.separate.tolist()
    assert (np.array(verdicts) == "joint").tolist() == simulated.joint.tolist()
    assert {"separate", "joint", "inconclusive"} <= set(verdicts)
