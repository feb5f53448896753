"""The networks that answer requests after a training: the one that was trained, or one for each of its outputs.

With a checkpoint of each output a network has as many sets of weights as outputs. Each output is served by the trunk and
its own head with the weights of its own best epoch, so serving costs what separate networks cost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.fused import one_output
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Recipe, Weights

Served = tuple[Architecture, Weights]


def served_networks(network: Architecture, recipe: Recipe, checkpoints: Sequence[Weights]) -> tuple[Served, ...]:
    """What is served of a trained network. checkpoints: all its weights at each epoch that it keeps, one or by output."""
    if recipe.checkpoint == "output":
        return tuple(one_output(network, weights, head) for head, weights in enumerate(checkpoints))
    (weights,) = checkpoints
    return ((network, weights),)


def served_answers(network: Architecture, recipe: Recipe, answers: Float32Array) -> tuple[Float32Array, ...]:
    """Raw outputs side by side, (rows, units), apart for each of the networks that are served."""
    if recipe.checkpoint == "output":
        return tuple(np.split(answers, np.cumsum(network.units)[:-1], axis=1))
    return (answers,)


def joined_answers(network: Architecture, answers: Sequence[npt.NDArray[np.floating]]) -> npt.NDArray[np.floating]:
    """The heads' answers side by side, each by its own checkpoint. answers: the whole network's, (rows, units), by each
    of its checkpoints."""
    if len(answers) == 1:
        return answers[0]
    ends = np.cumsum(network.units)[:-1]
    return np.concatenate([np.split(whole, ends, axis=1)[head] for head, whole in enumerate(answers)], axis=1)
