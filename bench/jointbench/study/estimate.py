"""About how long a study takes: from FLOPs, steps and programs, and what each cost on the machine they were fitted on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jointbench.backends.registry import unavailable_reason
from jointbench.measure.energy import energy_unavailable_reason
from jointbench.networks.flops import train_flops_per_row
from jointbench.study.budget import TimingBudget
from jointbench.study.config import StudyConfig
from jointbench.study.phases import DRAWING, REFERENCES, memory_phase, timing_phase, training_phase
from jointbench.study.plan import Experiment, Plan
from jointbench.study.reference_limits import tree_limits, usual_seconds
from jointbench.study.references import START_SECONDS, processes_for
from jointbench.study.searches import with_as_many_pairs
from jointbench.study.stacks import tasks_of
from jointbench.study.trials import plan
from jointbench.types import Network

USUAL_EPOCHS = {40: 3.6, 20: 1.8}  # by patience, in units of it; what the bundled tables came to
REPORT_SECONDS, DATASET_SECONDS = 1.5, 0.35  # of the page, and of each dataset on it
SAMPLED_SHARE = 1.2  # of the budget for samples: some settle earlier, a disturbed set is taken once more
STOCK_STEP_SECONDS = 8e-4  # of the stock loop, which trains networks whose losses a method weighs
SERVED_SECONDS = 0.2  # of a network's set-up for requests, in units of its set-up for training


@dataclass(frozen=True, kw_only=True)
class FrameworkCosts:
    """Seconds, on one core of the machine with ``measure.machine_speed`` 1, fitted to 160 stacks of profile quick; nine
    in ten of those took between 0.6 and 1.3 times as long.

    start: of a worker with its imports. stack: of a stack. program, head: of compiling one, and for each head. step: of
    a network's step; flop, image_flop: of 10^9 FLOPs of dense and of convolutional networks. set_up: of a timed network.
    """

    start: float
    stack: float
    program: float
    head: float
    step: float
    gigaflop: float
    image_gigaflop: float
    set_up: float


COSTS = {
    "torch": FrameworkCosts(
        start=2.5,
        stack=0.08,
        program=0,
        head=0,
        step=1.3e-5,
        gigaflop=0.020,
        image_gigaflop=0.030,
        set_up=0.2,
    ),
    "tensorflow": FrameworkCosts(
        start=4.0,
        stack=0.09,
        program=1.0,
        head=0.08,
        step=1.5e-5,
        gigaflop=0.013,
        image_gigaflop=0.023,
        set_up=0.6,
    ),
}


@dataclass(frozen=True)
class Phase:
    """What one phase of a run is expected to take, in seconds, and at the most where a budget bounds it."""

    name: str
    seconds: float
    most: float


@dataclass(frozen=True)
class Estimate:
    """The phases in the order they run, and what is trained and timed in them.

    networks: of the first round, by dataset. references: models. cells: datasets x backends x devices x thread counts
    that are timed. training_seconds: of the first round, on all backends and devices.
    """

    phases: tuple[Phase, ...]
    networks: dict[str, int]
    references: int
    cells: int
    training_seconds: float

    @property
    def seconds(self) -> float:
        """If the first round decides everything."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def most(self) -> float:
        """If rounds of training go on until their budget is spent."""
        return sum(max(phase.seconds, phase.most) for phase in self.phases)


def estimate(experiments: Sequence[Experiment], config: StudyConfig, speed: float = 1.0) -> Estimate:
    """What the study is expected to take. speed: this machine's, by ``machine_speed``, where
    it is known."""
    cells = [(b, d) for b in config.backends if unavailable_reason(b) is None for d in config.devices]
    timed = len(cells) * len(experiments) * len(config.timed_threads) if config.timing_seconds > 0 else 0
    limits = tree_limits(experiments, config.training_seconds)
    processes = processes_for(experiments, limits, config.jobs)
    phases = [Phase(REFERENCES, (START_SECONDS + usual_seconds(experiments, limits) / processes) / speed, 0.0)]
    budget = TimingBudget(config.timing_seconds, timed)
    networks = {experiment.dataset.slug: 0 for experiment in experiments}
    training = 0.0
    for backend, device in cells:
        plans = [with_as_many_pairs(plan(experiment, backend, device, config.engine)) for experiment in experiments]
        plans = [planned for planned in plans if planned.arms]
        if not plans:
            continue  # this backend trains none of the arms
        for planned in plans:
            networks[planned.experiment.dataset.slug] += len(planned.networks)
        seconds = _training(plans, config, _costs(backend)) / speed
        training += seconds
        most = config.training_seconds / len(cells) if config.rounds > 1 else 0.0
        phases.append(Phase(training_phase(backend, device), seconds, most))
        if timed:
            phases.append(Phase(timing_phase(backend, device), _timing(plans, config, budget, speed), 0.0))
            if energy := _energy(plans, device, config):
                phases[-1] = replace(phases[-1], seconds=phases[-1].seconds + energy)
        if weighed := len(plans[: config.memory_datasets]) if config.timing_seconds > 0 else 0:
            started = 2 * sum(len(planned.arms) for planned in plans[:weighed])
            seconds = started * _costs(backend).start / config.weighing_jobs_on(device) / speed
            phases.append(Phase(memory_phase(backend, device), seconds, 0.0))
    drawn = REPORT_SECONDS + DATASET_SECONDS * len(experiments) * len(cells)
    phases.append(Phase(DRAWING, drawn / speed, 0.0))
    models = sum(2 * len(experiment.dataset.outputs) * len(experiment.splits) for experiment in experiments)
    return Estimate(tuple(phases), networks, models if config.references else 0, timed, training)


def _costs(backend: str) -> FrameworkCosts:
    """Those of a backend, or of the slowest where nobody has measured it."""
    return COSTS.get(backend) or max(COSTS.values(), key=lambda costs: costs.start)


def _training(plans: Sequence[Plan], config: StudyConfig, costs: FrameworkCosts) -> float:
    """Seconds of the first round on the device's workers, none of which takes less than its longest task."""
    tasks = [
        _stack_seconds(planned.experiment, task, costs)
        for planned in plans
        for task in tasks_of(planned.experiment, planned.networks, config.engine, halved=len(plans) < 3)
    ]
    return costs.start + max(sum(tasks) / config.jobs_on(plans[0].arms[0].device), max(tasks))


def _stack_seconds(experiment: Experiment, networks: Sequence[Network], costs: FrameworkCosts) -> float:
    recipe = networks[0].recipe
    usual = USUAL_EPOCHS[40] if recipe.patience >= 30 else USUAL_EPOCHS[20]
    image = bool(networks[0].shape.channels)
    epochs = recipe.max_epochs if image else min(recipe.max_epochs, usual * recipe.patience)
    rows = float(sum(len(split.train) for split in experiment.splits)) / len(experiment.splits)
    steps = epochs * math.ceil(rows / recipe.batch_size) * len(networks)
    built = [experiment.architecture(network) for network in networks]
    flops = train_flops_per_row(built, recipe.weighting) * rows * epochs / 1e9
    compiled = costs.program + costs.head * max(len(network.group) for network in networks)
    step = STOCK_STEP_SECONDS if recipe.weighting else costs.step
    return costs.stack + compiled + step * steps + flops * (costs.image_gigaflop if image else costs.gigaflop)


def _energy(plans: Sequence[Plan], device: str, config: StudyConfig) -> float:
    """Seconds that counting joules takes at the most."""
    if energy_unavailable_reason(device, (*config.gpus_on(device), "")[0]) is not None:
        return 0.0
    return config.energy_seconds * len(plans[: config.energy_datasets])


def _timing(plans: Sequence[Plan], config: StudyConfig, budget: TimingBudget, speed: float) -> float:
    """Seconds of timing one backend on one device: set-up and samples of each dataset, within their budget."""
    costs = _costs(plans[0].arms[0].backend)
    total = 0.0
    for _ in config.timed_threads:
        total += costs.start / speed
        budget.spend(costs.start / speed)
        for planned in plans:
            share = budget.next_share()
            set_up = sum(
                len({planned.experiment.architecture(planned.by_id[i]) for i in arm.runs[0]}) * costs.set_up
                + len(arm.runs[0]) * SERVED_SECONDS * costs.set_up
                for arm in (*planned.arms, planned.arms[0])
            )
            seconds = min(set_up / speed + SAMPLED_SHARE * share.samples, share.total)
            budget.spend(seconds, 1)
            total += seconds
    return total
