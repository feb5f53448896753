"""A trained network as its users save it: a `.keras` archive of configuration and weights."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from jointbench.backends.tensorflow.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights


def saved_bytes(network: Architecture, weights: Weights) -> int:
    """Bytes of the float32 file that `model.save` writes, without optimiser state."""
    return len(exported(network, weights))


def exported(network: Architecture, weights: Weights) -> bytes:
    """The archive: (rows, ...) float32 to raw answers by the names of the heads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        with warnings.catch_warnings():
            # Keras reads its variables in a way that numpy 2 warns of.
            warnings.simplefilter("ignore", DeprecationWarning)
            build(network, weights).save(path)
        return path.read_bytes()
