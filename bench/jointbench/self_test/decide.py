"""Decides from the self-test's measurements: fit, too noisy, or wrong measuring code. Pure functions."""

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
TRUE_RATIO, TOLERANCE = 1.10, 0.03

Result = Literal["passed", "too noisy", "failed"]


@dataclass(frozen=True)
class AAPairs:
    """A/A pairs of one backend and kind of work: each ratio of a network to its own copy, with its interval."""

    name: str
    ratios: tuple[Estimate, ...]


@dataclass(frozen=True)
class KnownRatio:
    """The measured ratio of a variant that does TRUE_RATIO times the other's work; None where time was too short."""

    name: str
    ratio: Estimate | None


@dataclass(frozen=True)
class StoredAnswerCheck:
    """Whether a real server passed the check, and whether a server with a stored answer was detected."""

    name: str
    real_passes: bool
    stored_is_detected: bool


@dataclass(frozen=True)
class FlopCounts:
    """On how many shapes FLOPs were compared with the framework's own counter, and on how many they differed."""

    name: str
    shapes: int
    different: int


@dataclass(frozen=True)
class Measurements:
    """All that the self-test measured. failures: (check, reason) for checks that raised an error."""

    pairs: tuple[AAPairs, ...] = ()
    known_ratios: tuple[KnownRatio, ...] = ()
    stored_answers: tuple[StoredAnswerCheck, ...] = ()
    flops: tuple[FlopCounts, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Check:
    """One row of the table. figure: what was measured. required: what it has to be."""

    name: str
    figure: str
    required: str
    result: Result


@dataclass(frozen=True)
class Decision:
    """The checks, and what follows from them."""

    checks: tuple[Check, ...]
    exit_code: int
    sentence: str


def decide(measurements: Measurements) -> Decision:
    """Fit (0) if all checks passed, wrong (1) if one failed, else too noisy (3); 4 where no backend was measured."""
    checks = (
        *map(_check_pairs, measurements.pairs),
        *map(_check_known_ratio, measurements.known_ratios),
        *map(_check_stored_answers, measurements.stored_answers),
        *map(_check_flops, measurements.flops),
        *(Check(name, reason, "an answer", "failed") for name, reason in measurements.failures),
    )
    failed = [check.name for check in checks if check.result == "failed"]
    noisy = [check for check in checks if check.result == "too noisy"]
    if failed:
        return Decision(
            checks, WRONG, f"Wrong: the measuring code failed at {', '.join(failed)}; do not trust its figures."
        )
    if not measurements.pairs:
        return Decision(checks, DID_NOT_RUN, "Not tested: no backend is installed.")
    if noisy:
        reasons = "; ".join(f"{check.name}: {check.figure}" for check in noisy)
        return Decision(checks, TOO_NOISY, f"Too noisy to measure on: {reasons}. Stop what else runs, and try again.")
    return Decision(checks, FIT, "Fit: timings of this machine can be trusted.")


def half_width(estimate: Estimate) -> float:
    """Half the interval's width on the scale of logarithms: 0.03 is 3 %."""
    return (math.log(estimate.high) - math.log(estimate.low)) / 2


def _check_pairs(pairs: AAPairs) -> Check:
    """Failed only for a bias: the ratios lie to one side of 1 although the copies swap places.

    Intervals that miss 1 on both sides show a machine whose speed changes within a pair: too noisy.
    """
    name = f"A/A, {pairs.name}"
    if len(pairs.ratios) < LEAST_PAIRS:
        return Check(name, f"{len(pairs.ratios)} of the pairs in the time", f"≥ {LEAST_PAIRS}", "too noisy")
    covering = sum(ratio.low <= 1 <= ratio.high for ratio in pairs.ratios)
    width = float(np.median([half_width(ratio) for ratio in pairs.ratios]))
    logs = np.log([ratio.value for ratio in pairs.ratios])
    error = float(logs.std(ddof=1) / math.sqrt(len(logs)))
    biased = abs(logs.mean()) > max(MOST_HALF_WIDTH, 3 * error)
    fit = covering >= LEAST_COVERAGE * len(pairs.ratios) and width <= MOST_HALF_WIDTH
    figure = (
        f"{covering} of {len(pairs.ratios)} intervals contain 1, median half-width {width:.1%}, mean ratio "
        f"{math.exp(logs.mean()):.3f}"
    )
    required = f"≥ {LEAST_COVERAGE:.0%}, ≤ {MOST_HALF_WIDTH:.0%}, 1"
    return Check(name, figure, required, "failed" if biased else "passed" if fit else "too noisy")


def _check_known_ratio(known: KnownRatio) -> Check:
    ratio = known.ratio
    if ratio is None:
        return Check(
            f"known truth, {known.name}", "too slow for an interval", f"{TRUE_RATIO:.2f} ± {TOLERANCE}", "too noisy"
        )
    near = abs(ratio.value - TRUE_RATIO) <= TOLERANCE
    result: Result = "failed"
    if near and half_width(ratio) <= 2 * MOST_HALF_WIDTH:  # a wider interval may be near the truth by luck
        result = "passed"
    elif (
        ratio.low <= TRUE_RATIO + TOLERANCE and ratio.high >= TRUE_RATIO - TOLERANCE
    ):  # the tolerance and the interval overlap
        result = "too noisy"
    figure = f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"
    return Check(f"known truth, {known.name}", figure, f"{TRUE_RATIO:.2f} ± {TOLERANCE}", result)


def _check_stored_answers(stored: StoredAnswerCheck) -> Check:
    faults = []
    if not stored.real_passes:
        faults.append("a real server was taken for a stored answer")
    if not stored.stored_is_detected:
        faults.append("a stored answer passed as a real server")
    return Check(
        f"stored answers, {stored.name}",
        "; ".join(faults) or "a server that answers from memory is found out",
        "found out",
        "failed" if faults else "passed",
    )


def _check_flops(counts: FlopCounts) -> Check:
    return Check(
        f"FLOPs, {counts.name}",
        f"{counts.different} of {counts.shapes} shapes differ from its own counter",
        "0",
        "failed" if counts.different or not counts.shapes else "passed",
    )


def total(parts: Sequence[Measurements]) -> Measurements:
    """The measurements of several backends as one."""
    return Measurements(
        pairs=tuple(pairs for part in parts for pairs in part.pairs),
        known_ratios=tuple(known for part in parts for known in part.known_ratios),
        stored_answers=tuple(stored for part in parts for stored in part.stored_answers),
        flops=tuple(counts for part in parts for counts in part.flops),
        failures=tuple(failure for part in parts for failure in part.failures),
    )
