"""The sentence on transfer follows planted skills and costs."""

from __future__ import annotations

from jointbench.explain.transfer import answer
from jointbench.explain.transfer_training import FROZEN, SCRATCH, TUNED, TransferPair, TransferResult, WayResult

FOLDS = 5


def by_fold(mean: float, noise: float = 0.002) -> dict[int, float]:
    return {fold: mean + noise * (fold - 2) for fold in range(FOLDS)}


def sentence(frozen: float, tuned: float, after: float, one_pass: float = 1e-7) -> tuple[str, str, str]:
    """Its parts on the frozen trunk, on fine-tuning and on inference. From scratch and before, the skill is 0.5."""
    pair = TransferPair(
        source="a",
        target="b",
        ways={
            SCRATCH: WayResult(by_fold(0.5, 0.001), 1e9),
            FROZEN: WayResult(by_fold(frozen, 0.002), 0.4e9),
            TUNED: WayResult(by_fold(tuned, 0.0015), 0.9e9),
        },
        shared_inference=0.52,
        one_pass=one_pass,
        source_before=by_fold(0.5),
        source_after=by_fold(after),
    )
    training, inference = answer(TransferResult((pair,), FOLDS), "d", "torch").sentence.split("At inference")
    frozen_text, tuned_text = training.split(";")
    return frozen_text, tuned_text, inference


def test_a_frozen_trunk_that_is_worse() -> None:
    frozen, tuned, _ = sentence(0.3, 0.5, 0.5)
    assert "0.300 against 0.500 from scratch (-0.200" in frozen
    assert "worse with probability 1.00" in frozen
    assert "40% of the training FLOPs" in frozen
    assert "as good with probability 1.00" in tuned
    assert "for 90%" in tuned


def test_a_frozen_trunk_that_is_better() -> None:
    frozen, tuned, _ = sentence(0.6, 0.4, 0.5)
    assert "0.600 against 0.500 from scratch (+0.100" in frozen
    assert "better with probability 1.00" in frozen
    assert "for 40%" in frozen
    assert "worse with probability 1.00" in tuned
    assert "for 90%" in tuned


def test_a_fine_tuned_trunk_that_forgets_its_first_output_cannot_be_shared() -> None:
    *_, inference = sentence(0.3, 0.5, -2.0)
    assert "same answers" in inference
    assert "52% of the FLOPs of two networks" in inference
    assert "fine-tuning saves nothing" in inference
    assert "from 0.500 to -2.000" in inference


def test_a_fine_tuned_trunk_that_still_serves_its_first_output_can_be_shared() -> None:
    *_, inference = sentence(0.6, 0.4, 0.5)
    assert "still serves the first output (0.500 before, 0.500 after)" in inference
    assert "saves nothing" not in inference


def test_one_pass_with_other_answers_cannot_be_shared() -> None:
    *_, inference = sentence(0.6, 0.4, 0.5, one_pass=0.3)
    assert "by up to 3.0e-01: it cannot be shared" in inference
    assert "same answers" not in inference


def test_without_a_trained_pair_there_is_a_failure_and_no_sentence() -> None:
    failed = answer(TransferResult((), FOLDS), "d", "torch")
    assert failed.failure
    assert not failed.sentence
