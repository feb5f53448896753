"""Dropout masks from numpy and a seed, so that every framework and every stack drops the same units in the same step."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture

DRAWN_AT_ONCE = 2**20
Masks = dict[str, npt.NDArray[np.bool_]]
"""By the name of the layer whose answer they drop units of: (rows, units), false where a unit is dropped."""


def epoch_masks(network: Architecture, seed: tuple[int, int], epoch: int, rows: int) -> Masks:
    """The masks of one epoch, a byte for each row and unit: row r is the r-th that the epoch visits.

    seed: the network's, and one of the outputs that it serves, so that networks of one fold that start from the same
    trunk do not drop the same units. What is kept is multiplied by ``kept_scale`` (inverted dropout).
    """
    return {
        layer.name: _mask(network.dropout, [*seed, epoch, zlib.crc32(layer.name.encode())], rows, layer.units)
        for layer in network.dropped
    }


def _mask(dropout: float, seed: list[int], rows: int, units: int) -> npt.NDArray[np.bool_]:
    """(rows, units), drawn a block of rows at a time: the numbers behind a mask take four times its memory."""
    rng, mask = np.random.default_rng(seed), np.empty((rows, units), bool)
    size = max(1, DRAWN_AT_ONCE // units)
    for start in range(0, rows, size):
        block = mask[start : start + size]
        np.greater_equal(rng.random(block.shape, dtype=np.float32), dropout, out=block)
    return mask


def kept_scale(network: Architecture) -> float:
    """What a unit that is kept is multiplied by, so that its mean over masks is what it is in serving."""
    return 1 / (1 - network.dropout)


def outputs_seed(names: tuple[str, ...]) -> int:
    """The part of a seed that stands for the outputs of a network."""
    return zlib.crc32("\n".join(names).encode())
