"""What sharing saves at networks of several shapes: FLOPs, and seconds of a training step and of requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.explain.trained_networks import first_folds
from jointbench.measure.paired_timing import log_ratios, paired, ratio_interval
from jointbench.networks.architecture import Architecture, architecture
from jointbench.networks.flops import forward_flops, inference_flops_per_row, train_flops_per_row
from jointbench.networks.initialization import initial_weights
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment
from jointbench.study.prepared_tables import prepared_split
from jointbench.types import Float32Array, FloatArray, Output, Shape, Weights

SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
FLOPS = 300_000  # about, of one row through one network: enough for arithmetic to dominate at large batches
WIDTHS = tuple(int(width) for width in np.unique(np.geomspace(4, 512, 29).astype(int)))
STEPS, REQUESTS, BATCHES = 10, 8, (1, 512)
BUDGET_SECONDS = 1.0  # of each paired timing: one a shape and scenario
TRAINING = "training step"
SCENARIOS = (TRAINING, *(f"request of {batch} row{'s' if batch > 1 else ''}" for batch in BATCHES))


@dataclass(frozen=True, eq=False)
class ShapeSaving:
    """What sharing saves at one shape. share: of a separate network's inference FLOPs that lie in the trunk.

    flops: saved share of FLOPs by scenario; seconds: log(joint / separate) by scenario, (blocks,).
    """

    share: float
    flops: Mapping[str, float]
    seconds: Mapping[str, FloatArray]

    def seconds_saved(self, scenario: str) -> tuple[float, float, float]:
        """(saved share of seconds, low, high), 95 % over blocks; negative where joint takes longer."""
        mean, low, high = ratio_interval(self.seconds[scenario])
        return 1 - float(np.exp(mean)), 1 - float(np.exp(high)), 1 - float(np.exp(low))


def trunk_share(network: Architecture) -> float:
    """Share of one row's forward FLOPs that lie in the trunk."""
    trunk = sum(forward_flops(layer) for layer in (*network.convs, *network.trunk))
    return trunk / inference_flops_per_row([network])


def shapes_of(experiment: Experiment, outputs: Sequence[Output]) -> list[Shape]:
    """For each of SHARES, a shape of two trunk and two head layers and about FLOPS a network.

    An image keeps its convolutions, which bound the share from below.
    """
    candidates = []
    for trunk, head in product(WIDTHS, WIDTHS):
        shape = Shape((trunk, trunk), (head, head), experiment.shape.channels)
        network = architecture(shape, experiment.input_shape, outputs[:1])
        log_size = float(np.log(inference_flops_per_row([network]) / FLOPS))
        candidates.append((trunk_share(network), log_size, shape))

    def nearest(share: float) -> Shape:
        return min(candidates, key=lambda candidate: abs(candidate[0] - share) + 0.02 * abs(candidate[1]))[2]

    return list(dict.fromkeys(nearest(share) for share in SHARES))


def measure(experiment: Experiment, outputs: Sequence[Output], shape: Shape, workers: Workers) -> ShapeSaving:
    """Joint against separate networks of this shape. They are untrained: their times do not depend on the weights."""
    joint, separate = _job(experiment, outputs, shape), [_job(experiment, [output], shape) for output in outputs]
    seconds = workers.submit(_time_scenarios, joint, separate).result()
    separate_networks = [job.architecture for job in separate]

    def saved(count: Callable[[Sequence[Architecture]], int]) -> float:
        return 1 - count([joint.architecture]) / count(separate_networks)

    inference = saved(inference_flops_per_row)
    flops = {TRAINING: saved(train_flops_per_row), **dict.fromkeys(SCENARIOS[1:], inference)}
    trunk = sum(trunk_share(network) * inference_flops_per_row([network]) for network in separate_networks)
    return ShapeSaving(trunk / inference_flops_per_row(separate_networks), flops, seconds)


def _job(experiment: Experiment, outputs: Sequence[Output], shape: Shape) -> Job:
    split = first_folds(experiment)[0]
    prepared = prepared_split(experiment, split.repeat, split.fold)
    names = [output.name for output in outputs]
    columns = experiment.columns(names)
    network = architecture(shape, experiment.input_shape, outputs)
    return Job(
        architecture=network,
        recipe=experiment.recipe,
        features=prepared.features,
        targets=prepared.targets[:, columns],
        weights=prepared.weights[:, columns],
        train=split.train,
        validation=split.validation,
        test=split.test,
        loss_weights=(1.0,) * len(outputs),
        initial=initial_weights(network, names, 0),
        seed=0,
    )


def _time_scenarios(backend: Backend, joint: Job, separate: Sequence[Job]) -> dict[str, FloatArray]:
    """Log ratios joint / separate by scenario. Separate networks run one after the other. A worker's task."""
    trainers = {"joint": backend.trainer([joint], STEPS), "separate": backend.trainer(separate, STEPS)}
    ratios = {
        TRAINING: _log_ratios(
            {name: partial(lambda train: [train(time.perf_counter)], trainer) for name, trainer in trainers.items()}
        )
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
        ratios[scenario] = _log_ratios({name: partial(_request, server, rows) for name, server in servers.items()})
    return ratios


def _log_ratios(samplers: Mapping[str, Callable[[], list[float]]]) -> FloatArray:
    return log_ratios(paired(samplers, BUDGET_SECONDS), "joint", "separate")


def _request(server: Callable[[Float32Array], object], rows: Float32Array) -> list[float]:
    """Seconds of each of REQUESTS requests."""
    seconds = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        server(rows)
        seconds.append(time.perf_counter() - started)
    return seconds
