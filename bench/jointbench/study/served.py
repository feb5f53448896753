"""An arm's networks as they answer requests: those of the first split and seed, with the weights that they were scored with."""

from __future__ import annotations

from jointbench.backends.checkpoints import Served, served_networks
from jointbench.records import PlannedArm
from jointbench.study.config import ScoredModels
from jointbench.study.plan import Plan
from jointbench.study.timed_networks import first_ids
from jointbench.types import Float32Array


def served_arm(plan: Plan, planned: PlannedArm, scored: ScoredModels) -> tuple[Served, ...]:
    """In the order of ``Arm.served``. Raises KeyError when one of the networks failed."""
    networks = (plan.by_id[network_id] for network_id in first_ids(planned))
    return tuple(
        served
        for network in networks
        for served in served_networks(
            plan.experiment.architecture(network), network.recipe, scored.checkpoints[network.id]
        )
    )


def answers_of_arm(planned: PlannedArm, scored: ScoredModels) -> tuple[Float32Array, ...]:
    """(test rows, units) of each of them. Raises KeyError when one of the networks failed."""
    return tuple(answers for network_id in first_ids(planned) for answers in scored.answers[network_id])
