"""Arms whose networks are served: every kind of output, on tables and images, alone and together."""

from __future__ import annotations

import numpy as np

from contract_jobs import INPUTS, OUTPUTS
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Norm, Shape, Weights

Networks = list[tuple[Architecture, Weights]]


def networks(
    trunk: str, head: tuple[int, ...], groups: tuple[tuple[int, ...], ...], norm: Norm = "", residual: bool = False
) -> Networks:
    """An arm's networks over a mixed set of outputs, with biases that are not all zero."""
    rng = np.random.default_rng(0)
    outputs = (*OUTPUTS["mixed"], *OUTPUTS["mixed"])
    arm: Networks = []
    for seed, group in enumerate(groups):
        own_outputs = [outputs[i] for i in group]
        shape = Shape((16, 8), head, (4, 6) if trunk == "image" else (), norm=norm, residual=residual)
        built = architecture(shape, INPUTS[trunk], own_outputs)
        weights = initial_weights(built, [f"o{i}" for i in group], seed)
        arm.append(
            (
                built,
                {
                    name: value + 0.1 * rng.normal(size=value.shape).astype(np.float32)
                    for name, value in weights.items()
                },
            )
        )
    return arm


ARMS = {
    "each alone": ("table", (), ((0,), (1,), (2,), (3,))),
    "two, two and one, hidden heads": ("table", (5,), ((0, 2), (1, 3), (4,))),
    "images, two and two": ("image", (), ((0, 2), (1, 3), (4,))),
    "images, one network, hidden heads": ("image", (5,), ((0, 1, 2, 3),)),
}
