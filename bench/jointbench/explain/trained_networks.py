"""A dataset's joint and separate networks with their weights, trained once for all questions that inspect them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from jointbench.backends.base import Job, RegressionLoss, Trained
from jointbench.backends.protocols import DiagnosedBackend, TrainingBackend, diagnostics_of
from jointbench.errors import BadInput
from jointbench.networks.architecture import Architecture
from jointbench.networks.arms import parse_arm
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment, job, plan_arms
from jointbench.study.prepared_tables import prepared_split
from jointbench.study.stacks import tasks_of
from jointbench.types import Float32Array, Network, Split, Weights

SEEDS = 2  # the fewest that show what a change of seed alone does
MAX_OUTPUTS = 4  # outputs are compared in pairs; only the first of more than this


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """One network of one fold. group: the outputs it serves; number: which of the fold's seeds it has, from 0."""

    group: tuple[str, ...]
    fold: int
    number: int
    job: Job
    trained: Trained


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """The networks that were trained; failures: of every fit, why it gave none, None where it did."""

    networks: tuple[TrainedNetwork, ...]
    failures: tuple[str | None, ...]


def first_folds(experiment: Experiment) -> tuple[Split, ...]:
    """The splits of the first repeat."""
    return tuple(split for split in experiment.splits if split.repeat == 0)


def compared_outputs(experiment: Experiment) -> list[str]:
    """All outputs, or the first MAX_OUTPUTS. Raises BadInput for a dataset with a single one."""
    names = [output.name for output in experiment.dataset.outputs]
    if len(names) < 2:
        raise BadInput(
            f"{experiment.dataset.slug} has one output, {names[0]!r}: there is nothing to share; "
            f"name a second with --target"
        )
    return names[:MAX_OUTPUTS]


@lru_cache(maxsize=2)
def study_networks(experiment: Experiment, backend: str, workers: Workers) -> TrainedNetworks:
    """The joint network and one for each compared output, on every fold of the first repeat, from SEEDS seeds.

    Cached, because several questions inspect the same networks.
    """
    alone = [(name,) for name in compared_outputs(experiment)]
    joint = tuple(output.name for output in experiment.dataset.outputs)
    return trained_networks(experiment, backend, workers, [joint, *alone])


def trained_networks(
    experiment: Experiment,
    backend: str,
    workers: Workers,
    groups: Sequence[tuple[str, ...]],
    regression_loss: RegressionLoss = "squared",
) -> TrainedNetworks:
    """A network for each group of outputs, on every fold of the first repeat, from SEEDS seeds."""
    chosen = replace(experiment, splits=first_folds(experiment), seeds=SEEDS)
    arms = [parse_arm("joint", experiment.dataset.outputs), parse_arm("separate", experiment.dataset.outputs)]
    _, planned = plan_arms(replace(chosen, arms=tuple(arms)), backend, workers.device, "stacked")
    networks = [network for network in planned if network.group in groups]
    numbers = _numbers(networks)
    pending = []
    for stack in tasks_of(chosen, networks, "stacked"):
        jobs = [
            replace(
                job(chosen, network, prepared_split(chosen, network.repeat, network.fold)),
                regression_loss=regression_loss,
            )
            for network in stack
        ]
        pending.append((stack, jobs, workers.submit(fitted, jobs)))
    fits = [
        TrainedNetwork(network.group, network.fold, numbers[network.id], network_job, trained)
        for stack, jobs, future in pending
        for network, network_job, trained in zip(stack, jobs, future.result(), strict=True)
    ]
    fits.sort(key=lambda network: (network.fold, network.number, groups.index(network.group)))
    return TrainedNetworks(
        tuple(network for network in fits if network.trained.failure is None),
        tuple(network.trained.failure for network in fits),
    )


def _numbers(networks: Iterable[Network]) -> dict[str, int]:
    """Which of its fold's seeds a network has, by its id."""
    seen: dict[tuple[int, tuple[str, ...]], int] = {}
    numbers = {}
    for network in networks:
        key = (network.fold, network.group)
        numbers[network.id] = seen.get(key, 0)
        seen[key] = numbers[network.id] + 1
    return numbers


def fitted(backend: TrainingBackend, jobs: Sequence[Job]) -> tuple[Trained, ...]:
    """``TrainingBackend.fit_stacked``, as a worker's task."""
    return backend.fit_stacked(jobs).trained


def layers_of(
    backend: DiagnosedBackend, networks: Sequence[tuple[Architecture, Weights]], rows: Float32Array
) -> list[list[Float32Array]]:
    """``Diagnostics.activations``, as a worker's task."""
    return diagnostics_of(backend).activations(networks, rows)
