"""How fast this machine is now, beside the one that the estimates of a run's time were measured on."""

from __future__ import annotations

import time

import numpy as np
from threadpoolctl import threadpool_limits

SECONDS = 0.5  # long enough for other processes to take their turns meanwhile
PRODUCTS = 400
REFERENCE_SECONDS = 0.0018  # of so many products, on a core of the machine (AMD EPYC) that the costs were measured on


def machine_speed() -> float:
    """This machine's speed at small products, of which training consists; 1 on the reference. Takes half a second.

    Whatever else the machine does meanwhile slows it down.
    """
    rng = np.random.default_rng(0)
    rows, kernel = (rng.normal(size=shape).astype(np.float32) for shape in ((32, 64), (64, 64)))
    with threadpool_limits(1):  # as in training's workers; two threads that wait for each other measure the scheduler
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < SECONDS:
            for _ in range(PRODUCTS):
                np.maximum(rows @ kernel, 0)
            count += 1
    return REFERENCE_SECONDS * max(count, 1) / passed
