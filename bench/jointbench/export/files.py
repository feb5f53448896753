"""The files of exported networks, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Literal, get_args

import numpy as np

from jointbench.backends.onnx_runtime.serving import unavailable_reason
from jointbench.backends.protocols import Backend
from jointbench.data.features import MISSING_CATEGORY
from jointbench.errors import BadInput
from jointbench.export.final_training import FinalNetwork
from jointbench.export.onnx_check import check_answers, largest_difference
from jointbench.export.onnx_graph import onnx_model
from jointbench.export.preprocessing import Preprocessing
from jointbench.records.strict_json import strict_json
from jointbench.runtime.workers import Workers
from jointbench.types import Dataset, Weights

ExportFormat = Literal["onnx", "torchscript", "keras"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
SUFFIX: dict[ExportFormat, str] = {"onnx": ".onnx", "torchscript": ".pt", "keras": ".keras"}
BACKEND: dict[ExportFormat, str] = {"torchscript": "torch", "keras": "tensorflow"}


def check_format(text: str, backend: str) -> ExportFormat:
    """The format. Raises BadInput for an unknown one, for one of another framework, and where a library is missing."""
    chosen = next((name for name in FORMATS if name == text), None)
    if chosen is None:
        raise BadInput(f"--format {text!r}: the formats are {', '.join(FORMATS)}")
    if (needed := BACKEND.get(chosen, backend)) != backend:
        raise BadInput(
            f"--format {text}: it holds a network of {needed}; these are of {backend}, so use --backend {needed}"
        )
    if chosen == "onnx" and (reason := unavailable_reason("cpu")) is not None:
        raise BadInput(f"--format onnx: {reason}")
    return chosen


def file_names(networks: int, arm: str, chosen: ExportFormat) -> tuple[str, ...]:
    """One for each network: the arm's name, and a number where there are several."""
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in arm)
    numbers = [""] if networks == 1 else [f"-{number}" for number in range(1, networks + 1)]
    return tuple(f"{plain}{number}{SUFFIX[chosen]}" for number in numbers)


def onnx_files(
    networks: Sequence[FinalNetwork], names: Sequence[str], dataset: Dataset, table: Preprocessing | None
) -> tuple[dict[str, bytes], tuple[float, ...]]:
    """The files, and how far the answers of each differ from its network's. Raises BadInput where that is too far."""
    contents, differences = {}, []
    for name, network in zip(names, networks, strict=True):
        model = onnx_model(network, table).SerializeToString()
        differences.append(largest_difference(model, network, dataset.features, table))
        check_answers(differences[-1], name)
        contents[name] = model
    return contents, tuple(differences)


def framework_files(
    networks: Sequence[FinalNetwork], names: Sequence[str], backend: str, table: Preprocessing | None
) -> dict[str, bytes]:
    """The networks as their framework saves them, with the preprocessing and a script that answers rows with both."""
    with Workers(backend, "cpu", 1, 1) as workers:
        saved = [workers.submit(_saved, network.architecture, network.weights).result() for network in networks]
    about = strict_json(_about(networks, names, table), indent=1) + "\n"
    script = files("jointbench.export").joinpath("predict.py.txt").read_bytes()
    return {**dict(zip(names, saved, strict=True)), "preprocessing.json": about.encode(), "predict.py": script}


def _saved(backend: Backend, architecture: Any, weights: Weights) -> bytes:
    return backend.exported(architecture, weights)


def _about(networks: Sequence[FinalNetwork], names: Sequence[str], table: Preprocessing | None) -> dict[str, Any]:
    parts = asdict(table) if table is not None else {"categories": []}
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in parts.items()}
    plain["categories"] = [{**category, "rows": category["rows"].tolist()} for category in parts["categories"]]
    return {
        "image": table is None,
        "missing": MISSING_CATEGORY,
        **plain,
        "networks": [
            {
                "file": name,
                "outputs": [
                    {
                        "name": output.name,
                        "kind": output.kind,
                        "classes": output.classes,
                        "units": output.units,
                        "mean": mean,
                        "scale": scale,
                    }
                    for output, mean, scale in zip(network.outputs, network.mean, network.scale, strict=True)
                ],
            }
            for name, network in zip(names, networks, strict=True)
        ],
    }
