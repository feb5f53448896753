"""Instead of sharing: train on one output, then replace the head. The trunk frozen, or trained on; what it gains and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Backend, Job, Trained
from jointbench.compare.verdict import PROBABILITY
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.skill import fold_difference, skill_of
from jointbench.explain.trained_networks import (
    TrainedNetwork,
    compared_outputs,
    first_folds,
    fitted,
    layers_of,
    study_networks,
)
from jointbench.networks.architecture import Architecture, Layer
from jointbench.networks.flops import forward_flops, inference_flops_per_row, train_flops_per_row
from jointbench.runtime.workers import Workers
from jointbench.stats.correlated_t_test import ROPE, Posterior
from jointbench.study.plan import Experiment
from jointbench.types import Float32Array, IntArray, Weights

QUESTION = "What about replacing the last layers of a trained model?"
SCRATCH, FROZEN, TUNED = "from scratch", "frozen trunk", "fine-tuned"
MAX_OUTPUTS = 3  # six ordered pairs
SAME_ANSWER = 1e-4  # of a standardised value or a logit, in float32


@dataclass(frozen=True, eq=False)
class Way:
    """One way to get a network for the second output: skill by fold, and training FLOPs, mean over folds."""

    skill: Mapping[int, float]
    train_flops: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """From a trunk trained for ``source`` to ``target``.

    shared_inference: FLOPs of answering both outputs with one trunk, over those of two networks. one_pass: largest
    difference between the answers of one network with both heads on the frozen trunk and of the two apart.
    source_after: skill of the source's head, by fold, on the trunk that fine-tuning left; source_before: on its own.
    """

    source: str
    target: str
    ways: Mapping[str, Way]
    shared_inference: float
    one_pass: float
    source_before: Mapping[int, float]
    source_after: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class Measured:
    pairs: tuple[Pair, ...]
    folds: int


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    return transfer_answer(experiment.dataset.slug, backend, measured(experiment, backend, workers))


def frozen_head(job: Job, inputs: Float32Array, source: TrainedNetwork) -> Job:
    """The target's job with the source's trunk frozen under it: a network of the head alone that reads what the trunk
    makes of the rows. Nothing below the head moves, so this is training with the trunk's gradients off, step for step."""
    layers = tuple(replace(layer, reads_input=i == 0) for i, layer in enumerate(job.architecture.heads[0]))
    built = Architecture((inputs.shape[1],), (), (), (layers,), job.architecture.kinds, job.architecture.activation)
    return replace(job, architecture=built, features=inputs, initial=_part(job.initial, layers), seed=source.job.seed)


def tuned(job: Job, source: TrainedNetwork) -> Job:
    """The target's job, starting from the source's trained trunk and a head of its own."""
    trunk = (*job.architecture.convs, *job.architecture.trunk)
    return replace(job, initial={**job.initial, **_part(source.trained.weights, trunk)})


def _part(weights: Weights, layers: Sequence[Layer]) -> Weights:
    return {f"{layer.name}/{part}": weights[f"{layer.name}/{part}"] for layer in layers for part in ("kernel", "bias")}


def frozen_train_flops_per_row(network: Architecture) -> int:
    """FLOPs of one row in one step with the trunk frozen: the trunk forward only, and no gradient into it."""
    trunk = sum(forward_flops(layer) for layer in (*network.convs, *network.trunk))
    (head,) = network.heads
    return trunk + sum(forward_flops(layer) * (2 if i == 0 else 3) for i, layer in enumerate(head))


def both_heads(source: TrainedNetwork, trunk: Weights, head: Weights) -> tuple[Architecture, Weights]:
    """One network of the given trunk, the source's head and another's behind it."""
    built = source.job.architecture
    second = tuple(replace(layer, name=layer.name.replace("head_0", "head_1"), head=1) for layer in built.heads[0])
    # The other head has the source's widths up to its last layer, which is as wide as its own output.
    second = (*second[:-1], replace(second[-1], units=head[f"head_0_{len(second) - 1}/bias"].shape[0]))
    renamed = {name.replace("head_0", "head_1"): value for name, value in head.items() if name.startswith("head_0")}
    network = replace(built, heads=(built.heads[0], second), kinds=(built.kinds[0], "regression"))
    return network, {
        **_part(trunk, (*built.convs, *built.trunk)),
        **_part(source.trained.weights, built.heads[0]),
        **renamed,
    }


def measured(experiment: Experiment, backend: str, workers: Workers) -> Measured:
    """Every ordered pair of the first outputs, on every fold, with the first seed's networks."""
    outputs = compared_outputs(experiment)[:MAX_OUTPUTS]
    networks = {
        (one.group[0], one.fold): one
        for one in study_networks(experiment, backend, workers)
        if one.number == 0 and len(one.group) == 1 and one.group[0] in outputs
    }
    inputs = _trunk_answers(networks, workers)
    pairs = [(a, b) for a in outputs for b in outputs if a != b]
    cells = [
        (a, b, fold)
        for a, b in pairs
        for fold in range(len(first_folds(experiment)))
        if (a, fold) in networks and (b, fold) in networks
    ]
    frozen_jobs = [frozen_head(networks[b, fold].job, inputs[a, fold], networks[a, fold]) for a, b, fold in cells]
    tuned_jobs = [tuned(networks[b, fold].job, networks[a, fold]) for a, b, fold in cells]
    frozen = dict(zip(cells, _fitted(frozen_jobs, workers), strict=True))
    moved = dict(zip(cells, _fitted(tuned_jobs, workers), strict=True))
    served = {
        cell: workers.submit(
            _served, networks[cell[0], cell[2]], frozen[cell], moved[cell], networks[cell[0], cell[2]].job.test
        )
        for cell in cells
        if frozen[cell].failure is None and moved[cell].failure is None
    }
    return Measured(
        tuple(_pair(experiment, a, b, networks, frozen, moved, served) for a, b in pairs), len(first_folds(experiment))
    )


Cell = tuple[str, str, int]


def _trunk_answers(
    networks: Mapping[tuple[str, int], TrainedNetwork], workers: Workers
) -> dict[tuple[str, int], Float32Array]:
    pending = {
        key: workers.submit(layers_of, [(one.job.architecture, one.trained.weights)], one.job.features)
        for key, one in networks.items()
    }
    return {key: future.result()[0][-1] for key, future in pending.items()}


def _fitted(jobs: Sequence[Job], workers: Workers) -> list[Trained]:
    """One stack for each architecture (outputs of unlike kinds have unlike heads)."""
    stacks: dict[Architecture, list[int]] = {}
    for place, one in enumerate(jobs):
        stacks.setdefault(one.architecture, []).append(place)
    pending = [(places, workers.submit(fitted, [jobs[place] for place in places])) for places in stacks.values()]
    found = {
        place: trained for places, future in pending for place, trained in zip(places, future.result(), strict=True)
    }
    return [found[place] for place in range(len(jobs))]


def _served(
    backend: Backend, source: TrainedNetwork, frozen: Trained, moved: Trained, rows: IntArray
) -> tuple[float, Float32Array]:
    """The largest difference that one pass through the frozen trunk makes to either output's answers; and the source's
    answers from the trunk that fine-tuning left."""
    test = source.job.features[rows]
    (together,) = backend.server([both_heads(source, source.trained.weights, frozen.weights)])(test)
    apart = np.hstack([source.trained.predictions, frozen.predictions])
    width = source.trained.predictions.shape[1]
    (after,) = backend.server([both_heads(source, moved.weights, frozen.weights)])(test)
    return float(np.abs(together - apart).max()), after[:, :width].astype(np.float32)


def _pair(
    experiment: Experiment,
    a: str,
    b: str,
    networks: Mapping[tuple[str, int], TrainedNetwork],
    frozen: Mapping[Cell, Trained],
    moved: Mapping[Cell, Trained],
    served: Mapping[Cell, Future[tuple[float, Float32Array]]],
) -> Pair:
    """A fold counts where all its networks were trained."""
    splits = first_folds(experiment)
    folds = [fold for one, other, fold in served if (one, other) == (a, b)]
    built = {name: networks[name, folds[0]].job.architecture for name in (a, b)} if folds else {}

    def way(trained: Mapping[int, Trained], per_row: int) -> Way:
        skill = {fold: skill_of(experiment, b, splits[fold], one.predictions) for fold, one in trained.items()}
        return Way(skill, per_row * float(np.mean([one.rows_seen for one in trained.values()])))

    if not folds:
        return Pair(
            source=a,
            target=b,
            ways={},
            shared_inference=float("nan"),
            one_pass=float("nan"),
            source_before={},
            source_after={},
        )
    whole = train_flops_per_row([built[b]])
    ways = {
        SCRATCH: way({fold: networks[b, fold].trained for fold in folds}, whole),
        FROZEN: way({fold: frozen[a, b, fold] for fold in folds}, frozen_train_flops_per_row(built[b])),
        TUNED: way({fold: moved[a, b, fold] for fold in folds}, whole),
    }
    answers = {fold: served[a, b, fold].result() for fold in folds}
    apart = inference_flops_per_row(built.values())
    trunk = sum(forward_flops(layer) for layer in (*built[a].convs, *built[a].trunk))
    before = {fold: skill_of(experiment, a, splits[fold], networks[a, fold].trained.predictions) for fold in folds}
    after = {fold: skill_of(experiment, a, splits[fold], raw) for fold, (_, raw) in answers.items()}
    return Pair(
        source=a,
        target=b,
        ways=ways,
        shared_inference=(apart - trunk) / apart,
        one_pass=max(one for one, _ in answers.values()),
        source_before=before,
        source_after=after,
    )


def transfer_answer(dataset: str, backend: str, measured: Measured) -> Answer:
    """The sentence and its tables."""
    pairs = [pair for pair in measured.pairs if pair.ways]
    if not pairs:
        return Answer(
            key="transfer",
            question=QUESTION,
            dataset=dataset,
            backend=backend,
            sentence="",
            numbers={},
            failure="no fold has networks of two outputs to transfer between",
        )
    mean = {
        name: float(np.mean([_over_folds(pair.ways[name].skill) for pair in pairs]))
        for name in (SCRATCH, FROZEN, TUNED)
    }
    cost = {
        name: float(np.mean([pair.ways[name].train_flops / pair.ways[SCRATCH].train_flops for pair in pairs]))
        for name in (FROZEN, TUNED)
    }
    gain = {
        name: fold_difference(_by_fold(pairs, name), _by_fold(pairs, SCRATCH), measured.folds)
        for name in (FROZEN, TUNED)
    }
    before, after = (
        float(np.mean([_over_folds(skill) for skill in held]))
        for held in ([p.source_before for p in pairs], [p.source_after for p in pairs])
    )
    shared = float(np.mean([pair.shared_inference for pair in pairs]))
    one_pass = max(pair.one_pass for pair in pairs)
    numbers: dict[str, Value] = {
        "pairs": len(pairs),
        "skill_from_scratch": mean[SCRATCH],
        "skill_frozen": mean[FROZEN],
        "skill_fine_tuned": mean[TUNED],
        "training_flops_frozen_over_scratch": cost[FROZEN],
        "training_flops_fine_tuned_over_scratch": cost[TUNED],
        "inference_flops_frozen_over_two_networks": shared,
        "one_pass_difference": one_pass,
        "inference_flops_fine_tuned_over_two_networks": 1.0,
        "source_skill_before": before,
        "source_skill_on_fine_tuned_trunk": after,
    }
    for name, found in gain.items():
        key = name.replace("-", "_").replace(" ", "_")
        if found is not None:
            numbers |= {f"{key}_difference": found.mean, f"{key}_low": found.low, f"{key}_high": found.high}
    sentence = (
        f"A new head on another output's frozen trunk reaches a mean skill of {mean[FROZEN]:.3f} {_against(gain[FROZEN], mean[SCRATCH])}, for "
        f"{cost[FROZEN]:.0%} of the training FLOPs; fine-tuning that trunk {mean[TUNED]:.3f} {_against(gain[TUNED], mean[SCRATCH])}, for "
        f"{cost[TUNED]:.0%} (the first output's own training not counted). {_inference(shared, one_pass, before, after)}"
    )
    return Answer(
        key="transfer",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_table(pairs),),
    )


def _over_folds(skill: Mapping[int, float]) -> float:
    return float(np.mean(list(skill.values())))


def _by_fold(pairs: Sequence[Pair], way: str) -> dict[int, float]:
    """Mean over the pairs that have the fold in every way."""
    folds = set.intersection(*(set(pair.ways[way].skill) for pair in pairs))
    return {fold: float(np.mean([pair.ways[way].skill[fold] for pair in pairs])) for fold in folds}


def _against(found: Posterior | None, scratch: float) -> str:
    if found is None:
        return f"against {scratch:.3f} from scratch"
    if found.probability_equivalent >= PROBABILITY:
        reading = f"as good with probability {found.probability_equivalent:.2f}"
    elif found.probability_other_better >= PROBABILITY:
        reading = f"worse with probability {found.probability_other_better:.2f}"
    elif found.probability_joint_better >= PROBABILITY:
        reading = f"better with probability {found.probability_joint_better:.2f}"
    else:
        reading = "not clear which is better"
    return f"against {scratch:.3f} from scratch ({found.mean:+.3f}, 95 % interval {found.low:+.3f} to {found.high:+.3f}: {reading})"


def _inference(shared: float, one_pass: float, before: float, after: float) -> str:
    """What asking for both outputs costs: a trunk saves only where both heads can stand on it."""
    if one_pass > SAME_ANSWER:
        first = f"At inference one pass through the frozen trunk changes the answers by up to {one_pass:.1e}: it cannot be shared"
    else:
        first = f"At inference the frozen trunk runs once for both outputs, with the same answers, for {shared:.0%} of the FLOPs of two networks"
    if after < before - ROPE:
        return f"{first}; fine-tuning saves nothing there: on the trunk it leaves, the first output falls from {before:.3f} to {after:.3f}, so both networks must run whole."
    return f"{first}; the fine-tuned trunk still serves the first output ({before:.3f} before, {after:.3f} after), so it could be shared too."


def _table(pairs: Sequence[Pair]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for pair in pairs:
        scratch = pair.ways[SCRATCH]
        for name, way in pair.ways.items():
            shared = pair.shared_inference if name == FROZEN else 1.0
            rows.append(
                (
                    pair.source,
                    pair.target,
                    name,
                    _over_folds(way.skill),
                    way.train_flops,
                    way.train_flops / scratch.train_flops,
                    shared,
                )
            )
    columns = (
        "Trunk of",
        "New head for",
        "How",
        "Skill",
        "Training FLOPs",
        "Over from scratch",
        "Inference FLOPs of both, over two networks",
    )
    return Table("Replacing the head of a trained network, mean over folds.", columns, tuple(rows))
