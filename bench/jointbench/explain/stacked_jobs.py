"""Trains any jobs on the engine: which of them one worker gets together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jointbench.backends.base import Job, Trained
from jointbench.explain.trained_networks import fitted
from jointbench.networks.architecture import Architecture
from jointbench.runtime.workers import Workers
from jointbench.study.stacks import HALF_STACK, TaskLimits, task_limits
from jointbench.types import Recipe


def fit_jobs(jobs: Sequence[Job], workers: Workers) -> list[Trained]:
    """In the jobs' order. One stack for each architecture and recipe: outputs of unlike kinds have unlike heads."""
    stacks: dict[tuple[Architecture, Recipe], list[int]] = {}
    for i, job in enumerate(jobs):
        stacks.setdefault((job.architecture, replace(job.recipe, loss_weights=())), []).append(i)
    parts = [part for stack in stacks.values() for part in _parts(jobs, stack, task_limits(workers.device))]
    pending = [(part, workers.submit(fitted, [jobs[i] for i in part])) for part in parts]
    trained = {i: network for part, future in pending for i, network in zip(part, future.result(), strict=True)}
    return [trained[i] for i in range(len(jobs))]


def _parts(jobs: Sequence[Job], stack: Sequence[int], limits: TaskLimits) -> Iterator[list[int]]:
    """The stack, cut in two for two workers where both halves are large enough, and where tables pass the limit."""
    most = -(-len(stack) // 2) if limits.shared and len(stack) >= 2 * HALF_STACK else len(stack)
    part: list[int] = []
    tables: dict[int, int] = {}
    for i in stack:
        table = jobs[i].features
        grown = tables | {id(table): table.nbytes}
        if part and (len(part) == most or sum(grown.values()) > limits.table_bytes):
            yield part
            part, grown = [], {id(table): table.nbytes}
        part, tables = [*part, i], grown
    yield part
