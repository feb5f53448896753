"""`jointbench pack`: a run's records, small enough to keep."""

from __future__ import annotations

from pathlib import Path

import typer


def pack(folder: Path) -> None:
    """Packs a run's records to keep or commit; jointbench report and check read them in place of the written ones."""
    from jointbench.records.pack import pack as write_packed
    from jointbench.records.store import torn_line
    from jointbench.runs.about import about_run

    about_run(folder)
    path = write_packed(folder)
    if torn_line(folder):
        typer.echo("The last record is half written, and was left out.")
    typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB; predictions and most learning curves are left out")
