"""Across datasets: the Bayesian signed-rank test, one value per dataset.

Benavoli et al., "A Bayesian Wilcoxon signed-rank test based on the Dirichlet process" (ICML 2014), with the region of
practical equivalence of Benavoli et al., "Time for a change" (JMLR 18, 2017). A Dirichlet posterior puts random
weights on the datasets and on one pseudo-observation at 0; in each draw, the weight of all pairs whose (Walsh) average
is above, within or below the region says which of the three is the likeliest, and the share of draws that one wins is
its probability.

baycomp is the oracle in the tests and not the implementation: it takes a legacy integer seed where the project hands
Generators about, loops over the draws in Python, and gives every tie to the first arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.stats.correlated_t_test import ROPE


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
    draws: int = 50_000,
    prior: float = 0.5,
) -> SignedRank:
    """The Bayesian signed-rank test on one difference in skill (joint - other) per dataset.

    ``differences``: (datasets,); never several outputs or folds of one dataset, which are not independent datasets.
    ``prior``: the weight of the pseudo-observation at 0 (0.5 is baycomp's). The probabilities are exact to about
    0.5 / sqrt(draws). Raises ValueError for no dataset, a value that is not finite, a negative rope, no draws.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError("differences must be a flat array with one finite number per dataset, and at least one")
    if not rope >= 0:
        raise ValueError(f"the region of practical equivalence must be 0 or wider, not {rope}")
    if draws < 1 or not prior > 0:
        raise ValueError("at least 1 draw and a prior weight above 0 are needed")

    atoms = np.concatenate(([0.0], values))
    sums = atoms[:, None] + atoms[None, :]  # twice the Walsh averages; a pair on the edge counts half on each side
    above = (sums > 2 * rope) + 0.5 * (sums == 2 * rope)
    below = (sums < -2 * rope) + 0.5 * (sums == -2 * rope)
    weights = generator.dirichlet(np.concatenate(([prior], np.ones(values.size))), draws)  # (draws, atoms)
    joint = np.einsum("di,ij,dj->d", weights, above, weights, optimize=True)
    other = np.einsum("di,ij,dj->d", weights, below, weights, optimize=True)

    shares = np.stack([joint, 1.0 - joint - other, other])
    wins = shares >= shares.max(axis=0) - 1e-12  # a tie is split: to give it to one side would break the symmetry
    joint_better, equivalent, other_better = (wins / wins.sum(axis=0)).mean(axis=1)
    return SignedRank(values.size, rope, float(joint_better), float(equivalent), float(other_better))
