"""Every way to an interval that was considered, from the same evidence: what the calibration on populations compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jointbench.stats.row_level import StudentT, VarianceEvidence, moderated_t

MANY = 1e6  # degrees of freedom of what is as good as normal


def correlated_t(evidence: VarianceEvidence) -> StudentT:
    """Means of folds, with the correction for overlap of Nadeau & Bengio (2003): s^2 (1/n + 1/(K - 1)), n - 1 df."""
    n = evidence.folds * evidence.repeats
    variance = evidence.between * (1 / n + 1 / (evidence.folds - 1))
    return StudentT(evidence.mean, float(np.sqrt(variance)), n - 1, float(np.sqrt(evidence.floor)))


def rows_alone(evidence: VarianceEvidence) -> StudentT:
    """The rows' part alone (Bayle et al. 2020)."""
    return StudentT(evidence.mean, float(np.sqrt(evidence.rows)), evidence.units - 1, float(np.sqrt(evidence.floor)))


def rows_and_fits(evidence: VarianceEvidence, overlap: float = 0.0) -> StudentT:
    """The rows' part and what fold means vary beyond it, with Satterthwaite's degrees of freedom (Biometrics 2, 1946).

    overlap: added to 1/(folds * repeats) in the fits' part.
    """
    excess = max(0.0, evidence.between - evidence.single * evidence.folds)
    fits = excess * (1 / (evidence.folds * evidence.repeats) + overlap)
    variance = evidence.rows + fits
    parts = evidence.rows**2 / (evidence.units - 1) + fits**2 / (evidence.folds - 1)
    df = variance**2 / parts if parts else MANY
    return StudentT(evidence.mean, float(np.sqrt(variance)), float(df), float(np.sqrt(evidence.floor)))


def rows_and_overlapping_fits(evidence: VarianceEvidence) -> StudentT:
    """The same with the correction for overlap on the fits' part only."""
    return rows_and_fits(evidence, 1 / (evidence.folds - 1))


def moderated_alone(evidence: VarianceEvidence) -> StudentT:
    """The moderated t without any overlap."""
    return moderated_t(replace(evidence, overlap=0.0))


USUAL, CHOSEN = "correlated t", "moderated t"
CANDIDATES: dict[str, Callable[[VarianceEvidence], StudentT]] = {
    USUAL: correlated_t,
    "rows alone": rows_alone,
    "rows + fits": rows_and_fits,
    "rows + overlapping fits": rows_and_overlapping_fits,
    CHOSEN: moderated_t,
    "moderated t, no overlap": moderated_alone,
}
