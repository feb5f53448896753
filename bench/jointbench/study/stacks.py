"""Which networks one program trains together, and which a worker gets as one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jointbench.backends.batched.padding import padding_key, worth_padding
from jointbench.networks.architecture import Architecture
from jointbench.study.plan import Experiment
from jointbench.types import Engine, Network, Recipe

TABLE_BYTES = 256 * 2**20  # of features that one task carries to its worker
HALF_STACK = 16  # networks that a half of a stack must have at the least
USUAL_EPOCHS = 3  # that a network trains, in units of its patience


def tasks_of(
    experiment: Experiment, networks: Sequence[Network], engine: Engine, *, halved: bool = False
) -> list[list[Network]]:
    """What one worker trains at a time: a network alone, or all that one program can train together.

    Networks of one recipe (but for loss weights, which are each replicate's own) stack when their architectures are
    equal, or of one family and cheap to fill up with zeros; a stack is cut where its tables would pass TABLE_BYTES, and if ``halved`` in two where both halves are
    of some size, so that two workers can share it. A function of the study alone, which always makes the same stacks.
    """
    if engine == "stock":
        return [[network] for network in networks]
    table = experiment.dataset.rows * int(np.prod(experiment.input_shape)) * 4
    most = max(1, TABLE_BYTES // table)
    cut: list[list[Network]] = []
    for stack in _stacks(experiment, networks):
        keys = list(dict.fromkeys((network.repeat, network.fold) for network in stack))
        splits = min(most, -(-len(keys) // 2) if halved and len(stack) >= 2 * HALF_STACK else len(keys))
        for start in range(0, len(keys), splits):
            chosen = set(keys[start : start + splits])
            cut.append([network for network in stack if (network.repeat, network.fold) in chosen])
    return cut


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
            together = [*host, *same]
            if worth_padding([experiment.architecture(network) for network in together], rows_seen):
                host += same
                break
        else:
            hosts.append(same)
    return [stack for hosts in stacks.values() for stack in hosts]
