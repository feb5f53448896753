"""FLOPs of a graph by TensorFlow's own operation statistics."""

from __future__ import annotations

from typing import Any

from tensorflow.python.framework import ops

COUNTED = {
    "MatMul",
    "BatchMatMul",
    "BatchMatMulV2",
    "BatchMatMulV3",
    "Conv2D",
    "Conv2DBackpropInput",
    "Conv2DBackpropFilter",
}
UNCOUNTED = ("MatMul", "Conv", "Einsum", "Xla", "RNN", "LSTM", "GRU")  # parts of other operations' names: no statistics
CALLS = {"While", "StatelessWhile", "If", "StatelessIf", "PartitionedCall", "StatefulPartitionedCall"}


class Uncounted(Exception):
    """A graph has products that TensorFlow has no statistics of. The message says which operation."""


def reachable_flops(graph: Any) -> int:
    """FLOPs of the operations that the graph's outputs depend on.

    The graph also has operations that no output needs, such as the gradient of the input. Raises Uncounted where an
    operation multiplies matrices and has no statistics, or calls a graph of its own.
    """
    waiting, seen, total = [tensor.op for tensor in graph.outputs], set(), 0
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        waiting.extend(tensor.op for tensor in operation.inputs)
        waiting.extend(operation.control_inputs)
        if operation.type in COUNTED:
            total += int(ops.get_stats_for_node_def(graph, operation.node_def, "flops").value or 0)
        elif operation.type in CALLS or any(part in operation.type for part in UNCOUNTED):
            raise Uncounted(f"in TensorFlow the operation {operation.type} is not counted")
    return total
