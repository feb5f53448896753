"""Networks with two outputs as tutorials and forums write them, run on a job's rows, with what their loops report."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jointbench.backends.base import Job, Pattern, TrainingHistory
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


def library_loss(kind: Kind) -> Any:
    if kind == "regression":
        return "mse"
    if kind == "binary":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def hand_written_loss(kind: Kind, answer: Any, target: Any) -> Any:
    """The same numbers from their formulas; log(1 + e^a) - t a is binary cross-entropy from a logit a."""
    if kind == "regression":
        return tf.reduce_mean(tf.square(answer - target))
    if kind == "binary":
        return tf.reduce_mean(tf.math.log1p(tf.exp(-tf.abs(answer))) + tf.maximum(answer, 0.0) - target * answer)
    chosen = tf.gather(answer, tf.cast(target, tf.int32), axis=1, batch_dims=1)
    return tf.reduce_mean(tf.reduce_logsumexp(answer, axis=1, keepdims=True) - chosen)


def run(job: Job, pattern: Pattern) -> TrainingHistory:
    """Trains for the recipe's epochs, no early stopping; gradients are of the first batch's total."""
    model = build(job.architecture, job.initial, job.precision)
    if pattern == "sliced":
        model = sliced(job, model)
    rows = BatchPipeline(job)
    features, targets, _ = next(iter(rows.batches(0, 1)))
    with tf.GradientTape() as tape:
        total, _ = _total(job, model, features, targets)
    variables = model.trainable_variables
    gradients = _named(job, model, dict(zip((id(v) for v in variables), tape.gradient(total, variables), strict=True)))
    train = _hand_written if pattern == "hand-written" else _compiled_and_fitted
    return TrainingHistory(*train(job, model, rows), gradients)


def _total(job: Job, model: Any, features: Any, targets: Any) -> tuple[Any, list[Any]]:
    """The hand-written weighted total and each output's loss."""
    answers = model(features, training=True)
    losses = [
        hand_written_loss(kind, answers[head_name(i)], targets[head_name(i)])
        for i, kind in enumerate(job.architecture.kinds)
    ]
    return tf.add_n([weight * loss for weight, loss in zip(job.loss_weights, losses, strict=True)]), losses


def _compiled_and_fitted(job: Job, model: Any, rows: BatchPipeline) -> Curves:
    """`compile` with one loss and one weight an output, and `fit`; what its history holds."""
    kinds = job.architecture.kinds
    names = [head_name(i) for i in range(len(kinds))]
    model.compile(
        optimizer=make_optimizer(job.recipe),
        loss={name: library_loss(kind) for name, kind in zip(names, kinds, strict=True)},
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
        # Keras names each output's unweighted loss only if there are several.
        alone = (
            total[:, None] / job.loss_weights[0]
            if len(names) == 1
            else np.stack([history[f"{prefix}{name}_loss"] for name in names], axis=1)
        )
        return total, alone

    return *curves(""), *curves("val_")


def _hand_written(job: Job, model: Any, rows: BatchPipeline) -> Curves:
    """A GradientTape loop, its step a `tf.function`."""
    optimizer = make_optimizer(job.recipe)
    optimizer.build(model.trainable_variables)

    def take(features: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            total, losses = _total(job, model, features, targets)
        optimizer.apply_gradients(
            zip(tape.gradient(total, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return tf.stack([total, *losses])

    step = tf.function(take, reduce_retracing=True)
    held_features, held_targets, _ = next(iter(rows.whole(job.validation)))
    reported = []
    for epoch in range(job.recipe.max_epochs):
        steps = [step(features, targets) for features, targets, _ in rows.batches(epoch, 1)]
        total, losses = _total(job, model, held_features, held_targets)
        reported.append(
            np.stack([np.mean([taken.numpy() for taken in steps], axis=0), tf.stack([total, *losses]).numpy()])
        )
    curves = np.array(reported, np.float64)
    return curves[:, 0, 0], curves[:, 0, 1:], curves[:, 1, 0], curves[:, 1, 1:]


def _named(job: Job, model: Any, gradients: dict[int, Any]) -> dict[str, npt.NDArray[np.floating]]:
    """By weight name; the columns of a sliced layer under the names of the heads that they are."""
    named: dict[str, npt.NDArray[np.floating]] = {}
    layers = {layer.name: layer for layer in model.layers}
    start = 0
    for layer in job.architecture.layers:
        columns = slice(None)
        if SLICED in layers and layer.head is not None:
            columns, start = slice(start, start + layer.units), start + layer.units
        held = layers[SLICED if SLICED in layers and layer.head is not None else layer.name]
        for part, variable in (("kernel", held.kernel), ("bias", held.bias)):
            named[f"{layer.name}/{part}"] = gradients[id(variable)].numpy()[..., columns]
    return named
