"""Whether ONNX Runtime gives the answers of the framework that trained a network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, softmax

from jointbench.errors import BadInput
from jointbench.export.final_training import FinalNetwork
from jointbench.export.onnx_graph import IMAGE
from jointbench.export.preprocessing import Preprocessing
from jointbench.types import FloatArray

TOLERANCE = 1e-5  # of a probability, and of a number in units of its target's standard deviation
CHECKED_ROWS = 2_000


def largest_difference(
    model: bytes, network: FinalNetwork, features: pd.DataFrame | npt.NDArray[np.uint8], table: Preprocessing | None
) -> float:
    """The largest difference on rows spread over the table: of probabilities, and of numbers in units of their
    target's standard deviation."""
    import onnxruntime

    rows = np.unique(np.linspace(0, len(features) - 1, CHECKED_ROWS).astype(np.int64))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in network.outputs]
    answers = dict(zip(names, session.run(names, request(features, rows, table)), strict=True))
    expected = served(network, rows)
    scales = dict(zip(names, network.scale, strict=True))
    return max(float(np.abs(answers[name] - expected[name]).max()) / scales[name] for name in names)


def request(
    features: pd.DataFrame | npt.NDArray[np.uint8], rows: npt.NDArray[np.int64], table: Preprocessing | None
) -> dict[str, npt.NDArray[np.generic]]:
    """These rows as the inputs of the graph."""
    if isinstance(features, np.ndarray):
        return {IMAGE: features[rows]}
    assert table is not None
    chosen = features.iloc[rows]
    numbers = {column: chosen[column].to_numpy(np.float64)[:, None] for column in table.numeric}
    texts = {
        category.column: chosen[category.column].astype(str).to_numpy(object)[:, None] for category in table.categories
    }
    return {**numbers, **texts}


def served(network: FinalNetwork, rows: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
    """The framework's answers as the graph gives them."""
    start, parts = 0, {}
    for output, mean, scale in zip(network.outputs, network.mean, network.scale, strict=True):
        raw = network.answers[rows, start : start + output.units].astype(np.float64)
        start += output.units
        if output.kind == "regression":
            parts[output.name] = raw[:, 0] * scale + mean
        elif output.kind == "binary":
            parts[output.name] = np.concatenate([1 - expit(raw), expit(raw)], axis=1)
        else:
            parts[output.name] = softmax(raw, axis=1)
    return parts


def check_answers(difference: float, name: str) -> None:
    """Raises BadInput where the difference is above TOLERANCE."""
    if not difference <= TOLERANCE:
        raise BadInput(
            f"{name}: ONNX Runtime's answers differ by {difference:.2g} from those of the network that was trained, "
            f"more than {TOLERANCE:g}; nothing was written"
        )
