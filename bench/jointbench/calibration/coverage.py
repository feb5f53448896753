"""How often each interval holds the truth of a population, how wide it is, and which verdicts follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.calibration.draw_study import Draw
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.verdict import PROBABILITY
from jointbench.compare.verdict_rule import output_verdict
from jointbench.stats.correlated_t_test import ROPE, Posterior, posterior
from jointbench.stats.interval_candidates import CANDIDATES
from jointbench.stats.row_level import VarianceEvidence


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """One interval for one output of one population at one number of rows.

    truth: mean over draws of the difference in skill on the other rows, truth_error its standard error; skill. coverage:
    share of draws whose 95 % interval, widened by the truth's own error, holds the truth. half_width: median, in skill.
    wrong_joint: share with the verdict "joint" or "equivalent" where the truth is a loss beyond the region;
    wrong_separate: share with "separate" where it is none; open: share without a verdict. seconds: mean of a draw.
    """

    population: str
    rows: int
    output: str
    loss: str
    method: str
    draws: int
    truth: float
    truth_error: float
    coverage: float
    half_width: float
    wrong_joint: float
    wrong_separate: float
    open: float
    seconds: float


def coverages(draws: Sequence[Draw], rope: float = ROPE, probability: float = PROBABILITY) -> tuple[Coverage, ...]:
    """Every candidate interval on every output, in the order in which they first occur."""
    grouped: dict[tuple[str, int, str, str], list[Draw]] = defaultdict(list)
    for draw in draws:
        for drawn in draw.outputs:
            if drawn.evidence is not None:
                grouped[draw.population, draw.rows, drawn.output, drawn.loss].append(draw)
    return tuple(
        _coverage(key, group, method, rope, probability)
        for key, group in grouped.items()
        if len(group) > 1
        for method in CANDIDATES
    )


def _coverage(
    key: tuple[str, int, str, str], draws: Sequence[Draw], method: str, rope: float, probability: float
) -> Coverage:
    population, rows, output, loss = key
    drawn = [next(o for o in draw.outputs if (o.output, o.loss) == (output, loss)) for draw in draws]
    truths = np.array([one.truth for one in drawn])
    truth, error = float(truths.mean()), float(truths.std(ddof=1) / np.sqrt(len(truths)))
    beliefs = [_belief(method, one.evidence, rope) for one in drawn if one.evidence is not None]
    means, halves = np.array([b.mean for b in beliefs]), np.array([(b.high - b.low) / 2 for b in beliefs])
    criteria = VerdictCriteria(rope, probability)
    verdicts = np.array([output_verdict(belief, criteria) for belief in beliefs])
    loses, lossless = truth + 2 * error < -rope, truth - 2 * error > -rope
    return Coverage(
        population=population,
        rows=rows,
        output=output,
        loss=loss,
        method=method,
        draws=len(drawn),
        truth=truth,
        truth_error=error,
        coverage=_share(np.abs(means - truth) <= np.hypot(halves, 1.96 * error)),
        half_width=float(np.median(halves)),
        wrong_joint=_share(np.isin(verdicts, ("joint", "equivalent"))) if loses else 0.0,
        wrong_separate=_share(verdicts == "separate") if lossless else 0.0,
        open=_share(verdicts == "inconclusive"),
        seconds=float(np.mean([draw.seconds for draw in draws])),
    )


def _belief(method: str, evidence: VarianceEvidence, rope: float) -> Posterior:
    student = CANDIDATES[method](evidence)
    return posterior(student.mean, student.scale, student.df, rope)


def _share(values: npt.NDArray[np.bool_]) -> float:
    return float(np.mean(values))
