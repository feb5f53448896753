"""The TensorFlow engine: several epochs of a whole stack in one compiled program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import HUBER_DELTA, RegressionLoss
from jointbench.backends.batched.scheduler import PackedData, ProgramSpec, ProgramStep
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.networks.architecture import Architecture
from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON
from jointbench.types import Float32Array, Weights

State = dict[str, Any]
ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.tanh}
_compiled: dict[Any, Any] = {}  # programs by frame and table shapes: one compilation for each, however often it is used


def compilations() -> int:
    """How many programs this process has compiled."""
    return len(_compiled)


def _convolved(network: Architecture, weights: dict[str, Any], slot: int, images: Any) -> Any:
    """One slot's images through its convolutions, (batch, features)."""
    hidden = images
    for conv in network.convs:
        kernel, bias = weights[f"{conv.name}/kernel"][slot], weights[f"{conv.name}/bias"][slot]
        answer = ACTIVATIONS[network.activation](tf.nn.conv2d(hidden, kernel, 1, "SAME") + bias)
        hidden = tf.nn.max_pool2d(answer, 2, 2, "VALID")
    return tf.reshape(hidden, (hidden.shape[0], -1))


def forward(network: Architecture, weights: dict[str, Any], rows: Any) -> list[Any]:
    """Raw answers of every slot's network, (slots, batch, units) for each head."""
    activate = ACTIVATIONS[network.activation]

    def dense(name: str, hidden: Any) -> Any:
        return tf.matmul(hidden, weights[f"{name}/kernel"]) + weights[f"{name}/bias"][:, None, :]

    hidden = rows
    if network.convs:
        hidden = tf.stack([_convolved(network, weights, slot, rows[slot]) for slot in range(rows.shape[0])])
    for layer in network.trunk:
        hidden = activate(dense(layer.name, hidden))
    answers = []
    for head in network.heads:
        answer = hidden
        for layer in head[:-1]:
            answer = activate(dense(layer.name, answer))
        answers.append(dense(head[-1].name, answer))
    return answers


def regression_losses(loss: RegressionLoss, residual: Any) -> Any:
    """Each element's loss: r^2, |r|, or Huber's r^2 / 2 that goes on as a straight line beyond HUBER_DELTA (1964)."""
    if loss == "squared":
        return tf.square(residual)
    size = tf.abs(residual)
    if loss == "absolute":
        return size
    return tf.where(size <= HUBER_DELTA, tf.square(residual) / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))


def output_losses(
    network: Architecture, answers: Sequence[Any], targets: Any, weights: Any, regression_loss: RegressionLoss
) -> Any:
    """(slots, outputs): each output's weighted mean loss over its rows, 0 where no row counts."""
    means = []
    for column, (kind, answer) in enumerate(zip(network.kinds, answers, strict=True)):
        target, weight = targets[..., column], weights[..., column]
        if kind == "regression":
            loss = regression_losses(regression_loss, answer[..., 0] - target)
        elif kind == "binary":
            loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=answer[..., 0])
        else:
            chosen = tf.one_hot(tf.cast(target, tf.int32), answer.shape[-1], dtype=answer.dtype)
            loss = -tf.reduce_sum(chosen * tf.nn.log_softmax(answer), axis=-1)
        means.append(tf.math.divide_no_nan(tf.reduce_sum(loss * weight, axis=1), tf.reduce_sum(weight, axis=1)))
    return tf.stack(means, axis=1)


def _unpacked(network: Architecture, flat: Any) -> dict[str, Any]:
    """Kernels and biases, by name with the slots in front, as parts of (slots, parameters)."""
    weights, place = {}, 0
    for layer in network.layers:
        for name, shape in (("kernel", layer.kernel_shape), ("bias", (layer.units,))):
            size = math.prod(shape)
            weights[f"{layer.name}/{name}"] = tf.reshape(flat[:, place : place + size], (-1, *shape))
            place += size
    return weights


def _packed(weights: dict[str, Any]) -> Any:
    """The inverse of ``_unpacked``: names are in the network's order."""
    return tf.concat([tf.reshape(weight, (weight.shape[0], -1)) for weight in weights.values()], axis=1)


def _step(
    frame: ProgramSpec, state: State, loss_weights: Any, rows: Any, targets: Any, weights: Any, active: Any
) -> tuple[State, Any]:
    """One optimisation step of every active slot; the others stay exactly as they are. The losses before it."""
    recipe, held = frame.recipe, _unpacked(frame.architecture, state["weights"])
    with tf.GradientTape() as tape:
        tape.watch(held)
        answers = forward(frame.architecture, held, rows)
        losses = output_losses(frame.architecture, answers, targets, weights, frame.regression_loss)
        total = tf.reduce_sum(losses * loss_weights)
    change = _packed(tape.gradient(total, held))
    moving = tf.cast(active, losses.dtype)
    new: State = {"count": state["count"] + moving}
    on, rate = moving[:, None], tf.cast(recipe.learning_rate, losses.dtype)
    if recipe.optimizer != "sgd":
        beta_1, beta_2 = ADAM_BETAS
        # An idle slot has count 0 until its first step; the corrections would divide 0 by 0.
        steps = tf.maximum(new["count"], 1)
        # Keras takes powers of the betas rounded to float32, whatever the precision; so does this.
        power_1, power_2 = (tf.pow(tf.cast(tf.constant(beta, tf.float32), losses.dtype), steps) for beta in ADAM_BETAS)
        rate = (rate * tf.sqrt(1 - power_2) / (1 - power_1))[:, None]
        new["first"] = state["first"] + on * (change - state["first"]) * (1 - beta_1)
        new["second"] = state["second"] + on * (tf.square(change) - state["second"]) * (1 - beta_2)
        change = new["first"] / (tf.sqrt(new["second"]) + ADAM_EPSILON)
    decay = recipe.learning_rate * recipe.weight_decay if recipe.optimizer != "adam" else 0.0
    # Keras decays in a step of its own, as here: 1 - decay, rounded once, would be off the same way in every step.
    decayed = state["weights"] - state["weights"] * decay
    new["weights"] = tf.where(on > 0, decayed - rate * change, state["weights"])
    return {**state, **new}, losses


class GraphProgram:
    """A stack on TensorFlow. State lives in tensors that go in and out of the compiled call."""

    def __init__(self, frame: ProgramSpec, tables: PackedData) -> None:
        self.frame = frame
        self.tables = tuple(tf.constant(table) for table in (tables.features, tables.targets, tables.weights))
        dtype = np.dtype(frame.precision)
        zeros = np.zeros((frame.slots, frame.architecture.parameters), dtype)
        moments = {} if frame.recipe.optimizer == "sgd" else {"first": zeros, "second": zeros}
        self.state: State = tf.nest.map_structure(
            tf.constant,
            {
                "weights": zeros,
                "best": zeros,
                **moments,
                "count": np.zeros(frame.slots, dtype),
                "best_loss": np.full(frame.slots, np.inf, dtype),
                "wait": np.zeros(frame.slots, np.int32),
                "done": np.zeros(frame.slots, np.int32),
                "alive": np.zeros(frame.slots, bool),
            },
        )
        self.loss_weights = np.zeros((frame.slots, len(frame.architecture.heads)), dtype)
        key = (frame, *(table.shape for table in (tables.features, tables.targets)))
        if key not in _compiled:
            # XLA removes the per-operation overhead that small dense networks consist of; on a CPU its convolutions
            # are three times slower than the library's, so a network with convolutions stays a plain graph.
            xla = not frame.architecture.convs
            _compiled[key] = tf.function(lambda *args: _epochs(frame, *args), jit_compile=xla, autograph=False)
        self.run = _compiled[key]

    def load(self, slots: Sequence[int], weights: Sequence[Weights], loss_weights: npt.NDArray[np.floating]) -> None:
        place = np.array(slots)
        host = tf.nest.map_structure(lambda tensor: np.array(tensor), self.state)
        host["weights"][place] = host["best"][place] = np.stack([self._flat(one) for one in weights])
        for moment in {"first", "second"} & host.keys():
            host[moment][place] = 0
        host["count"][place] = host["wait"][place] = host["done"][place] = 0
        host["best_loss"][place], host["alive"][place] = np.inf, True
        self.loss_weights[place] = loss_weights
        self.state = tf.nest.map_structure(tf.constant, host)

    def advance(
        self, feature_rows: Any, target_rows: Any, active: Any, validation_features: Any, validation_targets: Any
    ) -> ProgramStep:
        self.state, train, validation, alive = self.run(
            self.state,
            tf.constant(self.loss_weights),
            *self.tables,
            *(
                tf.constant(part)
                for part in (feature_rows, target_rows, active, validation_features, validation_targets)
            ),
        )
        return ProgramStep(train.numpy().astype(np.float64), validation.numpy().astype(np.float64), alive.numpy())

    def best(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named("best", slot)

    def weights(self, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        return self._named("weights", slot)

    def _named(self, which: str, slot: int) -> dict[str, npt.NDArray[np.floating]]:
        parts = _unpacked(self.frame.architecture, self.state[which][slot : slot + 1])
        return {name: part[0].numpy() for name, part in parts.items()}

    def _flat(self, weights: Weights) -> npt.NDArray[np.floating]:
        return np.concatenate(
            [
                weights[f"{layer.name}/{part}"].ravel()
                for layer in self.frame.architecture.layers
                for part in ("kernel", "bias")
            ]
        )


def _epochs(
    frame: ProgramSpec,
    state: State,
    loss_weights: Any,
    features: Any,
    targets: Any,
    weights: Any,
    feature_rows: Any,
    target_rows: Any,
    active: Any,
    validation_features: Any,
    validation_targets: Any,
) -> tuple[State, Any, Any, Any]:
    """The frame's epochs: steps over batches, then validation, then each slot's early stopping."""
    recipe, network = frame.recipe, frame.architecture
    outputs, dtype = len(network.heads), features.dtype
    held = tuple(
        tf.gather(table, rows)
        for table, rows in (
            (features, validation_features),
            (targets, validation_targets),
            (weights, validation_targets),
        )
    )

    def one_step(step: Any, epoch: Any, state: State, total: Any) -> tuple[Any, Any, State, Any]:
        rows, places = feature_rows[epoch, step], target_rows[epoch, step]
        moving = active[epoch, step] & state["alive"]
        new, losses = _step(
            frame,
            state,
            loss_weights,
            tf.gather(features, rows),
            tf.gather(targets, places),
            tf.gather(weights, places),
            moving,
        )
        return step + 1, epoch, new, total + losses * tf.cast(moving, dtype)[:, None]

    def one_epoch(
        epoch: Any, state: State, train: Any, validation: Any, lived: Any
    ) -> tuple[Any, State, Any, Any, Any]:
        start = (tf.constant(0), epoch, state, tf.zeros((frame.slots, outputs), dtype))
        _, _, state, total = tf.while_loop(lambda step, *_: step < frame.steps, one_step, start)
        steps = tf.reduce_sum(tf.cast(active[epoch], dtype), axis=0)
        answers = forward(network, _unpacked(network, state["weights"]), held[0])
        losses = output_losses(network, answers, held[1], held[2], frame.regression_loss)
        loss = tf.reduce_sum(losses * loss_weights, axis=1)
        alive = state["alive"]
        better = alive & (loss < state["best_loss"])
        wait = tf.where(better, 0, state["wait"] + 1)
        done = state["done"] + tf.cast(alive, tf.int32)
        new = {
            **state,
            "best": tf.where(better[:, None], state["weights"], state["best"]),
            "best_loss": tf.where(better, loss, state["best_loss"]),
            "wait": wait,
            "done": done,
            "alive": alive & (wait < recipe.patience) & (done < recipe.max_epochs),
        }
        return (
            epoch + 1,
            new,
            train.write(epoch, tf.math.divide_no_nan(total, steps[:, None])),
            validation.write(epoch, losses),
            lived.write(epoch, alive),
        )

    start = (
        tf.constant(0),
        state,
        tf.TensorArray(dtype, frame.epochs, element_shape=(frame.slots, outputs)),
        tf.TensorArray(dtype, frame.epochs, element_shape=(frame.slots, outputs)),
        tf.TensorArray(tf.bool, frame.epochs, element_shape=(frame.slots,)),
    )
    _, state, train, validation, lived = tf.while_loop(lambda epoch, *_: epoch < frame.epochs, one_epoch, start)
    return state, train.stack(), validation.stack(), lived.stack()


def predict(network: Architecture, asked: Sequence[tuple[Weights, Float32Array]]) -> list[Float32Array]:
    """Predictions of each network on its rows, by the stock Keras model with the network's weights put in."""
    model = build(network, asked[0][0], str(asked[0][1].dtype))
    answers = []
    for weights, rows in asked:
        for layer in network.layers:
            model.get_layer(layer.name).set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
        parts = model(rows, training=False)
        answers.append(np.concatenate([parts[head_name(i)].numpy() for i in range(len(network.heads))], axis=1))
    return answers
