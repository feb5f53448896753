"""What must hold between the fields of one record; what one field may hold is said by its type in ``schema``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from jointbench.records.costs import Energy, Timing
from jointbench.records.schema import Candidate, Fit, FoldRecord, PlannedArm, Reference, SearchedArm, TunedArm
from jointbench.types import EXTERNAL

R = TypeVar("R")


@dataclass(frozen=True)
class Rule:
    """A field, what it must be in words, and whether it is."""

    field: str
    words: str
    holds: Callable[[Any], bool]


def _distinct(items: Sequence[object]) -> bool:
    return len(set(items)) == len(items)


def _is_curve(shape: tuple[int, int], fit: Fit) -> bool:
    """Packed fits have no rows, and a failed one may have been stopped between two."""
    rows, columns = shape
    return rows == 0 or (columns == len(fit.network.group) and (rows == fit.epochs or fit.failure is not None))


def _scores_own_outputs(fit: Fit) -> bool:
    outputs = [score.output for score in fit.scores]
    return _distinct(outputs) and set(outputs) <= set(fit.network.group)


def _has_best_epochs(fit: Fit) -> bool:
    each = fit.best_epochs
    return not each or (len(each) == len(fit.network.group) and max(each) == fit.best_epoch)


def _was_trained(fit: Fit) -> bool:
    counted = () if fit.network.shape.own_trunk else (fit.flops_per_row, fit.train_flops)
    return min(fit.epochs, fit.steps, fit.parameters, *counted) > 0


CURVE = "must have a row for each epoch and a column for each output"
_FIT = (
    Rule(
        "network.group", "must name outputs, each once", lambda fit: fit.network.group and _distinct(fit.network.group)
    ),
    Rule("scores", "must be of the network's outputs, each once", _scores_own_outputs),
    Rule(
        "epochs",
        "must be above 0, as steps, parameters and FLOPs, in a fit that did not fail",
        lambda fit: fit.failure is not None or fit.network.engine == EXTERNAL or _was_trained(fit),
    ),
    Rule(
        "best_epoch", "must be one of the epochs", lambda fit: fit.failure is not None or fit.best_epoch <= fit.epochs
    ),
    Rule("best_epochs", "must be one for each output, the last of them best_epoch", _has_best_epochs),
    Rule("train_loss", CURVE, lambda fit: _is_curve(fit.train_loss.shape, fit)),
    Rule("validation_loss", CURVE, lambda fit: _is_curve(fit.validation_loss.shape, fit)),
)

TABLE = "must have a row for each test row and a column for each output"
_FOLD = (
    Rule("fold", "must lie below the number of folds", lambda fold: fold.fold < fold.folds),
    Rule("outputs", "must be distinct", lambda fold: _distinct(fold.outputs)),
    Rule("test", "must name rows, each once", lambda fold: len(fold.test) > 0 and _distinct(fold.test.tolist())),
    Rule(
        "no_skill_error",
        "must have one number for each output",
        lambda fold: len(fold.no_skill_error) == len(fold.outputs),
    ),
    Rule("scored", "must be one for each output", lambda fold: len(fold.scored) in (0, len(fold.outputs))),
    Rule("row_units", "must have one for each test row", lambda fold: len(fold.row_units) in (0, len(fold.test))),
    Rule("observed", TABLE, lambda fold: fold.y_true.shape == (len(fold.test), len(fold.outputs))),
    Rule("weights", TABLE, lambda fold: fold.weights.shape == (len(fold.test), len(fold.outputs))),
)

_PLANNED_ARM = (
    Rule(
        "arm.groups",
        "must divide outputs, each once",
        lambda arm: all(arm.arm.groups) and _distinct(sum(arm.arm.groups, ())),
    ),
    Rule(
        "parameters",
        "must be above 0, as FLOPs, of networks that were trained here",
        lambda arm: (
            arm.engine == EXTERNAL
            or arm.shapes[0].own_trunk != ""  # its counter may not have counted it
            or min(arm.parameters, arm.train_flops_per_row, arm.inference_flops_per_row) > 0
        ),
    ),
    Rule("shapes", "must be as many as groups of outputs", lambda arm: len(arm.shapes) == len(arm.arm.groups)),
    Rule(
        "network_ids",
        "must be distinct, a whole number of times as many as groups of outputs",
        lambda arm: (
            _distinct(arm.network_ids)
            and (
                len(arm.network_ids) == sum(map(len, arm.partitions))
                if arm.partitions
                else len(arm.network_ids) % len(arm.arm.groups) == 0
            )
        ),
    ),
    Rule(
        "partitions",
        "must divide the arm's outputs, those of its groups first",
        lambda arm: (
            not arm.partitions
            or (
                arm.partitions[0] == arm.arm.groups
                and all(sorted(sum(p, ())) == sorted(sum(arm.arm.groups, ())) and all(p) for p in arm.partitions)
            )
        ),
    ),
)


def _largest(searched: SearchedArm) -> Candidate:
    return max(searched.candidates, key=lambda candidate: len(candidate.group))


def _has_screens(searched: SearchedArm) -> bool:
    pairs, runs = math.comb(len(_largest(searched).group), 2), len(searched.candidates[0].network_ids)
    known = all(len(screen.overlaps) == (pairs if screen.failure is None else 0) for screen in searched.screens)
    return len(searched.screens) in (0, runs) and known


_SEARCHED_ARM = (
    Rule(
        "screens",
        "must be one for each run, of every pair of the outputs where it did not fail",
        _has_screens,
    ),
    Rule(
        "candidates",
        "must be of different groups, each of distinct outputs with a network of its own in one run or more",
        lambda searched: (
            _distinct([frozenset(candidate.group) for candidate in searched.candidates])
            and all(_distinct(candidate.group) for candidate in searched.candidates)
            and all(any(candidate.network_ids) for candidate in searched.candidates)
            and _distinct([name for candidate in searched.candidates for name in candidate.network_ids if name])
        ),
    ),
    Rule(
        "candidates",
        "must hold each output of the largest one alone, in every run, as the largest itself is",
        lambda searched: {
            frozenset(candidate.group) for candidate in searched.candidates if all(candidate.network_ids)
        }.issuperset({frozenset([name]) for name in _largest(searched).group} | {frozenset(_largest(searched).group)}),
    ),
    Rule(
        "network_ids",
        "must be as many in every candidate: one for each run",
        lambda searched: len({len(candidate.network_ids) for candidate in searched.candidates}) == 1,
    ),
)

_BLOCK = Rule("block", "must divide the visits", lambda timed: len(timed.order) % timed.block == 0)
_LOAD = Rule(
    "load", "must have one number for each block", lambda timed: len(timed.load) * timed.block == len(timed.order)
)

_TIMING = (
    Rule("participants", "must be distinct", lambda timing: _distinct(timing.variants)),
    Rule(
        "order",
        "must name every participant, and nothing else",
        lambda timing: set(timing.order) == set(range(len(timing.variants))),
    ),
    _BLOCK,
    Rule(
        "seconds",
        "must have a row for each visit, with a number in it",
        lambda timing: len(timing.seconds) == len(timing.order) and timing.seconds.shape[1] > 0,
    ),
    _LOAD,
    Rule(
        "copied",
        "must be one for each participant, or none",
        lambda timing: len(timing.copied) in (0, len(timing.variants)),
    ),
)

_ENERGY = (
    Rule("variants", "must be distinct", lambda energy: _distinct(energy.variants)),
    Rule(
        "order",
        "must name every variant, and nothing else",
        lambda energy: set(energy.order) == set(range(len(energy.variants))),
    ),
    _BLOCK,
    Rule(
        "joules",
        "must have one number for each visit, as seconds",
        lambda energy: len(energy.joules) == len(energy.seconds) == len(energy.order),
    ),
    _LOAD,
)

RULES: Mapping[type, tuple[Rule, ...]] = {
    Fit: _FIT,
    FoldRecord: _FOLD,
    Reference: (
        Rule(
            "score",
            "must be of the record's output",
            lambda reference: reference.score is None or reference.score.output == reference.output,
        ),
    ),
    PlannedArm: _PLANNED_ARM,
    TunedArm: (
        Rule(
            "trials",
            "must all be of the same groups, each an arm of one group that obeys its own rules",
            lambda tuned: all(
                [len(planned.arm.groups) for planned in trial] == [1] * len(trial)
                and [planned.arm.groups for planned in trial] == [planned.arm.groups for planned in tuned.trials[0]]
                and all(rule.holds(planned) for planned in trial for rule in _PLANNED_ARM)
                for trial in tuned.trials
            ),
        ),
    ),
    SearchedArm: _SEARCHED_ARM,
    Timing: _TIMING,
    Energy: _ENERGY,
}


def obeying(record: R) -> R:
    """The record. Raises ValueError, naming the field, where it breaks one of its rules."""
    for rule in RULES.get(type(record), ()):
        if not rule.holds(record):
            raise ValueError(f"{rule.field} {rule.words}")
    return record
