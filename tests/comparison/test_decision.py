"""From records to a decision: each verdict is planted in a run's records, and must come out, with its reason."""

from __future__ import annotations

from dataclasses import replace

import baycomp
import numpy as np
import pytest
from scipy import stats

import jointbench
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.decision import output_probabilities
from jointbench.comparison.outlook import GROWTH
from jointbench.comparison.reasons import probability_text, signed
from jointbench.comparison.summary.decisions import Difference, OpenVerdict
from jointbench.comparison.verdict_rule import losing_outputs
from jointbench.records import Timing, Variant
from jointbench.stats.correlated_t_test import correlated_t_test
from jointbench.stats.estimate import UNKNOWN
from planted import Planted, one_each, only, spread_out, two_arms


def test_joint_is_recommended_with_what_it_saves_and_the_weakest_output() -> None:
    comparison = only(two_arms([-0.002, 0.004], flops=(520, 1000)))
    assert comparison.decision.verdict == "joint"
    for words in ("48 % fewer training FLOPs", "no output loses more than 0.01", "weakest: a, -0.002", "< 0.01"):
        assert words in comparison.decision.reason
    assert (comparison.decision.open, comparison.decision.paying_output) == (None, None)


def test_nothing_saved_is_no_recommendation() -> None:
    equal = only(two_arms([-0.002, 0.004], flops=(1000, 1000)))
    assert equal.decision.verdict == "equivalent"
    assert "no measured cost is lower" in equal.decision.reason
    costlier = only(two_arms([0.05, 0.0], flops=(1500, 1000)))
    assert costlier.decision.verdict == "open"
    assert "joint brings 50 % more training FLOPs" in costlier.decision.reason
    assert "no output loses more than 0.01 skill" in costlier.decision.reason


def test_separate_names_who_pays_how_much_and_what_sharing_would_save() -> None:
    comparison = only(two_arms([0.05, -0.034], sd=0.004, flops=(520, 1000)))
    assert comparison.decision.verdict == "separate"
    assert comparison.decision.paying_output == "b"
    assert comparison.decision.paid is not None
    assert comparison.decision.paid.value == pytest.approx(-0.034)
    for words in ("sharing costs b 0.034 skill", "P(loses more than 0.01) > 0.99", "48 % fewer training FLOPs"):
        assert words in comparison.decision.reason
    assert [d.verdict for d in comparison.differences] == ["joint", "separate"]
    assert comparison.decision.worst_output == "b"
    assert comparison.decision.mean_difference.value == pytest.approx(0.008)


def test_a_wide_spread_is_open_and_says_what_to_do_now_and_what_would_close_it() -> None:
    comparison = only(two_arms([-0.004, 0.0], sd=0.02))
    assert comparison.decision.verdict == "open"
    weakest = comparison.differences[0]
    for words in ("leaning joint: 50 % fewer training FLOPs", "a, its weakest output, differs by -0.004"):
        assert words in comparison.decision.reason
    assert f"expected loss is {weakest.expected_loss:.3f} skill." in comparison.decision.reason
    known = comparison.decision.open
    assert known is not None
    assert (known.lean, known.output, known.expected_loss) == ("joint", "a", weakest.expected_loss)
    needed = (0.02 * np.sqrt(1 / 10 + 1 / 4) / (0.006 / stats.t.ppf(0.95, 9))) ** 2  # times as small a variance: 13.1
    assert known.growth == min(n for n in GROWTH if n >= needed)
    assert "at least 16 times as much training" in known.sentence
    assert known.command == "jointbench run planted --until-decided"


def requests(ratio: float, *batch_sizes: int) -> list[Timing]:
    """Requests of these sizes, in which joint takes ``ratio`` of separate's time."""
    random = np.random.default_rng(0)
    seconds = np.tile([ratio, 1.0, 1.0, ratio], 24) * np.exp(random.normal(0, 0.01, 96))
    variants = (Variant("joint", "in turn"), Variant("separate", "in turn"))
    return [
        Timing(
            dataset="planted",
            backend="torch",
            device="cpu",
            scenario="request",
            batch_size=batch_size,
            threads=2,
            variants=variants,
            block=4,
            order=(0, 1, 1, 0) * 24,
            seconds=seconds[:, None],
            load=np.zeros(24),
        )
        for batch_size in batch_sizes
    ]


@pytest.mark.parametrize(
    ("means", "ratio", "batch_sizes", "sentence"),
    [
        ([-0.004, 0.0], 0.7, (8,), "; joint would bring 1.4x faster answers (batch 8), worth 0.003 skill"),
        ([-0.004, 0.0], 0.7, (64, 8), "; joint would bring 1.4x faster answers (batch 8), worth 0.003 skill"),
        ([-0.004, 0.0], 0.7, (1, 8), "; joint would bring 1.4x faster answers (batch 1), worth 0.003 skill"),
        ([0.2, 0.2], 1.6, (8,), "no measured cost is lower; joint brings 1.6x slower answers (batch 8)."),
    ],
)
def test_a_cost_is_put_in_words_whatever_its_batch(
    means: list[float], ratio: float, batch_sizes: tuple[int, ...], sentence: str
) -> None:
    records = two_arms(means, sd=0.05, flops=(1000, 1000)).records() + requests(ratio, *batch_sizes)
    (comparison,) = jointbench.compare_arms(records).comparisons
    assert sentence in comparison.decision.reason


@pytest.mark.parametrize(("rope", "verdict"), [(0.01, "separate"), (0.05, "joint")])
def test_the_region_asked_for_decides_and_is_what_the_sentence_says(rope: float, verdict: str) -> None:
    comparison = only(two_arms([-0.03, 0.0]), rope=rope)
    assert comparison.decision.verdict == verdict
    assert f"more than {rope:g}" in comparison.decision.reason
    assert comparison.differences[0].verdict == ("separate" if rope == 0.01 else "equivalent")


def test_the_probability_asked_for_decides() -> None:
    planted = two_arms([-0.02], sd=0.012)
    probability = only(planted).differences[0].probability_other_better
    assert 0.9 < probability < 0.99
    assert only(planted, probability=probability - 0.001).decision.verdict == "separate"
    assert only(planted, probability=probability + 0.001).decision.verdict == "open"


def test_among_many_outputs_the_one_that_looks_worst_needs_more() -> None:
    """The same output alone is separate; beside 13 others that are equal, chance explains it (Holm)."""
    sd = 0.008
    alone, among = only(two_arms([-0.02], sd=sd)), only(two_arms([-0.02, *[0.0] * 13], sd=[sd, *[0.001] * 13]))
    assert 0.95 <= alone.differences[0].probability_other_better < 1 - 0.05 / 14
    assert alone.differences[0] == replace(among.differences[0], p_value_holm=alone.differences[0].p_value_holm)
    assert alone.decision.verdict == "separate"
    assert among.decision.verdict == "open"
    assert among.differences[0].verdict == "separate"
    assert among.decision.reason.startswith("leaning separate: a differs by -0.020 skill")


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
        beliefs = [correlated_t_test(output, folds=5) for output in noise]
        differences = [replace(blank, probability_other_better=belief.probability_other_better) for belief in beliefs]
        wrong += losing_outputs(output_probabilities(differences), VerdictCriteria()).any()
        uncorrected += any(d.probability_other_better >= 0.95 for d in differences)
    assert wrong / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert uncorrected / 400 > 0.3


def test_the_numbers_are_the_oracles() -> None:
    planted = two_arms([0.012, -0.004], sd=[0.02, 0.01], shape=(2, 5, 3))
    comparison = only(planted)
    gain = (planted.skill["joint"] - planted.skill["separate"]).mean(axis=-1)
    for difference, values in zip(comparison.differences, gain, strict=True):
        other, same, joint = baycomp.two_on_single(np.zeros(10), values.ravel(), rope=0.01, runs=2)
        assert difference.probability_joint_better == pytest.approx(joint, abs=1e-9)
        assert difference.probability_equivalent == pytest.approx(same, abs=1e-9)
        assert difference.probability_other_better == pytest.approx(other, abs=1e-9)
    ordered = sorted(comparison.differences, key=lambda d: d.p_value)
    assert ordered[0].p_value_holm == pytest.approx(min(1.0, 2 * ordered[0].p_value))
    assert ordered[1].p_value_holm == pytest.approx(max(ordered[1].p_value, ordered[0].p_value_holm))


def test_failed_pairs_are_removed_together_and_counted() -> None:
    planted = two_arms([0.0, 0.0], shape=(2, 5, 2))
    failed = replace(planted, failed=frozenset({("joint", 0, 1, 0)}), missing=frozenset({("separate", 1, 3, 1)}))
    comparison = only(failed)
    assert [d.pairs_lost for d in comparison.differences] == [2, 2]
    assert [d.pairs for d in comparison.differences] == [10, 10]
    assert comparison.decision.failures == 0.1
    assert comparison.decision.verdict == "joint"


@pytest.mark.parametrize(("loss", "named"), [("failed", "failures: 2 of 10"), ("missing", "cut off: 2 of 10")])
def test_above_a_tenth_of_failures_is_open(loss: str, named: str) -> None:
    runs = frozenset({("separate", 0, 1, 0), ("separate", 1, 3, 0)})
    comparison = only(replace(two_arms([0.0, 0.0]), **{loss: runs}))  # 2 of 10
    assert comparison.decision.verdict == "open"
    for words in (named, "20 %", "allows 10 %"):
        assert words in comparison.decision.reason
    assert comparison.decision.open == OpenVerdict()  # more training of the same closes nothing


def test_an_arm_that_failed_everywhere_is_a_decision_all_the_same() -> None:
    planted = two_arms([0.0, 0.0])
    everything = frozenset(("joint", *run) for run in np.ndindex(2, 5, 1))
    comparisons = jointbench.compare_arms(replace(planted, failed=everything).records())
    (comparison,) = comparisons.comparisons
    assert comparison.decision.verdict == "open"
    assert comparison.decision.reason.startswith("failures: 10 of 10")
    assert np.isnan(comparison.decision.mean_difference.value)
    assert [d.pairs for d in comparison.differences] == [0, 0]
    assert comparisons.across == ()


def test_two_folds_are_too_few() -> None:
    comparison = only(two_arms([0.0, 0.0], shape=(1, 2, 1)))
    assert comparison.decision.verdict == "open"
    assert "2 folds are too few" in comparison.decision.reason
    assert "at least 3" in comparison.decision.reason


def between(lost: float) -> Planted:
    """Joint costs c 0.05; the partition a,b|c loses ``lost`` on b, and nothing else."""
    shape = (2, 5, 1)
    noise, base = spread_out(0.002, shape), np.full((3, *shape), 0.5)
    joint, grouped = base + noise, base + noise
    joint[2] -= 0.05
    grouped[1] -= lost
    groups = {"joint": (("a", "b", "c"),), "separate": one_each("abc"), "a,b|c": (("a", "b"), ("c",))}
    flops = {"joint": 400, "separate": 1200, "a,b|c": 800}
    skill = {"joint": joint, "separate": base, "a,b|c": grouped}
    return Planted(skill=skill, groups=groups, flops=flops, outputs=("a", "b", "c"))


@pytest.mark.parametrize(("lost", "named"), [(0.0, "a,b|c"), (0.05, None)])
def test_the_partition_between_is_named_where_it_dominates(lost: float, named: str | None) -> None:
    by_arm = {c.other: c for c in jointbench.compare_arms(between(lost).records()).comparisons}
    decision = by_arm["separate"].decision
    assert (decision.verdict, decision.paying_output, decision.between) == ("separate", "c", named)
    assert ("Between the two, a,b|c against separate: 33 % fewer training FLOPs" in decision.reason) == bool(named)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03, "= 0.03"),
        (0.0001, "< 0.01"),
        (0.9999, "> 0.99"),
        (0.9496, "= 0.9496"),
        (0.0504, "= 0.0504"),
        (0.95, "= 0.95"),
    ],
)
def test_a_probability_never_rounds_across_what_is_needed(value: float, text: str) -> None:
    assert probability_text(value, 0.95) == text


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert [signed(value) for value in (-0.0004, 0.0, 0.0004, -0.0006, 0.012)] == [
        "0.000",
        "0.000",
        "0.000",
        "-0.001",
        "+0.012",
    ]
