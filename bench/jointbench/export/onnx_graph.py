"""A network with its preprocessing as one ONNX graph: from a row's columns as they are to values and probabilities.

Written out operator by operator: skl2onnx does not convert an encoder that pools rare categories (its issue 1026).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from jointbench.backends.onnx_runtime.network_graph import GraphBuilder, dense_stack, trunk
from jointbench.data.features import MISSING_CATEGORY
from jointbench.export.final_training import FinalNetwork
from jointbench.export.preprocessing import CategoryTable, Preprocessing
from jointbench.networks.architecture import Architecture
from jointbench.types import Output

if TYPE_CHECKING:
    import onnx

IMAGE = "image"  # the input of a network for images


def onnx_model(network: FinalNetwork, preprocessing: Preprocessing | None) -> onnx.ModelProto:
    """The graph. Inputs: one for each column, (rows, 1), float64 or text; of images ``image``, (rows, height, width,
    channels), uint8. Outputs by name: (rows,) of a number, (rows, classes) of class probabilities.

    preprocessing: None for images.
    """
    graph = GraphBuilder()
    features = _image(graph, network.architecture) if preprocessing is None else _encoded(graph, preprocessing)
    hidden = trunk(graph, network.architecture, network.weights, features)
    for place, head in enumerate(network.architecture.heads):
        answer = dense_stack(graph, head, network.weights, hidden, network.architecture.activation)
        _answer(graph, network.outputs[place], answer, network.mean[place], network.scale[place])
    classes = {output.name: list(output.classes) for output in network.outputs if output.classes}
    return graph.model({"classes": json.dumps(classes)})


def _encoded(graph: GraphBuilder, table: Preprocessing) -> str:
    """The columns of a row as the network reads them, float32."""
    from onnx import TensorProto

    numbers = {column: graph.input(column, TensorProto.DOUBLE, [1]) for column in table.numeric}
    parts = []
    if numbers:
        together = graph.node("Concat", *numbers.values(), axis=1)
        known = graph.node("Where", graph.node("IsNaN", together), graph.constant(table.fill, np.float64), together)
        centred = graph.node("Sub", known, graph.constant(table.mean, np.float64))
        scaled = graph.node("Div", centred, graph.constant(table.scale, np.float64))
        parts.append(graph.node("Cast", scaled, to=TensorProto.FLOAT))
    if table.marked:
        marked = graph.node("Concat", *(numbers[column] for column in table.marked), axis=1)
        parts.append(graph.node("Cast", graph.node("IsNaN", marked), to=TensorProto.FLOAT))
    names = dict.fromkeys(category.column for category in table.categories)
    texts = {column: graph.input(column, TensorProto.STRING, [1]) for column in names}
    parts.extend(_category(graph, category, texts[category.column]) for category in table.categories)
    encoded = graph.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    if table.kept.all():
        return encoded
    return graph.node("Mul", encoded, graph.constant(table.kept, np.float32))


def _category(graph: GraphBuilder, table: CategoryTable, text: str) -> str:
    """(rows, columns): a name's row of the table, that of an unknown one where it is none of the categories."""
    keys, places = list(table.categories), list(range(len(table.categories)))
    if MISSING_CATEGORY in keys:
        places.append(keys.index(MISSING_CATEGORY))
        keys.append("")
    place = graph.node(
        "LabelEncoder",
        text,
        domain="ai.onnx.ml",
        keys_strings=keys,
        values_int64s=places,
        default_int64=len(table.categories),
    )
    rows = graph.node("Gather", graph.constant(table.rows, np.float32), place, axis=0)  # (rows, 1, columns)
    return graph.node("Reshape", rows, graph.constant([-1, table.rows.shape[1]], np.int64))


def _image(graph: GraphBuilder, architecture: Architecture) -> str:
    from onnx import TensorProto

    pixels = graph.input(IMAGE, TensorProto.UINT8, architecture.input_shape)
    scaled = graph.node("Div", graph.node("Cast", pixels, to=TensorProto.FLOAT), graph.constant(255, np.float32))
    return graph.node("Transpose", scaled, perm=[0, 3, 1, 2]) if architecture.convs else scaled


def _answer(graph: GraphBuilder, output: Output, raw: str, mean: float, scale: float) -> None:
    """An output as it is served."""
    if output.kind == "regression":
        flat = graph.node("Reshape", raw, graph.constant([-1], np.int64))
        scaled = graph.node("Mul", flat, graph.constant(scale, np.float32))
        graph.node("Add", scaled, graph.constant(mean, np.float32), output=output.name)
        graph.output(output.name, [])
        return
    if output.kind == "binary":
        second = graph.node("Sigmoid", raw)
        first = graph.node("Sub", graph.constant(1, np.float32), second)
        graph.node("Concat", first, second, output=output.name, axis=1)
    else:
        graph.node("Softmax", raw, output=output.name, axis=1)
    graph.output(output.name, [len(output.classes)])
