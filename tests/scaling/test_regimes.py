"""The sentence says what the numbers say, and the opposite when they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from jointbench.scaling.points import (
    SAME_PARAMETERS,
    SAME_WIDTH,
    SCALING_SCHEMA_VERSION,
    Point,
    Study,
    SweepLine,
    predicted,
)
from jointbench.scaling.regimes import Regime, follows, regimes

WIDTHS, OUTPUTS = (32, 128, 512), (1, 4, 8)


def study(measured: Callable[[Point], float | None], spread: float = 0.01) -> Study:
    """A study whose points measured what ``measured`` returns."""
    points = []
    for width in WIDTHS:
        for outputs in OUTPUTS:
            for bare in predicted(SweepLine("training", width, 2, 32), outputs):
                value = measured(bare)
                blocks = () if value is None else (value * (1 - spread), value * (1 + spread)) * 5
                points.append(
                    replace(
                        bare,
                        backend="torch",
                        device="cpu",
                        block_ratios=blocks,
                        reason="" if blocks else "not measured: planted",
                    )
                )
    return Study(
        schema_version=SCALING_SCHEMA_VERSION,
        widths=WIDTHS,
        outputs=OUTPUTS,
        depths=(2,),
        batches=(32,),
        request_batches=(1,),
        threads=1,
        budget_seconds=10.0,
        seconds=9.0,
        machine={},
        points=tuple(points),
    )


def matched(sweep: Study) -> Regime:
    (regime,) = (regime for regime in regimes(sweep) if regime.other == SAME_PARAMETERS)
    return regime


def test_fixed_costs_below_and_flops_above() -> None:
    regime = matched(study(lambda p: p.calls_ratio if p.line.width < 512 else p.flops_ratio))
    assert (regime.fixed_to, regime.flops_from) == (128, 512)
    assert "up to width 128 fixed costs dominate" in regime.sentence
    assert "from width 512 up the ratio follows the FLOPs" in regime.sentence
    # 8 outputs: joint calls 10 layers, separate 24; 4 outputs: 6 and 12.
    assert "0.42 to 0.50 of the others' time (2.0 to 2.4 times cheaper)" in regime.sentence


def test_the_opposite_numbers_give_the_opposite_sentence() -> None:
    everywhere_fixed = matched(study(lambda p: p.calls_ratio))
    everywhere_flops = matched(study(lambda p: p.flops_ratio))
    assert (everywhere_fixed.fixed_to, everywhere_fixed.flops_from) == (512, None)
    assert (everywhere_flops.fixed_to, everywhere_flops.flops_from) == (None, 32)
    assert "at every width measured (32 to 512) fixed costs dominate" in everywhere_fixed.sentence
    assert "at every width measured (32 to 512) the ratio follows the FLOPs" in everywhere_flops.sentence
    upside_down = matched(study(lambda p: p.flops_ratio if p.line.width < 512 else p.calls_ratio))
    assert (upside_down.fixed_to, upside_down.flops_from) == (None, None)
    assert "no width separates the two" in upside_down.sentence
    assert "dominate" not in upside_down.sentence


def test_a_width_counts_only_if_all_its_outputs_agree() -> None:
    regime = matched(
        study(
            lambda p: p.flops_ratio if p.line.width == 512 or (p.line.width, p.outputs) == (128, 8) else p.calls_ratio
        )
    )
    assert (regime.fixed_to, regime.flops_from) == (32, 512)
    assert "between them it depends on the number of outputs or is unclear" in regime.sentence


def test_wide_intervals_claim_nothing() -> None:
    regime = matched(study(lambda p: (p.flops_ratio * p.calls_ratio) ** 0.5, spread=0.2))
    assert (regime.fixed_to, regime.flops_from) == (None, None)
    assert "6 neither clearly" in regime.sentence


def test_more_expensive_is_called_so() -> None:
    assert "times more expensive)" in matched(study(lambda p: 1.3)).sentence
    assert "cheaper" not in matched(study(lambda p: 1.3)).sentence


def test_nothing_measured_is_no_answer() -> None:
    regime = matched(study(lambda p: None))
    assert regime.distinguishing_widths == ()
    assert "no answer; not measured: planted" in regime.sentence


def test_equal_parameters_come_first_and_one_output_never() -> None:
    both = regimes(study(lambda p: p.calls_ratio))
    assert [regime.other for regime in both] == [SAME_PARAMETERS, SAME_WIDTH]
    assert all("1.00 of the others" not in regime.sentence for regime in both)


def test_equal_widths_cannot_tell_and_say_what_was_measured() -> None:
    """N networks of joint's width do N times its FLOPs: whether FLOPs or networks cost, joint is N times cheaper."""
    (regime,) = (entry for entry in regimes(study(lambda p: p.flops_ratio)) if entry.other == SAME_WIDTH)
    assert (regime.fixed_to, regime.flops_from, regime.distinguishing_widths) == (None, None, ())
    assert (
        "FLOPs and fixed costs predict alike, so no width separates them: joint costs 0.13 to 0.27" in regime.sentence
    )


@pytest.mark.parametrize(
    ("flops", "calls", "blocks", "expected"),
    [
        (1.0, 0.4, (0.95, 1.0) * 5, "FLOPs"),
        (1.0, 0.4, (0.4, 0.45) * 5, "fixed costs"),
        (1.0, 0.4, (0.13, 0.2) * 5, "fixed costs"),  # between 1 / 8 networks and the layer calls
        (0.05, 0.4, (0.06, 0.07) * 5, "FLOPs"),
        (0.05, 0.4, (0.12, 0.6) * 5, "fixed costs"),
        (0.13, 0.4, (0.13,) * 8, "not told apart"),
        (0.45, 0.4, (0.45,) * 8, "not told apart"),
        (1.0, 0.4, (0.2, 2.0) * 5, "unclear"),
        (1.0, 0.4, (), "not measured"),
        (1.0, 0.4, (2.0,) * 8, "FLOPs"),
        (1.0, 0.4, (0.1,) * 8, "fixed costs"),
    ],
)
def test_what_a_ratio_follows(flops: float, calls: float, blocks: tuple[float, ...], expected: str) -> None:
    assert (
        follows(
            Point(
                backend="torch",
                device="cpu",
                line=SweepLine("training", 32, 2, 32),
                outputs=8,
                other=SAME_WIDTH,
                flops_ratio=flops,
                calls_ratio=calls,
                block_ratios=blocks,
            )
        )
        == expected
    )
