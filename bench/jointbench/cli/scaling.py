"""`jointbench scaling`: the break-even study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import make_console
from jointbench.cli.outcome import DID_NOT_RUN

if TYPE_CHECKING:
    from jointbench.scaling.plan import SweepConfig


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
    out: Annotated[Optional[str], typer.Option(help="Folder for scaling.json and scaling.html.")] = None,
) -> None:
    """Measures from what size on one network pays: outputs, width, depth and batch size on generated data."""
    from jointbench.backends.registry import BACKENDS
    from jointbench.scaling.plan import SweepConfig, check, numbers

    config = check(
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
    measured = _sweep(config, device, out)
    if not measured or (backend and measured != set(config.backends)):
        raise typer.Exit(DID_NOT_RUN)


def _sweep(config: SweepConfig, device_choice: str, out: str | None) -> set[str]:
    """Measures the sweep into its folder and prints what it shows. Returns the backends that gave a measurement."""
    from jointbench.cli.progress import progress_line
    from jointbench.records.store import records_path
    from jointbench.records.whole_file import is_regular
    from jointbench.report.scaling_page import render_study
    from jointbench.runs.output_folder import output_folder, write_results
    from jointbench.runtime.devices import devices_for
    from jointbench.scaling.regimes import regimes
    from jointbench.scaling.run import SCALING, SCALING_PAGE, run_study, to_json

    device = devices_for(device_choice)[-1]
    console = make_console()
    with output_folder(out, "-scaling", (SCALING, SCALING_PAGE)) as folder:
        with progress_line() as progress:
            study = run_study(config, device, progress)
        write_results(folder, {SCALING: to_json(study), SCALING_PAGE: render_study(study)})
    grid = {(p.backend, p.line.scenario, p.line.depth, p.line.batch_size) for p in study.points if study.in_grid(p)}
    for regime in regimes(study):
        if (regime.backend, regime.scenario, regime.depth, regime.batch_size) in grid:
            console.print(regime.sentence, markup=False, highlight=False)
    console.print(f"Heat maps: {folder / SCALING_PAGE}", markup=False, highlight=False, soft_wrap=True)
    if is_regular(records_path(folder)):
        console.print(
            f"jointbench report {folder} puts them into the run's report.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return {point.backend for point in study.points if point.measured}
