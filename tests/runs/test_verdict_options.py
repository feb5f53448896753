"""The options that say what a verdict means, and what may be spent on one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.errors import BadInput
from jointbench.runs.options import RunOptions, study_config
from jointbench.runs.verdict_options import verdict_criteria
from jointbench.study.profiles import MOST_ROUNDS, PROFILES

OUTPUTS = ("quality", "a=b")


def test_a_region_is_of_all_outputs_or_of_one_whatever_its_name() -> None:
    criteria = verdict_criteria(["0.02", "quality=0.05", "a=b=0.001"], None, None, OUTPUTS)
    assert criteria == VerdictCriteria(0.02, ropes=(("quality", 0.05), ("a=b", 0.001)))
    assert criteria.regions(("a=b", "quality")).tolist() == [0.001, 0.05]
    assert criteria.of_mean(OUTPUTS).rope == pytest.approx(0.0255)


def test_what_is_not_said_stays_as_it_was_and_what_is_said_again_counts_last() -> None:
    before = VerdictCriteria(0.03, 0.9, (("quality", 0.2),), 0.004)
    assert verdict_criteria([], None, None, OUTPUTS, before) == before
    assert verdict_criteria(["quality=0.1"], None, 0.0, OUTPUTS, before) == replace(
        before, ropes=(("quality", 0.1),), worth=0.0
    )


@pytest.mark.parametrize(
    ("ropes", "probability", "worth", "words"),
    [
        (["0"], None, None, ["--rope", "between 0 and 1", "at 0"]),
        (["1"], None, None, ["--rope", "at 1"]),
        (["inf"], None, None, ["--rope", "at inf"]),
        (["nan"], None, None, ["--rope", "at nan"]),
        (["quality=-0.1"], None, None, ["--rope", "at -0.1"]),
        (["wide"], None, None, ["--rope wide", "OUTPUT=NUMBER"]),
        (["quality="], None, None, ["--rope quality=", "OUTPUT=NUMBER"]),
        (["taste=0.1"], None, None, ["--rope taste=0.1", "no output 'taste'", "quality, a=b"]),
        ([], 0.5, None, ["--probability", "between 0.5 and 1", "0.5"]),
        ([], math.nan, None, ["--probability", "nan"]),
        ([], None, -0.01, ["--worth", "between 0 and 1", "-0.01"]),
        ([], None, 1.0, ["--worth", "at 1"]),
        ([], None, math.nan, ["--worth", "nan"]),
    ],
)
def test_what_decides_nothing_is_one_sentence_that_names_its_option(
    ropes: list[str], probability: float | None, worth: float | None, words: list[str]
) -> None:
    with pytest.raises(BadInput) as refused:
        verdict_criteria(ropes, probability, worth, OUTPUTS)
    for word in words:
        assert word in str(refused.value)
    assert str(refused.value).count("--") == 1


@pytest.mark.parametrize("budget", [0.0, -5.0, math.inf, math.nan])
def test_a_budget_is_a_number_of_seconds(budget: float) -> None:
    with pytest.raises(BadInput, match=r"--budget .*: a budget is a number of seconds above 0"):
        study_config(RunOptions(budget=budget))


@pytest.mark.parametrize("fixed", [{"folds": 5}, {"repeats": 2}, {"seeds": 1}, {"tune": 2}])
def test_a_fixed_design_has_one_round_and_takes_no_budget(fixed: dict[str, int]) -> None:
    options = RunOptions(**fixed)  # type: ignore[arg-type]  # numbers by name
    assert study_config(options).rounds == 1
    with pytest.raises(BadInput, match=r"--budget: --folds, --repeats, --seeds and --tune fix what is trained"):
        study_config(replace(options, budget=60.0))
    with pytest.raises(BadInput, match=r"--until-decided: --folds, --repeats, --seeds and --tune fix"):
        study_config(replace(options, until_decided=True))


@pytest.mark.parametrize("budget", [10.0, 100.0, 5000.0])
def test_a_budget_is_divided_between_training_and_timing(budget: float) -> None:
    config = study_config(RunOptions(profile="quick", budget=budget))
    assert config.timing_seconds == min(PROFILES["quick"].timing_seconds, 0.4 * budget)
    assert config.training_seconds + config.timing_seconds == pytest.approx(budget)


def test_until_decided_has_every_round_and_no_limit() -> None:
    config = study_config(RunOptions(profile="smoke", until_decided=True))
    assert (config.rounds, config.training_seconds) == (MOST_ROUNDS, math.inf)
    assert study_config(RunOptions(profile="smoke", until_decided=True, budget=10.0)).training_seconds == 6.0
