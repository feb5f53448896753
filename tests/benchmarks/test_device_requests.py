"""Requests to a device: what is timed there, what is copied, and what becomes of a way to answer that does not work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from jointbench.benchmarks import requests
from jointbench.benchmarks.requests import LatencyCase, TimedCase, time_requests
from jointbench.benchmarks.training_steps import Budget, TimedArm, set_up
from jointbench.networks.architecture import architecture
from jointbench.networks.initialization import initial_weights
from jointbench.records import COPIES, CUDA_GRAPH, SEQUENTIAL, TORCH_COMPILE, CopiedBytes, ExecutionMode, Variant
from jointbench.study.config import StudyConfig
from jointbench.study.latency_cases import latency_cases
from jointbench.study.profiles import PROFILES, ExtraModes
from jointbench.types import Float32Array, Output, Shape

ROWS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
MILLISECONDS = {SEQUENTIAL: 3.0, CUDA_GRAPH: 1.5, COPIES: 1.0}


def timed_arm() -> TimedArm:
    network = architecture(Shape((4,)), (3,), [Output("a", "regression")])
    return TimedArm((), (1,), ((network, initial_weights(network, ["a"], 0)),), (ROWS[:, :1] * 2,))


@dataclass
class DeviceServer:
    """Takes as long as its mode, and counts what it would copy."""

    mode: ExecutionMode
    most_rows: int = 10**9
    copied: CopiedBytes | None = None

    def __call__(self, rows: Float32Array) -> list[Any]:
        if len(rows) > self.most_rows:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nof 79 GiB")
        answers = np.zeros_like(rows[:, :1]) if self.mode == COPIES else rows[:, :1] * 2
        self.copied = CopiedBytes(rows.nbytes, answers.nbytes)
        time.sleep(MILLISECONDS[self.mode] / 1e3)
        return [answers]


class Device:
    """A backend on a device that does not exist. graphs_up_to: rows that a graph has memory for."""

    name = "device"

    def __init__(self, broken: str = "", graphs_up_to: int = 10**9) -> None:
        self.broken, self.graphs_up_to = broken, graphs_up_to

    def synchronise(self) -> None:
        """There is nothing to wait for."""

    def unavailable_reason(self, mode: ExecutionMode) -> str | None:
        return None

    def server(self, networks: Sequence[Any], mode: ExecutionMode = SEQUENTIAL) -> DeviceServer:
        if mode == self.broken:
            raise RuntimeError("no graph can be captured: a kernel that no graph can hold\nTraceback")
        return DeviceServer(mode, self.graphs_up_to if mode == CUDA_GRAPH else 10**9)


def timed(device: Device, *sizes: int) -> list[TimedCase]:
    cases = [LatencyCase(size, (SEQUENTIAL, CUDA_GRAPH, COPIES)) for size in sizes]
    return time_requests(device, {"joint": timed_arm(), "other": timed_arm()}, ROWS, cases, Budget(3.0, 0.3))


def test_the_copies_alone_take_turns_with_the_requests_that_they_are_part_of() -> None:
    (case,) = timed(Device(), 8)
    (samples,) = (sample_set.samples for sample_set in case.sample_sets[-1:])
    assert not case.untimed
    assert set(samples.order) == {Variant(arm, mode) for arm in ("joint", "other") for mode in MILLISECONDS}
    medians = {
        mode: np.median(samples.seconds[[visitor == Variant("joint", mode) for visitor in samples.order]])
        for mode in MILLISECONDS
    }
    assert medians[COPIES] < medians[CUDA_GRAPH] < medians[SEQUENTIAL]
    assert case.copied == dict.fromkeys(case.copied, CopiedBytes(4 * 8 * 3, 4 * 8))
    assert len(case.copied) == 6


def test_a_way_that_does_not_work_says_why_and_the_others_are_timed() -> None:
    (case,) = timed(Device(broken=CUDA_GRAPH), 1)
    assert {variant.path for variant in case.sample_sets[-1].samples.order} == {SEQUENTIAL, COPIES}
    assert {variant.path for variant in case.untimed} == {CUDA_GRAPH}
    assert {left_out.reason for left_out in case.untimed.values()} == {
        "RuntimeError: no graph can be captured: a kernel that no graph can hold"
    }


def test_a_way_without_memory_for_so_many_rows_is_left_out_of_these_alone() -> None:
    small, large = timed(Device(graphs_up_to=100), 64, 128)
    assert not small.untimed
    assert {variant.path for variant in large.sample_sets[-1].samples.order} == {SEQUENTIAL, COPIES}
    assert all("CUDA out of memory" in left_out.reason for left_out in large.untimed.values())
    assert len(large.untimed) == 2


def test_requests_that_do_not_fit_the_machine_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "free_bytes", lambda: 100_000)
    small, large = timed(Device(), 64, 65_536)
    assert small.sample_sets
    assert not large.sample_sets
    assert {left_out.reason for left_out in large.untimed.values()} == {
        "requests of 65,536 rows take 0.00236 GB of memory, and 0.0001 GB are free"
    }
    assert not any(left_out.budget_spent for left_out in large.untimed.values())


def test_a_compiler_is_not_begun_where_its_time_is_not_there() -> None:
    variants = [(Variant("joint", path), 1) for path in (SEQUENTIAL, "fused", TORCH_COMPILE, CUDA_GRAPH)]
    prepared = set_up(variants, lambda variant: variant.path, 10.0, requests.COMPILING)
    assert list(prepared.ready.values()) == [SEQUENTIAL, "fused", CUDA_GRAPH]
    assert prepared.untimed[Variant("joint", TORCH_COMPILE)].budget_spent
    assert len(set_up(variants, lambda variant: variant.path, 20.0, requests.COMPILING).ready) == 4


def config(profile: str, extras: ExtraModes) -> StudyConfig:
    chosen = PROFILES[profile]
    return StudyConfig(
        backends=("torch",),
        devices=("cpu", "cuda"),
        engine="stacked",
        jobs=1,
        threads=1,
        timing_seconds=1.0,
        batch_sizes=chosen.batch_sizes,
        extra_batch_sizes=chosen.extra_batch_sizes,
        device_batch_sizes=chosen.device_batch_sizes,
        extras=extras,
    )


def test_the_cpu_is_asked_what_it_was_always_asked() -> None:
    others: tuple[ExecutionMode, ...] = ("fused", "one of N")
    assert latency_cases(config("quick", "first"), False, "cpu") == [
        LatencyCase(1, ("in turn", *others)),
        LatencyCase(8, ("in turn",)),
        LatencyCase(64, ("in turn", *others)),
        LatencyCase(512, ("in turn",)),
        LatencyCase(4096, ("in turn",)),
    ]
    with_extras = latency_cases(config("quick", "first"), True, "cpu")
    assert with_extras[0] == LatencyCase(1, ("in turn", *others, "compiled"))
    assert with_extras[5:] == [
        LatencyCase(1, ("in turn", "predict"), first_arm_only=True),
        LatencyCase(1, ("onnx",)),
        LatencyCase(64, ("onnx",)),
    ]


def test_a_device_is_asked_in_more_ways_and_for_more_rows() -> None:
    quick = latency_cases(config("quick", "first"), False, "cuda")
    assert [case.batch_size for case in quick] == [1, 8, 64, 512, 4096, 65_536]
    assert all(case.paths[:3] == (SEQUENTIAL, CUDA_GRAPH, COPIES) for case in quick)
    assert quick[-1].paths == (SEQUENTIAL, CUDA_GRAPH, COPIES)
    full = [case for case in latency_cases(config("full", "all"), True, "cuda") if SEQUENTIAL in case.paths]
    everything = (SEQUENTIAL, CUDA_GRAPH, COPIES, "fused", "one of N", "compiled", TORCH_COMPILE)
    assert [case.paths for case in full if not case.first_arm_only] == [everything] * 6
    smoke = latency_cases(config("smoke", "none"), False, "cuda")
    assert [case.batch_size for case in smoke] == [1, 64]
