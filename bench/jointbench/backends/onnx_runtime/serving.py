"""Serving by ONNX Runtime on the CPU: one session for each network of an arm, called one after the other."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointbench.backends.onnx_runtime.network_graph import ANSWERS, FEATURES, network_graph
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights


def unavailable_reason(device: str) -> str | None:
    """Why ONNX Runtime cannot serve here; None where it can."""
    if device != "cpu":
        return "ONNX Runtime is timed on the CPU alone"
    if any(importlib.util.find_spec(library) is None for library in ("onnx", "onnxruntime")):
        return "ONNX Runtime is not installed (pip install 'jointbench[onnx]')"
    return None


class SessionServer:
    """An arm's networks, each in a session of its own."""

    def __init__(self, networks: Sequence[tuple[Architecture, Weights]], threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        for pool in ("intra_op", "inter_op"):  # threads that wait by spinning slow what is timed after them
            options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
        self.sessions = [
            onnxruntime.InferenceSession(
                network_graph(*network).SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            for network in networks
        ]

    def __call__(self, rows: Float32Array) -> list[npt.NDArray[np.floating]]:
        return [session.run([ANSWERS], {FEATURES: rows})[0] for session in self.sessions]
