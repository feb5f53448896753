"""The outputs' gradients in the shared layers along training: cosines, lengths and shares of the update."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import TrunkGramians
from jointbench.stats.correlated_t_test import Posterior
from jointbench.types import FloatArray


@dataclass(frozen=True, eq=False)
class TrunkGradients:
    """The outputs' trunk gradients along training, and the outputs' skill.

    gramians: one entry a fit, (points, outputs, outputs) each. loss_weights: (outputs,) of each fit.
    joint_skill, separate_skill: mean of each output. skill_differences: the posterior of joint - separate.
    """

    outputs: tuple[str, ...]
    gramians: tuple[TrunkGramians, ...]
    loss_weights: tuple[FloatArray, ...]
    joint_skill: tuple[float, ...]
    separate_skill: tuple[float, ...]
    skill_differences: tuple[Posterior | None, ...]

    @property
    def cosines(self) -> FloatArray:
        """(fits, points, pairs): cosine of each pair of outputs on the step's own batch; NaN without a gradient."""
        return np.stack([cosines(gramians.batch) for gramians in self.gramians])

    @property
    def large_batch_cosines(self) -> FloatArray:
        """``cosines`` on up to LARGE_BATCH_ROWS rows."""
        return np.stack([cosines(gramians.large_batch) for gramians in self.gramians])

    @property
    def norms(self) -> FloatArray:
        """(fits, points, outputs): length of each output's weighted gradient on the step's own batch."""
        return np.stack(
            [
                np.sqrt(np.diagonal(gramians.batch, axis1=1, axis2=2)) * weights
                for gramians, weights in zip(self.gramians, self.loss_weights, strict=True)
            ]
        )

    @property
    def shares(self) -> FloatArray:
        """(fits, points, outputs): each output's part of the weighted gradient, its projection on it; sums to 1."""
        return np.stack(
            [
                shares(gramians.batch, weights)
                for gramians, weights in zip(self.gramians, self.loss_weights, strict=True)
            ]
        )

    @property
    def median_shares(self) -> FloatArray:
        """(outputs,): each output's share at the median step."""
        medians: FloatArray = np.nanmedian(self.shares, axis=(0, 1))
        return medians

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(itertools.combinations(self.outputs, 2))

    @property
    def skill_gains(self) -> list[float]:
        """Joint minus separate, by output."""
        return [joint - separate for joint, separate in zip(self.joint_skill, self.separate_skill, strict=True)]


def cosines(products: FloatArray) -> FloatArray:
    """(points, pairs) from inner products (points, outputs, outputs)."""
    norms = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    first, second = np.triu_indices(products.shape[1], 1)
    lengths = norms[:, first] * norms[:, second]
    result: FloatArray = np.divide(
        products[:, first, second], lengths, out=np.full(lengths.shape, np.nan), where=lengths > 0
    )
    return result


def shares(products: FloatArray, weights: FloatArray) -> FloatArray:
    """(points, outputs): weight_i g_i . G / |G|^2 with G the weighted sum; NaN where G is zero."""
    weighted = products * weights[:, None] * weights[None, :]
    along = weighted.sum(axis=2)
    whole = along.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(along, whole, out=np.full(along.shape, np.nan), where=whole > 0)
    return result
