"""Arms that were asked for and that a backend cannot train: a record each, so that no table has a hole."""

from __future__ import annotations

from jointbench.backends.registry import untrainable_reason
from jointbench.records import NotMeasured
from jointbench.study.plan import Experiment


def untrained_arms(experiment: Experiment, backend: str, device: str) -> list[NotMeasured]:
    """The arms that the backend cannot train, each with the reason."""
    reasons = {arm.name: untrainable_reason(backend, arm.weighting) for arm in experiment.arms}
    return [
        NotMeasured(experiment.dataset.slug, backend, device, f"not trained: arm {name}, because {reason}")
        for name, reason in reasons.items()
        if reason is not None
    ]
