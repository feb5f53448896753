"""What would close an open decision: sentences that are true of the numbers, and a command that can be pasted."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace

import pytest
from numpy import zeros

import tiny_run
from jointbench.comparison.closing import open_verdict
from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.differences import output_differences
from jointbench.comparison.lean import lean_of
from jointbench.comparison.summary.decisions import OpenVerdict
from jointbench.stats.row_level import StudentT

(TINY,) = tiny_run.about().datasets
DEFAULT = VerdictCriteria()
DATASET = replace(TINY, outputs=("a",), rows=600)


def closing(
    mean: float, scale: float, floor: float = math.nan, command: str = "", criteria: VerdictCriteria = DEFAULT
) -> OpenVerdict:
    belief = StudentT(mean, scale, 12.0, floor)
    found = output_differences(zeros((1, 1, 5, 1)), [belief], 5, ["a"], "separate", criteria=criteria)
    dataset = replace(DATASET, command=command)
    return open_verdict(lean_of(found, [], criteria), [belief], dataset, criteria, saves=True)


def test_training_that_would_decide_is_named_and_run() -> None:
    known = closing(0.0, 0.008, 0.002, command="jointbench run my.csv --target a")
    assert known.growth == 3
    assert (
        known.sentence
        == "What would decide it, if the differences stay where they are: about 3 times as much training."
    )
    assert known.command == "jointbench run my.csv --target a --until-decided"
    assert "at least 3 times as much training" in closing(0.0, 0.009).sentence


def test_without_a_command_of_its_own_the_dataset_is_run_by_name() -> None:
    assert closing(0.0, 0.008, 0.002).command == "jointbench run wine --until-decided"


def test_what_no_training_decides_names_the_rows_and_no_command() -> None:
    found = closing(0.0, 0.012, 0.0112)
    assert found.undecidable
    assert found.command is None
    assert found.rows == 2_500  # (0.0112 t / 0.01)^2 = 3.98; the next step of 1.05^n is 4.12, times 600; two digits
    assert found.sentence == "No training can decide it at this size; about 2,500 rows would (there are 600)."


def test_a_difference_on_the_edge_is_said_to_be_one() -> None:
    found = closing(-0.01, 0.012, 0.011)
    assert found.rows is None
    assert "not even 1,000 times as many rows would: the difference lies on the edge" in found.sentence


def test_what_luck_may_yet_decide_is_worth_a_command() -> None:
    found = closing(-0.007, 0.012, 0.003)
    assert found.sentence.startswith("More training alone is not likely to decide it; about ")
    assert found.command == "jointbench run wine --until-decided"


def test_an_unknown_floor_promises_nothing() -> None:
    found = closing(-0.009, 0.05)
    assert (found.growth, found.rows, found.undecidable) == (None, None, False)
    assert found.sentence.startswith("Not even many times as much training is likely to decide it")
    assert found.command is not None


def test_the_command_has_the_criteria_that_were_asked_for_as_words_of_a_shell() -> None:
    criteria = VerdictCriteria(0.02, 0.9, (("a", 0.03), ("wine's type", 0.05)), 0.005)
    command = closing(0.0, 0.03, 0.001, criteria=criteria).command
    assert command is not None
    assert shlex.split(command)[4:] == [
        *("--rope", "0.02", "--probability", "0.9", "--worth", "0.005"),
        *("--rope", "a=0.03", "--rope", "wine's type=0.05"),
    ]


@pytest.mark.parametrize("lean", ["joint", "separate"])
def test_the_lean_and_its_loss_are_those_of_the_verdict(lean: str) -> None:
    found = closing(0.002 if lean == "joint" else -0.002, 0.02)
    assert (found.lean, found.output) == (lean, "a")
    assert 0 < found.expected_loss < 0.02
