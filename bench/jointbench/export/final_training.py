"""An arm of a run, trained on all rows for as many epochs as the folds found best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointbench.backends.base import Job
from jointbench.backends.checkpoints import Served, served_networks
from jointbench.backends.early_stopping import checkpoints_kept
from jointbench.backends.protocols import Backend
from jointbench.data.preprocess import Prepared, prepare
from jointbench.errors import BadInput
from jointbench.export.preprocessing import Preprocessing, encoded_rows, fitted_preprocessing
from jointbench.networks.architecture import Architecture
from jointbench.records import Fit, PlannedArm
from jointbench.runtime.workers import Workers, failure_reason
from jointbench.study.plan import Experiment, job
from jointbench.types import Dataset, Float32Array, Output, Split, Weights


@dataclass(frozen=True, eq=False, kw_only=True)
class FinalNetwork:
    """A network of the arm that answers requests. epochs: that it was trained. answers: (rows, units), raw, its framework's own on every row.
    mean, scale: by output, value = answer x scale + mean of a regression."""

    outputs: tuple[Output, ...]
    architecture: Architecture
    weights: Weights
    epochs: int
    answers: Float32Array
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def epochs_of(fits: Sequence[Fit], output: str) -> int:
    """The median over folds and seeds of the output's best epoch, counted from 1; its network's, where it has none."""
    best = [fit.best_epoch_of(fit.network.group.index(output)) + 1 for fit in fits]
    return max(1, math.ceil(float(np.median(best))))


@dataclass(frozen=True, eq=False)
class FinalArm:
    """The arm's networks, and the preprocessing of their rows; None of images."""

    networks: tuple[FinalNetwork, ...]
    preprocessing: Preprocessing | None


def train_on_all_rows(dataset: Dataset, planned: PlannedArm, fits: Sequence[Fit]) -> FinalArm:
    """The arm's networks, by the stock loop; rows of a file to test on stay unseen. fits: the arm's, of all folds. Raises BadInput where none was trained, or
    training fails."""
    rows = np.arange(dataset.rows) if dataset.held_out is None else np.flatnonzero(~dataset.held_out.rows)
    split = Split(repeat=0, fold=0, folds=1, train=rows, validation=rows[:1], test=rows, seed=0)
    prepared = prepare(dataset, split)
    by_group = {
        group: [fit for fit in fits if fit.network.group == group and fit.failure is None]
        for group in planned.arm.groups
    }
    if missing := [", ".join(group) for group, trained in by_group.items() if not trained]:
        raise BadInput(f"arm {planned.arm.name}: no network for {missing[0]} was trained in this run")
    experiment = Experiment(
        dataset=dataset,
        splits=(split,),
        seeds=1,
        shape=planned.shapes[0],
        recipe=next(iter(by_group.values()))[0].network.recipe,
        arms=(planned.arm,),
        input_shape=prepared.features.shape[1:],
    )
    jobs = {group: _job(experiment, trained[0], prepared, split) for group, trained in by_group.items()}
    table, table_rows, results = None, prepared.features, []
    if not isinstance(dataset.features, np.ndarray):
        table = fitted_preprocessing(dataset.features, prepared.coded)
        table_rows = encoded_rows(dataset.features, table)
    with Workers(planned.backend, "cpu", 1, 1) as workers:
        for served in planned.arm.served:
            group = next(group for group in jobs if served[0] in group)
            network_job, epochs = jobs[group], epochs_of(by_group[group], served[0])
            steps = epochs * math.ceil(len(network_job.train) / network_job.recipe.batch_size)
            try:
                trained = workers.submit(_train, network_job, steps, group.index(served[0]), table_rows).result()
            except Exception as error:
                raise BadInput(f"arm {planned.arm.name}: its training failed: {failure_reason(error)}") from error
            if not np.isfinite(trained[1]).all():
                raise BadInput(f"arm {planned.arm.name}: its training on all rows diverged")
            results.append(_final_network(experiment, prepared, served, epochs, trained))
    return FinalArm(tuple(results), table)


def _final_network(
    experiment: Experiment, prepared: Prepared, served: Sequence[str], epochs: int, trained: tuple[Served, Float32Array]
) -> FinalNetwork:
    (architecture, weights), answers = trained
    columns = experiment.columns(served)
    return FinalNetwork(
        outputs=tuple(experiment.outputs(served)),
        architecture=architecture,
        weights=weights,
        epochs=epochs,
        answers=answers,
        mean=tuple(prepared.mean[column] for column in columns),
        scale=tuple(prepared.scale[column] for column in columns),
    )


def _job(experiment: Experiment, fit: Fit, prepared: Prepared, split: Split) -> Job:
    seed = int(np.random.SeedSequence([fit.network.seed]).generate_state(1)[0])
    network = replace(fit.network, repeat=0, fold=0, split=split.digest, seed=seed, engine="stock", device="cpu")
    return job(experiment, network, prepared)


def _train(
    backend: Backend, network_job: Job, steps: int, head: int, rows: Float32Array
) -> tuple[Served, Float32Array]:
    """The network after so many steps, with this head alone where each output is served by itself, and its answers on
    these rows. Runs inside a worker."""
    trained = backend.steps(network_job, steps)
    checkpoints = [trained] * checkpoints_kept(network_job.recipe, len(network_job.loss_weights))
    networks = served_networks(network_job.architecture, network_job.recipe, checkpoints)
    served = networks[head if len(networks) > 1 else 0]
    (answers,) = backend.server([served])(rows)
    return served, np.asarray(answers, np.float32)
