"""What the self-test's figures mean: fit, too noisy, or measuring code that is wrong. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jointbench.stats.estimate import Estimate

FIT, WRONG, TOO_NOISY, DID_NOT_RUN = 0, 1, 3, 4
LEAST_PAIRS = 8
LEAST_COVERAGE = 0.85  # of 95 % intervals of A/A ratios that contain 1
MOST_HALF_WIDTH = 0.03
TRUTH, TOLERANCE = 1.10, 0.03

Result = Literal["passed", "too noisy", "failed"]


@dataclass(frozen=True)
class AAPairs:
    """A/A pairs of one backend and kind of work: each ratio of a network to its own copy, with its interval."""

    name: str
    ratios: tuple[Estimate, ...]


@dataclass(frozen=True)
class KnownRatio:
    """A participant that does TRUTH times the work of the other: what came out, None where time was too short."""

    name: str
    ratio: Estimate | None


@dataclass(frozen=True)
class StoredAnswerCheck:
    """Whether a real server passed as one that computes, and whether one with a stored answer was found out."""

    name: str
    real_passes: bool
    stored_is_detected: bool


@dataclass(frozen=True)
class FlopCounts:
    """How many shapes' FLOPs were compared with the framework's own counter, and in how many they differed."""

    name: str
    shapes: int
    different: int


@dataclass(frozen=True)
class Measurements:
    """All that the self-test measured. broken: (what, why) of checks that did not come to an end."""

    pairs: tuple[AAPairs, ...] = ()
    truths: tuple[KnownRatio, ...] = ()
    stored: tuple[StoredAnswerCheck, ...] = ()
    flops: tuple[FlopCounts, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    name: str
    figure: str
    wanted: str
    result: Result


@dataclass(frozen=True)
class Decision:
    """The checks, and what they come to."""

    checks: tuple[Check, ...]
    exit_code: int
    sentence: str


def decide(figures: Measurements) -> Decision:
    """Fit (0) if all checks passed, wrong (1) if one failed, else too noisy (3); 4 where no backend was measured."""
    checks = (
        *(_pairs(one) for one in figures.pairs),
        *(_truth(one) for one in figures.truths),
        *(_stored(one) for one in figures.stored),
        *(_flops(one) for one in figures.flops),
        *(Check(what, why, "an answer", "failed") for what, why in figures.broken),
    )
    failed = [check.name for check in checks if check.result == "failed"]
    noisy = [check for check in checks if check.result == "too noisy"]
    if failed:
        return Decision(
            checks, WRONG, f"Wrong: the measuring code failed at {', '.join(failed)}; do not trust its figures."
        )
    if not figures.pairs:
        return Decision(checks, DID_NOT_RUN, "Not tested: no backend is installed.")
    if noisy:
        how_much = "; ".join(f"{check.name}: {check.figure}" for check in noisy)
        return Decision(checks, TOO_NOISY, f"Too noisy to measure on: {how_much}. Stop what else runs, and try again.")
    return Decision(checks, FIT, "Fit: timings of this machine can be trusted.")


def half_width(estimate: Estimate) -> float:
    """Half the interval's width on the scale of logarithms: 0.03 is 3 %."""
    return (math.log(estimate.high) - math.log(estimate.low)) / 2


def _pairs(pairs: AAPairs) -> Check:
    """Failed only for a bias: the ratios lie to one side of 1 although first and second swap roles.

    Intervals that miss 1, now above and now below, are a machine that changes within a pair.
    """
    name = f"A/A, {pairs.name}"
    if len(pairs.ratios) < LEAST_PAIRS:
        return Check(name, f"{len(pairs.ratios)} of the pairs in the time", f"≥ {LEAST_PAIRS}", "too noisy")
    holding = sum(one.low <= 1 <= one.high for one in pairs.ratios)
    width = float(np.median([half_width(one) for one in pairs.ratios]))
    logs = np.log([one.value for one in pairs.ratios])
    error = float(logs.std(ddof=1) / math.sqrt(len(logs)))
    biased = abs(logs.mean()) > max(MOST_HALF_WIDTH, 3 * error)
    fit = holding >= LEAST_COVERAGE * len(pairs.ratios) and width <= MOST_HALF_WIDTH
    figure = (
        f"{holding} of {len(pairs.ratios)} intervals contain 1, median half-width {width:.1%}, mean ratio "
        f"{math.exp(logs.mean()):.3f}"
    )
    wanted = f"≥ {LEAST_COVERAGE:.0%}, ≤ {MOST_HALF_WIDTH:.0%}, 1"
    return Check(name, figure, wanted, "failed" if biased else "passed" if fit else "too noisy")


def _truth(truth: KnownRatio) -> Check:
    ratio = truth.ratio
    if ratio is None:
        return Check(
            f"known truth, {truth.name}", "too slow for an interval", f"{TRUTH:.2f} ± {TOLERANCE}", "too noisy"
        )
    near = abs(ratio.value - TRUTH) <= TOLERANCE
    result: Result = "failed"
    if near and half_width(ratio) <= 2 * MOST_HALF_WIDTH:  # nearer than that it could be by luck
        result = "passed"
    elif ratio.low <= TRUTH + TOLERANCE and ratio.high >= TRUTH - TOLERANCE:  # one interval in twenty misses the truth
        result = "too noisy"
    figure = f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"
    return Check(f"known truth, {truth.name}", figure, f"{TRUTH:.2f} ± {TOLERANCE}", result)


def _stored(stored: StoredAnswerCheck) -> Check:
    said = []
    if not stored.real_passes:
        said.append("a real server was taken for a stored answer")
    if not stored.stored_is_detected:
        said.append("a stored answer passed as a real server")
    return Check(
        f"stored answers, {stored.name}",
        "; ".join(said) or "a server that answers from memory is found out",
        "found out",
        "failed" if said else "passed",
    )


def _flops(counts: FlopCounts) -> Check:
    return Check(
        f"FLOPs, {counts.name}",
        f"{counts.different} of {counts.shapes} shapes differ from its own counter",
        "0",
        "failed" if counts.different or not counts.shapes else "passed",
    )


def total(figures: Sequence[Measurements]) -> Measurements:
    """Several backends' figures as one."""
    return Measurements(
        tuple(one for part in figures for one in part.pairs),
        tuple(one for part in figures for one in part.truths),
        tuple(one for part in figures for one in part.stored),
        tuple(one for part in figures for one in part.flops),
        tuple(one for part in figures for one in part.broken),
    )
