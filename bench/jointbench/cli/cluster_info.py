"""`jointbench cluster-info`: what the workers of a Dask cluster have installed, and whether they can train."""

from __future__ import annotations

from typing import Annotated

import typer

from jointbench.cli.console import echo


def cluster_info(
    address: Annotated[str, typer.Argument(help="The scheduler's address, tcp://host:port.")],
) -> None:
    """Shows what the workers of a Dask cluster have installed. Exit code 2: not what this machine has."""
    from jointbench.backends.registry import BACKENDS
    from jointbench.runs.on_cluster import read_cluster
    from jointbench.runtime.cluster_versions import require_equal

    versions = read_cluster(address, tuple(BACKENDS))
    echo(f"{len(versions.workers)} worker{'s' if len(versions.workers) != 1 else ''}: {versions.machines()}")
    for package, version in versions.here.items():
        echo(f"{package:20} {version}")
    require_equal(versions)
    echo("the same on every worker")
