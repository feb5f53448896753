"""What a gate found: one quantity in the baseline, what became of it, and whether that is a failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from jointbench.check.baseline import ArmKey
from jointbench.stats.estimate import Estimate

Gate = Literal["exact", "quality", "cost", "time"]
State = Literal["as before", "regressed", "too noisy", "not run"]
GATES: tuple[Gate, ...] = ("exact", "quality", "cost", "time")
REGRESSED, DID_NOT_RUN, TOO_NOISY = 1, 4, 3  # exit codes
DISK_NAMES = {"disabled": "off", "advisory": "soft"}  # fields of CheckResult that JSON knows by another name


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One quantity, before and now.

    change: of a skill, run - baseline; of everything else, run / baseline. limit: the smallest change that would have
    failed were it the only one (of a cost: that another ratio confirms), in the unit of ``change``; None where any
    would, or nothing could be judged. reason: a sentence where the state is not "as before".
    """

    gate: Gate
    state: State
    site: ArmKey
    quantity: str
    baseline: float
    run: float | None = None
    change: Estimate | None = None
    limit: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """A run compared with a baseline. disabled: gates that were not used, and why; notes: what else a reader must know.

    advisory: gates whose regressions are shown and do not fail. require_cost: whether a cost too noisy to judge fails.
    """

    profile: str
    commit: str
    findings: tuple[Finding, ...]
    disabled: dict[Gate, str]
    advisory: tuple[Gate, ...]
    require_cost: bool
    notes: tuple[str, ...]

    def of(self, gate: Gate) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.gate == gate)

    def counts(self, gate: Gate | None = None) -> Counter[State]:
        """How many findings have each state: of one gate, or of all that can fail the check."""
        return Counter(
            finding.state
            for finding in self.findings
            if finding.gate == gate or (gate is None and finding.gate not in self.advisory)
        )

    def reach(self, gate: Gate) -> tuple[float, float] | None:
        """The limits of the median finding and of the least sensitive one; None where no finding has a limit."""
        limits = sorted((finding.limit for finding in self.of(gate) if finding.limit is not None), key=abs)
        return (limits[len(limits) // 2], limits[-1]) if limits else None

    def fails(self, finding: Finding) -> bool:
        """Whether this finding alone gives an exit code other than 0."""
        if finding.gate in self.advisory or finding.state == "as before":
            return False
        return finding.state != "too noisy" or (self.require_cost and finding.gate == "cost")

    @property
    def exit_code(self) -> int:
        """4 where something did not run, else 1 for a regression, else 3 for a cost that was required and too noisy.

        What did not run comes first: until it has run, nobody knows whether it regressed.
        """
        states = {finding.state for finding in self.findings if self.fails(finding)}
        codes: dict[State, int] = {"not run": DID_NOT_RUN, "regressed": REGRESSED, "too noisy": TOO_NOISY}
        return next((code for state, code in codes.items() if state in states), 0)
