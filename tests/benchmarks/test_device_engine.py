"""The engine's benchmark for accelerators, on what there is: what it counts, and what it divides by."""

from __future__ import annotations

import pytest

from jointbench.backends.registry import load, unavailable_reason
from jointbench.benchmarks.device_engine import DeviceSpeed, device_speed, digits_shaped_job

MISSING = unavailable_reason("torch")


@pytest.mark.skipif(MISSING is not None, reason=f"PyTorch: {MISSING}")
def test_both_jobs_are_timed_by_the_stock_loop_and_by_the_engine() -> None:
    speed = device_speed(load("torch", "cpu", 1), {"wine": (1, 4), "digits": (2,)}, epochs=1, repeats=1)
    assert speed.stock.keys() == {"wine", "digits"}
    assert speed.engine.keys() == {("wine", 1), ("wine", 4), ("digits", 2)}
    assert min(*speed.stock.values(), *speed.engine.values()) > 0
    assert speed.eager_reasons == {}, "the processor has no graphs to miss"
    assert speed.times_faster("wine", 4) > 1


def test_the_images_are_coloured_digits_in_shape() -> None:
    network = digits_shaped_job(0, 1).architecture
    assert [layer.kernel_shape for layer in network.layers] == [
        (3, 3, 3, 8),
        (3, 3, 8, 16),
        (7 * 7 * 16, 64),
        (64, 10),
        (64, 6),
    ]


def test_a_ratio_is_that_of_the_same_job() -> None:
    speed = DeviceSpeed({"wine": 700.0, "digits": 900.0}, {("wine", 500): 0.5, ("digits", 100): 15.0}, {})
    assert speed.times_faster("wine", 500) == 1_400
    assert speed.times_faster("digits", 100) == 60
