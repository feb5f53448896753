"""Are a sliced Dense layer, a layer for each output and a hand-written loss one and the same model?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Job, Pattern, Precision, TrainingHistory
from jointbench.backends.protocols import DiagnosedBackend, diagnostics_of
from jointbench.errors import BadInput
from jointbench.explain.answer import Answer, AnswerData, Value, failed_answer
from jointbench.explain.context import Context
from jointbench.explain.trained_networks import compared_outputs, first_folds
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.networks.recipes import effective_weights
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Output, Weights

KEY = "pasted-code"
QUESTION = "Sliced outputs of one Dense layer, heads of their own, a hand-written loss: is it one model?"
PATTERNS: tuple[Pattern, ...] = ("sliced", "branched", "hand-written")
REFERENCE: Pattern = "branched"
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
EPOCHS, MAX_ROWS = 3, 500
SAME_GRADIENT, SAME_LOSS = 1e-12, 1e-6  # relative, in float64; Adam's division lets rounding errors grow in training


@dataclass(frozen=True)
class Difference:
    """Relative difference of a pattern from REFERENCE.

    gradients: of the first batch, by the largest of each weight array. losses: of EPOCHS epochs, on training and
    validation rows.
    """

    pattern: Pattern
    precision: Precision
    gradients: float
    losses: float


@dataclass(frozen=True)
class CodeComparison(AnswerData):
    """kinds: of the two outputs. weights: number of trained parameters. differences: of every other pattern."""

    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    weights: int
    differences: tuple[Difference, ...]

    def of(self, pattern: Pattern) -> tuple[Difference, Difference]:
        """The pattern's differences in float32 and in float64."""
        single, double = (
            next(d for d in self.differences if (d.pattern, d.precision) == (pattern, precision))
            for precision in PRECISIONS
        )
        return single, double


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, context.workers), experiment.dataset.slug, backend)


def two_outputs(experiment: Experiment) -> list[Output]:
    """The first output and the first of another kind (the mixed model), or the first two.

    Raises BadInput for a dataset with a single output.
    """
    compared_outputs(experiment)
    first, *rest = experiment.dataset.outputs
    return [first, next((output for output in rest if output.kind != first.kind), rest[0])]


def tutorial_job(experiment: Experiment) -> Job:
    """Two outputs on heads of one layer, on at most MAX_ROWS rows of the first fold with both labels known."""
    outputs = two_outputs(experiment)
    split = first_folds(experiment)[0]
    prepared = prepared_split(experiment, split.repeat, split.fold)
    columns = [experiment.dataset.outputs.index(output) for output in outputs]
    labelled = np.isfinite(sum(experiment.dataset.targets[output.name] for output in outputs))
    train, validation = (rows[labelled[rows]] for rows in (split.train, split.validation))
    if not (len(train) and len(validation)):
        first, second = (output.name for output in outputs)
        raise BadInput(
            f"{experiment.dataset.slug}: too few rows have a label of both {first!r} and {second!r} to train and validate on"
        )
    network = architecture(replace(experiment.shape, head=()), experiment.input_shape, outputs)
    names = [output.name for output in outputs]
    no_skill = {name: prepared.no_skill[column] for name, column in zip(names, columns, strict=True)}
    recipe = replace(experiment.recipe, max_epochs=EPOCHS, patience=EPOCHS)
    return Job(
        architecture=network,
        recipe=recipe,
        features=prepared.features,
        targets=prepared.targets[:, columns],
        weights=np.ones_like(prepared.targets[:, columns]),
        train=train[:MAX_ROWS],
        validation=validation[:MAX_ROWS],
        test=split.test,
        loss_weights=effective_weights(recipe, outputs, no_skill),
        initial=initial_weights(network, names, split.seed),
        seed=split.seed,
    )


def measure(experiment: Experiment, workers: Workers) -> CodeComparison:
    """All patterns in both precisions. Raises BadInput for a dataset with a single output."""
    job = tutorial_job(experiment)
    pending = {
        (pattern, precision): workers.submit(_run, replace(job, precision=precision), pattern)
        for pattern in PATTERNS
        for precision in PRECISIONS
    }
    histories = {key: future.result() for key, future in pending.items()}
    differences = tuple(
        Difference(pattern, precision, *difference(history, histories[REFERENCE, precision]))
        for (pattern, precision), history in histories.items()
        if pattern != REFERENCE
    )
    outputs = two_outputs(experiment)
    return CodeComparison(
        tuple(output.name for output in outputs),
        tuple(output.kind for output in outputs),
        job.architecture.parameters,
        differences,
    )


def _run(backend: DiagnosedBackend, job: Job, pattern: Pattern) -> TrainingHistory:
    """``Diagnostics.tutorial``, as a worker's task."""
    return diagnostics_of(backend).tutorial(job, pattern)


def difference(history: TrainingHistory, reference: TrainingHistory) -> tuple[float, float]:
    """How far a training run is from another of the same model: relative difference of gradients, and of losses."""
    losses = [
        np.max(np.abs(values - expected) / np.abs(expected))
        for values, expected in (
            (history.losses, reference.losses),
            (history.validation_losses, reference.validation_losses),
        )
    ]
    return gradient_difference(history.gradients, reference.gradients), float(max(losses))


def gradient_difference(gradients: Weights, reference: Weights) -> float:
    """The largest difference, over weight arrays, relative to the array's largest reference gradient.

    Infinite when the arrays have other names.
    """
    if set(gradients) != set(reference):
        return float("inf")
    return max(
        float(np.abs(gradients[name] - expected).max() / max(np.abs(expected).max(), 1e-30))
        for name, expected in reference.items()
    )


def answer(comparison: CodeComparison, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where the losses or gradients are not finite."""
    if any(np.isnan([values.gradients, values.losses]).any() for values in comparison.differences):
        reason = f"the losses or gradients of {EPOCHS} epochs are not finite, so that there is nothing to compare"
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    numbers: dict[str, Value] = {"parameters": comparison.weights, "epochs": EPOCHS}
    for values in comparison.differences:
        key, precision = values.pattern.replace("-", "_"), values.precision
        numbers |= {f"{key}_gradients_{precision}": values.gradients, f"{key}_losses_{precision}": values.losses}
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=_sentence(comparison),
        numbers=numbers,
        data=comparison,
    )


def _sentence(comparison: CodeComparison) -> str:
    mixed = "a regression and a classification" if len(set(comparison.kinds)) > 1 else "two outputs of one kind"
    sliced = "One Dense layer cut into columns and a layer for each output"
    hand_written = f"The loop with the loss of {mixed} written by hand and the library version"
    return f"{_claim(sliced, 'sliced', comparison)} {_claim(hand_written, 'hand-written', comparison)}"


def _claim(models: str, pattern: Pattern, comparison: CodeComparison) -> str:
    """models: the two that are compared, as the subject of the sentence."""
    single, double = comparison.of(pattern)
    same = double.gradients <= SAME_GRADIENT and double.losses <= SAME_LOSS
    return (
        f"{models} are {'the same model' if same else 'NOT the same model'}: the gradients of all "
        f"{comparison.weights:,} weights differ by at most {double.gradients:.0e} of the largest in float64 and "
        f"{single.gradients:.0e} in float32, the losses of {EPOCHS} epochs by {double.losses:.0e} and "
        f"{single.losses:.0e}."
    )
