"""What an open verdict leans to: the smaller expected loss, with a saving put on the scale of skill by its worth."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.differences import output_differences
from jointbench.comparison.lean import LeanVerdict, lean_of, lean_text
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Difference
from jointbench.comparison.summary.quantity import REQUEST, TRAINING_FLOPS, TRAINING_STEP, Quantity
from jointbench.stats.estimate import Estimate
from jointbench.stats.row_level import StudentT

DF, SCALE = 12.0, 0.02


def differences(*means: float) -> tuple[Difference, ...]:
    beliefs = [StudentT(mean, SCALE, DF, float("nan")) for mean in means]
    values = np.zeros((len(means), 1, 5, 1))
    return output_differences(values, beliefs, 5, "abcdef"[: len(means)], "separate", criteria=VerdictCriteria())


def ratio(value: float, quantity: Quantity) -> Ratio:
    return Ratio(
        quantity=quantity,
        other="separate",
        ratio=Estimate(value, value, value),
        floor=None,
        blocks=20,
        measured_difference=True,
    )


def flops(value: float) -> Ratio:
    return ratio(value, Quantity(TRAINING_FLOPS))


def lean(means: tuple[float, ...], ratios: list[Ratio], worth: float = 0.01) -> LeanVerdict:
    return lean_of(differences(*means), ratios, VerdictCriteria(worth=worth))


def test_joint_where_it_saves_and_nothing_is_lost() -> None:
    assert lean((0.0, 0.003), [flops(0.5)]).lean == "joint"


def test_separate_where_the_weakest_output_loses_more_than_the_saving_is_worth() -> None:
    found = lean((0.05, -0.02), [flops(0.5)])
    assert (found.lean, found.weakest.output) == ("separate", "b")


@pytest.mark.parametrize(("worth", "choice"), [(0.005, "separate"), (0.0079, "separate"), (0.0081, "joint")])
def test_the_worth_of_a_saving_moves_the_lean(worth: float, choice: str) -> None:
    assert lean((-0.008,), [flops(0.5)], worth).lean == choice


def test_a_cost_that_rises_counts_against_joint() -> None:
    assert lean((0.008,), [flops(2.0)]).lean == "separate"
    assert lean((0.008,), []).lean == "joint"


def test_the_benefit_is_the_mean_halving_of_training_and_of_single_answers() -> None:
    counted = [flops(0.5), ratio(0.125, Quantity(REQUEST, "in turn", 1))]
    ignored = [ratio(0.01, Quantity(REQUEST, "in turn", 64)), ratio(0.01, Quantity(TRAINING_STEP, "stock loop"))]
    assert lean((0.0,), counted + ignored).benefit == pytest.approx(0.01 * (1 + 3) / 2)
    assert lean((0.0,), ignored[1:]).benefit == 0.0
    assert lean((0.0,), ignored).benefit == pytest.approx(0.01 * math.log2(100)), "the smallest requests there are"


@pytest.mark.parametrize("mean", [-0.03, -0.011, -0.009, 0.0, 0.01])
def test_the_choice_is_the_one_with_the_smaller_expected_loss(mean: float) -> None:
    """By integration of the density: what joint may lose, and what is given up without it, its saving included."""
    density = stats.t(DF, mean, SCALE).pdf
    points = [-1.0, -0.1, -0.01, 0.0, 0.1, 1.0]

    def expected(loss: float, sign: float) -> float:
        parts = pairwise(points)
        return sum(integrate.quad(lambda d: max(0.0, sign * (d + loss)) * density(d), *part)[0] for part in parts)

    found = lean((mean,), [flops(0.5)])
    of_joint, of_other = expected(found.benefit, -1.0), expected(found.benefit, 1.0)
    assert found.lean == ("joint" if of_joint < of_other else "separate")
    assert found.expected_loss == pytest.approx(expected(0.0, -1.0) if found.lean == "joint" else of_other, rel=1e-4)


def test_the_sentence_says_what_to_do_how_sure_and_what_it_may_cost() -> None:
    criteria = VerdictCriteria(ropes=(("b", 0.03),))
    found = differences(0.01, -0.004)
    text = lean_text(lean_of(found, [flops(0.52)], criteria), 2, [flops(0.52)], criteria)
    assert text.startswith("leaning joint: 48 % fewer training FLOPs; b, its weakest output, differs by")
    assert "-0.004 skill (95 % interval -0.048 to +0.040), P(loses no more than 0.03)" in text
    assert text.endswith(f"its expected loss is {found[1].expected_loss:.3f} skill.")
    other = lean_of(differences(-0.03), [], VerdictCriteria())
    assert lean_text(other, 1, [], VerdictCriteria()).startswith("leaning separate: a differs by -0.030 skill")
    loss = f"{other.expected_loss:.3f}"
    assert lean_text(other, 1, [], VerdictCriteria()).endswith(
        f"no measured cost is lower; the expected loss of going without joint is {loss} skill."
    )
