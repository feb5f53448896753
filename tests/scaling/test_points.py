from __future__ import annotations

import pytest

from jointbench.scaling.points import SCALING_SCHEMA_VERSION, Point, Study, SweepLine, arms_of, floor_of, predicted


def by_other(line: SweepLine, outputs: int) -> dict[str, Point]:
    return {point.other: point for point in predicted(line, outputs)}


def test_predictions_by_hand() -> None:
    """Width 32, depth 1, 16 features, 2 outputs.

    Forward per row: joint 2(16 x 32 + 2 x 32), separate twice 2(16 x 32 + 32). In training the first layer costs twice
    its forward pass, heads three times.
    """
    request = by_other(SweepLine("request", 32, 1, 1), 2)["separate"]
    assert request.flops_ratio == pytest.approx((16 * 32 + 2 * 32) / (2 * (16 * 32 + 32)))
    training = by_other(SweepLine("training", 32, 1, 32), 2)["separate"]
    assert training.flops_ratio == pytest.approx((2 * 16 * 32 + 3 * 2 * 32) / (2 * (2 * 16 * 32 + 3 * 32)))
    assert request.calls_ratio == training.calls_ratio == pytest.approx((1 + 2) / (2 * (1 + 1)))


def test_equal_parameters_are_where_the_predictions_part() -> None:
    """At equal parameters the others do joint's FLOPs in more layer calls; at equal width they do N times its FLOPs."""
    points = by_other(SweepLine("request", 512, 2, 1), 32)
    assert points["separate-matched"].flops_ratio == pytest.approx(1, abs=0.05)
    assert points["separate-matched"].calls_ratio == points["separate"].calls_ratio == pytest.approx(34 / 96)
    assert points["separate"].flops_ratio == pytest.approx(1 / 32, rel=0.1)
    assert points["separate"].networks_ratio == 1 / 32


def test_one_output_is_the_noise_floor() -> None:
    """Then joint and separate are one network: whatever their ratio is, it is noise."""
    line = SweepLine("training", 64, 2, 32)
    arms = arms_of(line, 1)
    assert list(arms) == ["joint", "separate"]
    assert arms["joint"] == arms["separate"]
    floor = Point(
        backend="torch",
        device="cpu",
        line=line,
        outputs=1,
        other="separate",
        flops_ratio=1.0,
        calls_ratio=1.0,
        block_ratios=(0.98, 1.02) * 5,
    )
    point = Point(
        backend="torch",
        device="cpu",
        line=line,
        outputs=8,
        other="separate",
        flops_ratio=0.1,
        calls_ratio=0.4,
        block_ratios=(0.4,) * 8,
    )
    elsewhere = Point(
        backend="tensorflow",
        device="cpu",
        line=line,
        outputs=8,
        other="separate",
        flops_ratio=0.1,
        calls_ratio=0.4,
        block_ratios=(0.4,) * 8,
    )
    assert floor_of((floor, point), point) == floor.measured
    assert floor_of((floor, point), elsewhere) is None


def test_the_interval_comes_from_the_blocks() -> None:
    line = SweepLine("training", 64, 2, 32)
    steady = Point(
        backend="torch",
        device="cpu",
        line=line,
        outputs=8,
        other="separate",
        flops_ratio=0.1,
        calls_ratio=0.4,
        block_ratios=(0.5,) * 8,
    ).measured
    shaken = Point(
        backend="torch",
        device="cpu",
        line=line,
        outputs=8,
        other="separate",
        flops_ratio=0.1,
        calls_ratio=0.4,
        block_ratios=(0.25, 1.0) * 4,
    ).measured
    assert steady is not None
    assert shaken is not None
    assert (steady.value, steady.low, steady.high) == pytest.approx(
        (0.5, 0.5, 0.5), rel=0.01
    )  # builds differ that much
    assert shaken.value == pytest.approx(0.5)
    assert shaken.low < 0.4 < 0.6 < shaken.high
    assert (
        Point(
            backend="torch", device="cpu", line=line, outputs=8, other="separate", flops_ratio=0.1, calls_ratio=0.4
        ).measured
        is None
    )


def test_the_grid_is_at_the_first_depth_and_batch() -> None:
    study = Study(
        schema_version=SCALING_SCHEMA_VERSION,
        widths=(32,),
        outputs=(1, 2),
        depths=(2, 1),
        batches=(32, 256),
        request_batches=(1, 64),
        threads=1,
        budget_seconds=10.0,
        seconds=9.0,
        machine={},
        points=(),
    )
    for line, inside in (
        (SweepLine("training", 32, 2, 32), True),
        (SweepLine("request", 32, 2, 1), True),
        (SweepLine("training", 32, 1, 32), False),
        (SweepLine("training", 32, 2, 256), False),
        (SweepLine("request", 32, 2, 32), False),
    ):
        assert (
            study.in_grid(
                Point(
                    backend="torch",
                    device="cpu",
                    line=line,
                    outputs=2,
                    other="separate",
                    flops_ratio=1.0,
                    calls_ratio=1.0,
                )
            )
            is inside
        )
