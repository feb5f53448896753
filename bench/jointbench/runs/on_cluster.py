"""A Dask cluster that is to train a run: is it there, and does it have what this machine has?"""

from __future__ import annotations

from collections.abc import Sequence

from jointbench.backends.registry import unavailable_reason
from jointbench.runtime.cluster_versions import ClusterVersions, cluster_versions, require_equal
from jointbench.runtime.dask_workers import connect


def read_cluster(address: str, backends: Sequence[str]) -> ClusterVersions:
    """What is installed on its workers. backends: those that matter, of which those are asked that are installed here.

    Raises BadInput where there is no cluster that could train.
    """
    client = connect(address)
    try:
        return cluster_versions(client, address, [name for name in backends if unavailable_reason(name) is None])
    finally:
        client.close()


def checked_cluster(address: str, backends: Sequence[str]) -> str:
    """A note on the cluster for the run's report. Raises BadInput where it cannot train as this machine would."""
    versions = read_cluster(address, backends)
    require_equal(versions)
    return (
        f"Networks were trained by the workers of a Dask cluster ({versions.machines()}, when the run began), so the "
        "seconds of epochs are theirs; steps, requests and memory were measured on the machine named here."
    )
