"""Across datasets: the Bayesian signed-rank test, one value per dataset.

Benavoli et al., "A Bayesian Wilcoxon signed-rank test based on the Dirichlet process" (ICML 2014), with the region of
practical equivalence of Benavoli et al., "Time for a change" (JMLR 18, 2017). A Dirichlet posterior puts random
weights on the datasets and on one pseudo-observation at 0. In each draw, every pair of them has a (Walsh) average
above, within or below the region, and the one of the three with the most weight wins. The share of draws that it wins
is its probability.

baycomp is what the tests compare with, not the implementation: it takes an integer seed instead of a Generator, loops
over the draws in Python, and gives every tie to the first arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.stats.correlated_t_test import ROPE

DRAWS = 50_000  # from the posterior
PRIOR = 0.5  # weight of the pseudo-observation at 0, as in baycomp


@dataclass(frozen=True)
class SignedRank:
    """P that on a further dataset joint is likeliest better, equivalent or other better; they sum to 1."""

    datasets: int
    rope: float
    probability_joint_better: float
    probability_equivalent: float
    probability_other_better: float


def signed_rank(
    differences: npt.ArrayLike,
    generator: np.random.Generator,
    *,
    rope: float = ROPE,
) -> SignedRank:
    """The Bayesian signed-rank test on one difference in skill (joint - other) per dataset.

    ``differences``: (datasets,); never several outputs or folds of one dataset, which are not independent datasets.
    The probabilities are exact to about 0.5 / sqrt(DRAWS).
    Raises ValueError for no dataset, a value that is not finite, a negative rope.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError("differences must be a flat array with one finite number per dataset, and at least one")
    if not rope >= 0:
        raise ValueError(f"the region of practical equivalence must be 0 or wider, not {rope}")
    atoms = np.concatenate(([0.0], values))
    sums = atoms[:, None] + atoms[None, :]  # twice the Walsh averages; a pair on the edge counts half on each side
    above = (sums > 2 * rope) + 0.5 * (sums == 2 * rope)
    below = (sums < -2 * rope) + 0.5 * (sums == -2 * rope)
    weights = generator.dirichlet(np.concatenate(([PRIOR], np.ones(values.size))), DRAWS)  # (draws, atoms)
    joint = np.einsum("di,ij,dj->d", weights, above, weights, optimize=True)
    other = np.einsum("di,ij,dj->d", weights, below, weights, optimize=True)

    shares = np.stack([joint, 1.0 - joint - other, other])
    wins = shares >= shares.max(axis=0) - 1e-12  # a tie is split: to give it to one side would break the symmetry
    joint_better, equivalent, other_better = (wins / wins.sum(axis=0)).mean(axis=1)
    return SignedRank(
        datasets=values.size,
        rope=rope,
        probability_joint_better=float(joint_better),
        probability_equivalent=float(equivalent),
        probability_other_better=float(other_better),
    )
