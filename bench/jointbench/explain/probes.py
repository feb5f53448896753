"""What does a trunk trained for one output represent of another? Measured by a linear head on the frozen trunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jointbench.comparison.verdict import PROBABILITY
from jointbench.data.preprocess import Prepared
from jointbench.explain.answer import Answer, AnswerData, Value, check_lengths, failed_answer, interval
from jointbench.explain.context import Context
from jointbench.explain.lost_fits import because, lost_fits
from jointbench.explain.skill import fold_difference, skill_of
from jointbench.explain.trained_networks import TrainedNetwork, compared_outputs, first_folds, layers_of, study_networks
from jointbench.metrics.reference_models import LINEAR, reference_predictions
from jointbench.runtime.workers import Workers
from jointbench.stats.estimate import Estimate
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Float32Array, FloatArray, Output, Split

KEY = "probes"
QUESTION = "What does the trunk of one output know of another?"
JOINT, UNTRAINED, INPUTS = "joint", "untrained", "inputs"


@dataclass(frozen=True, eq=False)
class ProbeSkills:
    """Skill of a linear head by (trunk, output that it predicts) and fold.

    A trunk is named by the output that it was trained for, or is JOINT, UNTRAINED (initial weights) or INPUTS (none).
    lost: fits that failed, in words.
    """

    outputs: tuple[str, ...]
    folds: int
    skills: Mapping[tuple[str, str], Mapping[int, float]]
    lost: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(trunk's output, predicted output) of pairs measured on both outputs' trunks and on the untrained one."""
        return [
            (a, b)
            for a in self.outputs
            for b in self.outputs
            if a != b and all(self.skills.get(key) for key in ((a, b), (b, b), (UNTRAINED, b)))
        ]

    def mean(self, keys: Sequence[tuple[str, str]]) -> float:
        """Over folds, then over those of the keys that were measured; NaN where none was."""
        values = [np.mean(list(self.skills[key].values())) for key in keys if self.skills.get(key)]
        return float(np.mean(values)) if values else float("nan")


@dataclass(frozen=True)
class MeanSkills:
    """Of a linear head, mean over the pairs, by the trunk under it: another output's, the output's own, or none's."""

    other: float
    own: float
    joint: float
    untrained: float
    inputs: float

    @property
    def carried(self) -> float | None:
        """Part of the skill added by training the own trunk that another output's trunk adds; None where none is."""
        added = self.own - self.untrained
        return (self.other - self.untrained) / added if added > 0 else None


@dataclass(frozen=True)
class TrunkSkill:
    """Skill of a linear head on one trunk, mean over folds, by predicted output; None where it was not measured."""

    trunk: str
    skill: tuple[float | None, ...]


@dataclass(frozen=True)
class ProbeGain:
    """Skill of predicting ``output`` on the trunk of another output, above that on an untrained trunk."""

    trunk: str
    output: str
    gain: Estimate | None


@dataclass(frozen=True, kw_only=True)
class ProbeComparison(AnswerData):
    """Every trunk's skill on the compared outputs, and what each pair of outputs gains."""

    outputs: tuple[str, ...]
    trunks: tuple[TrunkSkill, ...]
    gains: tuple[ProbeGain, ...]

    def __post_init__(self) -> None:
        check_lengths(len(self.outputs), *(trunk.skill for trunk in self.trunks))


def ask(experiment: Experiment, backend: str, context: Context) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return answer(measure(experiment, backend, context.workers), experiment.dataset.slug, backend)


def measure(experiment: Experiment, backend: str, workers: Workers) -> ProbeSkills:
    """Probes of the first seed's networks on every fold: ridge or logistic, its penalty chosen on validation rows."""
    outputs = compared_outputs(experiment)
    study = study_networks(experiment, backend, workers)
    networks = [network for network in study.networks if network.number == 0]
    pending = []
    for fold, split in enumerate(first_folds(experiment)):
        in_fold = [network for network in networks if network.fold == fold]
        prepared = prepared_split(experiment, split.repeat, split.fold)
        for trunk, rows in _trunk_activations(workers, in_fold).items():
            for output in (output for output in experiment.dataset.outputs if output.name in outputs):
                values = _standardised(experiment, output, prepared)
                pending.append((trunk, output.name, fold, split, workers.submit(_probe, output, rows, values, split)))
    skills: dict[tuple[str, str], dict[int, float]] = {}
    for trunk, name, fold, split, future in pending:
        skills.setdefault((trunk, name), {})[fold] = skill_of(experiment, name, split, future.result())
    return ProbeSkills(tuple(outputs), len(first_folds(experiment)), skills, lost_fits(study.failures))


def _trunk_activations(workers: Workers, networks: Sequence[TrainedNetwork]) -> dict[str, Float32Array]:
    """By trunk, the last trunk layer's activations of all rows, (rows, units).

    Trunks of one seed start alike, so that one untrained trunk stands for all.
    """
    if not networks:
        return {}
    first = networks[0].job
    models = [(network.job.architecture, network.trained.weights) for network in networks]
    models.append((first.architecture, dict(first.initial)))
    activations = workers.submit(layers_of, models, first.features).result()
    names = [network.group[0] if len(network.group) == 1 else JOINT for network in networks]
    trunks = {name: layers[-1] for name, layers in zip([*names, UNTRAINED], activations, strict=True) if layers}
    return {**trunks, INPUTS: first.features.reshape(len(first.features), -1)}


def _standardised(experiment: Experiment, output: Output, prepared: Prepared) -> FloatArray:
    """(rows,), in the unit that networks predict in; codes for classes; NaN where missing."""
    column = experiment.dataset.outputs.index(output)
    return (experiment.dataset.targets[output.name] - prepared.mean[column]) / prepared.scale[column]


def _probe(_: object, output: Output, rows: Float32Array, values: FloatArray, split: Split) -> FloatArray:
    """The linear head's raw values on the test rows, (rows, units). A worker's task.

    Units are standardised, so that a penalty means the same on every trunk. Constant (dead) units are left out.
    """
    mean, sd = rows[split.train].mean(axis=0), rows[split.train].std(axis=0)
    alive = sd > 1e-6
    scaled = ((rows - mean)[:, alive] / sd[alive]) if alive.any() else np.zeros((len(rows), 1), np.float32)
    predictions = reference_predictions(
        LINEAR,
        output,
        features=scaled.astype(np.float32),
        values=values,
        parts=(split.train, split.validation, split.test),
    )
    return predictions.reshape(len(split.test), -1)


def answer(probes: ProbeSkills, dataset: str, backend: str) -> Answer:
    """The sentence and its data; a failure where no pair of outputs was measured."""
    pairs = probes.pairs
    if not pairs:
        reason = "no fold has trained networks of two outputs to probe" + because(probes.lost)
        return failed_answer(key=KEY, question=QUESTION, dataset=dataset, backend=backend, reason=reason)
    gains = {(a, b): fold_difference(probes.skills[a, b], probes.skills[UNTRAINED, b], probes.folds) for a, b in pairs}
    known = [gain for gain in gains.values() if gain is not None]
    better = sum(gain.probability_joint_better >= PROBABILITY for gain in known)
    worse = sum(gain.probability_other_better >= PROBABILITY for gain in known)
    means = _mean_skills(probes)
    numbers: dict[str, Value] = {
        "pairs": len(pairs),
        "pairs_above_untrained": better,
        "pairs_below_untrained": worse,
        "skill_on_other_trunk": means.other,
        "skill_on_own_trunk": means.own,
        "skill_on_joint_trunk": means.joint,
        "skill_on_untrained_trunk": means.untrained,
        "skill_on_inputs": means.inputs,
        "share_carried_over": means.carried,
    }
    sentence = (
        f"{_means_sentence(means)} Another output's trunk is credibly better than an untrained one in {better} of "
        f"{len(pairs)} pairs and credibly worse in {worse}."
    )
    return Answer(
        key=KEY,
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        data=ProbeComparison(
            outputs=probes.outputs,
            trunks=tuple(_trunk_skill(probes, trunk) for trunk in (*probes.outputs, JOINT, UNTRAINED, INPUTS)),
            gains=tuple(ProbeGain(a, b, interval(gain)) for (a, b), gain in gains.items()),
        ),
    )


def _mean_skills(probes: ProbeSkills) -> MeanSkills:
    pairs = probes.pairs
    joint, untrained, inputs = (probes.mean([(name, b) for _, b in pairs]) for name in (JOINT, UNTRAINED, INPUTS))
    return MeanSkills(probes.mean(pairs), probes.mean([(b, b) for _, b in pairs]), joint, untrained, inputs)


def _means_sentence(means: MeanSkills) -> str:
    joint, untrained, inputs = (_fixed(value) for value in (means.joint, means.untrained, means.inputs))
    return (
        f"A linear head on the frozen trunk of another output reaches a mean skill of {means.other:.3f}, on the "
        f"output's own trunk {means.own:.3f}, on the joint one {joint}, on an untrained one {untrained} and on the "
        f"inputs alone {inputs}: {_carried_text(means.carried)}."
    )


def _carried_text(carried: float | None) -> str:
    if carried is None:
        return "training the trunk adds nothing that a linear head could use"
    if carried <= 0:
        return "of what training the trunk adds for an output, another output's trunk carries nothing"
    return f"of what training the trunk adds for an output, another output's trunk carries {min(carried, 1):.0%}"


def _fixed(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def _trunk_skill(probes: ProbeSkills, trunk: str) -> TrunkSkill:
    by_fold = [probes.skills.get((trunk, output)) for output in probes.outputs]
    return TrunkSkill(trunk, tuple(float(np.mean(list(skills.values()))) if skills else None for skills in by_fold))
