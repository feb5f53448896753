"""How often each interval holds the truth of a population, how wide it is, and which verdicts follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.calibration.draw_study import Draw, DrawnOutput
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.comparison.verdict_rule import output_verdict
from jointbench.stats.correlated_t_test import posterior
from jointbench.stats.interval_candidates import CANDIDATES
from jointbench.stats.row_level import StudentT

REPEATS = (1, 2, 4, 8)
FEWEST_DRAWS = 10  # of which a share says something


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """One interval for one output of one population at one number of rows, after so many repeats.

    truth: mean over draws of the difference in skill on the other rows, truth_error its standard error; skill. coverage:
    share of draws whose 95 % interval, widened by the truth's own error, holds the truth. half_width: median, in skill.
    wrong_joint: share with the verdict "joint" or "equivalent" where the truth is a loss beyond the region;
    wrong_separate: share with "separate" where it is none; open: share without a verdict. seconds: of processor time,
    mean of a draw with all its repeats.
    """

    population: str
    rows: int
    output: str
    loss: str
    method: str
    repeats: int
    draws: int
    truth: float
    truth_error: float
    coverage: float
    half_width: float
    wrong_joint: float
    wrong_separate: float
    open: float
    seconds: float

    @property
    def place(self) -> tuple[str, int, str, str, int]:
        """What every candidate was measured on."""
        return self.population, self.rows, self.output, self.loss, self.repeats


def coverages(draws: Sequence[Draw], criteria: VerdictCriteria = DEFAULT_CRITERIA) -> tuple[Coverage, ...]:
    """Every candidate interval on every output after every number of repeats that enough draws have."""
    grouped: dict[tuple[str, int, str, str], list[tuple[Draw, DrawnOutput]]] = defaultdict(list)
    for draw in draws:
        for drawn in draw.outputs:
            grouped[draw.population, draw.rows, drawn.output, drawn.loss].append((draw, drawn))
    return tuple(rate for key, group in sorted(grouped.items()) for rate in _of_output(key, group, criteria))


def _of_output(
    key: tuple[str, int, str, str], group: Sequence[tuple[Draw, DrawnOutput]], criteria: VerdictCriteria
) -> Iterator[Coverage]:
    truth, error = truth_of([drawn for _, drawn in group])
    for repeats in REPEATS:
        for method in CANDIDATES:
            known = [
                (draw, belief) for draw, drawn in group if (belief := believed(method, drawn, repeats)) is not None
            ]
            if len(known) >= FEWEST_DRAWS:
                yield _coverage(key, method, repeats, known, (truth, error), criteria)


def truth_of(outputs: Sequence[DrawnOutput]) -> tuple[float, float]:
    """(mean over draws, its standard error) of the difference in skill on the other rows; the error of one is NaN."""
    truths = np.array([drawn.truth for drawn in outputs])
    error = float(truths.std(ddof=1) / np.sqrt(len(truths))) if len(truths) > 1 else float("nan")
    return float(truths.mean()), error


def believed(method: str, drawn: DrawnOutput, repeats: int) -> StudentT | None:
    """What a candidate makes of an output after so many repeats; None where too little is known, or fewer were
    studied."""
    evidence = drawn.evidence[repeats - 1] if repeats <= len(drawn.evidence) else None
    return None if evidence is None else CANDIDATES[method](evidence)


def _coverage(
    key: tuple[str, int, str, str],
    method: str,
    repeats: int,
    believed: Sequence[tuple[Draw, StudentT]],
    true: tuple[float, float],
    criteria: VerdictCriteria,
) -> Coverage:
    population, rows, output, loss = key
    truth, error = true
    known = [posterior(belief.mean, belief.scale, belief.df, criteria.rope) for _, belief in believed]
    means, halves = np.array([p.mean for p in known]), np.array([(p.high - p.low) / 2 for p in known])
    verdicts = np.array([output_verdict(p, criteria) for p in known])
    loses, lossless = truth + 2 * error < -criteria.rope, truth - 2 * error > -criteria.rope
    return Coverage(
        population=population,
        rows=rows,
        output=output,
        loss=loss,
        method=method,
        repeats=repeats,
        draws=len(known),
        truth=truth,
        truth_error=error,
        coverage=_share(np.abs(means - truth) <= np.hypot(halves, 1.96 * error)),
        half_width=float(np.median(halves)),
        wrong_joint=_share(np.isin(verdicts, ("joint", "equivalent"))) if loses else 0.0,
        wrong_separate=_share(verdicts == "separate") if lossless else 0.0,
        open=_share(verdicts == "open"),
        seconds=float(np.mean([draw.seconds for draw, _ in believed])),
    )


def _share(values: npt.NDArray[np.bool_]) -> float:
    return float(np.mean(values))
