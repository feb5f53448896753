"""One call of a stack's program: steps, validation and early stopping for several epochs, as one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import tensorflow as tf

from jointbench.backends.batched.program import ProgramSpec
from jointbench.backends.early_stopping import Arrays, StoppingState, after_epoch
from jointbench.backends.tensorflow.batched.layers import flat_weights, forward, named_weights
from jointbench.backends.tensorflow.batched.losses import output_losses
from jointbench.networks.recipes import ADAM_BETAS, ADAM_EPSILON

State = dict[str, Any]
"""What a call changes, by name: weights, best weights, moments, step counts and early stopping, slots first."""
TENSORS = Arrays(tf.where, lambda conditions: tf.reduce_any(conditions, axis=-1))
STOPPING = tuple(field.name for field in fields(StoppingState))


@dataclass(frozen=True, eq=False, kw_only=True)
class CallInputs:
    """The tensors that a call reads and does not change.

    loss_weights: (slots, outputs). features, targets, weights: as in ``PackedData``. The rest: as in ``BatchRows``.
    """

    loss_weights: Any
    features: Any
    targets: Any
    weights: Any
    feature_rows: Any
    target_rows: Any
    active: Any
    validation_features: Any
    validation_targets: Any
    masks: Mapping[str, Any]


def train_epochs(spec: ProgramSpec, state: State, inputs: CallInputs) -> tuple[State, Any, Any, Any]:
    """The spec's epochs: state after them, and the losses of a ``ProgramStep``."""
    outputs, dtype = len(spec.architecture.heads), inputs.features.dtype
    validation_batch = _gather(inputs, inputs.validation_features, inputs.validation_targets)

    def epoch_body(
        epoch: Any, state: State, train: Any, validation: Any, totals: Any
    ) -> tuple[Any, State, Any, Any, Any]:
        state, train_losses = _train_epoch(spec, state, inputs, epoch)
        losses = _batch_losses(spec, named_weights(spec.architecture, state["weights"]), validation_batch)
        total = tf.reduce_sum(losses * inputs.loss_weights, axis=1)
        return (
            epoch + 1,
            _stop_early(spec, state, losses, total),
            train.write(epoch, train_losses),
            validation.write(epoch, losses),
            totals.write(epoch, total),
        )

    start = (
        tf.constant(0),
        state,
        tf.TensorArray(dtype, spec.epochs, element_shape=(spec.slots, outputs)),
        tf.TensorArray(dtype, spec.epochs, element_shape=(spec.slots, outputs)),
        tf.TensorArray(dtype, spec.epochs, element_shape=(spec.slots,)),
    )
    _, state, train, validation, totals = tf.while_loop(lambda epoch, *_: epoch < spec.epochs, epoch_body, start)
    return state, train.stack(), validation.stack(), totals.stack()


def _gather(inputs: CallInputs, feature_rows: Any, target_rows: Any) -> tuple[Any, Any, Any]:
    """Features, targets and weights of these rows."""
    return (
        tf.gather(inputs.features, feature_rows),
        tf.gather(inputs.targets, target_rows),
        tf.gather(inputs.weights, target_rows),
    )


def _batch_losses(
    spec: ProgramSpec,
    network_weights: dict[str, Any],
    batch: tuple[Any, Any, Any],
    masks: Mapping[str, Any] | None = None,
) -> Any:
    """(slots, outputs): the networks' losses on a batch of features, targets and weights. masks: as in ``forward``."""
    features, targets, weights = batch
    answers = forward(spec.architecture, network_weights, features, masks)
    return output_losses(spec.architecture, answers, targets, weights, spec.regression_loss)


def _train_epoch(spec: ProgramSpec, state: State, inputs: CallInputs, epoch: Any) -> tuple[State, Any]:
    """One epoch's steps: state after them, and the mean of the losses before each step, (slots, outputs)."""
    outputs, dtype = len(spec.architecture.heads), inputs.features.dtype

    def step_body(step: Any, state: State, total: Any) -> tuple[Any, State, Any]:
        batch = _gather(inputs, inputs.feature_rows[epoch, step], inputs.target_rows[epoch, step])
        active = inputs.active[epoch, step] & state["training"]
        masks = {name: mask[epoch, step] for name, mask in inputs.masks.items()}
        state, losses = _train_step(spec, state, inputs.loss_weights, batch, active, masks)
        return step + 1, state, total + losses * tf.cast(active, dtype)[:, None]

    start = (tf.constant(0), state, tf.zeros((spec.slots, outputs), dtype))
    _, state, total = tf.while_loop(lambda step, *_: step < spec.steps, step_body, start)
    steps = tf.reduce_sum(tf.cast(inputs.active[epoch], dtype), axis=0)
    return state, tf.math.divide_no_nan(total, steps[:, None])


def _train_step(
    spec: ProgramSpec,
    state: State,
    loss_weights: Any,
    batch: tuple[Any, Any, Any],
    active: Any,
    masks: Mapping[str, Any],
) -> tuple[State, Any]:
    """One optimisation step: state after it, and the losses before it. Inactive slots do not change at all."""
    network_weights = named_weights(spec.architecture, state["weights"])
    with tf.GradientTape() as tape:
        tape.watch(network_weights)
        losses = _batch_losses(spec, network_weights, batch, masks)
        total = tf.reduce_sum(losses * loss_weights)
    gradient = flat_weights(tape.gradient(total, network_weights))
    return _update(spec, state, gradient, tf.cast(active, losses.dtype)), losses


def _update(spec: ProgramSpec, state: State, gradient: Any, active: Any) -> State:
    """The recipe's update of the active slots. gradient: (slots, parameters); active: (slots,), 0 or 1."""
    recipe, change = spec.recipe, gradient
    new: State = {"count": state["count"] + active}
    on, rate = active[:, None], tf.cast(recipe.learning_rate, gradient.dtype)
    if recipe.optimizer != "sgd":
        beta_1, beta_2 = ADAM_BETAS
        # An idle slot has count 0 until its first step; the corrections would divide 0 by 0.
        steps = tf.maximum(new["count"], 1)
        # Keras takes powers of the betas rounded to float32 in every precision; so does this.
        power_1, power_2 = (
            tf.pow(tf.cast(tf.constant(beta, tf.float32), gradient.dtype), steps) for beta in ADAM_BETAS
        )
        rate = (rate * tf.sqrt(1 - power_2) / (1 - power_1))[:, None]
        new["first"] = state["first"] + on * (change - state["first"]) * (1 - beta_1)
        new["second"] = state["second"] + on * (tf.square(change) - state["second"]) * (1 - beta_2)
        change = new["first"] / (tf.sqrt(new["second"]) + ADAM_EPSILON)
    decay = recipe.learning_rate * recipe.weight_decay if recipe.optimizer != "adam" else 0.0
    # A subtraction of its own, as in Keras: a factor 1 - decay, rounded once, would err the same way in every step.
    decayed = state["weights"] - state["weights"] * decay
    new["weights"] = tf.where(on > 0, decayed - rate * change, state["weights"])
    return {**state, **new}


def _stop_early(spec: ProgramSpec, state: State, losses: Any, total: Any) -> State:
    """Copies the best weights and stops slots after an epoch. losses: of validation, (slots, outputs); total: weighted,
    (slots,)."""
    before = StoppingState(**{name: state[name] for name in STOPPING})
    after, improved = after_epoch(before, losses, total, spec.recipe, TENSORS)
    best = tf.where(improved[..., None], state["weights"][:, None], state["best"])
    return {**state, **vars(after), "best": best}
