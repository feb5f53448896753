"""How much a cost ratio differs between two runs of one code, by what both runs show of it.

Two runs of the same code differ by more than their intervals say: each builds its networks anew, at other addresses,
and has other neighbours on the machine. One ratio cannot show this; two other things can.

The A/A controls: the two builds of one arm have a log ratio d that is nothing but this. The change of a cost ratio has
such a d in each of the two runs, so its variance is twice the mean square of the d's: 2 s^2 with
s^2 = (PRIOR_DF s0^2 + sum of d^2) / (PRIOR_DF + n) over the n controls of the cell in both runs, a mean square shrunk
towards s0^2 as limma does for genes (Smyth 2004, "Linear models and empirical Bayes methods", Stat. Appl. Genet. Mol.
Biol. 3(1)), with PRIOR_DF + n degrees of freedom.

Steps: on some machines builds are of a fast and a slow kind. The change of a ratio is then up to two steps (joint's
build was slow in one run, the other arm's in the other), and few pairs show one. So where a control shows a step, no
change of less than two of the largest steps is called one. On a quiet machine none of 1,109 controls showed a step
(results/published).

Rows: a request of several rows, or whose networks are fused, spends its time in memory and in threads, and these go
otherwise in another hour on the same machine: in three quiet runs of one code on one machine the log ratios of such
requests changed by 0.04 to 0.13 (standard deviation, by kind), by 0.39 at the most and all of a kind together by up to
0.09, with quiet A/A controls in every run. Steps and requests of one row changed by 0.01 to 0.03. So a change of the
former has a part UNSTEADY of its own, which controls do not shrink, and none below MOST_OF_A_BUILD is called one.

The load: where others keep L cores busy, work that waits for its slowest thread takes up to 1 + L times as long, while
other work is left alone. That is a shift of the log ratio within +-log(1 + L), of which nothing else is known: its
variance is log(1 + L)^2 / 3 (rectangular distribution, JCGM 100:2008, 4.3.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jointbench.check.baseline import CostRatio
from jointbench.measure.paired_timing import MIN_BLOCKS, MOST_OF_A_BUILD
from jointbench.types import CellKey

STEP = 0.03  # of the A/A log ratio: what its interval excludes is no noise of the blocks
BETWEEN_RUNS = 0.02  # standard deviation of a log ratio's change between two runs of one code on a quiet machine
PRIOR_DF = 4  # degrees of freedom that it counts for
UNSTEADY = 0.1  # standard deviation that a change of a ratio of unsteady work has beside it, and its degrees of freedom
UNSTEADY_DF = 4


@dataclass(frozen=True)
class RunSpread:
    """The variance of a log ratio's change between two runs, its degrees of freedom, and the change below which none is
    called one, however small the variance."""

    variance: float
    df: float
    least_change: float


@dataclass(frozen=True)
class _Control:
    """How far the A/A pair's log ratio is from 0, and half the width of its interval."""

    distance: float
    half: float


def run_spreads(*runs: Iterable[CostRatio]) -> dict[CellKey, RunSpread]:
    """The spread in each cell, from the A/A controls of these runs."""
    controls: dict[CellKey, dict[tuple[int, str], _Control]] = {}
    for number, ratios in enumerate(runs):
        for ratio in ratios:
            in_cell = controls.setdefault(CellKey.of(ratio.site), {})
            if (control := _control(ratio)) is not None:
                in_cell[number, ratio.quantity] = control  # arms that were timed together share one
    return {cell: _spread(list(values.values())) for cell, values in controls.items()}


def _spread(controls: Sequence[_Control]) -> RunSpread:
    df = PRIOR_DF + len(controls)
    squares = PRIOR_DF * BETWEEN_RUNS**2 / 2 + sum(control.distance**2 for control in controls)
    steps = [control.distance + control.half for control in controls if control.distance - control.half > STEP]
    return RunSpread(2 * squares / df, df, 2 * max(MOST_OF_A_BUILD, *steps) if steps else 0.0)


def _control(ratio: CostRatio) -> _Control | None:
    """The A/A control of a ratio. Too few blocks say more about themselves than about builds.

    An older baseline has only how far its interval reaches; it is about as wide as the ratio's own.
    """
    if ratio.floor is None or ratio.blocks < MIN_BLOCKS:
        return None
    if ratio.control is not None:
        return _Control(ratio.control, ratio.floor - ratio.control)
    half = (math.log(ratio.high) - math.log(ratio.low)) / 2
    return _Control(max(0.0, ratio.floor - half), half)


def load_variance(load: float) -> float:
    """Of a log ratio that was timed while others kept ``load`` cores busy (an idle machine's can be below 0)."""
    return math.log1p(max(load, 0.0)) ** 2 / 3
