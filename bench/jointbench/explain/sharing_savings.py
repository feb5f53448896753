"""The larger the shared part, the larger the saving? Training steps and requests, timed against the trunk's share of FLOPs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy.stats import spearmanr

from jointbench.backends.base import Backend, Job
from jointbench.explain.answer import Answer, Table, Value
from jointbench.explain.trained_networks import compared_outputs, first_folds
from jointbench.measure.paired_timing import NORMAL, log_ratios, paired, ratio_interval
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.flops import forward_flops, inference_flops_per_row, train_flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment, prepared_split
from jointbench.types import Float32Array, FloatArray, Output, Shape, Weights

QUESTION = "The larger the shared part, the larger the saving?"
SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
FLOPS = 300_000  # about, of one row through one network: enough for arithmetic to show at large batches
WIDTHS = tuple(int(width) for width in np.unique(np.geomspace(4, 512, 29).astype(int)))
STEPS, REQUESTS, BATCHES = 10, 8, (1, 512)
BUDGET_SECONDS = 1.0  # of each paired timing: one a shape and scenario
RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class ShapeSaving:
    """What sharing saves at one shape. share: of a separate network's inference FLOPs that lie in the trunk.

    flops: saved share of FLOPs by scenario; seconds: log(joint / separate) by scenario, (blocks,).
    """

    share: float
    flops: Mapping[str, float]
    seconds: Mapping[str, FloatArray]

    def saved(self, scenario: str) -> tuple[float, float, float]:
        """(saved share of seconds, low, high), 95 % over blocks; negative where joint takes longer."""
        mean, low, high = ratio_interval(self.seconds[scenario])
        return 1 - float(np.exp(mean)), 1 - float(np.exp(high)), 1 - float(np.exp(low))


@dataclass(frozen=True)
class Trend:
    """Spearman's rank correlation of saving with the trunk's share over shapes, with its 95 % interval: each saving drawn from its own."""

    rho: float
    low: float
    high: float


TRAINING = "training step"
SCENARIOS = (TRAINING, *(f"request of {batch} row{'s' if batch > 1 else ''}" for batch in BATCHES))


def answer(experiment: Experiment, backend: str, workers: Workers) -> Answer:
    """Raises BadInput for a dataset with a single output."""
    outputs = [one for one in experiment.dataset.outputs if one.name in compared_outputs(experiment)]
    shapes = [measured(experiment, outputs, shape, workers) for shape in shapes_of(experiment, outputs)]
    return saving_answer(experiment.dataset.slug, backend, len(outputs), shapes)


def trunk_share(network: Architecture) -> float:
    """Share of one row's forward FLOPs that lie in the trunk."""
    trunk = sum(forward_flops(layer) for layer in (*network.convs, *network.trunk))
    return trunk / inference_flops_per_row([network])


def shapes_of(experiment: Experiment, outputs: Sequence[Output]) -> list[Shape]:
    """A shape of two trunk and two head layers for each of SHARES, of about FLOPS a network; an image keeps its
    convolutions, which bound the share from below."""
    candidates = []
    for trunk, head in product(WIDTHS, WIDTHS):
        shape = Shape((trunk, trunk), (head, head), experiment.shape.channels)
        network = architecture(shape, experiment.input_shape, outputs[:1])
        candidates.append((trunk_share(network), np.log(inference_flops_per_row([network]) / FLOPS), shape))
    chosen = [min(candidates, key=lambda one: abs(one[0] - share) + 0.02 * abs(one[1]))[2] for share in SHARES]
    return list(dict.fromkeys(chosen))


def measured(experiment: Experiment, outputs: Sequence[Output], shape: Shape, workers: Workers) -> ShapeSaving:
    """Joint against separate networks of this shape, untrained: what is timed does not depend on the weights."""
    joint, separate = _job(experiment, outputs, shape), [_job(experiment, [output], shape) for output in outputs]
    seconds = workers.submit(_timed, joint, separate).result()
    alone = [one.architecture for one in separate]

    def saved(count: Callable[[Sequence[Architecture]], int]) -> float:
        return 1 - count([joint.architecture]) / count(alone)

    inference = saved(inference_flops_per_row)
    flops = {TRAINING: saved(train_flops_per_row), **dict.fromkeys(SCENARIOS[1:], inference)}
    trunk = sum(trunk_share(network) * inference_flops_per_row([network]) for network in alone)
    return ShapeSaving(trunk / inference_flops_per_row(alone), flops, seconds)


def _job(experiment: Experiment, outputs: Sequence[Output], shape: Shape) -> Job:
    split = first_folds(experiment)[0]
    prepared = prepared_split(experiment, split.repeat, split.fold)
    columns = experiment.columns([output.name for output in outputs])
    built = architecture(shape, experiment.input_shape, outputs)
    return Job(
        architecture=built,
        recipe=experiment.recipe,
        features=prepared.features,
        targets=prepared.targets[:, columns],
        weights=prepared.weights[:, columns],
        train=split.train,
        validation=split.validation,
        test=split.test,
        loss_weights=(1.0,) * len(outputs),
        initial=initial_weights(built, [output.name for output in outputs], 0),
        seed=0,
    )


def _timed(backend: Backend, joint: Job, separate: Sequence[Job]) -> dict[str, FloatArray]:
    """Log ratios joint / separate by scenario. Separate networks run one after the other."""
    trainers = {"joint": backend.trainer([joint], STEPS), "separate": backend.trainer(separate, STEPS)}
    found = {
        TRAINING: _ratios({name: partial(lambda run: [run(time.perf_counter)], run) for name, run in trainers.items()})
    }
    for trainer in trainers.values():
        trainer.close()

    def networks(jobs: Sequence[Job]) -> list[tuple[Architecture, Weights]]:
        return [(job.architecture, job.initial) for job in jobs]

    servers = {"joint": backend.server(networks([joint])), "separate": backend.server(networks(separate))}
    for batch, scenario in zip(BATCHES, SCENARIOS[1:], strict=True):
        rows = np.ascontiguousarray(joint.features[np.arange(batch) % len(joint.features)], np.float32)
        for server in servers.values():
            server(rows)
        found[scenario] = _ratios({name: partial(_ask, server, rows) for name, server in servers.items()})
    return found


def _ratios(samplers: Mapping[str, Callable[[], list[float]]]) -> FloatArray:
    return log_ratios(paired(samplers, BUDGET_SECONDS), "joint", "separate")


def _ask(server: Callable[[Float32Array], object], rows: Float32Array) -> list[float]:
    seconds = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        server(rows)
        seconds.append(time.perf_counter() - started)
    return seconds


def trend(shapes: Sequence[ShapeSaving], scenario: str, seed: int = 0) -> Trend:
    """How the saving in seconds follows the share. NaN-free: equal savings count as no correlation."""
    rng = np.random.default_rng(seed)
    shares = [shape.share for shape in shapes]

    def rho(values: Sequence[float]) -> float:
        return 0.0 if len(set(values)) < 2 else float(spearmanr(shares, values).statistic)

    known = np.array([ratio_interval(shape.seconds[scenario]) for shape in shapes])  # (shapes, 3): mean, low, high
    spread = (known[:, 2] - known[:, 0]) / NORMAL
    drawn = [rho(list(-rng.normal(known[:, 0], spread))) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Trend(rho(list(-known[:, 0])), float(low), float(high))


def saving_answer(dataset: str, backend: str, outputs: int, shapes: Sequence[ShapeSaving]) -> Answer:
    """The sentence and its tables."""
    if len(shapes) < 3:
        return Answer(
            key="saving",
            question=QUESTION,
            dataset=dataset,
            backend=backend,
            sentence="",
            numbers={},
            failure="fewer than three shapes differ in the trunk's share of FLOPs",
        )
    ordered = sorted(shapes, key=lambda shape: shape.share)
    trends = {scenario: trend(ordered, scenario) for scenario in SCENARIOS}
    numbers: dict[str, Value] = {
        "outputs": outputs,
        "shapes": len(ordered),
        "least_share": ordered[0].share,
        "most_share": ordered[-1].share,
    }
    for scenario, found in trends.items():
        key = scenario.replace(" ", "_")
        numbers |= {f"{key}_rank_correlation": found.rho, f"{key}_low": found.low, f"{key}_high": found.high}
    least, most = (ordered[i].flops[SCENARIOS[-1]] for i in (0, -1))
    said = "; ".join(_said(scenario, ordered, found) for scenario, found in trends.items())
    sentence = (
        f"With {outputs} outputs and {ordered[0].share:.0%} to {ordered[-1].share:.0%} of a network's FLOPs in the trunk, sharing saves "
        f"{least:.0%} to {most:.0%} of the inference FLOPs. In seconds: {said}. {_conclusion(trends)}"
    )
    return Answer(
        key="saving",
        question=QUESTION,
        dataset=dataset,
        backend=backend,
        sentence=sentence,
        numbers=numbers,
        tables=(_shapes_table(ordered), _trends_table(trends)),
    )


def follows(found: Trend) -> str:
    """Whether the saving in seconds grows with the share."""
    return "grows" if found.low > 0 else "falls" if found.high < 0 else "unclear"


def _said(scenario: str, shapes: Sequence[ShapeSaving], found: Trend) -> str:
    first, last = (shapes[i].saved(scenario)[0] for i in (0, -1))
    return f"a {scenario} saves {first:.0%} at the smallest share and {last:.0%} at the largest (rank correlation {found.rho:+.2f}, {found.low:+.2f} to {found.high:+.2f})"


def _conclusion(trends: Mapping[str, Trend]) -> str:
    words = {
        "grows": "the saving in seconds grows with the shared part",
        "falls": "it falls as the shared part grows",
        "unclear": "it is not shown to follow the shared part",
    }
    parts = [
        f"for a {' and a '.join(names)}, {text}"
        for word, text in words.items()
        if (names := [name for name, found in trends.items() if follows(found) == word])
    ]
    if all(follows(found) == "grows" for found in trends.values()):
        return "The claim holds: " + words["grows"] + " in training and at inference."
    return "The claim holds in FLOPs by construction; " + "; ".join(parts) + "."


def _shapes_table(shapes: Sequence[ShapeSaving]) -> Table:
    rows = tuple(
        (shape.share, scenario, shape.flops[scenario], *shape.saved(scenario))
        for shape in shapes
        for scenario in SCENARIOS
    )
    columns = ("Trunk share", "Scenario", "FLOPs saved", "Seconds saved", "Low", "High")
    return Table("What sharing saves, by the trunk's share of a network's FLOPs.", columns, rows)


def _trends_table(trends: Mapping[str, Trend]) -> Table:
    rows = tuple((scenario, found.rho, found.low, found.high) for scenario, found in trends.items())
    return Table(
        "Rank correlation of seconds saved with the trunk's share.", ("Scenario", "Spearman", "Low", "High"), rows
    )
