"""The engine's speed against the tools people use, on one job: the benchmark behind engine.json. Runs inside workers.

The job has wine_quality's shape: 4,872 training rows, 11 features, trunk 64-64, a regression and a binary head, batches
of 32, Adam. What it learns does not matter here, so its rows are generated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.protocols import Backend, TrainingBackend
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.types import Output, Recipe, Shape

ROWS, VALIDATION_ROWS, FEATURES, WIDTH, BATCH = 4_872, 974, 11, 64, 32
STEPS_PER_EPOCH = -(-ROWS // BATCH)
REPLICATES = (1, 5, 20, 50)
EPOCHS = 6  # the fixed cost of a fit (tables, scoring) is spread over these
OUTPUTS = (Output("quality", "regression"), Output("type", "binary", ("red", "white")))


def wine_shaped_job(seed: int, epochs: int) -> Job:
    """The job, with its own initial weights and batch order; it never stops early."""
    rng = np.random.default_rng(0)
    rows = ROWS + VALIDATION_ROWS
    features = rng.normal(size=(rows, FEATURES)).astype(np.float32)
    targets = np.stack([features[:, 0] + rng.normal(size=rows), features[:, 1] > 0], axis=1).astype(np.float32)
    network = architecture(Shape((WIDTH, WIDTH)), (FEATURES,), OUTPUTS)
    order = np.arange(rows)
    return Job(
        architecture=network,
        recipe=Recipe(batch_size=BATCH, max_epochs=epochs, patience=epochs),
        features=features,
        targets=targets,
        weights=np.ones_like(targets),
        train=order[:ROWS],
        validation=order[ROWS:],
        test=order[ROWS : ROWS + 10],
        loss_weights=(1.0, 1.0),
        initial=initial_weights(network, [output.name for output in OUTPUTS], seed),
        seed=seed,
    )


def best_seconds(work: Callable[[], object], repeats: int) -> float:
    """The shortest of several repetitions, after one that is not counted: other work on the machine only ever adds."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def engine_speed(backend: TrainingBackend, replicates: Sequence[int], repeats: int) -> dict[str, float]:
    """Microseconds per step of one replicate, by ``<backend>_stacked_<replicates>``.

    Everything of a real fit is included: validation, early stopping, best weights, batch orders, scoring. Compilation
    happens in the repetition that is not counted.
    """
    us = {}
    for count in replicates:
        epochs = EPOCHS
        first = wine_shaped_job(0, epochs)
        jobs = [replace(first, seed=seed, initial=wine_shaped_job(seed, epochs).initial) for seed in range(count)]
        seconds = best_seconds(partial(backend.fit_stacked, jobs), repeats)
        us[f"{backend.name}_stacked_{count}"] = seconds / (count * epochs * STEPS_PER_EPOCH) * 1e6
    return us


def stock_speed(backend: Backend, repeats: int) -> dict[str, float]:
    """Microseconds per step of the backend's stock loop, and of the reference loops that people paste."""
    trainer = backend.trainer([wine_shaped_job(0, 1)], STEPS_PER_EPOCH)
    trainer(time.perf_counter)
    stock = min(trainer(time.perf_counter) for _ in range(repeats))
    trainer.close()
    seconds = {f"{backend.name}_stock": stock}
    if backend.diagnostics is not None:
        seconds |= backend.diagnostics.reference_loops(wine_shaped_job(0, 1), repeats)
    return {name: value / STEPS_PER_EPOCH * 1e6 for name, value in seconds.items()}


def sklearn_speed(repeats: int) -> float:
    """Microseconds per step of scikit-learn's MLPRegressor of the same widths on the same rows (one output each,
    squared error on both; it has no mixed heads)."""
    from sklearn.neural_network import MLPRegressor

    job = wine_shaped_job(0, 1)
    epochs = 3

    def work() -> None:
        model = MLPRegressor(
            hidden_layer_sizes=(WIDTH, WIDTH), batch_size=BATCH, max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1
        )
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that so few epochs have not converged, which is the point
            model.fit(job.features[job.train], job.targets[job.train])

    return best_seconds(work, repeats) / (epochs * STEPS_PER_EPOCH) * 1e6


def gemm_gflops(repeats: int) -> float:
    """GFLOP/s of bare float32 products of the job's hidden layer (batch x 64 x 64), one thread of numpy's BLAS."""
    rng = np.random.default_rng(0)
    left, right = (rng.random(shape, dtype=np.float32) for shape in ((BATCH, WIDTH), (WIDTH, WIDTH)))
    out = np.empty((BATCH, WIDTH), np.float32)

    def work() -> None:
        for _ in range(2_000):
            np.matmul(left, right, out=out)

    return 2_000 * 2 * BATCH * WIDTH * WIDTH / best_seconds(work, repeats) / 1e9
