"""What tuning trains: every arm in several configurations, planned group by group, so that each network has its own choice."""

from __future__ import annotations

from dataclasses import replace

from jointbench.errors import BadInput
from jointbench.networks.arms import sized
from jointbench.networks.loss_weighting import weighting_of
from jointbench.networks.search_space import Configuration, configurations, for_group
from jointbench.records import PlannedArm, TunedArm
from jointbench.study.plan import Experiment, Plan, plan_arms
from jointbench.study.searches import with_candidates
from jointbench.types import Engine, Network

FEWEST_TRIALS = 2
MOST_TRIALS = 512


def check_trials(count: int) -> None:
    """Raises BadInput for a number of configurations that is no tuning, or beyond all patience."""
    if not FEWEST_TRIALS <= count <= MOST_TRIALS:
        raise BadInput(
            f"--tune {count}: a number of configurations from {FEWEST_TRIALS} to {MOST_TRIALS} is tried for each network"
        )


def plan(experiment: Experiment, backend: str, device: str, engine: Engine) -> Plan:
    """The experiment on one backend and device; with tuning, all configurations of its arms, and with an arm that searches
    its groups, their networks.

    Raises BadInput for tuning a user's own trunk, or an arm that searches.
    """
    arms, networks = plan_arms(experiment, backend, device, engine)
    searching = [arm.name for arm in experiment.arms if arm.search]
    if experiment.trials < FEWEST_TRIALS:
        untuned = Plan(experiment, arms, networks)
        return with_candidates(untuned) if searching else untuned
    if searching:
        raise BadInput(f"--tune {experiment.trials}: the groups of {searching[0]} are not tuned; leave one of them out")
    if experiment.own_trunks:
        raise BadInput("tune: a trunk of your own is not tuned; leave one of them out")
    names = [output.name for output in experiment.dataset.outputs]
    seed = experiment.splits[0].seed
    tried = configurations(experiment.shape, experiment.recipe, names, experiment.trials, seed)
    every = {network.id: network for network in networks}
    tuned = []
    for planned in arms:
        trials = []
        for place, configuration in enumerate(tried):
            trial, its_networks = _trial(experiment, planned, configuration, first=place == 0)
            every.update((network.id, network) for network in its_networks)
            trials.append(trial)
        tuned.append(
            TunedArm(
                dataset=planned.dataset, backend=backend, device=device, arm=planned.arm.name, trials=tuple(trials)
            )
        )
    return Plan(experiment, arms, experiment.in_order(every.values()), tuned)


def _trial(
    experiment: Experiment, planned: PlannedArm, configuration: Configuration, *, first: bool
) -> tuple[tuple[PlannedArm, ...], list[Network]]:
    """One configuration of an arm, by group. first: it is the rules' own, whose networks are planned already."""
    arm, recipe = planned.arm, configuration.recipe
    shape = sized(arm, configuration.shape, experiment.input_shape, experiment.dataset.outputs)
    groups, networks = [], []
    for group in arm.groups:
        at = replace(
            experiment,
            shape=shape,
            recipe=recipe if first else for_group(recipe, group),
            arms=(
                replace(
                    arm,
                    groups=(group,),
                    weighting=weighting_of(arm.weighting, group),
                    sizing="same-width",
                    reference=(),
                ),
            ),
            trials=1,
        )
        (of_group,), its_networks = plan_arms(at, planned.backend, planned.device, planned.engine)
        groups.append(of_group)
        networks += its_networks
    return tuple(groups), networks
