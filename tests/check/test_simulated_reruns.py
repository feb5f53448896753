"""Reruns of one code on machines of several kinds: no false alarm; and a cost that really changed is found."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from jointbench.check.baseline import Baseline
from jointbench.check.cost_ratios import cost_findings
from jointbench.records import ExecutionMode, Scenario
from simulated_runs import BURSTS, BUSY, DRIFTING, QUIET, Machine, simulated_run, two_kinds_of_builds

RERUNS = 20
MACHINES = {
    "quiet": QUIET,
    "drifting": DRIFTING,
    "bursts of other work": BURSTS,
    "busy all along": BUSY,
    "half of the builds slow": two_kinds_of_builds(0.5),
    "a third of the builds slow": two_kinds_of_builds(0.3),
    "a third slow by 10 %": Machine(slow_builds=0.3, steps=(1.1, 1.1)),
    "a third slow by 60 %": Machine(slow_builds=0.3, steps=(1.6, 1.6)),
}
Dearer = Callable[[Scenario, ExecutionMode], float]
PLANTED: dict[str, Dearer] = {
    "everything": lambda scenario, mode: 1.1,
    "requests": lambda scenario, mode: 1.1 if scenario == "request" else 1.0,
    "training steps": lambda scenario, mode: 1.1 if scenario == "training" else 1.0,
}


@cache
def quiet_run(seed: int) -> Baseline:
    return simulated_run(QUIET, seed)


def regressed(before: Baseline, after: Baseline) -> set[str]:
    return {finding.quantity for finding in cost_findings(before, after) if finding.state == "regressed"}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())
def test_reruns_of_one_code_raise_no_alarm_either_way(machine: Machine) -> None:
    baseline = quiet_run(0) if machine in (QUIET, DRIFTING, BURSTS, BUSY) else simulated_run(machine, 0)
    for seed in range(1, RERUNS + 1):
        rerun = quiet_run(seed) if machine is QUIET else simulated_run(machine, seed)
        assert regressed(baseline, rerun) == set(), seed
        assert regressed(rerun, baseline) == set(), seed


@pytest.mark.parametrize("dearer", PLANTED.values(), ids=PLANTED.keys())
def test_a_tenth_more_is_found_on_a_quiet_machine_and_nothing_else_is(dearer: Dearer) -> None:
    hits = 0
    for seed in range(RERUNS):
        quantities = regressed(quiet_run(seed), simulated_run(QUIET, 100 + seed, dearer))
        hits += bool(quantities)
        for quantity in quantities:
            scenario: Scenario = "training" if quantity.startswith("training") else "request"
            mode: ExecutionMode = "fused" if "(fused" in quantity else "in turn"
            assert dearer(scenario, mode) > 1, quantity
    assert hits >= 19


def test_noise_is_what_keeps_a_busy_machine_from_a_verdict() -> None:
    """A tenth more is not found there, and not said to be absent either."""
    for seed in range(5):
        busy = simulated_run(BUSY, seed, lambda *_: 1.1)
        assert {finding.state for finding in cost_findings(quiet_run(0), busy)} == {"too noisy"}


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.1, 0.05, 0.02])
@pytest.mark.parametrize("step", [1.1, 1.6])
def test_slow_builds_too_rare_for_the_controls_to_show_them_are_seldom_alarms(share: float, step: float) -> None:
    """Where none of twenty A/A pairs shows a slow build, a joint build and its own copy may both be slow."""
    machine = Machine(slow_builds=share, steps=(step, step))
    alarms = sum(bool(regressed(simulated_run(machine, i), simulated_run(machine, 500 + i))) for i in range(200))
    assert alarms <= 14
