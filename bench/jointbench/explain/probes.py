"""What does a trunk that was trained for one output know of another? A linear head on the frozen trunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jointbench.backends.base import Backend
from jointbench.compare.verdict import PROBABILITY
from jointbench.data.preprocess import Prepared
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.skill import fold_difference, skill_of
from jointbench.explain.trained_networks import TrainedNetwork, compared_outputs, first_folds, layers_of, study_networks
from jointbench.metrics.reference_models import LINEAR, reference_predictions
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import Posterior
from jointbench.study.plan import Experiment, prepared_split
from jointbench.types import Float32Array, FloatArray, Output, Split

QUESTION = "What does the trunk of one output know of another?"
JOINT, UNTRAINED, INPUTS = "joint", "untrained", "inputs"
Skills = Mapping[tuple[str, str], Mapping[int, float]]  # by (trunk, output), then fold


@dataclass(frozen=True, eq=False)
class Measured:
    """Skill of a linear head by (trunk, output that it predicts) and fold. A trunk is an output's own, JOINT, UNTRAINED
    (initial weights) or INPUTS (no trunk at all)."""

    outputs: tuple[str, ...]
    folds: int
    skills: Skills


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return probe_answer(experiment.dataset.slug, backend, measured(experiment, backend, workers))


def measured(experiment: Experiment, backend: str, workers: Workers) -> Measured:
    """Probes of the first seed's networks on every fold: ridge or logistic, its penalty chosen on validation rows."""
    outputs = compared_outputs(experiment)
    networks = [one for one in study_networks(experiment, backend, workers) if one.number == 0]
    pending = []
    for fold, split in enumerate(first_folds(experiment)):
        for name, rows in _trunks(experiment, workers, [one for one in networks if one.fold == fold], outputs).items():
            for output in outputs:
                about = next(one for one in experiment.dataset.outputs if one.name == output)
                prepared = prepared_split(experiment, split.repeat, split.fold)
                values = _standardised(experiment, output, prepared)
                pending.append((name, output, fold, split, workers.submit(_probe, about, rows, values, split)))
    found: dict[tuple[str, str], dict[int, float]] = {}
    for name, output, fold, split, future in pending:
        found.setdefault((name, output), {})[fold] = skill_of(experiment, output, split, future.result())
    return Measured(tuple(outputs), len(first_folds(experiment)), found)


def _trunks(
    experiment: Experiment, workers: Workers, networks: list[TrainedNetwork], outputs: list[str]
) -> dict[str, Float32Array]:
    """By name, what each trunk makes of all rows. Trunks of one seed start alike, so one untrained trunk stands for all."""
    if not networks:
        return {}
    rows = networks[0].job.features
    both = [(one.job.architecture, one.trained.weights) for one in networks]
    both.append((networks[0].job.architecture, dict(networks[0].job.initial)))
    layers = workers.submit(layers_of, both, rows).result()
    names = [one.group[0] if len(one.group) == 1 else JOINT for one in networks]
    made = {name: layer[-1] for name, layer in zip([*names, UNTRAINED], layers, strict=True) if layer}
    return {**made, INPUTS: rows.reshape(len(rows), -1)}


def _standardised(experiment: Experiment, output: str, prepared: Prepared) -> FloatArray:
    """(rows,), in the unit that networks predict in; codes for classes; NaN where missing."""
    column = [one.name for one in experiment.dataset.outputs].index(output)
    return (experiment.dataset.targets[output] - prepared.mean[column]) / prepared.scale[column]


def _probe(_: Backend, output: Output, rows: Float32Array, values: FloatArray, split: Split) -> FloatArray:
    """Raw answers of the linear head on the test rows, (rows, units). Units are standardised, so that a penalty means
    the same on every trunk; one that is constant (dead) is left out."""
    mean, spread = rows[split.train].mean(axis=0), rows[split.train].std(axis=0)
    alive = spread > 1e-6
    scaled = ((rows - mean)[:, alive] / spread[alive]) if alive.any() else np.zeros((len(rows), 1), np.float32)
    answers = reference_predictions(
        LINEAR, output, scaled.astype(np.float32), values, split.train, split.validation, split.test
    )
    return answers.reshape(len(split.test), -1)


def probe_answer(dataset: str, backend: str, measured: Measured) -> Answer:
    """The sentence and its tables."""
    pairs = [
        (a, b)
        for a in measured.outputs
        for b in measured.outputs
        if a != b and _has(measured, (a, b), (b, b), (UNTRAINED, b))
    ]
    if not pairs:
        return Answer(
            key="probes",
            question=QUESTION,
            dataset=dataset,
            backend=backend,
            sentence="",
            numbers={},
            failure="no fold has a trained network to probe",
        )
    over = {
        (a, b): fold_difference(measured.skills[a, b], measured.skills[UNTRAINED, b], measured.folds) for a, b in pairs
    }
    beliefs = [found for found in over.values() if found is not None]
    more = sum(found.probability_joint_better >= PROBABILITY for found in beliefs)
    less = sum(found.probability_other_better >= PROBABILITY for found in beliefs)
    means = {name: _mean(measured, [(name, b) for _, b in pairs]) for name in (JOINT, UNTRAINED, INPUTS)}
    other, own = _mean(measured, pairs), _mean(measured, [(b, b) for _, b in pairs])
    carried = (other - means[UNTRAINED]) / (own - means[UNTRAINED]) if own > means[UNTRAINED] else None
    numbers: dict[str, Value] = {
        "pairs": len(pairs),
        "pairs_above_untrained": more,
        "pairs_below_untrained": less,
        "skill_on_other_trunk": other,
        "skill_on_own_trunk": own,
        "skill_on_joint_trunk": means[JOINT],
        "skill_on_untrained_trunk": means[UNTRAINED],
        "skill_on_inputs": means[INPUTS],
        "share_carried_over": carried,
    }
    sentence = (
        f"A linear head on the frozen trunk of another output reaches a mean skill of {other:.3f}, on the output's own trunk "
        f"{own:.3f}, on the joint one {_said(means[JOINT])}, on an untrained one {_said(means[UNTRAINED])} and on the inputs alone "
        f"{_said(means[INPUTS])}: {_carried(carried)}. Another output's trunk is credibly better than an untrained one in {more} of "
        f"{len(pairs)} pairs and credibly worse in {less}."
    )
    return Answer(
        key="probes",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_table(measured), _pairs_table(over)),
    )


def _carried(share: float | None) -> str:
    """share: of what training adds to a linear head's skill, the part that another output's trunk adds too."""
    if share is None:
        return "training the trunk adds nothing that a linear head could use"
    if share <= 0:
        return "of what training the trunk adds for an output, another output's trunk carries nothing"
    return f"of what training the trunk adds for an output, another output's trunk carries {min(share, 1):.0%}"


def _has(measured: Measured, *keys: tuple[str, str]) -> bool:
    return all(measured.skills.get(key) for key in keys)


def _mean(measured: Measured, keys: list[tuple[str, str]]) -> float:
    values = [np.mean(list(measured.skills[key].values())) for key in keys if measured.skills.get(key)]
    return float(np.mean(values)) if values else float("nan")


def _said(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def _table(measured: Measured) -> Table:
    rows: list[tuple[Value, ...]] = []
    for trunk in (*measured.outputs, JOINT, UNTRAINED, INPUTS):
        found = [measured.skills.get((trunk, output)) for output in measured.outputs]
        rows.append((trunk, *(float(np.mean(list(one.values()))) if one else None for one in found)))
    return Table(
        "Skill of a linear head on a frozen trunk, mean over folds.",
        ("Trunk trained for", *measured.outputs),
        tuple(rows),
    )


def _pairs_table(over: Mapping[tuple[str, str], Posterior | None]) -> Table:
    rows = tuple(
        (a, b, None, None, None) if found is None else (a, b, found.mean, found.low, found.high)
        for (a, b), found in over.items()
    )
    return Table("Skill above an untrained trunk.", ("Trunk of", "Predicts", "Difference", "Low", "High"), rows)
