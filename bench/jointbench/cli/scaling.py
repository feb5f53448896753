"""`jointbench scaling`: the break-even study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.outcome import DID_NOT_RUN


def scaling(
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    outputs: Annotated[str, typer.Option(help="Numbers of outputs.")] = "1,2,4,8,16,32",
    widths: Annotated[str, typer.Option(help="Widths of the joint network's layers.")] = "32,64,128,256,512,1024",
    depths: Annotated[
        str, typer.Option(help="Trunk layers: the first is the grid's, the others lie along lines.")
    ] = "2,1,3",
    batches: Annotated[str, typer.Option(help="Rows of a training step, the same.")] = "32,256",
    request_batches: Annotated[str, typer.Option(help="Rows of a request, the same.")] = "1,64,1024",
    budget_seconds: Annotated[float, typer.Option(help="Seconds in all; what they do not pay for is said.")] = 150.0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    out: Annotated[Optional[Path], typer.Option(help="Folder for scaling.json and scaling.html.")] = None,
) -> None:
    """Measures from what size on one network pays: outputs, width, depth and batch size on generated data."""
    from rich.console import Console

    from jointbench.backends.registry import BACKENDS
    from jointbench.cli.progress import progress_bar
    from jointbench.records.store import records_path
    from jointbench.report.scaling_page import render_study
    from jointbench.runs.folder import new_folder
    from jointbench.runtime.devices import devices_for
    from jointbench.scaling.plan import SweepConfig, check, numbers
    from jointbench.scaling.regimes import regimes
    from jointbench.scaling.run import SCALING, run_study, to_json

    wanted = check(
        SweepConfig(
            backends=tuple(backend or BACKENDS),
            outputs=numbers("outputs", outputs),
            widths=numbers("widths", widths),
            depths=numbers("depths", depths),
            batches=numbers("batches", batches),
            request_batches=numbers("request-batches", request_batches),
            budget_seconds=budget_seconds,
        )
    )
    (where,) = devices_for(device)[-1:]
    folder = new_folder(out, "-scaling", SCALING)
    console = Console()
    with progress_bar(console) as progress:
        study = run_study(wanted, where, progress)
    (folder / SCALING).write_text(to_json(study), encoding="utf-8")
    page = folder / "scaling.html"
    page.write_text(render_study(study), encoding="utf-8")
    grid = {(p.backend, p.line.scenario, p.line.depth, p.line.batch_size) for p in study.points if study.in_grid(p)}
    for one in regimes(study):
        if (one.backend, one.scenario, one.depth, one.batch_size) in grid:
            console.print(one.sentence, markup=False, highlight=False)
    console.print(f"Heat maps: {page}", markup=False, highlight=False, soft_wrap=True)
    if records_path(folder).is_file():
        console.print(
            f"jointbench report {folder} puts them into the run's report.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    measured = {point.backend for point in study.points if point.measured}
    if not measured or (backend and measured != set(wanted.backends)):
        raise typer.Exit(DID_NOT_RUN)
