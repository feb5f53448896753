"""Trains new heads on trunks that were trained for another output: the trunk frozen, or fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Trained
from jointbench.backends.protocols import ServingBackend
from jointbench.explain.lost_fits import lost_fits
from jointbench.explain.new_heads import both_heads, fine_tuning_job, frozen_train_flops_per_row, frozen_trunk_job
from jointbench.explain.skill import skill_of
from jointbench.explain.stacked_jobs import fit_jobs
from jointbench.explain.trained_networks import (
    TrainedNetwork,
    compared_outputs,
    first_folds,
    layers_of,
    study_networks,
)
from jointbench.networks.flops import forward_flops, inference_flops_per_row, train_flops_per_row
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment
from jointbench.types import Float32Array

SCRATCH, FROZEN, TUNED = "from scratch", "frozen trunk", "fine-tuned"
MAX_OUTPUTS = 3  # six ordered pairs
Networks = Mapping[tuple[str, int], TrainedNetwork]  # by output and fold


@dataclass(frozen=True, eq=False)
class WayResult:
    """One way to train a network for the second output: skill by fold, and training FLOPs, mean over folds."""

    skill: Mapping[int, float]
    train_flops: float

    @property
    def mean_skill(self) -> float:
        return float(np.mean(list(self.skill.values())))


@dataclass(frozen=True, eq=False, kw_only=True)
class TransferPair:
    """From a trunk trained for ``source`` to ``target``. ways: by SCRATCH, FROZEN and TUNED; empty without a fold.

    shared_inference: FLOPs of answering both outputs with one trunk, over those of two networks. one_pass: largest
    difference between the answers of one network with both heads on the frozen trunk and of two networks.
    source_before: skill of the source's head, by fold, on its own trunk; source_after: on the fine-tuned trunk.
    """

    source: str
    target: str
    ways: Mapping[str, WayResult]
    shared_inference: float
    one_pass: float
    source_before: Mapping[int, float]
    source_after: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class TransferResult:
    """Every ordered pair of outputs, over so many folds; lost: fits that failed, in words."""

    pairs: tuple[TransferPair, ...]
    folds: int
    lost: str = ""


@dataclass(frozen=True)
class _Cell:
    """One fold of one pair."""

    source: str
    target: str
    fold: int


@dataclass(frozen=True, eq=False)
class _CellResult:
    """The pair's networks in one fold, all trained without failure. one_pass: as in TransferPair.

    source_after: raw values of the source's head on the fine-tuned trunk, (test rows, units).
    """

    source: TrainedNetwork
    target: TrainedNetwork
    frozen: Trained
    tuned: Trained
    one_pass: float
    source_after: Float32Array


def measure(experiment: Experiment, backend: str, workers: Workers) -> TransferResult:
    """Every ordered pair of the first outputs, on every fold, with the first seed's networks.

    Raises BadInput for a dataset with a single output.
    """
    outputs = compared_outputs(experiment)[:MAX_OUTPUTS]
    study = study_networks(experiment, backend, workers)
    networks = {
        (network.group[0], network.fold): network
        for network in study.networks
        if network.number == 0 and len(network.group) == 1 and network.group[0] in outputs
    }
    pairs = [(source, target) for source in outputs for target in outputs if source != target]
    folds = range(len(first_folds(experiment)))
    cells = [
        _Cell(source, target, fold)
        for source, target in pairs
        for fold in folds
        if (source, fold) in networks and (target, fold) in networks
    ]
    by_pair: dict[tuple[str, str], dict[int, _CellResult]] = {pair: {} for pair in pairs}
    results, failures = _train_cells(cells, networks, workers)
    for cell, result in results.items():
        by_pair[cell.source, cell.target][cell.fold] = result
    return TransferResult(
        tuple(_pair(experiment, source, target, by_fold) for (source, target), by_fold in by_pair.items()),
        len(folds),
        lost_fits([*study.failures, *failures]),
    )


def _train_cells(
    cells: Sequence[_Cell], networks: Networks, workers: Workers
) -> tuple[dict[_Cell, _CellResult], list[str | None]]:
    """The cells whose networks were all trained, and the failure of every fit.

    Stacks as many networks as have one architecture.
    """
    activations = _trunk_activations(networks, workers)
    sources = [networks[cell.source, cell.fold] for cell in cells]
    targets = [networks[cell.target, cell.fold] for cell in cells]
    frozen_jobs = [
        frozen_trunk_job(target.job, activations[cell.source, cell.fold], source)
        for cell, source, target in zip(cells, sources, targets, strict=True)
    ]
    tuning_jobs = [fine_tuning_job(target.job, source) for source, target in zip(sources, targets, strict=True)]
    trained = list(zip(fit_jobs(frozen_jobs, workers), fit_jobs(tuning_jobs, workers), strict=True))
    pending = {
        cell: (source, target, frozen, tuned, workers.submit(_serve_both, source, frozen, tuned))
        for cell, source, target, (frozen, tuned) in zip(cells, sources, targets, trained, strict=True)
        if frozen.failure is None and tuned.failure is None
    }
    results = {
        cell: _CellResult(source, target, frozen, tuned, *future.result())
        for cell, (source, target, frozen, tuned, future) in pending.items()
    }
    return results, [fit.failure for fits in trained for fit in fits]


def _trunk_activations(networks: Networks, workers: Workers) -> dict[tuple[str, int], Float32Array]:
    """The last trunk layer's activations of all rows, (rows, units), by output and fold."""
    pending = {
        key: workers.submit(layers_of, [(network.job.architecture, network.trained.weights)], network.job.features)
        for key, network in networks.items()
    }
    return {key: future.result()[0][-1] for key, future in pending.items()}


def _serve_both(
    backend: ServingBackend, source: TrainedNetwork, frozen: Trained, tuned: Trained
) -> tuple[float, Float32Array]:
    """(one_pass, source_after) of a ``_CellResult``. A worker's task."""
    rows = source.job.features[source.job.test]
    (together,) = backend.server([both_heads(source, source.trained.weights, frozen.weights)])(rows)
    apart = np.hstack([source.trained.predictions, frozen.predictions])
    (after,) = backend.server([both_heads(source, tuned.weights, frozen.weights)])(rows)
    width = source.trained.predictions.shape[1]
    return float(np.abs(together - apart).max()), after[:, :width].astype(np.float32)


def _pair(experiment: Experiment, source: str, target: str, by_fold: Mapping[int, _CellResult]) -> TransferPair:
    if not by_fold:
        return TransferPair(
            source=source,
            target=target,
            ways={},
            shared_inference=float("nan"),
            one_pass=float("nan"),
            source_before={},
            source_after={},
        )
    splits = first_folds(experiment)
    first = next(iter(by_fold.values()))
    source_network, target_network = first.source.job.architecture, first.target.job.architecture

    def way(trained: Mapping[int, Trained], flops_per_row: int) -> WayResult:
        skill = {fold: skill_of(experiment, target, splits[fold], fit.predictions) for fold, fit in trained.items()}
        return WayResult(skill, flops_per_row * float(np.mean([fit.rows_seen for fit in trained.values()])))

    whole = train_flops_per_row([target_network])
    two_networks = inference_flops_per_row([source_network, target_network])
    trunk = sum(forward_flops(layer) for layer in (*source_network.convs, *source_network.trunk))
    return TransferPair(
        source=source,
        target=target,
        ways={
            SCRATCH: way({fold: cell.target.trained for fold, cell in by_fold.items()}, whole),
            FROZEN: way(
                {fold: cell.frozen for fold, cell in by_fold.items()}, frozen_train_flops_per_row(target_network)
            ),
            TUNED: way({fold: cell.tuned for fold, cell in by_fold.items()}, whole),
        },
        shared_inference=(two_networks - trunk) / two_networks,
        one_pass=max(cell.one_pass for cell in by_fold.values()),
        source_before={
            fold: skill_of(experiment, source, splits[fold], cell.source.trained.predictions)
            for fold, cell in by_fold.items()
        },
        source_after={
            fold: skill_of(experiment, source, splits[fold], cell.source_after) for fold, cell in by_fold.items()
        },
    )
