"""The whole procedure on draws from populations: rounds that stop when decided, and how often the decision is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.calibration.coverage import FEWEST_DRAWS, REPEATS, believed, truth_of
from jointbench.calibration.draw_study import Draw, DrawnOutput
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.comparison.outlook import outlook
from jointbench.comparison.verdict import OutputVerdict
from jointbench.comparison.verdict_rule import dataset_verdict
from jointbench.stats.correlated_t_test import region_probabilities
from jointbench.stats.row_level import StudentT

LOG = "log"  # of the two losses of a class output, the one that verdicts are not made of


@dataclass(frozen=True, kw_only=True)
class ProcedureRates:
    """Decisions on a population at one number of rows, joint taken to save; shares of ``draws``.

    most_repeats: after which the rounds ended. joint, equivalent, separate, undecidable, open: what it came to;
    undecidable: no training can decide at this size. wrong_joint: "joint" or "equivalent" where some output truly loses
    more than the region; wrong_separate: "separate" where none does; NaN where the truth is too near to the region's
    edge to say. repeats: mean number that was trained.
    """

    population: str
    rows: int
    method: str
    most_repeats: int
    draws: int
    joint: float
    equivalent: float
    separate: float
    undecidable: float
    open: float
    wrong_joint: float
    wrong_separate: float
    repeats: float


@dataclass(frozen=True)
class _Ending:
    """What the rounds on one draw came to."""

    verdict: OutputVerdict
    undecidable: bool
    repeats: int


def procedure_rates(
    draws: Sequence[Draw], method: str, criteria: VerdictCriteria = DEFAULT_CRITERIA
) -> tuple[ProcedureRates, ...]:
    """For every population, number of rows and last round that enough draws have."""
    grouped: dict[tuple[str, int], list[Draw]] = defaultdict(list)
    for draw in draws:
        grouped[draw.population, draw.rows].append(draw)
    return tuple(
        _rates(group, method, most, criteria)
        for _, group in sorted(grouped.items())
        for most in REPEATS
        if sum(_studied(draw) >= most for draw in group) >= FEWEST_DRAWS
    )


def _studied(draw: Draw) -> int:
    return len(draw.outputs[0].evidence)


def _judged(draw: Draw) -> list[DrawnOutput]:
    return [drawn for drawn in draw.outputs if drawn.loss != LOG]


def _rates(draws: Sequence[Draw], method: str, most: int, criteria: VerdictCriteria) -> ProcedureRates:
    loses, safe = _truly(draws, criteria)
    endings = [_rounds(draw, method, most, criteria) for draw in draws if _studied(draw) >= most]
    verdicts = np.array([ending.verdict for ending in endings])
    undecidable = np.array([ending.undecidable for ending in endings])

    def share(*names: str) -> float:
        return float(np.isin(verdicts, names).mean())

    return ProcedureRates(
        population=draws[0].population,
        rows=draws[0].rows,
        method=method,
        most_repeats=most,
        draws=len(endings),
        joint=share("joint"),
        equivalent=share("equivalent"),
        separate=share("separate"),
        undecidable=float(undecidable.mean()),
        open=float((~undecidable & (verdicts == "open")).mean()),
        wrong_joint=share("joint", "equivalent") if loses else 0.0 if safe else float("nan"),
        wrong_separate=share("separate") if safe else 0.0 if loses else float("nan"),
        repeats=float(np.mean([ending.repeats for ending in endings])),
    )


def _truly(draws: Sequence[Draw], criteria: VerdictCriteria) -> tuple[bool, bool]:
    """(some output loses more than the region, none does), each beyond twice the truth's own error."""
    names = [(drawn.output, drawn.loss) for drawn in _judged(draws[0])]
    truths = [
        truth_of([drawn for draw in draws for drawn in draw.outputs if (drawn.output, drawn.loss) == name])
        for name in names
    ]
    loses = any(truth + 2 * error < -criteria.rope for truth, error in truths)
    return loses, all(truth - 2 * error > -criteria.rope for truth, error in truths)


def _rounds(draw: Draw, method: str, most: int, criteria: VerdictCriteria) -> _Ending:
    outputs = _judged(draw)
    repeats = 1
    for repeats in (count for count in REPEATS if count <= most):
        beliefs = [belief for drawn in outputs if (belief := believed(method, drawn, repeats)) is not None]
        if len(beliefs) < len(outputs):
            continue
        if (verdict := _verdict(beliefs, criteria)) != "open":
            return _Ending(verdict, False, repeats)
        names = [drawn.output for drawn in outputs]
        if outlook(names, beliefs, criteria, saves=True).undecidable:
            return _Ending("open", True, repeats)
    return _Ending("open", False, repeats)


def _verdict(beliefs: Sequence[StudentT], criteria: VerdictCriteria) -> OutputVerdict:
    mean, scale, df = (np.array([getattr(belief, field) for belief in beliefs]) for field in ("mean", "scale", "df"))
    return dataset_verdict(region_probabilities(mean, scale, df, criteria.rope), criteria, saves=True)
