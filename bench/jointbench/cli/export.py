"""`jointbench export`: an arm trained on all rows, as files for a service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.console import echo


def export(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.")],
    arm: Annotated[str, typer.Option(help="The arm to keep.")] = "joint",
    dataset: Annotated[str, typer.Option(help="Of a run of several datasets, which one.")] = "",
    backend: Annotated[str, typer.Option(help="Of a run in both frameworks, whose networks.")] = "",
    format: Annotated[  # noqa: A002  # the option's name
        str, typer.Option(help="onnx (with the preprocessing), torchscript or keras (with a script that has it).")
    ] = "onnx",
    data: Annotated[str, typer.Option(help="The table's file, where it is no longer where it was.")] = "",
    out: Annotated[Optional[str], typer.Option(help="Folder for the files and their model card.")] = None,
) -> None:
    """Trains an arm of a run on all rows, and writes what a service loads without jointbench, with a model card."""
    from jointbench.runs.exported import ExportOptions, export_run

    options = ExportOptions(arm=arm, dataset=dataset, backend=backend, format=format, data=data)
    for path in export_run(folder, out, options):
        echo(f"{path}: {path.stat().st_size / 1e3:,.1f} kB")
