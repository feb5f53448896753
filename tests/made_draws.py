"""Draws from a made-up population whose truth is known: no difference on one output, a loss of 0.05 on the other."""

from __future__ import annotations

import numpy as np

from jointbench.calibration.draw_study import Draw, DrawnOutput
from jointbench.stats.row_level import VarianceEvidence

SCALE = 0.008  # of a mean after one repeat, half of its variance the rows'
LOSS = -0.05


def made_draws(count: int, repeats: int = 4, scale: float = SCALE) -> tuple[Draw, ...]:
    """Draws "p" of 600 rows. The means scatter as the evidence says."""
    rng = np.random.default_rng(0)
    draws = []
    for seed in range(count):
        outputs = tuple(_output(name, truth, repeats, scale, rng) for name, truth in (("same", 0.0), ("worse", LOSS)))
        draws.append(Draw("p", 600, seed, 1.0, 0.25, outputs))
    return tuple(draws)


def _output(name: str, truth: float, repeats: int, scale: float, rng: np.random.Generator) -> DrawnOutput:
    floor = scale**2 / 2
    own = rng.normal(truth, np.sqrt(floor))
    evidence = []
    for count in range(1, repeats + 1):
        noise = scale**2 / 2 / count
        evidence.append(
            VarianceEvidence(
                mean=float(own + rng.normal(0.0, np.sqrt(noise))),
                rows=floor + noise,
                single=scale**2,
                floor=floor if count > 1 else float("nan"),
                units=600,
                between=5 * scale**2,
                folds=5.0,
                repeats=count,
            )
        )
    return DrawnOutput(name, "squared", truth, tuple(evidence), (-2.0, 2.0))
