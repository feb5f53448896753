"""What answering costs: requests to every arm's trained networks, timed in turns. Runs inside a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jointbench.backends.fused import group_count, not_rebuilt_reason
from jointbench.backends.protocols import ServingBackend
from jointbench.benchmarks.request_sampler import DIFFERENT_REQUESTS, RequestSampler, request_pool, request_sampler
from jointbench.benchmarks.training_steps import (
    BLOCKS_WANTED,
    Budget,
    LeftOut,
    SampleSet,
    SetUp,
    TimedArm,
    collect_samples,
    set_up,
    without_refused,
)
from jointbench.errors import in_a_line
from jointbench.measure.free_memory import free_bytes
from jointbench.records import FUSED, SINGLE_OUTPUT, TORCH_COMPILE, CopiedBytes, ExecutionMode, Variant
from jointbench.types import Float32Array

FUSED_TOO: tuple[ExecutionMode, ...] = (FUSED, "compiled", TORCH_COMPILE)  # paths of one program for each group
REBUILT = (*FUSED_TOO, "onnx")  # paths that build networks anew from their layers
COMPILING: Mapping[ExecutionMode, float] = {TORCH_COMPILE: 15.0}  # seconds that a first program may take, about
MAX_REQUESTS = 8  # of a visit
SPENT = "the time for requests was spent before those of {} rows"
TOO_LONG = "two blocks of requests of {} rows take about {:.1f} s, and {:.1f} s are left for them"
LEAST_VISITS = 7  # of each variant in a case: two that are not counted, one to warm up, and two blocks of two
LARGE = 512  # rows from which on a request's time grows with them
PATIENCE = 3  # a case is begun if the least it takes is no more than so many times its share
NO_ROOM = "requests of {:,} rows take {:.3g} GB of memory, and {:.3g} GB are free"
IN_MEMORY = 3  # times that a request's rows are there at once: the pool, the memory to copy through, an answer as large


@dataclass(frozen=True)
class LatencyCase:
    """One set of samples: requests of this many rows, on these paths, of every arm or of the first alone."""

    batch_size: int
    paths: tuple[ExecutionMode, ...]
    first_arm_only: bool = False


@dataclass(frozen=True, eq=False)
class TimedCase:
    """The samples of one case. untimed: the variants that were left out, with the reason. copied: of a request of each
    variant that was timed; none where nothing is copied."""

    batch_size: int
    sample_sets: tuple[SampleSet, ...]
    untimed: dict[Variant, LeftOut]
    copied: Mapping[Variant, CopiedBytes] = field(default_factory=dict)


def time_requests(
    backend: ServingBackend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    cases: Sequence[LatencyCase],
    budget: Budget,
) -> list[TimedCase]:
    """Request latency of each arm in each case: all outputs (or one of N) of ``batch`` rows, numpy in, numpy out.

    The rows are test rows, repeated where a batch is larger than their number.
    """
    started = time.monotonic()
    rows = np.ascontiguousarray(rows)
    servers = _set_up_servers(backend, timed_arms, rows, cases, budget)
    deadline = max(started + budget.total, time.monotonic() + budget.samples / 2)
    results: list[TimedCase] = []
    row_seconds = 0.0  # of all variants in the last case, for each row: about the least that a larger batch costs
    for number, case in enumerate(cases):
        share = min(budget.samples, max(deadline - time.monotonic(), 0.0)) / (len(cases) - number)
        variants = list(_variants(case, timed_arms))
        samplers = {variant: servers.ready[variant] for variant in variants if variant in servers.ready}
        untimed = {variant: servers.untimed[variant] for variant in variants if variant not in samplers}
        reason = SPENT.format(case.batch_size) if number and time.monotonic() > deadline else ""
        reason = reason or _too_long(case.batch_size, row_seconds, share)
        left_out = LeftOut(reason, budget_spent=True) if reason else _no_room(rows, case.batch_size)
        if left_out is not None:
            results.append(TimedCase(case.batch_size, (), untimed | dict.fromkeys(samplers, left_out)))
            continue
        results.append(_time_case(rows, case.batch_size, samplers, untimed, share))
        timed = [samplers[variant] for variant in samplers if variant not in results[-1].untimed]
        if case.batch_size >= LARGE and timed:
            row_seconds = sum(float(np.median(sampler.last_seconds)) for sampler in timed) / case.batch_size
    return results


def _too_long(batch: int, row_seconds: float, share: float) -> str:
    """Why a case is not begun: the least that it takes is far more than its share of the time; "" where it is begun."""
    least = LEAST_VISITS * row_seconds * batch
    return TOO_LONG.format(batch, least, share) if least > max(PATIENCE * share, 1.0) else ""


def _no_room(rows: Float32Array, batch: int) -> LeftOut | None:
    """Why a case is not begun: its requests do not fit the memory of this machine. (A device without room says so.)"""
    needed, free = IN_MEMORY * (batch + DIFFERENT_REQUESTS) * rows[0].nbytes, free_bytes()
    return LeftOut(NO_ROOM.format(batch, needed / 1e9, free / 1e9)) if needed > free else None


def _set_up_servers(
    backend: ServingBackend,
    timed_arms: Mapping[str, TimedArm],
    rows: Float32Array,
    cases: Sequence[LatencyCase],
    budget: Budget,
) -> SetUp[RequestSampler]:
    """A sampler for each variant of any case whose server could be built and answers rightly."""
    impossible = {
        path: reason
        for case in cases
        for path in case.paths
        if (reason := backend.unavailable_reason(path)) and path != SINGLE_OUTPUT
    }
    wanted = {variant for case in cases for variant in _variants(case, timed_arms) if variant.path not in impossible}
    unfused = {
        variant: LeftOut(reason)
        for variant in wanted
        if variant.path in REBUILT and (reason := not_rebuilt_reason(timed_arms[variant.arm].networks)) is not None
    }
    programs = {
        variant: _program_count(timed_arms[variant.arm], variant.path)
        for case in cases
        for variant in _variants(case, timed_arms)
        if variant in wanted and variant not in unfused
    }
    refused: dict[Variant, LeftOut] = {}

    def make(variant: Variant) -> RequestSampler | None:
        try:
            sampler = request_sampler(backend, timed_arms[variant.arm], variant.path, rows)
            reason = sampler.wrong_at_first()
        except Exception as error:  # noqa: BLE001 - whatever a path cannot do, the others are timed
            refused[variant] = LeftOut(in_a_line(error))
            return None
        if reason is not None:
            refused[variant] = LeftOut(reason)
        return sampler

    servers = set_up(programs.items(), make, budget.total - budget.samples, COMPILING)
    ready = {variant: made for variant, made in servers.ready.items() if made is not None and variant not in refused}
    no_path = {Variant(name, path): LeftOut(reason) for path, reason in impossible.items() for name in timed_arms}
    return SetUp(ready, {**servers.untimed, **refused, **unfused, **no_path})


def _program_count(timed_arm: TimedArm, path: ExecutionMode) -> int:
    return group_count(timed_arm.networks) if path in FUSED_TOO else len(timed_arm.networks)


def _variants(case: LatencyCase, timed_arms: Mapping[str, TimedArm]) -> Iterator[Variant]:
    names = list(timed_arms)[:1] if case.first_arm_only else list(timed_arms)
    return (Variant(name, path) for path in case.paths for name in names)


def _time_case(
    rows: Float32Array,
    batch: int,
    samplers: dict[Variant, RequestSampler],
    untimed: dict[Variant, LeftOut],
    budget_seconds: float,
) -> TimedCase:
    pool, total = request_pool(rows, batch), 0.0
    ready: dict[Variant, RequestSampler] = {}
    left_out: dict[Variant, LeftOut] = {}
    copied: dict[Variant, CopiedBytes] = {}
    for variant, sampler in samplers.items():
        sampler.prepare(pool)
        sampler.count = 1
        try:
            sampler()  # the first call of a shape traces, compiles or allocates
            total += sampler()[0]
        except Exception as error:  # noqa: BLE001 - one that has no room for these rows, say; the others are timed
            left_out[variant] = LeftOut(in_a_line(error))
            continue
        ready[variant] = sampler
        if (count := sampler.copied) is not None:
            copied[variant] = count
    for sampler in ready.values():
        sampler.count = max(1, min(MAX_REQUESTS, int(budget_seconds / BLOCKS_WANTED / 2 / max(total, 1e-9))))
    sample_sets = collect_samples(ready, budget_seconds) if ready else []
    wrong = {
        variant: LeftOut(reason)
        for variant, sampler in ready.items()
        if (reason := sampler.wrong_at_last()) is not None
    }
    return TimedCase(batch, without_refused(sample_sets, wrong), {**untimed, **left_out, **wrong}, copied)
