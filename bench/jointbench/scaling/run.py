"""Runs the break-even study and keeps it as scaling.json."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cattrs

from jointbench.backends.registry import unavailable_reason
from jointbench.errors import BadInput
from jointbench.records import SCHEMA_VERSION
from jointbench.records.strict_json import strict_json
from jointbench.runtime.environment import cores, environment
from jointbench.runtime.workers import Workers, import_seconds
from jointbench.scaling.plan import SweepConfig, lines
from jointbench.scaling.points import Point, Study, SweepLine, predicted
from jointbench.scaling.timed import CellTiming, time_line
from jointbench.study.config import Progress

SCALING = "scaling.json"


def run_study(wanted: SweepConfig, device: str, progress: Progress) -> Study:
    """The whole study, backend after backend, each in a worker process with an equal part of the budget."""
    started = time.perf_counter()
    points: list[Point] = []
    for place, backend in enumerate(wanted.backends):
        left = wanted.budget_seconds - (time.perf_counter() - started)
        points.extend(_backend_points(wanted, backend, device, left / (len(wanted.backends) - place), progress))
    return Study(
        schema_version=SCHEMA_VERSION,
        widths=wanted.widths,
        outputs=wanted.outputs,
        depths=wanted.depths,
        batches=wanted.batches,
        request_batches=wanted.request_batches,
        threads=cores(),
        budget_seconds=wanted.budget_seconds,
        seconds=round(time.perf_counter() - started, 1),
        machine=environment(),
        points=tuple(points),
    )


def _backend_points(
    wanted: SweepConfig, backend: str, device: str, seconds: float, progress: Progress
) -> Iterator[Point]:
    planned = lines(wanted)
    if (absent := unavailable_reason(backend)) is not None:
        for line, counts in planned:
            yield from _points(
                backend, device, line, [CellTiming(n, {}, {}, f"not measured: {absent}") for n in counts]
            )
        return
    deadline = time.perf_counter() + seconds
    weight = sum(len(counts) for _, counts in planned)
    broken = ""
    with Workers(backend, device, cores(), 1) as worker:
        worker.submit(import_seconds).result()
        for done, (line, counts) in enumerate(planned):
            left = deadline - time.perf_counter()
            if broken:
                cells = [CellTiming(n, {}, {}, broken) for n in counts]
            elif left <= 0:
                cells = [
                    CellTiming(n, {}, {}, f"not measured: the budget of {seconds:.0f} s was spent") for n in counts
                ]
            else:
                try:
                    cells = worker.submit(time_line, line, counts, left * len(counts) / weight).result()
                except Exception as error:  # noqa: BLE001 - whatever broke, it becomes the cell's reason
                    said = f"not measured: {type(error).__name__} {str(error).splitlines()[0] if str(error) else ''}".rstrip()
                    cells = [CellTiming(n, {}, {}, said) for n in counts]
                    broken = said if "BrokenProcessPool" in said or "Terminated" in said else ""
            weight -= len(counts)
            yield from _points(backend, device, line, cells)
            progress(backend, f"{line.scenario}, width {line.width}", done + 1, len(planned))


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
    """The study as it is kept; a value that was not measured is null."""
    return strict_json(asdict(study), indent=1) + "\n"


def read_study(path: Path) -> Study:
    """A study from its file. Raises BadInput, one sentence, for a file that is none or has another schema."""
    try:
        study = cattrs.structure(json.loads(path.read_text(encoding="utf-8")), Study)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, cattrs.BaseValidationError) as error:
        raise BadInput(f"{path} is no break-even study; delete it, or make it again with jointbench scaling") from error
    if study.schema_version != SCHEMA_VERSION:
        raise BadInput(f"{path} has schema version {study.schema_version}; this jointbench reads {SCHEMA_VERSION}")
    return study
