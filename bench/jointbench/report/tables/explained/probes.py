"""What a linear head reads from the trunk of each output."""

from __future__ import annotations

from jointbench.explain.probes import ProbeComparison
from jointbench.report.tables.answer_table import answer_table, ends
from jointbench.report.tables.table import Table


def probes_tables(data: ProbeComparison, backend: str) -> tuple[Table, ...]:
    skills = ((trunk.trunk, *trunk.skill) for trunk in data.trunks)
    gains = ((gain.trunk, gain.output, *ends(gain.gain)) for gain in data.gains)
    title = "Skill of a linear head on a frozen trunk, mean over folds."
    return (
        answer_table(title, ("Trunk trained for", *data.outputs), skills, backend),
        answer_table(
            "Skill above an untrained trunk.", ("Trunk of", "Predicts", "Difference", "Low", "High"), gains, backend
        ),
    )
