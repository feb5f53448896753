"""A trained network as the file that people keep: a `.keras` archive of configuration and weights."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from jointbench.backends.tensorflow.networks import build
from jointbench.networks.architecture import Architecture
from jointbench.types import Weights


def saved_bytes(network: Architecture, weights: Weights) -> int:
    """Bytes of the file that `model.save` writes, float32, without an optimiser's state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # Keras reads its variables in a way that numpy 2 warns of
            build(network, weights).save(path)
        return path.stat().st_size
