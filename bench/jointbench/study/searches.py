"""What a search for the best partition of the outputs trains: the networks of the groups that a partition may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from jointbench.comparison.searched import runs_of, table_of, whole_of
from jointbench.networks.arms import MOST_UNSCREENED
from jointbench.networks.partitions import groups_to_train, is_screened, promising_pairs
from jointbench.records import Candidate, Fit, PlannedArm, Screen, SearchedArm
from jointbench.study.plan import Experiment, Plan, plan_arms
from jointbench.types import Arm, Network


def with_candidates(plan: Plan) -> Plan:
    """The plan with every network that its searched arms may need, as far as that is known before any is trained."""
    searched, networks = [], dict(plan.by_id)
    names = [output.name for output in plan.experiment.dataset.outputs]
    for planned in (planned for planned in plan.arms if planned.arm.search):
        candidates = []
        for group in groups_to_train(names):
            candidate, its_networks = _candidate(plan.experiment, planned, group)
            candidates.append(candidate)
            networks.update((network.id, network) for network in its_networks)
        searched.append(
            SearchedArm(
                dataset=planned.dataset,
                backend=planned.backend,
                device=planned.device,
                arm=planned.arm.name,
                candidates=tuple(candidates),
            )
        )
    return replace(plan, networks=plan.experiment.in_order(networks.values()), searched=searched)


def with_pairs(plan: Plan, screens: Mapping[str, tuple[Screen, ...]]) -> Plan:
    """The plan with the networks of those pairs that each run's own screen takes to be worth training; where it failed of
    all, unless these are too many. screens: by arm, of those that are screened."""
    by_name = {planned.arm.name: planned for planned in plan.arms}
    wider, networks = [], dict(plan.by_id)
    for searched in plan.searched:
        if (of_runs := screens.get(searched.arm)) is None:
            wider.append(searched)
            continue
        wanted: dict[tuple[str, ...], set[int]] = {}
        for run, screen in enumerate(of_runs):
            for group in pairs_of(screen, whole_of(searched).group):
                wanted.setdefault(group, set()).add(run)
        more, its_networks = _candidates(plan.experiment, by_name[searched.arm], wanted)
        networks.update((network.id, network) for network in its_networks)
        wider.append(replace(searched, candidates=(*searched.candidates, *more), screens=of_runs))
    return replace(plan, networks=plan.experiment.in_order(networks.values()), searched=wider)


def with_as_many_pairs(plan: Plan) -> Plan:
    """The plan with about as many pairs as a screen will choose, for an estimate: each output with the next ones, round."""
    wider = plan
    for searched in plan.searched:
        outputs = len(whole_of(searched).group)
        if is_screened(outputs):
            first, last = np.triu_indices(outputs, 1)
            apart = np.minimum(last - first, outputs - (last - first))
            near = Screen(overlaps=tuple((1 / apart).tolist()), train_flops=0, seconds=0.0)
            runs = len(searched.candidates[0].network_ids)
            wider = with_pairs(wider, {searched.arm: (near,) * runs})
    return wider


def pairs_of(screen: Screen, outputs: Sequence[str]) -> list[tuple[str, ...]]:
    """The pairs of these outputs that a run trains."""
    if screen.failure is None:
        return [(outputs[first], outputs[last]) for first, last in promising_pairs(table_of(screen, len(outputs)))]
    return list(combinations(outputs, 2)) if len(outputs) <= MOST_UNSCREENED else []


def with_likely(plan: Plan, fits: Mapping[str, Fit]) -> Plan | None:
    """The plan with the networks of those partitions that each run's own pairs predict to be the best; None where there
    are no further ones."""
    by_name = {planned.arm.name: planned for planned in plan.arms}
    wider, networks = [], dict(plan.by_id)
    for searched in plan.searched:
        known = {candidate.group for candidate in searched.candidates}
        wanted: dict[tuple[str, ...], set[int]] = {}
        for search in runs_of(searched, fits):
            for group in (group for partition in search.proposed for group in partition if group not in known):
                wanted.setdefault(group, set()).add(search.run)
        more, its_networks = _candidates(plan.experiment, by_name[searched.arm], wanted)
        networks.update((network.id, network) for network in its_networks)
        wider.append(replace(searched, candidates=(*searched.candidates, *more)))
    if len(networks) == len(plan.by_id):
        return None
    return replace(plan, networks=plan.experiment.in_order(networks.values()), searched=wider)


def _candidates(
    experiment: Experiment, planned: PlannedArm, wanted: Mapping[tuple[str, ...], set[int]]
) -> tuple[list[Candidate], list[Network]]:
    """Groups, each with its networks of the runs that want it."""
    candidates, networks = [], []
    for group, runs in sorted(wanted.items()):
        candidate, its_networks = _candidate(experiment, planned, group, runs)
        candidates.append(candidate)
        networks += its_networks
    return candidates, networks


def _candidate(
    experiment: Experiment, planned: PlannedArm, group: tuple[str, ...], runs: set[int] | None = None
) -> tuple[Candidate, list[Network]]:
    """A group, with its networks of these runs, or of all."""
    arm = Arm(planned.arm.name, (group,), planned.arm.sizing, planned.arm.reference)
    alone = replace(experiment, arms=(arm,))
    (of_group,), networks = plan_arms(alone, planned.backend, planned.device, planned.engine)
    ids = tuple(name if runs is None or run in runs else "" for run, name in enumerate(of_group.network_ids))
    candidate = Candidate(
        group=group,
        shape=of_group.shapes[0],
        parameters=of_group.parameters,
        train_flops_per_row=of_group.train_flops_per_row,
        inference_flops_per_row=of_group.inference_flops_per_row,
        flops=of_group.flops,
        network_ids=ids,
    )
    return candidate, [network for network in networks if network.id in ids]
