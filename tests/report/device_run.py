"""Planted timings of requests to a device: copies are a known share of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import tiny_run
from jointbench.records import AA_CONTROL, COPIES, CUDA_GRAPH, SEQUENTIAL, CopiedBytes, ExecutionMode, Timing, Variant

SIZES = (1, 8, 64, 512, 4096, 65_536)
FEATURES, ANSWERS = 11, {"joint": 2, "separate": 2, AA_CONTROL: 2}
CALLS = {"joint": 1, "separate": 2, AA_CONTROL: 1}  # networks of each arm
ROW = 2e-9  # seconds of each row of a network, and of its copy


def seconds_of(arm: str, mode: ExecutionMode, rows: int) -> float:
    """Joint's request of a row takes 41 µs, 18 µs of them copies; as a graph 23 µs."""
    copies = 18e-6 + (CALLS[arm] - 1) * 4e-6 + 20 * ROW * rows
    networks = CALLS[arm] * ({SEQUENTIAL: 23e-6, CUDA_GRAPH: 5e-6}.get(mode, 0.0) + ROW * rows * (mode != COPIES))
    return copies + networks


def device_timings() -> Iterator[Timing]:
    """Networks in turn, as a graph, and copies alone: all arms in one set of turns at each number of rows."""
    modes: tuple[ExecutionMode, ...] = (SEQUENTIAL, CUDA_GRAPH, COPIES)
    variants = tuple(Variant(arm, mode) for mode in modes for arm in CALLS)
    turns = (*range(len(variants)), *range(len(variants))[::-1])
    for rows in SIZES:
        medians = np.array([seconds_of(variant.arm, variant.path, rows) for variant in variants])
        noise = np.random.default_rng(rows).permutation(np.linspace(0.99, 1.01, 12))
        yield Timing(
            **tiny_run.SITE,
            scenario="request",
            batch_size=rows,
            threads=2,
            variants=variants,
            block=len(turns),
            order=turns * 12,
            seconds=(medians[list(turns)] * noise[:, None]).reshape(-1, 1),
            load=np.zeros(12),
            copied=tuple(CopiedBytes(4 * FEATURES * rows, 4 * ANSWERS[variant.arm] * rows) for variant in variants),
        )
