"""Initial weights and batch orders, from numpy and a seed.

Every framework, and every stack of replicates, thus starts from the same weights and sees the same batches.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np

from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import Layer
from jointbench.types import FloatArray, IntArray


def initial_weights(network: Architecture, head_names: Sequence[str], seed: int) -> dict[str, FloatArray]:
    """Glorot-uniform kernels and zero biases (of a normalisation, scales of one and no shift), float64, as {"<layer>/kernel": ..., "<layer>/bias": ...}.

    A kernel's shape is the layer's ``kernel_shape`` (Glorot & Bengio 2010). A trunk layer's values depend on the seed
    and the layer, a head's on the seed and the output's name in ``head_names``: an output starts from the same head
    whichever network serves it.
    """
    weights: dict[str, FloatArray] = {}
    for layer in network.layers:
        norm = layer.kind == "norm"
        kernel = np.ones(layer.kernel_shape) if norm else _glorot_uniform(layer, head_names, seed)
        weights[f"{layer.name}/kernel"] = kernel
        weights[f"{layer.name}/bias"] = np.zeros(layer.units)
    return weights


def _glorot_uniform(layer: Layer, head_names: Sequence[str], seed: int) -> FloatArray:
    name = layer.name if layer.head is None else f"{head_names[layer.head]}/{layer.name.rpartition('_')[2]}"
    window = math.prod(layer.kernel_shape[:-2])
    limit = math.sqrt(6.0 / (window * (layer.inputs + layer.units)))
    return np.random.default_rng([seed, zlib.crc32(name.encode())]).uniform(-limit, limit, layer.kernel_shape)


def epoch_order(seed: int, epoch: int, rows: int) -> IntArray:
    """The order in which one epoch visits the training rows: a permutation of range(rows)."""
    return np.random.default_rng([seed, epoch, 0xBA7C4]).permutation(rows)
