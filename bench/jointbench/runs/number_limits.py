"""Seeds and numbers of processes that can be used."""

from __future__ import annotations

from jointbench.errors import BadInput
from jointbench.runtime.environment import cores

JOBS_PER_CORE = 4


def check_seed(seed: int) -> None:
    """Raises BadInput for a seed that no generator takes."""
    if not 0 <= seed < 2**63:
        raise BadInput(f"--seed {seed}: a seed is a whole number from 0 to 2^63 - 1")


def check_jobs(jobs: int | None) -> None:
    """Raises BadInput for a number of worker processes that is not positive, or too many for this machine."""
    most = JOBS_PER_CORE * cores()
    if jobs is not None and jobs < 1:
        raise BadInput(f"--jobs {jobs}: at least 1 is needed")
    if jobs is not None and jobs > most:
        raise BadInput(
            f"--jobs {jobs}: this machine has {cores()} cores; at most {most} worker processes are started, "
            f"{JOBS_PER_CORE} per core"
        )
