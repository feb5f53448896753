"""From records to a decision: each verdict is planted in a run's records, and must be found, with its reason."""

from __future__ import annotations

from dataclasses import replace

import baycomp
import numpy as np
import pytest

import jointbench
from jointbench.compare.api import Comparison, Comparisons
from jointbench.compare.decision import losing, probability_text, signed
from jointbench.compare.summary.decisions import Difference
from jointbench.errors import BadInput
from jointbench.records import FoldRecord, PlannedArm
from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.estimate import UNKNOWN
from planted import Planted, one_each, spread_out, two_arms


def only(planted: Planted, **criteria: float) -> Comparison:
    (found,) = jointbench.compare_arms(planted.records(), **criteria).comparisons
    return found


def test_joint_is_recommended_with_what_it_saves_and_the_weakest_output() -> None:
    found = only(two_arms([-0.002, 0.004], flops=(520, 1000)))
    assert found.decision.verdict == "joint"
    assert found.decision.reason == (
        "48 % fewer training FLOPs; no output loses more than 0.01 skill "
        "(weakest: a, -0.002, P(loses more than 0.01) < 0.01)."
    )
    assert (found.decision.settle, found.decision.paying_output) == (None, None)


def test_nothing_saved_is_no_recommendation() -> None:
    equal = only(two_arms([-0.002, 0.004], flops=(1000, 1000)))
    assert equal.decision.verdict == "equivalent"
    assert "no measured cost is lower" in equal.decision.reason
    dearer = only(two_arms([0.05, 0.0], flops=(1500, 1000)))
    assert dearer.decision.verdict == "inconclusive"
    assert "joint brings 50 % more training FLOPs" in dearer.decision.reason
    assert "no output loses more than 0.01 skill" in dearer.decision.reason


def test_separate_names_who_pays_how_much_and_what_sharing_would_save() -> None:
    found = only(two_arms([0.05, -0.034], sd=0.004, flops=(520, 1000)))
    assert found.decision.verdict == "separate"
    assert found.decision.paying_output == "b"
    assert found.decision.paid is not None
    assert found.decision.paid.value == pytest.approx(-0.034)
    assert found.decision.reason == (
        "sharing costs b 0.034 skill (P(loses more than 0.01) > 0.99); joint would bring 48 % fewer training FLOPs."
    )
    assert [d.verdict for d in found.differences] == ["joint", "separate"]
    assert found.decision.worst_output == "b"
    assert found.decision.mean_difference.value == pytest.approx(0.008)


def test_a_wide_spread_is_inconclusive_and_says_what_joint_saves_meanwhile() -> None:
    found = only(two_arms([-0.004, 0.0], sd=0.05))
    assert found.decision.verdict == "inconclusive"
    for words in ("not clear from 10 folds: a differs by -0.004", "95 % interval", "meanwhile joint brings 50 % fewer"):
        assert words in found.decision.reason


@pytest.mark.parametrize(("rope", "verdict"), [(0.01, "separate"), (0.05, "joint")])
def test_the_region_asked_for_decides_and_is_what_the_sentence_says(rope: float, verdict: str) -> None:
    found = only(two_arms([-0.03, 0.0]), rope=rope)
    assert found.decision.verdict == verdict
    assert f"more than {rope:g}" in found.decision.reason
    assert found.differences[0].verdict == ("separate" if rope == 0.01 else "equivalent")


def test_the_probability_asked_for_decides() -> None:
    planted = two_arms([-0.02], sd=0.012)
    probability = only(planted).differences[0].probability_other_better
    assert 0.9 < probability < 0.99
    assert only(planted, probability=probability - 0.001).decision.verdict == "separate"
    assert only(planted, probability=probability + 0.001).decision.verdict == "inconclusive"


def test_among_many_outputs_the_one_that_looks_worst_needs_more() -> None:
    """The same output alone is separate; beside 13 others that are equal, chance explains it (Holm)."""
    sd = 0.008
    alone, among = only(two_arms([-0.02], sd=sd)), only(two_arms([-0.02, *[0.0] * 13], sd=[sd, *[0.001] * 13]))
    assert 0.95 <= alone.differences[0].probability_other_better < 1 - 0.05 / 14
    assert alone.differences[0] == replace(among.differences[0], p_value_holm=alone.differences[0].p_value_holm)
    assert alone.decision.verdict == "separate"
    assert among.decision.verdict == "inconclusive"
    assert among.differences[0].verdict == "separate"
    assert "among 14 outputs chance may do (0.9964 would be enough)" in among.decision.reason


def test_equal_outputs_are_called_separate_no_more_often_than_asked() -> None:
    """14 truly equal outputs in noise far wider than the region: uncorrected, most such datasets would be separate."""
    generator = np.random.default_rng(0)
    wrong = uncorrected = 0
    nan = float("nan")
    blank = Difference(
        output="a",
        other="separate",
        difference=UNKNOWN,
        pairs=25,
        pairs_lost=0,
        probability_joint_better=nan,
        probability_equivalent=nan,
        probability_other_better=nan,
        probability_no_loss=nan,
        verdict="",
    )
    for _ in range(400):
        shared = generator.normal(0.0, np.sqrt(0.25), (14, 1))  # correlation 1/5 between the folds
        noise = shared + generator.normal(0.0, 1.0, (14, 25))
        beliefs = [correlated_t_test(one, folds=5) for one in noise]
        made = [replace(blank, probability_other_better=belief.probability_other_better) for belief in beliefs]
        wrong += losing(made, 0.95).any()
        uncorrected += any(d.probability_other_better >= 0.95 for d in made)
    assert wrong / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert uncorrected / 400 > 0.3


def test_the_numbers_are_the_oracles() -> None:
    planted = two_arms([0.012, -0.004], sd=[0.02, 0.01], shape=(2, 5, 3))
    found = only(planted)
    gain = (planted.skill["joint"] - planted.skill["separate"]).mean(axis=-1)
    for difference, values in zip(found.differences, gain, strict=True):
        other, same, joint = baycomp.two_on_single(np.zeros(10), values.ravel(), rope=0.01, runs=2)
        assert difference.probability_joint_better == pytest.approx(joint, abs=1e-9)
        assert difference.probability_equivalent == pytest.approx(same, abs=1e-9)
        assert difference.probability_other_better == pytest.approx(other, abs=1e-9)
    ordered = sorted(found.differences, key=lambda d: d.p_value)
    assert ordered[0].p_value_holm == pytest.approx(min(1.0, 2 * ordered[0].p_value))
    assert ordered[1].p_value_holm == pytest.approx(max(ordered[1].p_value, ordered[0].p_value_holm))


def test_failed_pairs_are_removed_together_and_counted() -> None:
    planted = two_arms([0.0, 0.0], shape=(2, 5, 2))
    failed = replace(planted, failed=frozenset({("joint", 0, 1, 0)}), missing=frozenset({("separate", 1, 3, 1)}))
    found = only(failed)
    assert [d.pairs_lost for d in found.differences] == [2, 2]
    assert [d.pairs for d in found.differences] == [10, 10]
    assert found.decision.failures == 0.1
    assert found.decision.verdict == "joint"


@pytest.mark.parametrize("how", ["failed", "missing"])
def test_above_a_tenth_of_failures_is_inconclusive(how: str) -> None:
    runs = frozenset({("separate", 0, 1, 0), ("separate", 1, 3, 0)})
    found = only(replace(two_arms([0.0, 0.0]), **{how: runs}))  # 2 of 10
    assert found.decision.verdict == "inconclusive"
    assert found.decision.reason == "failures: 2 of 10 pairs of fits are lost (20 %), and a verdict allows 10 %."
    assert found.decision.settle is None


def test_an_arm_that_failed_everywhere_is_a_decision_all_the_same() -> None:
    planted = two_arms([0.0, 0.0])
    everything = frozenset(("joint", *run) for run in np.ndindex(2, 5, 1))
    found = jointbench.compare_arms(replace(planted, failed=everything).records())
    (one,) = found.comparisons
    assert one.decision.verdict == "inconclusive"
    assert one.decision.reason.startswith("failures: 10 of 10")
    assert np.isnan(one.decision.mean_difference.value)
    assert [d.pairs for d in one.differences] == [0, 0]
    assert found.across == ()


def test_seeds_are_paired_by_their_number_even_where_some_are_missing() -> None:
    """A seed's luck cancels in its pair: joint = separate + 0.003 on every run, whatever the run."""
    luck = np.random.default_rng(0).normal(0.5, 0.2, (2, 2, 5, 4))
    arms = {"joint": luck + 0.003, "separate": luck}
    planted = Planted(arms, {"joint": (("a", "b"),), "separate": one_each("ab")}, {"joint": 1, "separate": 2})
    missing = frozenset({("joint", 0, 0, 1), ("joint", 0, 1, 3)})
    found = only(replace(planted, missing=missing))
    for difference in found.differences:
        assert difference.difference.low == pytest.approx(0.003, abs=1e-9)
        assert difference.difference.high == pytest.approx(0.003, abs=1e-9)


def test_two_folds_are_too_few() -> None:
    found = only(two_arms([0.0, 0.0], shape=(1, 2, 1)))
    assert found.decision.reason == "2 folds are too few for a verdict; run at least 3."


def between(keeps: float) -> Planted:
    """Joint costs c 0.05; the partition a,b|c loses ``keeps`` on b, and nothing else."""
    shape = (2, 5, 1)
    noise, base = spread_out(0.002, shape), np.full((3, *shape), 0.5)
    joint, grouped = base + noise, base + noise
    joint[2] -= 0.05
    grouped[1] -= keeps
    groups = {"joint": (("a", "b", "c"),), "separate": one_each("abc"), "a,b|c": (("a", "b"), ("c",))}
    flops = {"joint": 400, "separate": 1200, "a,b|c": 800}
    return Planted({"joint": joint, "separate": base, "a,b|c": grouped}, groups, flops, outputs=("a", "b", "c"))


@pytest.mark.parametrize(("keeps", "named"), [(0.0, "a,b|c"), (0.05, None)])
def test_the_partition_between_is_named_where_it_dominates(keeps: float, named: str | None) -> None:
    found = {c.other: c for c in jointbench.compare_arms(between(keeps).records()).comparisons}
    decision = found["separate"].decision
    assert (decision.verdict, decision.paying_output, decision.between) == ("separate", "c", named)
    assert ("Between the two, a,b|c against separate: 33 % fewer training FLOPs" in decision.reason) == bool(named)


def across(means: list[float]) -> Comparisons:
    records = [
        record for i, mean in enumerate(means) for record in replace(two_arms([mean, mean]), dataset=f"d{i}").records()
    ]
    return jointbench.compare_arms(records)


def test_across_datasets_counts_and_ranks_one_value_each() -> None:
    means = [0.05, 0.04, 0.03, 0.06, -0.05, 0.0]
    (one,) = across(means).across
    assert (one.win, one.equivalent, one.lose, one.inconclusive, one.ranked) == (4, 1, 1, 0, 6)
    other, same, joint = baycomp.two_on_multiple(np.zeros(6), np.array(means), rope=0.01)
    assert one.probability_joint_better == pytest.approx(joint, abs=0.02)
    assert one.probability_equivalent == pytest.approx(same, abs=0.02)
    assert one.probability_other_better == pytest.approx(other, abs=0.02)


def test_few_datasets_are_counted_and_not_ranked() -> None:
    (one,) = across([0.05, 0.04, 0.03]).across
    assert (one.win, one.ranked, one.probability_joint_better) == (3, 3, None)


def test_what_would_settle_it_comes_with_a_command() -> None:
    found = only(two_arms([0.003, 0.0], sd=[0.012, 0.001], shape=(1, 5, 2)))
    settle = found.decision.settle
    assert found.decision.verdict == "inconclusive"
    assert settle is not None
    assert settle.output == "a"
    assert settle.setting is not None
    k, r, s = settle.setting.folds, settle.setting.repeats, settle.setting.seeds
    assert settle.command == f"jointbench run planted --folds {k} --repeats {r} --seeds {s}"
    assert "would settle it, if the differences stay where they are" in settle.sentence
    wider = only(two_arms([0.0, 0.0], sd=[0.05, 0.001], shape=(1, 5, 1)), rope=0.02, probability=0.8).decision.settle
    assert wider is not None
    assert wider.command is not None
    assert wider.command.endswith(" --rope 0.02 --probability 0.8"), "run again it is asked the same"


def test_doing_what_was_advised_settles_it() -> None:
    """With the same mean and spread at the advised number of repeats the decision is no longer inconclusive."""
    sds, means = [0.02, 0.001], [0.012, 0.0]
    settle = only(two_arms(means, sd=sds, shape=(1, 5, 1))).decision.settle
    assert settle is not None
    assert settle.setting is not None
    setting = settle.setting
    assert (setting.folds, setting.seeds) == (5, 1)
    for repeats in range(2, setting.repeats + 1):
        verdict = only(two_arms(means, sd=sds, shape=(repeats, 5, 1))).decision.verdict
        assert (
            (verdict == "joint")
            if repeats == setting.repeats
            else repeats not in (2, 3, 5) or verdict == "inconclusive"
        )


def test_a_floor_that_is_too_wide_says_that_no_repeats_help() -> None:
    settle = only(two_arms([0.0, 0.0], sd=[0.05, 0.001], shape=(1, 5, 1))).decision.settle
    assert settle is not None
    assert settle.sentence.startswith("No number of repeats settles this at K = 5: a's 95 % interval")
    assert settle.command is not None
    assert settle.command.endswith("--seeds 3"), "one seed ran: run more to see what they would do"


def test_a_single_arm_is_no_comparison() -> None:
    planted = two_arms([0.0, 0.0])
    records = [r for r in planted.records() if not (isinstance(r, PlannedArm) and r.arm.name == "separate")]
    assert jointbench.compare_arms(records) == Comparisons(0.01, 0.95, (), ())


def test_records_without_folds_are_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput, match="no folds of planted"):
        jointbench.compare_arms([r for r in two_arms([0.0]).records() if not isinstance(r, FoldRecord)])


@pytest.mark.parametrize(
    "criteria", [{"rope": 0.0}, {"rope": 1.5}, {"rope": float("nan")}, {"probability": 0.5}, {"probability": 1.0}]
)
def test_terms_that_decide_nothing_are_refused(criteria: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between"):
        jointbench.compare_arms([], **criteria)


def test_the_order_of_records_does_not_matter() -> None:
    records = two_arms([0.01, -0.02], sd=0.01, shape=(2, 5, 3)).records()
    shuffled = list(records)
    np.random.default_rng(0).shuffle(shuffled)  # type: ignore[arg-type]  # a list of any objects
    planned_arms = [r for r in records if isinstance(r, PlannedArm)]
    shuffled = planned_arms + [r for r in shuffled if not isinstance(r, PlannedArm)]
    assert jointbench.compare_arms(shuffled) == jointbench.compare_arms(records)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.03, "= 0.03"),
        (0.0001, "< 0.01"),
        (0.9999, "> 0.99"),
        (0.9496, "= 0.9496"),
        (0.0504, "= 0.0504"),
        (0.95, "= 0.95"),
    ],
)
def test_a_probability_never_rounds_across_what_is_needed(value: float, said: str) -> None:
    assert probability_text(value, 0.95) == said


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert [signed(value) for value in (-0.0004, 0.0, 0.0004, -0.0006, 0.012)] == [
        "0.000",
        "0.000",
        "0.000",
        "-0.001",
        "+0.012",
    ]
