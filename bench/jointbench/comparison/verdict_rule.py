"""The verdict rule, of an output and of a dataset: the one that the decision, the outlook and the calibration follow.

Of an output, the verdict is the one of "joint", "equivalent" and "separate" that is probable enough. Of a dataset, two
kinds of mistake each have a probability of at most 1 - probability:
"joint" needs EVERY output to be safe, so each output's own probability suffices: a wrong recommendation needs the
output that loses to look safe (an intersection-union test, Berger, Technometrics 24, 1982).
"separate" needs SOME output to lose. Among many equal outputs some looks worse by chance, so the probabilities of not
losing are corrected for the number of outputs as p-values are (Holm 1979). They are p-values: those of the one-sided t-test of "the
loss is at most the region".
With one output nothing changes; with 14 the output that looks worst needs 0.9964 instead of 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointbench.comparison.criteria import VerdictCriteria
from jointbench.comparison.verdict import OutputVerdict
from jointbench.stats.corrected_t_test import holm
from jointbench.stats.correlated_t_test import Posterior, RegionProbabilities

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Whether each verdict holds, arrays of one shape; where none does, the case is open."""

    joint: Bools
    equivalent: Bools
    separate: Bools

    @property
    def decided(self) -> Bools:
        return np.asarray(self.joint | self.equivalent | self.separate)


def output_verdicts(probabilities: RegionProbabilities, criteria: VerdictCriteria) -> Verdicts:
    """The verdicts of outputs, each on its own; the shape is that of the probabilities."""
    enough = criteria.probability
    return Verdicts(
        joint=np.asarray(probabilities.joint_better >= enough),
        equivalent=np.asarray(probabilities.equivalent >= enough),
        separate=np.asarray(probabilities.other_better >= enough),
    )


def output_verdict(belief: Posterior, criteria: VerdictCriteria) -> OutputVerdict:
    """The verdict of one output.

    criteria: of this output alone. Raises ValueError where the posterior's region is not the criteria's: its
    probabilities would be of other questions.
    """
    if belief.rope != criteria.rope:
        raise ValueError(f"the posterior has a region of ±{belief.rope:g}, the criteria of ±{criteria.rope:g}")
    return _name(output_verdicts(belief.probabilities, criteria))


def losing_outputs(probabilities: RegionProbabilities, criteria: VerdictCriteria) -> Bools:
    """(outputs, ...): is it credible that the output loses more than the region, for so many outputs?"""
    return np.asarray(holm(1.0 - probabilities.other_better) <= 1.0 - criteria.probability)


def safe_outputs(probabilities: RegionProbabilities, criteria: VerdictCriteria) -> Bools:
    """(outputs, ...): is it credible that the output loses no more than the region?"""
    return np.asarray(probabilities.no_loss >= criteria.probability)


def dataset_verdicts(probabilities: RegionProbabilities, criteria: VerdictCriteria, *, saves: bool) -> Verdicts:
    """The verdicts of datasets from the probabilities of their outputs, (outputs, ...); the shape is without outputs.

    saves: some measured cost of joint is lower. "separate" if some output loses; "joint" if every output is safe and
    joint saves; "equivalent" if every output is equivalent, unless it is one of the two.
    """
    loses = losing_outputs(probabilities, criteria).any(axis=0)
    joint = safe_outputs(probabilities, criteria).all(axis=0) & ~loses & saves
    equivalent = output_verdicts(probabilities, criteria).equivalent.all(axis=0) & ~loses & ~joint
    return Verdicts(joint=np.asarray(joint), equivalent=np.asarray(equivalent), separate=np.asarray(loses))


def dataset_verdict(probabilities: RegionProbabilities, criteria: VerdictCriteria, *, saves: bool) -> OutputVerdict:
    """The verdict of one dataset from the probabilities of its outputs, (outputs,)."""
    return _name(dataset_verdicts(probabilities, criteria, saves=saves))


def _name(verdicts: Verdicts) -> OutputVerdict:
    """The verdict of a single case."""
    if verdicts.joint:
        return "joint"
    if verdicts.separate:
        return "separate"
    return "equivalent" if verdicts.equivalent else "open"
