"""What a question receives beside its dataset: one backend's worker processes, and the fits that questions share."""

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
    """One backend's workers. A network that one question has fitted is not fitted again by the next.

    fits_by_id: the fits made so far, by the network's id.
    """

    workers: Workers
    fits_by_id: dict[str, Fit] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return self.workers.device

    def fits(self, experiment: Experiment, networks: Sequence[Network]) -> list[Fit]:
        """These networks' fits, in order. Only networks that no question has trained yet are trained, on the engine."""
        missing = {network.id: network for network in networks if network.id not in self.fits_by_id}
        for fit in fit_all(experiment, list(missing.values()), self.workers):
            self.fits_by_id[fit.network.id] = fit
        return [self.fits_by_id[network.id] for network in networks]


def networks_of(
    experiment: Experiment, arm: str, backend: str, device: str, loss_weights: Sequence[float] = ()
) -> list[Network]:
    """An arm's networks in every split and seed, on the engine. loss_weights: one an output; all 1 when empty."""
    names = [output.name for output in experiment.dataset.outputs]
    # A weight of 1 is left out, so that equal weights are the plain network with its id.
    unequal = [
        (name, weight) for name, weight in zip(names, loss_weights or [1] * len(names), strict=True) if weight != 1
    ]
    recipe = replace(experiment.recipe, loss_weights=tuple(unequal))
    one_arm = replace(experiment, arms=(parse_arm(arm, experiment.dataset.outputs),), recipe=recipe)
    return plan_arms(one_arm, backend, device, "stacked")[1]
