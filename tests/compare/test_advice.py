"""What would settle an open decision: a sentence, a command, and advice that comes true."""

from __future__ import annotations

from planted import only, two_arms


def test_what_would_settle_it_comes_with_a_command() -> None:
    comparison = only(two_arms([0.003, 0.0], sd=[0.012, 0.001], shape=(1, 5, 2)))
    advice = comparison.decision.settle
    assert comparison.decision.verdict == "inconclusive"
    assert advice is not None
    assert advice.output == "a"
    assert advice.setting is not None
    k, r, s = advice.setting.folds, advice.setting.repeats, advice.setting.seeds
    assert advice.command == f"jointbench run planted --folds {k} --repeats {r} --seeds {s}"
    assert "would settle it" in advice.sentence
    wider = only(two_arms([0.0, 0.0], sd=[0.05, 0.001], shape=(1, 5, 1)), rope=0.02, probability=0.8).decision.settle
    assert wider is not None
    assert wider.command is not None
    assert wider.command.endswith(" --rope 0.02 --probability 0.8"), "the command repeats the criteria"


def test_doing_what_was_advised_settles_it() -> None:
    """With the same mean and spread at the advised number of repeats the decision is no longer inconclusive."""
    sds, means = [0.02, 0.001], [0.012, 0.0]
    advice = only(two_arms(means, sd=sds, shape=(1, 5, 1))).decision.settle
    assert advice is not None
    assert advice.setting is not None
    setting = advice.setting
    assert (setting.folds, setting.seeds) == (5, 1)
    for repeats in range(2, setting.repeats + 1):
        verdict = only(two_arms(means, sd=sds, shape=(repeats, 5, 1))).decision.verdict
        assert (
            (verdict == "joint")
            if repeats == setting.repeats
            else repeats not in (2, 3, 5) or verdict == "inconclusive"
        )


def test_a_floor_that_is_too_wide_says_that_no_repeats_help() -> None:
    advice = only(two_arms([0.0, 0.0], sd=[0.05, 0.001], shape=(1, 5, 1))).decision.settle
    assert advice is not None
    assert advice.sentence.startswith("No number of repeats")
    assert "K = 5" in advice.sentence
    assert advice.command is not None
    assert advice.command.endswith("--seeds 3"), "one seed ran: run more to see what they would do"
