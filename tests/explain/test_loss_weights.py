"""The sweep's settings, what is chosen, and a sentence that follows planted skills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointbench.explain.loss_weight_sweep import Sweep, settings, weight_effects
from jointbench.explain.loss_weights import WeightComparison, answer

SPLITS = 5
RANDOM = np.random.default_rng(0)


def _sweep(slope: float, noise: float = 0.001, separate: float = 0.0, outputs: tuple[str, ...] = ("a", "b")) -> Sweep:
    """Skill of an output is 0.5 + slope x log2 of its weight over the first other's, and noise."""
    tried = settings(outputs)
    means = np.array(
        [[0.5 + slope * np.log2(s.weights[k] / s.weights[k - 1]) for k in range(len(outputs))] for s in tried]
    )
    test = means[:, :, None] + noise * RANDOM.normal(size=(*means.shape, SPLITS))
    validation = np.repeat(means[:, :1], SPLITS, axis=1)  # validation rows favour the first output
    return Sweep(
        outputs=outputs,
        settings=tried,
        folds=SPLITS,
        test=test,
        validation=validation,
        separate=np.full((len(outputs), SPLITS), separate),
        flops=np.ones(len(tried)),
    )


def test_two_outputs_are_weighed_from_sixteen_to_one_to_one_to_sixteen() -> None:
    tried = settings(("a", "b"))
    assert [setting.label for setting in tried] == ["1:1", "16:1", "8:1", "4:1", "2:1", "1:2", "1:4", "1:8", "1:16"]
    assert {setting.output for setting in tried} == {"a"}


def test_of_more_outputs_each_of_three_is_weighed_against_the_rest() -> None:
    tried = settings(("a", "b", "c", "d"))
    assert len(tried) == 1 + 3 * 8
    assert tried[0].label == "1:1:1:1"
    assert "2:1:1:1" in {setting.label for setting in tried}
    assert "4:1:4:4" in {setting.label for setting in tried}
    assert "d" not in {setting.output for setting in tried}


def test_weights_that_help_their_output_matter() -> None:
    helped = answer(_sweep(+0.02), "d", "torch")
    assert helped.sentence.startswith("They matter")
    # 2 to 16 times is 2.5 doublings on average, and as many the other way
    assert helped.numbers["largest_favour"] == pytest.approx(0.02 * 5, abs=0.003)
    assert f"{helped.numbers['largest_favour']:.3f} more skill where it weighs 2 to 16 times" in helped.sentence
    step = float(helped.numbers["largest_step_from_equal"] or 0)
    assert abs(step) == pytest.approx(0.08, abs=0.003)
    assert f"{step:+.3f}" in helped.sentence


def test_weights_that_harm_their_output_matter() -> None:
    harmed = answer(_sweep(-0.02), "d", "torch")
    assert harmed.sentence.startswith("They matter")
    assert f"{-float(harmed.numbers['largest_favour'] or 0):.3f} less skill where it weighs" in harmed.sentence


def test_weights_that_do_nothing_hardly_matter_and_noise_is_inconclusive() -> None:
    assert answer(_sweep(0.0), "d", "torch").sentence.startswith("They hardly matter")
    assert answer(_sweep(0.0, noise=0.2), "d", "torch").sentence.startswith("Inconclusive")


def test_every_weighed_output_is_compared_once() -> None:
    assert [effect.output for effect in weight_effects(_sweep(0.02))] == ["a", "b"]
    three = weight_effects(_sweep(0.02, outputs=("a", "b", "c", "d")))
    assert [effect.output for effect in three] == ["a", "b", "c"]


def test_the_choice_is_the_validation_rows() -> None:
    sweep = _sweep(+0.02, noise=0)
    assert [sweep.settings[i].label for i in sweep.chosen] == ["16:1"] * SPLITS
    assert sweep.chosen_skill[:, 0] == pytest.approx([0.58, 0.42])
    broken = replace(sweep, validation=np.where(np.arange(9)[:, None] == sweep.chosen[0], np.nan, sweep.validation))
    assert [broken.settings[i].label for i in broken.chosen] == ["8:1"] * SPLITS  # a failed fit is not chosen


def test_separate_networks_are_the_points_of_reference() -> None:
    """With no slope every setting is at 0.5; separate is placed below and above."""
    for separate, at_least, at_most in ((0.9, 0, 9), (0.1, 9, 0)):
        placed = answer(_sweep(0.0, separate=separate), "d", "torch")
        assert placed.numbers["settings_at_least_separate"] == at_least
        assert placed.numbers["settings_at_most_separate"] == at_most
        assert f"on every output: {at_least}; no better than them on any: {at_most}" in placed.sentence
        assert isinstance(placed.data, WeightComparison)
        assert placed.data.separate_skill == pytest.approx((separate, separate))
        assert {skill.setting.label: skill.setting.ratio for skill in placed.data.settings}["16:1"] == 16


def test_all_of_a_trade_off_is_on_the_front() -> None:
    """What one output gains the other loses, so no setting is dominated."""
    assert answer(_sweep(0.02, noise=0), "d", "torch").numbers["pareto_settings"] == 9
