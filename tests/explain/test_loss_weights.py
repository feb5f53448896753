"""The sweep's settings, what is chosen, and a sentence that follows planted skills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.explain.loss_weights import Sweep, answer, favours, settings

PLACES = 5
RANDOM = np.random.default_rng(0)


def _sweep(slope: float, noise: float = 0.001, separate: float = 0.0, outputs: tuple[str, ...] = ("a", "b")) -> Sweep:
    """Skill of an output is 0.5 + slope x log2 of its weight over the first other's, and noise."""
    tried = settings(outputs)
    means = np.array(
        [[0.5 + slope * np.log2(s.weights[k] / s.weights[k - 1]) for k in range(len(outputs))] for s in tried]
    )
    test = means[:, :, None] + noise * RANDOM.normal(size=(*means.shape, PLACES))
    validation = np.repeat(means[:, :1], PLACES, axis=1)  # validation rows favour the first output
    return Sweep(
        outputs=outputs,
        settings=tried,
        folds=PLACES,
        test=test,
        validation=validation,
        separate=np.full((len(outputs), PLACES), separate),
        flops=np.ones(len(tried)),
    )


def test_two_outputs_are_weighed_from_sixteen_to_one_to_one_to_sixteen() -> None:
    tried = settings(("a", "b"))
    assert [one.label for one in tried] == ["1:1", "16:1", "8:1", "4:1", "2:1", "1:2", "1:4", "1:8", "1:16"]
    assert {one.output for one in tried} == {"a"}


def test_of_more_outputs_each_of_three_is_weighed_against_the_rest() -> None:
    tried = settings(("a", "b", "c", "d"))
    assert len(tried) == 1 + 3 * 8
    assert tried[0].label == "1:1:1:1"
    assert "2:1:1:1" in {one.label for one in tried}
    assert "4:1:4:4" in {one.label for one in tried}
    assert "d" not in {one.output for one in tried}


def test_weights_that_help_their_output_matter() -> None:
    said = answer(_sweep(+0.02), "d", "torch")
    assert said.sentence.startswith("They matter: ")
    assert "more skill where it weighs 2 to 16 times the other than" in said.sentence
    # 2 to 16 times is 2.5 doublings on average, and as many the other way
    assert said.numbers["largest_favour"] == pytest.approx(0.02 * 5, abs=0.003)
    assert abs(float(said.numbers["largest_step_from_equal"] or 0)) == pytest.approx(0.08, abs=0.003)


def test_weights_that_harm_their_output_are_said_to() -> None:
    assert "less skill where it weighs" in answer(_sweep(-0.02), "d", "torch").sentence


def test_weights_that_do_nothing_hardly_matter_and_noise_is_inconclusive() -> None:
    assert answer(_sweep(0.0), "d", "torch").sentence.startswith("They hardly matter")
    assert answer(_sweep(0.0, noise=0.2), "d", "torch").sentence.startswith("Inconclusive")


def test_every_weighed_output_is_compared_once() -> None:
    assert [one.output for one in favours(_sweep(0.02))] == ["a", "b"]
    three = favours(_sweep(0.02, outputs=("a", "b", "c", "d")))
    assert [one.output for one in three] == ["a", "b", "c"]


def test_the_choice_is_the_validation_rows() -> None:
    found = _sweep(+0.02, noise=0)
    assert [found.settings[i].label for i in found.chosen] == ["16:1"] * PLACES
    assert found.chosen_skill[:, 0] == pytest.approx([0.58, 0.42])
    broken = replace(found, validation=np.where(np.arange(9)[:, None] == found.chosen[0], np.nan, found.validation))
    assert [broken.settings[i].label for i in broken.chosen] == ["8:1"] * PLACES  # a failed fit is not chosen


def test_separate_networks_are_the_points_of_reference() -> None:
    """With no slope every setting is at 0.5; separate is placed below and above."""
    above = answer(_sweep(0.0, separate=0.9), "d", "torch")
    assert "at least as good as separate networks on every output: 0; no better than them on any: 9" in above.sentence
    below = answer(_sweep(0.0, separate=0.1), "d", "torch")
    assert "at least as good as separate networks on every output: 9; no better than them on any: 0" in below.sentence
    rows = {row[0]: row for row in below.tables[0].rows}
    assert rows["separate"][4:6] == pytest.approx((0.1, 0.1))
    assert rows["16:1"][3] == 16


def test_all_of_a_trade_off_is_on_the_front() -> None:
    """What one output gains the other loses, so no setting is dominated."""
    assert answer(_sweep(0.02, noise=0), "d", "torch").numbers["pareto_settings"] == 9
