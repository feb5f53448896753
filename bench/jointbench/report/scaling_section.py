"""What the page says of the break-even study: sentences, a heat map for each backend and scenario, and the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jointbench.report import format as show
from jointbench.report.figures.figure import Figure
from jointbench.report.figures.heat_map import heat_map
from jointbench.report.tables.table import NOTHING, Cell, Table, columns, interval, name, number
from jointbench.scaling.points import Point, Study, floor_of
from jointbench.scaling.regimes import Regime, follows, regimes

SOURCE = "scaling"


@dataclass(frozen=True)
class ScalingSection:
    """sentences: one for each regime of the grid. regimes: all regimes. lines: the points that are in no heat map."""

    sentences: tuple[str, ...]
    method: str
    figures: tuple[Figure, ...]
    regimes: Table
    lines: Table


def scaling_section(study: Study) -> ScalingSection:
    """The section of a study."""
    study_regimes = regimes(study)
    first_batches = {"training": study.batches[0], "request": study.request_batches[0]}
    grid_regimes = [
        regime
        for regime in study_regimes
        if (regime.depth, regime.batch_size) == (study.depths[0], first_batches[regime.scenario])
    ]
    maps = dict.fromkeys((point.backend, point.device, point.line.scenario) for point in study.points)
    figures = tuple(
        heat_map(study, backend, device, scenario, _map_table(study, backend, device, scenario), f"scaling-{i}")
        for i, (backend, device, scenario) in enumerate(maps, 1)
    )
    return ScalingSection(
        tuple(show.plain(regime.sentence) for regime in grid_regimes),
        _method(study),
        figures,
        _regime_table(study_regimes),
        point_table(
            study, [point for point in study.points if not study.in_grid(point)], "Other depths and batch sizes"
        ),
    )


def _map_table(study: Study, backend: str, device: str, scenario: str) -> Table:
    points = [
        point
        for point in study.points
        if (point.backend, point.device, point.line.scenario) == (backend, device, scenario) and study.in_grid(point)
    ]
    return point_table(study, points, f"Costs, joint / other, {backend} on {device}, {scenario}")


def _method(study: Study) -> str:
    threads = f"{study.threads} thread{'s' if study.threads > 1 else ''}"
    return (
        "Generated data; every output a regression; widths are those of the joint network. A training step is one "
        "step of each network with the stock loop: networks of one shape cost the same one after the other, so one is "
        "timed and counted. A request wants every output of its rows: at most four separate networks are really "
        "asked, in turn, and their time is scaled to all. Joint and other take turns in one process; 95 % intervals "
        "are over blocks, as in a run. With one output the arms are one and the same network built twice: that ratio "
        f"is the noise floor. {threads}; {show.seconds(study.seconds)} in all of a budget of "
        f"{show.seconds(study.budget_seconds)}; what it did not pay for is marked as not measured."
    )


def point_table(study: Study, points: Iterable[Point], caption: str) -> Table:
    """A row for each point: the predictions, the measured ratio and its floor."""
    titles = columns(
        ("Backend", "Work", "Against"),
        (
            "Outputs",
            "Width",
            "Depth",
            "Rows",
            ("Networks", "predicted"),
            ("Layer calls", "predicted"),
            ("FLOPs", "predicted"),
            ("Measured", "joint / other, 95 %"),
            ("Noise floor", "A/A, 95 %"),
            "Blocks",
            ("Joint", "median"),
            ("Other", "median"),
        ),
    )
    rows = []
    for point in points:
        measured, floor, line = point.measured, floor_of(study.points, point), point.line
        rows.append(
            (
                name(f"{point.backend}, {point.device}"),
                name(line.scenario),
                name(point.other),
                *(number(value, show.count) for value in (point.outputs, line.width, line.depth, line.batch_size)),
                number(point.networks_ratio, show.times),
                number(point.calls_ratio, show.times),
                number(point.flops_ratio, show.times),
                interval(measured, show.ratio) if measured else Cell(show.plain(point.reason), tone="absent"),
                interval(floor, show.ratio) if floor else NOTHING,
                number(len(point.block_ratios), show.count),
                number(point.joint_seconds, show.seconds),
                number(point.other_seconds, show.seconds),
                name(follows(point)),
            )
        )
    return Table(
        f"{caption}: below 1 joint is cheaper.",
        (*titles, *columns(("Follows",), ())),
        tuple(rows),
        heads=3,
        source=SOURCE,
    )


def _regime_table(study_regimes: Iterable[Regime]) -> Table:
    titles = columns(
        ("Backend", "Work", "Against"),
        (
            "Depth",
            "Rows",
            ("Fixed costs decide", "up to width"),
            ("FLOPs decide", "from width"),
        ),
    )
    rows = tuple(
        (
            name(f"{regime.backend}, {regime.device}"),
            name(regime.scenario),
            name(regime.other),
            number(regime.depth, show.count),
            number(regime.batch_size, show.count),
            *(
                number(width, show.count) if width else Cell("nowhere", tone="absent")
                for width in (regime.fixed_to, regime.flops_from)
            ),
        )
        for regime in study_regimes
    )
    return Table(
        "Where fixed costs decide and where FLOPs do, whatever the number of outputs.",
        titles,
        rows,
        heads=3,
        source=SOURCE,
    )
