"""The engine's speed on an accelerator against the stock loop on the same card: everything of a fit included.

Two jobs: the one of ``engine``, with wine_quality's shape, and one with coloured_digits': images of 28 x 28 in three
colours, two convolutions, ten digits and six colours, batches of 64. Runs inside a worker.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend
from jointbench.benchmarks.engine import best_seconds, wine_shaped_job
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Output, Recipe, Shape

IMAGES, IMAGE_SIZE, CHANNELS, IMAGE_BATCH = 1_500, (28, 28, 3), (8, 16), 64
EPOCHS = 30  # as few as a fit with early stopping takes; what is done once for a stack is spread over them
DIGITS = tuple("0123456789")
COLOURS = ("red", "green", "blue", "yellow", "cyan", "magenta")
IMAGE_OUTPUTS = (Output("digit", "multiclass", DIGITS), Output("colour", "multiclass", COLOURS))
NETWORKS = {"wine": (20, 100, 500, 2_000), "digits": (100,)}
"""How many at a time, by the job."""


@dataclass(frozen=True)
class DeviceSpeed:
    """Microseconds per step of one network: of the stock loop by job, of the engine by job and networks at a time.

    eager_reasons: why a stack's steps were not replayed, by the same keys; empty where all were.
    """

    stock: dict[str, float]
    engine: dict[tuple[str, int], float]
    eager_reasons: dict[tuple[str, int], str]

    def times_faster(self, job: str, networks: int) -> float:
        return self.stock[job] / self.engine[job, networks]


def digits_shaped_job(seed: int, epochs: int) -> Job:
    """Random images, which cost what others cost; it never stops early."""
    rng = np.random.default_rng(0)
    rows = IMAGES + IMAGES // 5
    features = rng.random((rows, *IMAGE_SIZE), dtype=np.float32)
    targets = np.stack([rng.integers(len(output.classes), size=rows) for output in IMAGE_OUTPUTS], axis=1)
    network = architecture(Shape((64,), channels=CHANNELS), IMAGE_SIZE, IMAGE_OUTPUTS)
    order = np.arange(rows)
    return Job(
        architecture=network,
        recipe=Recipe(batch_size=IMAGE_BATCH, max_epochs=epochs, patience=epochs),
        features=features,
        targets=targets.astype(np.float32),
        weights=np.ones(targets.shape, np.float32),
        train=order[:IMAGES],
        validation=order[IMAGES:],
        test=order[-10:],
        loss_weights=(1.0, 1.0),
        initial=initial_weights(network, [output.name for output in IMAGE_OUTPUTS], seed),
        seed=seed,
    )


JOBS: dict[str, Callable[[int, int], Job]] = {"wine": wine_shaped_job, "digits": digits_shaped_job}


def device_speed(
    backend: Backend, networks: dict[str, Sequence[int]] | None = None, epochs: int = EPOCHS, repeats: int = 2
) -> DeviceSpeed:
    """The stock loop and the engine in turn, each job's one after the other, in this process and on its device.

    Capturing the graphs is part of every fit, as it is in a study.
    """
    stock, engine, reasons = {}, {}, {}
    for name, counts in (networks or NETWORKS).items():
        first = JOBS[name](0, epochs)
        steps = math.ceil(len(first.train) / first.recipe.batch_size)
        trainer = backend.trainer([first], steps)
        stock[name] = best_seconds(partial(trainer, time.perf_counter), repeats) / trainer.steps * 1e6
        trainer.close()
        for count in counts:
            jobs = [_replicate(first, seed) for seed in range(count)]
            heard: list[str] = []
            seconds = best_seconds(partial(_fit, backend, jobs, heard), repeats)
            engine[name, count] = seconds / (count * epochs * steps) * 1e6
            if heard[-1]:
                reasons[name, count] = heard[-1]
    return DeviceSpeed(stock, engine, reasons)


def _fit(backend: Backend, jobs: Sequence[Job], heard: list[str]) -> None:
    heard.append(backend.fit_stacked(jobs).eager_reason)


def _replicate(job: Job, seed: int) -> Job:
    """The same job with initial weights and a batch order of its own."""
    names = [f"output {index}" for index in range(len(job.architecture.heads))]
    return replace(job, seed=seed, initial=initial_weights(job.architecture, names, seed))
