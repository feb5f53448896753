"""Predictions as the records that a study would have left, so that everything compares them as it does a study's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.metrics.judged_rows import judged_no_skill_error, judged_rows
from jointbench.metrics.quality import score
from jointbench.predictions.predictions import Predictions
from jointbench.records import Fit, FoldRecord, PlannedArm, Record, Score, ScoredOutput
from jointbench.types import EXTERNAL, Arm, FloatArray, IntArray, Network, Output, Recipe, Shape

UNKNOWN_SHAPE = Shape(())


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model, or one for each output, answered on a fold's test rows.

    seed: counted from 0. raw: by output, (test rows, units): values, or logits of classes.
    """

    fold: FoldRecord
    seed: int
    raw: tuple[FloatArray, ...]


def to_records(predictions: Predictions, joint: str, backend: str) -> Iterator[Record]:
    """Folds, arms and fits. joint: the arm whose one model predicts all outputs; of the others each output has its own.

    backend: what stands where a study names its framework.
    """
    folds = list(_folds(predictions))
    yield from folds
    for arm in (joint, *(name for name in predictions.arms if name != joint)):
        answers = [
            Answers(
                fold,
                seed,
                tuple(predictions.raw[arm][o.name][fold.repeat, seed][fold.test] for o in predictions.outputs),
            )
            for fold in folds
            for seed in range(predictions.seeds)
        ]
        yield from arm_records(predictions.outputs, answers, arm, backend, predictions.sha256, together=arm == joint)


def _folds(predictions: Predictions) -> Iterator[FoldRecord]:
    outputs = predictions.outputs
    truths = np.stack([predictions.truths[output.name] for output in outputs], axis=1)
    for repeat in range(predictions.repeats):
        for fold in range(predictions.folds):
            test, train = _rows(predictions, repeat, fold)
            pairs = [(o, truths[train, i], truths[test, i]) for i, o in enumerate(outputs)]
            yield FoldRecord(
                dataset=predictions.name,
                repeat=repeat,
                fold=fold,
                folds=predictions.folds,
                seed=0,
                digest=hashlib.sha256(test.tobytes()).hexdigest()[:16],
                outputs=tuple(output.name for output in outputs),
                train_rows=len(train),
                validation_rows=0,
                test=test,
                y_true=np.nan_to_num(truths[test]),
                weights=np.stack([judged_rows(*pair).astype(np.float64) for pair in pairs], axis=1),
                no_skill_error=tuple(float(np.nan_to_num(judged_no_skill_error(*pair))) for pair in pairs),
                scored=tuple(_scored(output, values) for output, values in zip(outputs, truths.T, strict=True)),
                row_units=test,
            )


def _rows(predictions: Predictions, repeat: int, fold: int) -> tuple[IntArray, IntArray]:
    """Row numbers of a fold, and of all others."""
    tested = predictions.fold[repeat] == fold
    return np.flatnonzero(tested), np.flatnonzero(~tested)


def _scored(output: Output, values: FloatArray) -> ScoredOutput:
    """Regression outputs are stored around their mean, so that float32 loses nothing that matters."""
    if output.kind != "regression":
        return ScoredOutput(output.kind, output.units, output.error_metric)
    known = values[~np.isnan(values)]
    return ScoredOutput(output.kind, output.units, output.error_metric, float(known.mean()), float(known.std()) or 1.0)


def arm_records(
    outputs: Sequence[Output], answers: Sequence[Answers], name: str, backend: str, sha256: str, *, together: bool
) -> Iterator[Record]:
    """An arm and its fits. together: one model predicts all outputs. sha256: of what the models are known by."""
    names = tuple(output.name for output in outputs)
    groups = (names,) if together else tuple((output,) for output in names)
    known_by = hashlib.sha256(f"{sha256} {name}".encode()).hexdigest()
    fits = [_fit(outputs, answer, known_by, group, backend) for answer in answers for group in groups]
    yield PlannedArm(
        dataset=answers[0].fold.dataset,
        backend=backend,
        device="cpu",
        engine=EXTERNAL,
        arm=Arm(name, groups),
        shapes=(UNKNOWN_SHAPE,) * len(groups),
        parameters=0,
        reference_parameters=0,
        train_flops_per_row=0,
        inference_flops_per_row=0,
        network_ids=tuple(fit.network.id for fit in fits),
    )
    yield from fits


def _fit(outputs: Sequence[Output], answers: Answers, known_by: str, group: tuple[str, ...], backend: str) -> Fit:
    """Its network is known by the arm's predictions alone."""
    fold = answers.fold
    parts, scores = [], []
    for i in (i for i, output in enumerate(outputs) if output.name in group):
        output, scored, raw = outputs[i], fold.scored[i], answers.raw[i]
        parts.append((raw - scored.location) / scored.scale if output.kind == "regression" else raw)
        judged = fold.weights[:, i] > 0
        if judged.any():
            scores.append(
                _score(output, fold.y_true[judged, i], raw[judged], fold.no_skill_error[i], fold.weights[judged, i])
            )
    return Fit(
        network=Network(
            dataset=fold.dataset,
            sha256=known_by,
            repeat=fold.repeat,
            fold=fold.fold,
            split=fold.digest,
            seed=answers.seed,
            group=group,
            shape=UNKNOWN_SHAPE,
            recipe=Recipe(),
            backend=backend,
            device="cpu",
            engine=EXTERNAL,
        ),
        predictions=np.concatenate(parts, axis=1).astype(np.float32),
        scores=tuple(scores),
    )


def _score(output: Output, observed: FloatArray, raw: FloatArray, no_skill: float, weights: FloatArray) -> Score:
    return score(output, observed, raw[:, 0] if output.kind == "regression" else raw, no_skill, weights)
