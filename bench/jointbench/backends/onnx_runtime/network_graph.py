"""A network as an ONNX graph: the same layers for either framework's weights.

Written out operator by operator, because each framework's own exporter needs a converter of its own for the same few
layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jointbench.networks.architecture import Architecture
from jointbench.networks.layers import NORM_EPSILON, Layer, run_layers
from jointbench.types import Weights

if TYPE_CHECKING:
    import onnx

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8  # what ONNX Runtime reads from 1.12 (2022) on
ROWS = "rows"
FEATURES, ANSWERS = "features", "answers"


class GraphBuilder:
    """Nodes, inputs and constants of a graph, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        from onnx import numpy_helper

        name = f"::constant_{len(self.constants)}"  # no column of a table is called so
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        """Adds a node; returns the name of what it gives."""
        from onnx import helper

        name = output or f"::{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def input(self, name: str, kind: int, shape: Sequence[int]) -> str:
        from onnx import helper

        self.inputs.append(helper.make_tensor_value_info(name, kind, [ROWS, *shape]))
        return name

    def output(self, name: str, shape: Sequence[int]) -> None:
        from onnx import TensorProto, helper

        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [ROWS, *shape]))

    def model(self, about: dict[str, str]) -> onnx.ModelProto:
        from onnx import checker, helper

        graph = helper.make_graph(self.nodes, "jointbench", self.inputs, self.outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="jointbench")
        helper.set_model_props(model, about)
        checker.check_model(model)
        return model


def network_graph(architecture: Architecture, weights: Weights) -> onnx.ModelProto:
    """A network alone: from FEATURES, float32 as it was trained on, to raw ANSWERS, (rows, units)."""
    from onnx import TensorProto

    graph = GraphBuilder()
    features = graph.input(FEATURES, TensorProto.FLOAT, architecture.input_shape)
    if architecture.convs:
        features = graph.node("Transpose", features, perm=[0, 3, 1, 2])
    hidden = trunk(graph, architecture, weights, features)
    answers = [dense_stack(graph, head, weights, hidden, architecture.activation) for head in architecture.heads]
    graph.node("Concat", *answers, output=ANSWERS, axis=1)
    graph.output(ANSWERS, [sum(architecture.units)])
    return graph.model({})


def trunk(graph: GraphBuilder, architecture: Architecture, weights: Weights, features: str) -> str:
    """The trunk's answer. features: (rows, features), or (rows, channels, height, width)."""
    hidden, activation = features, architecture.activation.capitalize()
    for conv in architecture.convs:
        kernel = np.asarray(weights[f"{conv.name}/kernel"]).transpose(3, 2, 0, 1)
        parts = (graph.constant(kernel, np.float32), graph.constant(weights[f"{conv.name}/bias"], np.float32))
        hidden = graph.node(activation, graph.node("Conv", hidden, *parts, pads=[1, 1, 1, 1]))
        hidden = graph.node("MaxPool", hidden, kernel_shape=[2, 2], strides=[2, 2])
    if architecture.convs:  # flattened as (height, width, channels), the order of the next kernel's rows
        hidden = graph.node("Flatten", graph.node("Transpose", hidden, perm=[0, 2, 3, 1]))
    return dense_stack(graph, architecture.trunk, weights, hidden, architecture.activation)


def dense_stack(graph: GraphBuilder, layers: Sequence[Layer], weights: Weights, hidden: str, activation: str) -> str:
    """Layers one after the other, as they answer in serving."""

    def apply(layer: Layer, rows: str) -> str:
        kernel, bias = (graph.constant(weights[f"{layer.name}/{part}"], np.float32) for part in ("kernel", "bias"))
        if layer.kind == "norm":
            return graph.node("LayerNormalization", rows, kernel, bias, axis=-1, epsilon=NORM_EPSILON)
        return graph.node("Gemm", rows, kernel, bias)

    return run_layers(
        layers,
        hidden,
        apply,
        lambda rows: graph.node(activation.capitalize(), rows),
        add=lambda _, kept, rows: graph.node("Add", kept, rows),
    )
