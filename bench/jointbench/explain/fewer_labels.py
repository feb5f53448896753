"""A split of which some labels are hidden from training: the same rows, features and test labels, fewer to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jointbench.backends.base import Job
from jointbench.data.preprocess import Prepared, prepare
from jointbench.study.plan import Experiment, job
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import IntArray, Network, Split


@dataclass(frozen=True, eq=False)
class FewerLabels:
    """experiment: of one split, on the table without the hidden labels. prepared: its arrays."""

    experiment: Experiment
    prepared: Prepared

    def job(self, network: Network) -> Job:
        """What a backend needs to train this network on the labels that are left."""
        return job(self.experiment, network, self.prepared)


def without_labels(experiment: Experiment, split: Split, hidden: Mapping[str, IntArray]) -> FewerLabels:
    """The split as if these rows had no label of these outputs. hidden: row numbers by output.

    The features are those of all rows, which have them with a label or without; only columns that are made from labels
    are made anew. What a regression output is standardised by comes from the labels that are left.
    """
    targets = dict(experiment.dataset.targets)
    for output, rows in hidden.items():
        targets[output] = targets[output].copy()
        targets[output][rows] = np.nan
    dataset = replace(experiment.dataset, targets=targets)
    whole = prepared_split(experiment, split.repeat, split.fold)
    prepared = prepare(dataset, split, None if whole.coded else whole.features)
    return FewerLabels(replace(experiment, dataset=dataset, splits=(split,)), prepared)


def split_of(experiment: Experiment, network: Network) -> Split:
    """The split that the network is trained in."""
    return next(s for s in experiment.splits if (s.repeat, s.fold) == (network.repeat, network.fold))


def raw_of(
    experiment: Experiment, network: Network, output: str, raw: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """One output's columns of a network's raw values (test rows, units), whose heads stand side by side."""
    start = 0
    for own in experiment.outputs(network.group):
        if own.name == output:
            return raw[:, start : start + own.units]
        start += own.units
    raise ValueError(f"{output!r} is no output of this network")
