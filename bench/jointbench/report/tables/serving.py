"""Tables of what serving costs: request latency and offline throughput."""

from __future__ import annotations

from jointbench.comparison.summary.costs import ArmCost, Latency
from jointbench.comparison.summary.run import CellSummary
from jointbench.report import format as show
from jointbench.report.tables.quality import cell_name
from jointbench.report.tables.table import Cell, Table, columns, name, number

TOO_FEW = Cell("too few", tone="absent")
COPY_COLUMNS = (
    ("Of it copies", "median of the copies alone, timed in turns with it"),
    ("To the device", "bytes of a request"),
    ("Back", "bytes of its answers"),
)


def latency_table(cell: CellSummary) -> Table:
    """Request latency of every arm at every batch size, in every execution mode; where requests are copied to a device,
    also what their copies take."""
    measured = [
        (cost, latency) for cost in cell.costs for latency in cost.latency if latency.threads in (None, cell.threads)
    ]
    sizes = dict.fromkeys(latency.batch_size for _, latency in measured)
    copied = any(latency.bytes_to_device is not None for _, latency in measured)
    return Table(
        f"Request latency in {cell_name(cell)}: for all outputs, or for one of N; from numpy to numpy, on all cores.",
        columns(
            ("Arm", "Answered"),
            (
                "Batch",
                "Samples",
                "Median",
                ("p90", "from 64 samples up, with its 95 % interval"),
                ("p99", "from 662 samples up, with its 95 % interval"),
                "Rows per second",
                *(COPY_COLUMNS if copied else ()),
            ),
        ),
        tuple(
            _latency_row(cost, latency) + (_copy_cells(latency) if copied else ())
            for size in sizes
            for cost, latency in measured
            if latency.batch_size == size
        ),
        heads=2,
    )


def _latency_row(cost: ArmCost, latency: Latency) -> tuple[Cell, ...]:
    percentiles = ((latency.p90_seconds, latency.p90_bounds), (latency.p99_seconds, latency.p99_bounds))
    return (
        name(cost.arm),
        name(latency.path),
        number(latency.batch_size, show.count),
        number(latency.samples, show.count),
        number(latency.median_seconds, show.seconds),
        *(_percentile_cell(value, bounds) for value, bounds in percentiles),
        number(latency.rows_per_second, show.significant),
    )


def _copy_cells(latency: Latency) -> tuple[Cell, ...]:
    """What of a request is copies, and how many bytes they move; a dash where these are not the copies of networks in
    turn."""
    copies = latency.copy_seconds
    return (
        Cell("—") if copies is None else number(copies, show.seconds),
        number(latency.bytes_to_device, show.size),
        number(latency.bytes_to_host, show.size),
    )


def _percentile_cell(value: float | None, bounds: tuple[float, float] | None) -> Cell:
    if value is None:
        return TOO_FEW
    if bounds is None:
        return number(value, show.seconds)
    low, high = bounds
    return Cell(f"{show.seconds(value)} ({show.seconds(low)} to {show.seconds(high)})", (value, low, high))


def throughput_table(cell: CellSummary) -> Table:
    """Rows per second at the best batch size, in every execution mode."""
    return Table(
        f"Offline throughput in {cell_name(cell)}: all outputs, at the batch size that gives most rows a second.",
        columns(("Arm", "Answered"), ("Threads", "Best batch", "Rows per second")),
        tuple(
            (
                name(cost.arm),
                name(throughput.path),
                number(throughput.threads, show.count),
                number(throughput.batch_size, show.count),
                number(throughput.rows_per_second, show.significant),
            )
            for cost in cell.costs
            for throughput in cost.throughput
        ),
        heads=2,
    )
