"""The TensorFlow engine: several epochs of a whole stack in one compiled program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.batched.program import BatchRows, Meanwhile, PackedData, ProgramSpec, ProgramStep
from jointbench.backends.early_stopping import initial_state
from jointbench.backends.tensorflow.batched.call import CallInputs, State, train_epochs
from jointbench.backends.tensorflow.batched.layers import named_weights
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.networks.architecture import Architecture
from jointbench.types import Float32Array, Weights

_compiled: dict[Any, Any] = {}  # programs by spec and data shapes, so that each is compiled once in a process


def compilations() -> int:
    """How many programs this process has compiled."""
    return len(_compiled)


class GraphProgram:
    """A stack on TensorFlow. Its state is a set of tensors that the compiled program takes and returns.

    Tables and state stay on the device, and a call is one program there: its loops have fixed lengths, which XLA knows,
    so that no step waits for the host. Only the rows of a call go to the device, and its losses come back.
    device: TensorFlow's name of it. Whoever calls may be in another scope by then.
    """

    def __init__(self, spec: ProgramSpec, data: PackedData, device: str) -> None:
        self.spec, self.device = spec, device
        tables = (("features", data.features), ("targets", data.targets), ("weights", data.weights))
        with tf.device(device):
            self.data = {name: tf.constant(table) for name, table in tables}
        dtype = np.dtype(spec.precision)
        zeros = np.zeros((spec.slots, spec.architecture.parameters), dtype)
        moments = {} if spec.recipe.optimizer == "sgd" else {"first": zeros, "second": zeros}
        self.state: State = self._on_device(
            {
                "weights": zeros,
                "best": np.zeros((spec.slots, spec.checkpoints, spec.architecture.parameters), dtype),
                **moments,
                "count": np.zeros(spec.slots, dtype),
                "best_loss": np.full((spec.slots, spec.checkpoints), np.inf, dtype),
                "waited": np.zeros(spec.slots, np.int32),
                "epochs": np.zeros(spec.slots, np.int32),
                "training": np.zeros(spec.slots, bool),
            }
        )
        self.loss_weights = np.zeros((spec.slots, len(spec.architecture.heads)), dtype)
        key = (spec, data.features.shape, data.targets.shape, device)
        if key not in _compiled:
            # XLA removes the overhead of single operations, most of a small dense network's time. On a CPU its
            # convolutions are three times slower than TensorFlow's, so a network with convolutions stays a plain graph there.
            xla = not spec.architecture.convs or "CPU" not in device
            _compiled[key] = tf.function(
                lambda state, inputs: train_epochs(spec, state, CallInputs(**inputs)),
                jit_compile=xla,
                autograph=False,
            )
        self.run = _compiled[key]

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        new = np.array(slots)
        state = tf.nest.map_structure(lambda tensor: np.array(tensor), self.state)
        state["weights"][new] = np.stack([self._flat(network) for network in weights])
        state["best"][new] = state["weights"][new][:, None]
        for moment in {"first", "second"} & state.keys():
            state[moment][new] = 0
        state["count"][new] = 0
        for name, value in vars(initial_state()).items():
            state[name][new] = value
        self.loss_weights[new] = loss_weights
        self.state = self._on_device(state)

    def _on_device(self, arrays: dict[str, Any]) -> dict[str, Any]:
        with tf.device(self.device):
            moved: dict[str, Any] = tf.nest.map_structure(tf.constant, arrays)
        return moved

    def advance(self, rows: BatchRows, meanwhile: Meanwhile | None = None) -> ProgramStep:
        """TensorFlow may read the arrays of the rows as long as it works, so that nothing else is done meanwhile."""
        inputs = self._on_device(
            {
                "loss_weights": self.loss_weights,
                "feature_rows": rows.feature_rows,
                "target_rows": rows.target_rows,
                "active": rows.active,
                "validation_features": rows.validation_features,
                "validation_targets": rows.validation_targets,
                "masks": dict(rows.masks),
            }
        )
        with tf.device(self.device):
            self.state, train, validation, totals = self.run(self.state, {**self.data, **inputs})
        return ProgramStep(train.numpy().astype(np.float64), validation.numpy().astype(np.float64), totals.numpy())

    def best(self, slot: int) -> list[dict[str, npt.NDArray[np.floating]]]:
        return self._named(self.state["best"][slot])

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named(self.state["weights"][slot : slot + 1])[0]

    def _named(self, rows: Any) -> list[dict[str, npt.NDArray[np.floating]]]:
        """The weights in each row of parameters, (rows, parameters), by name."""
        weights = {name: weight.numpy() for name, weight in named_weights(self.spec.architecture, rows).items()}
        return [{name: weight[row] for name, weight in weights.items()} for row in range(len(rows))]

    def _flat(self, weights: Weights) -> npt.NDArray[np.floating]:
        return np.concatenate(
            [
                weights[f"{layer.name}/{part}"].ravel()
                for layer in self.spec.architecture.layers
                for part in ("kernel", "bias")
            ]
        )


def predict(network: Architecture, requests: Sequence[tuple[Weights, Float32Array]]) -> list[Float32Array]:
    """Each request's answers, (rows, units), by the stock Keras model with the request's weights."""
    weights, rows = requests[0]
    model = build(network, weights, str(rows.dtype))
    answers = []
    for weights, rows in requests:
        for layer in network.layers:
            model.get_layer(layer.name).set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
        heads = model(rows, training=False)
        answers.append(np.concatenate([heads[head_name(i)].numpy() for i in range(len(network.heads))], axis=1))
    return answers
