"""What a question is given beside its dataset: a framework's worker processes, and fits that questions share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jointbench.networks.arms import parse_arm
from jointbench.records import Fit
from jointbench.runtime.workers import Workers
from jointbench.study.plan import Experiment, plan_arms
from jointbench.study.training import fit_all
from jointbench.types import Network


@dataclass(frozen=True, eq=False)
class Context:
    """One backend's workers. A network that one question has fitted, the next one need not fit again."""

    workers: Workers
    held: dict[str, Fit] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return self.workers.device

    def fits(self, experiment: Experiment, networks: Sequence[Network]) -> list[Fit]:
        """These networks' fits, trained on the engine where no question has trained them before."""
        missing = {network.id: network for network in networks if network.id not in self.held}
        for fit in fit_all(experiment, list(missing.values()), self.workers):
            self.held[fit.network.id] = fit
        return [self.held[network.id] for network in networks]


def networks_of(
    experiment: Experiment, arm: str, backend: str, device: str, loss_weights: Sequence[float] = ()
) -> list[Network]:
    """An arm's networks in every split and seed, on the engine. loss_weights: one an output, 1 where none are given."""
    names = [output.name for output in experiment.dataset.outputs]
    named = (
        tuple((name, weight) for name, weight in zip(names, loss_weights, strict=True) if weight != 1)
        if loss_weights
        else ()
    )
    recipe = replace(
        experiment.recipe, loss_weights=named
    )  # weights of 1 are not named, so that equal ones are the plain network
    chosen = replace(experiment, arms=(parse_arm(arm, experiment.dataset.outputs),), recipe=recipe)
    return plan_arms(chosen, backend, device, "stacked")[1]
