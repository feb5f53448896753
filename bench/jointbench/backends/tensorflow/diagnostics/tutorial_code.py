"""Networks with several outputs as tutorials and forums write them, trained on a job's rows."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import HUBER_DELTA, Job, Pattern, RegressionLoss, TrainingHistory
from jointbench.backends.tensorflow.input_pipeline import BatchPipeline
from jointbench.backends.tensorflow.losses_and_optimizers import make_optimizer
from jointbench.backends.tensorflow.networks import build, head_name
from jointbench.types import FloatArray, Kind

SLICED = "all_outputs"
Curves = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def sliced(job: Job, branched: Any) -> Any:
    """The branched model's trunk, and ONE Dense layer as wide as all outputs; an output is a slice of its columns."""
    heads = [branched.get_layer(head[0].name) for head in job.architecture.heads]
    both = keras.layers.Dense(sum(job.architecture.units), name=SLICED, dtype=job.precision)
    answers = both(heads[0].input)
    kernels, biases = zip(*(head.get_weights() for head in heads), strict=True)
    both.set_weights([np.concatenate(kernels, axis=1), np.concatenate(biases)])
    outputs, start = {}, 0
    for i, units in enumerate(job.architecture.units):
        part = answers[:, start : start + units]
        outputs[head_name(i)] = keras.layers.Identity(name=head_name(i), dtype=job.precision)(part)
        start += units
    return keras.Model(branched.input, outputs)


def library_loss(kind: Kind, regression_loss: RegressionLoss) -> Any:
    if kind == "regression":
        return {"squared": "mse", "absolute": "mae", "huber": keras.losses.Huber(HUBER_DELTA)}[regression_loss]
    if kind == "binary":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def hand_written_loss(kind: Kind, answer: Any, target: Any, regression_loss: RegressionLoss) -> Any:
    """The same losses from their formulas; binary cross-entropy from a logit a is log(1 + e^a) - t a."""
    if kind == "regression":
        if regression_loss == "squared":
            return tf.reduce_mean(tf.square(answer - target))
        size = tf.abs(answer - target)
        if regression_loss == "absolute":
            return tf.reduce_mean(size)
        linear = HUBER_DELTA * (size - HUBER_DELTA / 2)
        return tf.reduce_mean(tf.where(size <= HUBER_DELTA, tf.square(size) / 2, linear))
    if kind == "binary":
        return tf.reduce_mean(tf.math.log1p(tf.exp(-tf.abs(answer))) + tf.maximum(answer, 0.0) - target * answer)
    chosen = tf.gather(answer, tf.cast(target, tf.int32), axis=1, batch_dims=1)
    return tf.reduce_mean(tf.reduce_logsumexp(answer, axis=1, keepdims=True) - chosen)


def run(job: Job, pattern: Pattern) -> TrainingHistory:
    """Trains for all the recipe's epochs, without early stopping."""
    model = build(job.architecture, job.initial, job.precision)
    if pattern == "sliced":
        model = sliced(job, model)
    rows = BatchPipeline(job)
    features, targets, _ = next(iter(rows.batches(0, 1)))
    with tf.GradientTape() as tape:
        total, _ = _total(job, model, features, targets)
    variables = model.trainable_variables
    gradients = _named(job, model, dict(zip((id(v) for v in variables), tape.gradient(total, variables), strict=True)))
    train = _hand_written if pattern == "hand-written" else _compile_and_fit
    return TrainingHistory(*train(job, model, rows), gradients)


def _total(job: Job, model: Any, features: Any, targets: Any) -> tuple[Any, list[Any]]:
    """The hand-written weighted total and each output's loss."""
    answers = model(features, training=True)
    losses = [
        hand_written_loss(kind, answers[head_name(i)], targets[head_name(i)], job.regression_loss)
        for i, kind in enumerate(job.architecture.kinds)
    ]
    return tf.add_n([weight * loss for weight, loss in zip(job.loss_weights, losses, strict=True)]), losses


def _compile_and_fit(job: Job, model: Any, rows: BatchPipeline) -> Curves:
    """The curves of `compile`, with one loss and one weight per output, and `fit`."""
    kinds = job.architecture.kinds
    names = [head_name(i) for i in range(len(kinds))]
    model.compile(
        optimizer=make_optimizer(job.recipe),
        loss={name: library_loss(kind, job.regression_loss) for name, kind in zip(names, kinds, strict=True)},
        loss_weights=dict(zip(names, job.loss_weights, strict=True)),
    )
    epochs = job.recipe.max_epochs
    history = model.fit(
        rows.batches(0, epochs).map(lambda features, targets, _: (features, targets)),
        steps_per_epoch=math.ceil(len(job.train) / job.recipe.batch_size),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=rows.whole(job.validation).map(lambda features, targets, _: (features, targets)),
    ).history

    def curves(prefix: str) -> tuple[FloatArray, FloatArray]:
        total = np.array(history[f"{prefix}loss"])
        # With one output Keras records the weighted total alone.
        losses = (
            total[:, None] / job.loss_weights[0]
            if len(names) == 1
            else np.stack([history[f"{prefix}{name}_loss"] for name in names], axis=1)
        )
        return total, losses

    return *curves(""), *curves("val_")


def _hand_written(job: Job, model: Any, rows: BatchPipeline) -> Curves:
    """The curves of a GradientTape loop, its step a `tf.function`."""
    optimizer = make_optimizer(job.recipe)
    optimizer.build(model.trainable_variables)

    def step(features: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            total, losses = _total(job, model, features, targets)
        optimizer.apply_gradients(
            zip(tape.gradient(total, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return tf.stack([total, *losses])

    compiled_step = tf.function(step, reduce_retracing=True)
    validation_features, validation_targets, _ = next(iter(rows.whole(job.validation)))
    epochs = []
    for epoch in range(job.recipe.max_epochs):
        steps = [compiled_step(features, targets) for features, targets, _ in rows.batches(epoch, 1)]
        total, losses = _total(job, model, validation_features, validation_targets)
        mean = np.mean([step_losses.numpy() for step_losses in steps], axis=0)
        epochs.append(np.stack([mean, tf.stack([total, *losses]).numpy()]))
    curves = np.array(epochs, np.float64)
    return curves[:, 0, 0], curves[:, 0, 1:], curves[:, 1, 0], curves[:, 1, 1:]


def _named(job: Job, model: Any, gradients: dict[int, Any]) -> dict[str, npt.NDArray[np.floating]]:
    """Gradients by weight name. The columns of a sliced layer have the names of the heads that they replace."""
    named: dict[str, npt.NDArray[np.floating]] = {}
    layers = {layer.name: layer for layer in model.layers}
    start = 0
    for layer in job.architecture.layers:
        columns = slice(None)
        if SLICED in layers and layer.head is not None:
            columns, start = slice(start, start + layer.units), start + layer.units
        keras_layer = layers[SLICED if SLICED in layers and layer.head is not None else layer.name]
        for part, variable in (("kernel", keras_layer.kernel), ("bias", keras_layer.bias)):
            named[f"{layer.name}/{part}"] = gradients[id(variable)].numpy()[..., columns]
    return named
