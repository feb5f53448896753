"""Everything that ``jointbench calibrate`` found, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jointbench.calibration.candidates import CandidateRates, candidate_rates
from jointbench.calibration.coverage import Coverage, coverages
from jointbench.calibration.draw_study import Draw
from jointbench.calibration.known_truth import Trial
from jointbench.calibration.procedure import ProcedureRates, procedure_rates
from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.stats.interval_candidates import CHOSEN

CALIBRATION_SCHEMA_VERSION = 2


@dataclass(frozen=True, kw_only=True)
class CalibrationStudy:
    """Rates of intervals and of decisions on draws from populations, and verdicts on tasks of known truth.

    draws: how many; procedure: by the chosen interval. Each part is empty where it did not run.
    """

    rope: float
    probability: float
    chosen: str
    draws: int
    candidates: tuple[CandidateRates, ...]
    coverages: tuple[Coverage, ...]
    procedure: tuple[ProcedureRates, ...]
    trials: tuple[Trial, ...]


def calibration_study(
    draws: Sequence[Draw], trials: Sequence[Trial], criteria: VerdictCriteria = DEFAULT_CRITERIA
) -> CalibrationStudy:
    """The rates of these draws and trials."""
    rates = coverages(draws, criteria)
    return CalibrationStudy(
        rope=criteria.rope,
        probability=criteria.probability,
        chosen=CHOSEN,
        draws=len(draws),
        candidates=candidate_rates(rates),
        coverages=rates,
        procedure=procedure_rates(draws, CHOSEN, criteria),
        trials=tuple(trials),
    )
