"""Which partition of the outputs a searched arm has in each run: the one with the least loss on the validation rows.

The loss of a partition is the mean over the outputs of each one's validation loss over its no-skill loss, in its group's
network at that network's best epoch. No test row is looked at, so what the search takes for good by chance is not in
the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jointbench.comparison.tuned import summed_flops
from jointbench.networks.partitions import EXHAUSTIVE, likely_partitions, partitions
from jointbench.records import Candidate, Fit, PlannedArm, Screen, SearchedArm
from jointbench.types import FloatArray, Partition

BUDGETS = (1.0, 1.5, 2.0)  # multiples of the joint network's parameters and FLOPs of a request
FAILED = 1e6  # the loss of an output whose network failed, for a prediction, which adds and subtracts
LIKELY = 4  # predicted partitions of which the networks are trained, under each budget


@dataclass(frozen=True)
class Search:
    """One run of a searched arm: what its candidates came to."""

    searched: SearchedArm
    fits: Mapping[str, Fit]
    run: int

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """As they are in the largest group, which is all of them."""
        return self.whole.group

    @cached_property
    def whole(self) -> Candidate:
        return whole_of(self.searched)

    @property
    def place(self) -> tuple[int, int, int] | None:
        """Its repeat, fold and seed; None before anything of it was trained."""
        for candidate in self.searched.candidates:
            if (fit := self.fits.get(candidate.network_ids[self.run])) is not None:
                return fit.network.repeat, fit.network.fold, fit.network.seed
        return None

    @cached_property
    def losses(self) -> dict[tuple[str, ...], FloatArray]:
        """By group, (its outputs,): of the networks that were trained without a failure."""
        known = {}
        for candidate in self.searched.candidates:
            fit = self.fits.get(candidate.network_ids[self.run])
            if fit is not None and fit.failure is None and len(fit.validation_loss):
                losses = np.asarray(fit.validation_loss[fit.best_epoch], dtype=np.float64)
                known[candidate.group] = np.where(np.isfinite(losses), losses, 0.0)  # without a row to validate on
        return known

    @cached_property
    def pairs(self) -> FloatArray:
        """(outputs, outputs): the loss of an output beside another one, alone on the diagonal; infinite where its
        network failed, NaN of a pair that was screened out."""
        place = {name: i for i, name in enumerate(self.outputs)}
        table = np.full((len(place), len(place)), math.nan)
        for candidate in self.searched.candidates:
            if len(candidate.group) <= 2 and candidate.network_ids[self.run]:
                losses = self.losses.get(candidate.group, np.full(len(candidate.group), math.inf))
                first, last = place[candidate.group[0]], place[candidate.group[-1]]
                table[first, last] = losses[0]
                table[last, first] = losses[-1]
        return table

    @property
    def predicted(self) -> FloatArray:
        """``pairs`` for a prediction. Of a pair that was screened out an output gains nothing, and loses as much as beside
        the worst of those partners that it was trained with, which have more in common with it."""
        finite = np.isfinite(self.pairs)
        worst = np.where(finite, self.pairs, 0.0).max(axis=1)  # or alone
        guess = np.where(finite.any(axis=1), worst, FAILED)[:, None]
        return np.minimum(np.where(np.isnan(self.pairs), guess, self.pairs), FAILED)

    @cached_property
    def proposed(self) -> list[Partition]:
        """The partitions that are compared: all, or of many outputs those that the pairs predict to be the best under
        each budget, and the coarsest and the finest."""
        if len(self.outputs) <= EXHAUSTIVE:
            return list(partitions(self.outputs))
        found: dict[Partition, None] = {(self.outputs,): None, tuple((name,) for name in self.outputs): None}
        for most in sorted({self._most_groups(times) for times in (*BUDGETS, math.inf)} - {1}):
            for places in likely_partitions(self.predicted, LIKELY, most):
                found[tuple(tuple(self.outputs[i] for i in group) for group in places)] = None
        return list(found)

    def _most_groups(self, times: float) -> int:
        """How many networks this multiple of the joint network's parameters pays for: all have the same trunk."""
        alone = sum(c.parameters for c in self.searched.candidates if len(c.group) == 1)
        outputs, whole = len(self.outputs), self.whole.parameters
        trunk = (alone - whole) / (outputs - 1)
        if times == math.inf or trunk <= 0:
            return outputs
        return min(outputs, 1 + int((times - 1) * whole / trunk))

    def loss(self, partition: Partition) -> float:
        """Infinite where a network of it failed or was not trained."""
        losses = [self.losses.get(group) for group in partition]
        return sum(math.inf if own is None else float(own.sum()) for own in losses) / len(self.outputs)

    def best(self, times: float = math.inf) -> Partition:
        """The one of the least loss within a budget; of equal ones that of the fewest networks. Each output alone where
        every network failed."""
        affordable = [partition for partition in self.proposed if self._affordable(partition, times)]
        best = min(affordable, key=lambda partition: (self.loss(partition), len(partition)))
        return best if self.loss(best) < math.inf or times < math.inf else tuple((name,) for name in self.outputs)

    def _affordable(self, partition: Partition, times: float) -> bool:
        """Within these multiples of the joint network's parameters and FLOPs of a request, as far as it is known."""
        by_group = {candidate.group: candidate for candidate in self.searched.candidates}
        if any(group not in by_group for group in partition):
            return False
        members = [by_group[group] for group in partition]
        return (
            sum(c.parameters for c in members) <= times * self.whole.parameters
            and sum(c.inference_flops_per_row for c in members) <= times * self.whole.inference_flops_per_row
        )


def whole_of(searched: SearchedArm) -> Candidate:
    """The group of all outputs."""
    return max(searched.candidates, key=lambda candidate: len(candidate.group))


def table_of(screen: Screen, outputs: int) -> FloatArray:
    """(outputs, outputs): the overlaps of a screen; NaN where there are none, and on the diagonal."""
    table = np.full((outputs, outputs), math.nan)
    if screen.failure is None:
        above = np.triu_indices(outputs, 1)
        table[above] = table.T[above] = [math.nan if value is None else value for value in screen.overlaps]
    return table


def runs_of(searched: SearchedArm, fits: Mapping[str, Fit]) -> list[Search]:
    """The search of every run."""
    return [Search(searched, fits, run) for run in range(len(searched.candidates[0].network_ids))]


def searched_arm(
    planned: PlannedArm, searched: SearchedArm, fits: Mapping[str, Fit], times: float = math.inf
) -> PlannedArm:
    """The arm in the partition that each run chooses within a budget. Its groups, shapes and costs per row are those of
    its first run, which is the one that is timed."""
    by_group = {candidate.group: candidate for candidate in searched.candidates}
    chosen = tuple(search.best(times) for search in runs_of(searched, fits))
    first = [by_group[group] for group in chosen[0]]
    return replace(
        planned,
        arm=replace(planned.arm, groups=chosen[0]),
        partitions=chosen,
        network_ids=tuple(by_group[group].network_ids[run] for run, groups in enumerate(chosen) for group in groups),
        shapes=tuple(candidate.shape for candidate in first),
        parameters=sum(candidate.parameters for candidate in first),
        train_flops_per_row=sum(candidate.train_flops_per_row for candidate in first),
        inference_flops_per_row=sum(candidate.inference_flops_per_row for candidate in first),
        flops=summed_flops([candidate.flops for candidate in first]),
    )


def best_partition(searched: SearchedArm, fits: Mapping[str, Fit]) -> Partition:
    """Of the partitions that runs chose, and that the most runs trained, the one that is best over all of these: by how
    much less its loss is than the joint network's in the same run."""
    searches = runs_of(searched, fits)
    gains: dict[Partition, list[float]] = {}
    for partition in dict.fromkeys(search.best() for search in searches):
        found = [search.loss(partition) - search.loss((search.outputs,)) for search in searches]
        gains[partition] = [gain for gain in found if math.isfinite(gain)]
    return min(gains, key=lambda partition: (-len(gains[partition]), sum(gains[partition])))


def in_one_partition(planned: PlannedArm, searched: SearchedArm, partition: Partition) -> PlannedArm:
    """The arm in this partition, with the networks of its groups from all runs that have them."""
    members = [candidate for candidate in searched.candidates if candidate.group in partition]
    return replace(
        planned,
        arm=replace(planned.arm, groups=tuple(candidate.group for candidate in members)),
        shapes=tuple(candidate.shape for candidate in members),
        network_ids=tuple(name for candidate in members for name in candidate.network_ids if name),
    )


def with_partitions(
    arms: Sequence[PlannedArm], searched: Sequence[SearchedArm], fits: Mapping[str, Fit]
) -> list[PlannedArm]:
    """The arms, those that are searched in the partitions chosen."""
    by_name = {arm.arm: arm for arm in searched}
    return [
        planned if (arm := by_name.get(planned.arm.name)) is None else searched_arm(planned, arm, fits)
        for planned in arms
    ]
