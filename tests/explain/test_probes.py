"""The sentence on probes follows planted skills of a linear head."""

from __future__ import annotations

import pytest

from jointbench.explain.probes import UNTRAINED, ProbeSkills, answer

FOLDS = 5


def planted(other: float, own: float, untrained: float) -> ProbeSkills:
    noises = {"a": 0.002, "b": 0.003, UNTRAINED: 0.001}
    skills = {
        (trunk, output): {
            fold: (untrained if trunk == UNTRAINED else own if trunk == output else other) + noise * (fold - 2)
            for fold in range(FOLDS)
        }
        for trunk, noise in noises.items()
        for output in ("a", "b")
    }
    return ProbeSkills(("a", "b"), FOLDS, skills)


@pytest.mark.parametrize(
    ("other", "own", "untrained", "carried", "better", "worse"),
    [
        (0.6, 0.8, 0.4, "another output's trunk carries 50%", 2, 0),
        (0.2, 0.8, 0.4, "another output's trunk carries nothing", 0, 2),
        (0.4, 0.4, 0.4, "adds nothing", 0, 0),
    ],
)
def test_the_sentence_follows_the_skills(
    other: float, own: float, untrained: float, carried: str, better: int, worse: int
) -> None:
    probed = answer(planted(other, own, untrained), "d", "torch")
    assert carried in probed.sentence
    assert f"better than an untrained one in {better} of 2 pairs and credibly worse in {worse}" in probed.sentence
    assert (probed.numbers["pairs_above_untrained"], probed.numbers["pairs_below_untrained"]) == (better, worse)
    assert f"of another output reaches a mean skill of {other:.3f}" in probed.sentence
    assert f"own trunk {own:.3f}" in probed.sentence
    assert f"untrained one {untrained:.3f}" in probed.sentence


def test_without_a_trained_network_there_is_a_failure_and_no_sentence() -> None:
    failed = answer(ProbeSkills(("a", "b"), FOLDS, {}), "d", "torch")
    assert failed.failure
    assert not failed.sentence
