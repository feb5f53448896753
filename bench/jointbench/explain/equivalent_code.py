"""The code people paste: one layer cut into outputs, a head an output, and a loss written by hand. Are they one model?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Backend, Job, Pattern, Precision, TrainingHistory
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.trained_networks import compared_outputs, first_folds
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.networks.recipes import effective_weights
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment, prepared_split
from jointbench.types import Output, Weights

QUESTION = "Sliced outputs of one Dense layer, heads of their own, a hand-written loss: is it one model?"
PATTERNS: tuple[Pattern, ...] = ("sliced", "branched", "hand-written")
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
EPOCHS, MAX_ROWS = 3, 500
SAME_GRADIENT, SAME_LOSS = 1e-12, 1e-6  # in float64, relative; Adam's division lets rounding grow along training


@dataclass(frozen=True)
class Difference:
    """Of a pattern from the branched one, relative: gradients of the first batch (by the largest of each weight array),
    and the losses of EPOCHS epochs, training and validation."""

    gradients: float
    losses: float


@dataclass(frozen=True)
class Measured:
    """kinds: of the two outputs; differences: by (pattern, precision); weights: how many parameters have a gradient."""

    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    weights: int
    differences: Mapping[tuple[Pattern, Precision], Difference]


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return pasted_answer(experiment.dataset.slug, backend, measured(experiment, workers))


def two_outputs(experiment: Experiment) -> list[Output]:
    """The first output and the first of another kind (the mixed model), or the first two."""
    compared_outputs(experiment)
    first, *rest = experiment.dataset.outputs
    return [first, next((output for output in rest if output.kind != first.kind), rest[0])]


def tutorial_job(experiment: Experiment) -> Job:
    """Two outputs on heads of one layer, on at most MAX_ROWS rows of the first fold with both labels known."""
    outputs = two_outputs(experiment)
    split = first_folds(experiment)[0]
    prepared = prepared_split(experiment, split.repeat, split.fold)
    columns = [[one.name for one in experiment.dataset.outputs].index(output.name) for output in outputs]
    labelled = np.isfinite(sum(experiment.dataset.targets[output.name] for output in outputs))
    train, validation = (rows[labelled[rows]] for rows in (split.train, split.validation))
    built = architecture(replace(experiment.shape, head=()), experiment.input_shape, outputs)
    names = [output.name for output in outputs]
    no_skill = {name: prepared.no_skill[column] for name, column in zip(names, columns, strict=True)}
    recipe = replace(experiment.recipe, max_epochs=EPOCHS, patience=EPOCHS)
    return Job(
        architecture=built,
        recipe=recipe,
        features=prepared.features,
        targets=prepared.targets[:, columns],
        weights=np.ones_like(prepared.targets[:, columns]),
        train=train[:MAX_ROWS],
        validation=validation[:MAX_ROWS],
        test=split.test,
        loss_weights=effective_weights(recipe, outputs, no_skill),
        initial=initial_weights(built, names, split.seed),
        seed=split.seed,
    )


def measured(experiment: Experiment, workers: Workers) -> Measured:
    """All patterns in both precisions."""
    job = tutorial_job(experiment)
    pending = {
        (pattern, precision): workers.submit(_run, replace(job, precision=precision), pattern)
        for pattern in PATTERNS
        for precision in PRECISIONS
    }
    runs = {key: future.result() for key, future in pending.items()}
    outputs = two_outputs(experiment)
    differences: dict[tuple[Pattern, Precision], Difference] = {
        (pattern, precision): difference(runs[pattern, precision], runs["branched", precision])
        for pattern in PATTERNS
        for precision in PRECISIONS
        if pattern != "branched"
    }
    return Measured(
        tuple(output.name for output in outputs),
        tuple(output.kind for output in outputs),
        job.architecture.parameters,
        differences,
    )


def _run(backend: Backend, job: Job, pattern: Pattern) -> TrainingHistory:
    return backend.tutorial(job, pattern)


def difference(one: TrainingHistory, other: TrainingHistory) -> Difference:
    """How far apart two runs of one model are."""
    losses = [
        np.max(np.abs(a - b) / np.abs(b))
        for a, b in ((one.losses, other.losses), (one.validation_losses, other.validation_losses))
    ]
    return Difference(gradient_difference(one.gradients, other.gradients), float(max(losses)))


def gradient_difference(one: Weights, other: Weights) -> float:
    """The largest difference, over weight arrays, relative to the array's largest gradient."""
    if set(one) != set(other):
        return float("inf")
    return max(float(np.abs(one[name] - other[name]).max() / max(np.abs(other[name]).max(), 1e-30)) for name in other)


def pasted_answer(dataset: str, backend: str, measured: Measured) -> Answer:
    """The sentence and its table."""
    numbers: dict[str, Value] = {"parameters": measured.weights, "epochs": EPOCHS}
    for (pattern, precision), found in measured.differences.items():
        key = pattern.replace("-", "_")
        numbers |= {f"{key}_gradients_{precision}": found.gradients, f"{key}_losses_{precision}": found.losses}
    rows = tuple(
        (pattern, precision, found.gradients, found.losses)
        for (pattern, precision), found in measured.differences.items()
    )
    columns = (
        "Against a head an output",
        "Precision",
        "Largest relative difference of a gradient",
        f"of a loss in {EPOCHS} epochs",
    )
    mixed = "a regression and a classification" if len(set(measured.kinds)) > 1 else "two outputs of one kind"
    sentence = (
        f"{_said('One Dense layer cut into columns and a layer for each output', 'sliced', measured)} "
        f"{_said(f'The loop with the loss of {mixed} written by hand and the library version', 'hand-written', measured)}"
    )
    return Answer(
        key="pasted-code",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(Table(f"The same network written in other ways, on {' and '.join(measured.outputs)}.", columns, rows),),
    )


def _said(what: str, pattern: Pattern, measured: Measured) -> str:
    single, double = (measured.differences[pattern, precision] for precision in PRECISIONS)
    same = double.gradients <= SAME_GRADIENT and double.losses <= SAME_LOSS
    return (
        f"{what} are {'the same model' if same else 'NOT the same model'}: the gradients of all {measured.weights:,} weights differ by at most "
        f"{double.gradients:.0e} of the largest in float64 and {single.gradients:.0e} in float32, the losses of {EPOCHS} epochs by {double.losses:.0e} and {single.losses:.0e}."
    )
