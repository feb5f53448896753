"""An answer to every question, made from planted measurements, with a hostile name for the first output."""

from __future__ import annotations

from functools import cache

import numpy as np

from jointbench.backends.base import Gradients, Pattern, TrunkGramians
from jointbench.explain import (
    churn,
    conflict_vs_transfer,
    equivalent_code,
    gradient_conflict,
    gradient_identity,
    label_efficiency,
    loss_weights,
    parameter_sharing,
    probes,
    regression_losses,
    representations,
    sharing_savings,
    transfer,
    weighting_methods,
)
from jointbench.explain.answer import Answer
from jointbench.explain.forum.answer import forum_answer
from jointbench.explain.forum.network import SETTINGS, VARIANTS
from jointbench.explain.forum.runs import SPLITS, Effort, ForumResult, Identity, Reach, Runs
from jointbench.explain.label_learning import LabelCurve, LabelCurves
from jointbench.explain.loss_weight_sweep import Sweep, settings
from jointbench.explain.parameter_sharing import LayerSize, NetworkSizes
from jointbench.explain.retraining import JOINT, RETRAININGS, SAME_SEED, SEPARATE, Change, Moved, Retrainings
from jointbench.explain.shape_savings import SCENARIOS, ShapeSaving
from jointbench.explain.similarity import Similarity
from jointbench.explain.transfer_training import FROZEN, SCRATCH, TUNED, TransferPair, TransferResult, WayResult
from jointbench.explain.trunk_gradients import TrunkGradients
from jointbench.explain.weighting_trial import MethodResult, StepTimeRatio, WeightingTrial
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Output, Shape

HOSTILE = "<b onclick=x>$a_1$ &\x1b[31m"
FOLDS = 5


def outputs(count: int) -> tuple[str, ...]:
    return (HOSTILE, *(f"output {i}" for i in range(1, count)))


@cache
def planted_answers(count: int = 2) -> tuple[Answer, ...]:
    """One of each question, on so many outputs of a dataset "d" in torch; the last two are over datasets and forum."""
    rng = np.random.default_rng(count)
    return (
        _identity(),
        _sizes(),
        _gradients(count, rng),
        _sweep(count, rng),
        _methods(),
        _code(),
        _representations(count),
        _probes(count),
        _losses(),
        _transfer(count),
        _savings(rng),
        _label_efficiency(count, rng),
        _churn(count, rng),
        conflict_vs_transfer.answer([_conflict(i) for i in range(5)], "torch", 0),
        _forum(rng),
    )


def _identity() -> Answer:
    names = outputs(2)
    network = architecture(Shape((4,), (2,)), (5,), [Output(name, "regression") for name in names])
    alone = tuple(initial_weights(network, names, seed) for seed in (1, 2))
    total = {name: 2 * alone[0][name] + alone[1][name] for name in alone[0]}
    gradients = Gradients(total, alone, 1.25, np.array([0.5, 0.25]))
    layers = tuple(
        layer
        for precision in gradient_identity.PRECISIONS
        for layer in gradient_identity.layer_identities(network, (2.0, 1.0), gradients, precision, names)
    )
    return gradient_identity.answer(gradient_identity.Identity(layers, 0.0), "d", "torch", (2.0, 1.0))


def _sizes() -> Answer:
    trunk = LayerSize("trunk_0", "trunk", 90, 200, 100)
    heads = [LayerSize(f"head_{i}_0", f"head of {name}", 5, 30, 10) for i, name in enumerate(outputs(2))]
    sizes = NetworkSizes((trunk, *heads), tuple((trunk, head) for head in heads))
    return parameter_sharing.answer(sizes, "d", "torch")


def _gradients(count: int, rng: np.random.Generator) -> Answer:
    jacobian = rng.normal(size=(6, count, 20))
    gramians = TrunkGramians(*(jacobian @ jacobian.transpose(0, 2, 1),) * 2)
    even = (0.5,) * count
    gradients = TrunkGradients(outputs(count), (gramians,), (np.ones(count),), even, even, (None,) * count)
    return gradient_conflict.answer(gradients, "d", "torch")


def _sweep(count: int, rng: np.random.Generator) -> Answer:
    tried = settings(outputs(count))
    test = rng.normal(0.5, 0.1, (len(tried), count, 3))
    sweep = Sweep(
        outputs=outputs(count),
        settings=tried,
        folds=3,
        test=test,
        validation=test.mean(axis=1),
        separate=np.full((count, 3), 0.4),
        flops=np.ones(len(tried)),
    )
    return loss_weights.answer(sweep, "d", "torch")


def _methods() -> Answer:
    trial = WeightingTrial(
        folds=3,
        settings=9,
        equal=np.zeros(3),
        best=np.arange(3) / 9,
        equal_flops=1.0,
        sweep_flops=9.0,
        methods=(
            MethodResult("PCGrad", np.ones(3), 1.9, 2.0, StepTimeRatio(2.0, 1.9, 2.1)),
            MethodResult("MGDA", np.full(3, np.nan), 1.9, np.nan, None, "absent"),
        ),
    )
    return weighting_methods.answer(trial, "d", "torch")


def _code() -> Answer:
    patterns: tuple[Pattern, ...] = ("sliced", "hand-written")
    differences = tuple(
        equivalent_code.Difference(pattern, precision, 1e-16, 1e-16)
        for pattern in patterns
        for precision in equivalent_code.PRECISIONS
    )
    comparison = equivalent_code.CodeComparison(outputs(2), ("regression", "binary"), 1234, differences)
    return equivalent_code.answer(comparison, "d", "torch")


def _similarity(name: str) -> Similarity:
    within = np.full((FOLDS, 2), 0.8)
    return Similarity(name, within - [0, 0.3] + 0.005 * np.arange(FOLDS)[:, None], within)


def _representations(count: int) -> Answer:
    similarities = tuple(_similarity(name) for name in outputs(min(count, 4)))
    trunks = representations.TrunkSimilarity(("trunk 0", "trunk 1"), FOLDS, similarities)
    return representations.answer(trunks, "d", "torch")


def _by_fold(mean: float, noise: float = 0.002) -> dict[int, float]:
    return {fold: mean + noise * (fold - 2) for fold in range(FOLDS)}


def _probes(count: int) -> Answer:
    names = outputs(min(count, 4))
    trunks = (*names, probes.JOINT, probes.UNTRAINED, probes.INPUTS)
    skills = {(trunk, name): _by_fold(0.8 if trunk == name else 0.5) for trunk in trunks for name in names}
    return probes.answer(probes.ProbeSkills(names, FOLDS, skills), "d", "torch")


def _losses() -> Answer:
    pairs = tuple(_similarity(name) for name in ("MSE and MAE", "MSE and Huber", "MAE and Huber"))
    errors = {loss: regression_losses.Errors(1.0, 0.5) for loss in regression_losses.LOSSES}
    return regression_losses.answer(regression_losses.LossComparison(HOSTILE, FOLDS, pairs, errors), "d", "torch")


def _transfer(count: int) -> Answer:
    first, second = outputs(max(count, 2))[:2]
    pair = TransferPair(
        source=first,
        target=second,
        ways={way: WayResult(_by_fold(0.5, i / 1000), 1e9) for i, way in enumerate((SCRATCH, FROZEN, TUNED))},
        shared_inference=0.52,
        one_pass=1e-7,
        source_before=_by_fold(0.5),
        source_after=_by_fold(0.4),
    )
    return transfer.answer(TransferResult((pair,), FOLDS), "d", "torch")


def _savings(rng: np.random.Generator) -> Answer:
    shapes = [
        ShapeSaving(
            share,
            dict.fromkeys(SCENARIOS, share / 2),
            {name: -share + 0.01 * rng.normal(size=20) for name in SCENARIOS},
        )
        for share in (0.1, 0.5, 0.9)
    ]
    return sharing_savings.answer(shapes, 2, "d", "torch")


def label_curves(names: tuple[str, ...], gains: tuple[float, ...], rng: np.random.Generator) -> LabelCurves:
    """Joint gains so much skill at 25, 50, 100, ... labels, on 60 rows in five folds with two seeds."""
    rows = 60
    separate = 0.6 + 0.02 * rng.normal(size=(len(gains), rows, 1, 2))
    joint = separate - np.array(gains)[:, None, None, None] + 0.02 * rng.normal(size=separate.shape)
    labels = 25.0 * 2 ** np.arange(len(gains))
    return LabelCurves(
        curves=tuple(LabelCurve(output=name, labels=labels, joint=joint, separate=separate) for name in names),
        fold=np.arange(rows)[:, None] % FOLDS,
        units=np.arange(rows),
        overlap=1 / (FOLDS - 1),
        outputs=len(names),
        splits=FOLDS,
    )


def _label_efficiency(count: int, rng: np.random.Generator) -> Answer:
    return label_efficiency.answer(label_curves(outputs(min(count, 3)), (0.2, 0.1, 0.0, -0.1), rng), "d", "torch")


def retrainings(names: tuple[str, ...], same_seed: float, rng: np.random.Generator) -> Retrainings:
    """New rows for the first output move every other one so many spreads with the same seed; another seed 1.2."""

    def change(moved: float) -> Change:
        noise = 0.0 if moved == 0 else 0.01 * rng.normal(size=FOLDS)
        return Change(np.full(FOLDS, moved / 20), np.full(FOLDS, moved) + noise, np.full(FOLDS, 0.001))

    return Retrainings(
        moved=tuple(
            Moved(
                grown=names[0],
                output=name,
                arm=arm,
                changes={
                    way: change(1.2 if way != SAME_SEED else same_seed if arm == JOINT else 0.0) for way in RETRAININGS
                },
                spread=np.full(FOLDS, 0.1),
            )
            for name in names[1:]
            for arm in (JOINT, SEPARATE)
        ),
        new_labels={names[0]: 40.0},
        outputs=len(names),
        folds=FOLDS,
        splits=FOLDS,
        seeds=3,
    )


def _churn(count: int, rng: np.random.Generator) -> Answer:
    return churn.answer(retrainings(outputs(max(count, 2)), 0.8, rng), "d", "torch")


def _conflict(i: int) -> Answer:
    numbers = {"conflict_share": i / 9, "mean_cosine": 0.1 * i, "mean_skill_difference": -0.01 * i}
    return Answer(
        key=gradient_conflict.KEY, question="?", dataset=f"{HOSTILE}{i}", backend="torch", sentence="s", numbers=numbers
    )


def _forum(rng: np.random.Generator) -> Answer:
    runs = {}
    for split in SPLITS:
        for setting in SETTINGS:
            rmse = 1.5 + 0.1 * rng.normal(size=(4, 3, 2))
            rmse[0] = np.nan
            runs[setting.name, split] = Runs(rmse, ("the loss is not finite in epoch 2", None, None, None))
    reach = tuple(Reach(variant.name, None, 2000, 0.1, (1.0, float("inf"))) for variant in VARIANTS)
    identities = (Identity("[2, 1]", 500, 6e-8, 1e-7, 1.0),)
    return forum_answer("torch", ForumResult(Effort(4), runs, (10.0, 9.5), reach, identities))
