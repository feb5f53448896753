"""Runs the break-even study; writes and reads it as scaling.json."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from dataclasses import asdict, replace
from pathlib import Path

from jointbench.backends.registry import unavailable_reason
from jointbench.records.json_file import FileFormat, read_json
from jointbench.records.strict_json import strict_json
from jointbench.runtime.devices import gpus_on
from jointbench.runtime.environment import cores, environment
from jointbench.runtime.workers import Workers, failure_reason, import_seconds, unusable_device_reason
from jointbench.scaling.plan import SweepConfig, lines
from jointbench.scaling.points import SCALING_SCHEMA_VERSION, Point, Study, SweepLine, predicted
from jointbench.scaling.timed import CellTiming, time_line
from jointbench.study.config import Progress

SCALING, SCALING_PAGE = "scaling.json", "scaling.html"
FORMAT = FileFormat("a break-even study", SCALING_SCHEMA_VERSION, "delete it, or make it again with jointbench scaling")


def run_study(config: SweepConfig, device: str, progress: Progress) -> Study:
    """The whole study, backend after backend, each in a worker process with an equal part of the budget."""
    started = time.perf_counter()
    points: list[Point] = []
    for done, backend in enumerate(config.backends):
        left = config.budget_seconds - (time.perf_counter() - started)
        points.extend(_backend_points(config, backend, device, left / (len(config.backends) - done), progress))
    return Study(
        schema_version=SCALING_SCHEMA_VERSION,
        widths=config.widths,
        outputs=config.outputs,
        depths=config.depths,
        batches=config.batches,
        request_batches=config.request_batches,
        threads=cores(),
        budget_seconds=config.budget_seconds,
        seconds=round(time.perf_counter() - started, 1),
        machine=environment(),
        points=tuple(points),
    )


def _backend_points(
    config: SweepConfig, backend: str, device: str, seconds: float, progress: Progress
) -> Iterator[Point]:
    """The points of one backend; those that were not measured carry the reason."""
    planned = lines(config)
    if (absent := unavailable_reason(backend)) is not None:
        for line, counts in planned:
            yield from _points(backend, device, line, _unmeasured(counts, f"not measured: {absent}"))
        return
    cells_left = sum(len(counts) for _, counts in planned)
    with Workers(backend, device, cores(), 1, gpus=gpus_on(device)) as worker:
        wait([worker.submit(import_seconds)])  # outside the budget; a failure shows with the first line
        unusable = None if device == "cpu" else unusable_device_reason(worker)
        deadline = time.perf_counter() + seconds
        for done, (line, counts) in enumerate(planned):
            left = deadline - time.perf_counter()
            if unusable is not None:
                cells = _unmeasured(counts, f"not measured: {unusable}")
            elif left <= 0:
                cells = _unmeasured(counts, f"not measured: the budget of {seconds:.0f} s was spent")
            else:
                try:
                    cells = worker.submit(time_line, line, counts, left * len(counts) / cells_left).result()
                except Exception as error:  # noqa: BLE001 - whatever failed becomes the cells' reason
                    cells = _unmeasured(counts, f"not measured: {failure_reason(error)}")
            cells_left -= len(counts)
            yield from _points(backend, device, line, cells)
            progress(backend, f"{line.scenario}, width {line.width}", done + 1, len(planned))


def _unmeasured(counts: Sequence[int], reason: str) -> list[CellTiming]:
    return [CellTiming(outputs, {}, {}, reason) for outputs in counts]


def _points(backend: str, device: str, line: SweepLine, cells: list[CellTiming]) -> Iterator[Point]:
    for cell in cells:
        for point in predicted(line, cell.outputs):
            yield replace(
                point,
                backend=backend,
                device=device,
                block_ratios=cell.block_ratios.get(point.other, ()),
                joint_seconds=cell.seconds.get("joint"),
                other_seconds=cell.seconds.get(point.other),
                reason=cell.reason,
            )


def to_json(study: Study) -> str:
    """The study as JSON text; a value that was not measured is null."""
    return strict_json(asdict(study), indent=1) + "\n"


def read_study(path: Path) -> Study:
    """A study from its file. Raises BadInput, one sentence, for a file without one or of another schema version."""
    return read_json(path, Study, FORMAT)
