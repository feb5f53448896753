"""The least time that one round of training can take on any machine of today: what a budget must exceed."""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.errors import BadInput
from jointbench.networks.arms import architectures, sized
from jointbench.networks.flops import train_flops_per_row
from jointbench.study.config import StudyConfig
from jointbench.study.plan import Experiment

IMPORT_SECONDS = 1.5  # of a framework, from a warm disk
FLOPS_PER_SECOND = 2e10  # of a core on small matrices; the engine reaches a quarter of it
GPU_FLOPS_PER_SECOND = 1e14  # more than any GPU of today has of float32 without TF32


def least_seconds(experiments: Sequence[Experiment], config: StudyConfig) -> float:
    """Of the first round: imports, and every network trained for as many epochs as its patience."""
    flops = sum(_flops(experiment) for experiment in experiments)
    each = (_rate(device) * config.jobs_on(device) for device in config.devices)
    return len(config.backends) * sum(IMPORT_SECONDS + flops / rate for rate in each)


def _rate(device: str) -> float:
    return FLOPS_PER_SECOND if device == "cpu" else GPU_FLOPS_PER_SECOND


def check_budget_covers_a_round(experiments: Sequence[Experiment], config: StudyConfig, budget: float) -> None:
    """Raises BadInput where a budget cannot cover one round of training, whatever the machine."""
    least = least_seconds(experiments, config)
    if budget < least:
        raise BadInput(
            f"--budget {budget:g}: one round of training alone takes at least about {max(round(least), 1):,} s here; "
            f"give more, or fewer datasets or backends"
        )


def _flops(experiment: Experiment) -> float:
    outputs, shape = experiment.dataset.outputs, experiment.input_shape
    per_row = sum(
        train_flops_per_row(architectures(arm.groups, sized(arm, experiment.shape, shape, outputs), shape, outputs))
        for arm in experiment.arms
    )
    epochs = min(experiment.recipe.patience, experiment.recipe.max_epochs)
    rows = sum(len(split.train) for split in experiment.splits) * experiment.seeds
    return float(per_row * rows * max(epochs, 1))
