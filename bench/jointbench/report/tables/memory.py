"""The table of the memory each arm takes: saved, in training and in serving."""

from __future__ import annotations

from jointbench.comparison.summary.costs import ArmMemory
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Column, Table, columns, name, number

COLUMNS = (
    ("Saved", "files of all its networks"),
    ("Training peak", "the whole process, framework included"),
    ("Training, after import", "of it: rows, networks and what training loads"),
    ("Serving peak", "the whole process, framework included"),
    ("Serving, after import", "of it: networks, requests and what serving loads"),
)
DEVICE = (
    ("Training, device", "the framework's own counter"),
    ("Serving, device", "the framework's own counter"),
)


def memory_table(cell: CellSummary) -> Table:
    """Saved bytes and memory peaks; the last column has the reason for what was not measured."""
    return Table(
        f"Memory in {cell_name(cell)}: an arm's saved networks together, and the most that was resident in a fresh "
        "process that trains them one after the other, or serves the largest batch.",
        (*columns(("Arm",), COLUMNS if cell.device == "cpu" else (*COLUMNS, *DEVICE)), Column("Why not")),
        tuple(_row(memory, cell.device) for memory in cell.memory),
    )


def _row(memory: ArmMemory, device: str) -> tuple[Cell, ...]:
    sizes = [
        memory.artifact_bytes,
        memory.training_peak,
        memory.training_increase,
        memory.serving_peak,
        memory.serving_increase,
    ]
    if device != "cpu":
        sizes.extend((memory.training_device, memory.serving_device))
    reason = Cell(show.plain(memory.reason) if memory.reason else "—", tone="absent")
    return (name(memory.arm), *(number(size, show.size) for size in sizes), reason)
