"""Planted timings of two arms and the A/A control."""

from __future__ import annotations

import numpy as np

from jointbench.records import AA_CONTROL, ExecutionMode, Timing, Variant

JOINT, OTHER, CONTROL = (Variant(arm, "in turn") for arm in ("joint", "other", AA_CONTROL))


def timing(
    log_noise: float,
    blocks: int,
    ratio: float = 2.0,
    *,
    path: ExecutionMode = "in turn",
    load: float = 0.0,
    take: int = 0,
) -> Timing:
    """Joint, another arm ``ratio`` times as slow, and joint's A/A control, in blocks of six visits."""
    rng = np.random.default_rng(0)
    order = (0, 1, 2, 2, 1, 0) * blocks
    variants = tuple(Variant(variant.arm, path) for variant in (JOINT, OTHER, CONTROL))
    seconds = np.array([{0: 1.0, 1: ratio, 2: 1.0}[i] for i in order]) * np.exp(rng.normal(0, log_noise, len(order)))
    return Timing(
        dataset="d",
        backend="b",
        device="cpu",
        scenario="request",
        batch_size=8,
        threads=2,
        variants=variants,
        block=6,
        order=order,
        seconds=seconds[:, None],
        load=np.full(blocks, load),
        disturbed=load > 0.25,
        take=take,
    )
