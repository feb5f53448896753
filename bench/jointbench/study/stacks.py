"""Which networks one program trains together, and which of them a worker gets as one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.batched.padding import padding_key, worth_padding
from jointbench.networks.architecture import Architecture
from jointbench.study.plan import Experiment
from jointbench.types import Engine, Network, Recipe

TABLE_BYTES = 128 * 2**20  # of features that one task carries to its worker
TABLE_BYTES_ON_DEVICE = (
    2**30
)  # an accelerator has one worker, and trains a stack of thousands in a step of hundreds' time
HALF_STACK = 16  # fewest networks that half of a stack may have
USUAL_EPOCHS = 3  # that a network trains, in units of its patience


@dataclass(frozen=True)
class TaskLimits:
    """What one task may be. table_bytes: of features that it carries to its worker. shared: may be cut in two for the sake
    of a second worker."""

    table_bytes: int
    shared: bool


def task_limits(device: str) -> TaskLimits:
    """Those of a device's workers: the processor has several, an accelerator one, whose stacks should be large."""
    return TaskLimits(TABLE_BYTES, shared=True) if device == "cpu" else TaskLimits(TABLE_BYTES_ON_DEVICE, shared=False)


def tasks_of(
    experiment: Experiment, networks: Sequence[Network], engine: Engine, *, halved: bool = False
) -> list[list[Network]]:
    """What one worker trains at a time: a network alone, or all that one program can train together.

    A network whose losses a method weighs is trained alone. Networks of one recipe stack when their architectures are
    equal, or have one padding key and are cheap to pad with zeros; loss weights may differ, each replicate has its own. A
    stack is cut where its tables would pass the limits of the networks' device. If ``halved``, it is also cut in two where
    both halves are large enough, so that two workers can share it. The same study always makes the same stacks.
    """
    if engine == "stock" or not networks or trains_alone(experiment, networks[0].device):
        return [[network] for network in networks]
    limits = task_limits(networks[0].device)
    tasks = [[network] for network in networks if network.recipe.weighting]
    for stack in _stacks(experiment, [network for network in networks if not network.recipe.weighting]):
        keys = list(dict.fromkeys((network.repeat, network.fold) for network in stack))
        tables = len({network.group for network in stack})  # each may have its own, ``prepared_tables.own_columns``
        most_splits = max(1, limits.table_bytes // (tables * table_bytes(experiment)))
        cut = halved and limits.shared and len(stack) >= 2 * HALF_STACK
        splits = min(most_splits, -(-len(keys) // 2) if cut else len(keys))
        for start in range(0, len(keys), splits):
            chosen = set(keys[start : start + splits])
            tasks.append([network for network in stack if (network.repeat, network.fold) in chosen])
    return tasks


def engine_of(task: Sequence[Network], engine: Engine) -> Engine:
    """What trains a task: the stock loop where a method weighs losses, for the engine's are fixed."""
    return "stock" if task[0].recipe.weighting else engine


def trains_alone(experiment: Experiment, device: str) -> bool:
    """Is the table so large that each of its networks trains alone, and loses nothing by it?"""
    return 2 * table_bytes(experiment) > task_limits(device).table_bytes


def table_bytes(experiment: Experiment) -> int:
    """Of the features that a network reads."""
    return experiment.dataset.rows * int(np.prod(experiment.input_shape)) * 4


def _stacks(experiment: Experiment, networks: Sequence[Network]) -> list[list[Network]]:
    """The networks that one program trains, however large its tables get."""
    equal: dict[tuple[Architecture, Recipe], list[Network]] = {}
    for network in networks:
        recipe = replace(network.recipe, loss_weights=())
        equal.setdefault((experiment.architecture(network), recipe), []).append(network)
    stacks: dict[tuple[object, Recipe], list[list[Network]]] = {}
    for (network_shape, recipe), same in equal.items():
        hosts = stacks.setdefault((padding_key(network_shape), recipe), [])
        rows_seen = USUAL_EPOCHS * recipe.patience * experiment.dataset.rows
        for host in hosts:
            candidates = [*host, *same]
            if worth_padding([experiment.architecture(network) for network in candidates], rows_seen):
                host += same
                break
        else:
            hosts.append(same)
    return [stack for hosts in stacks.values() for stack in hosts]
