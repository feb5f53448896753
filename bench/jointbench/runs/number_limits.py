"""Numbers of a run that can be used: seeds, processes, rows, folds and configurations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jointbench.errors import BadInput
from jointbench.networks.network_options import networks_of
from jointbench.runtime.environment import cores
from jointbench.study.profiles import profile_named
from jointbench.study.trials import check_trials

if TYPE_CHECKING:
    from jointbench.runs.options import RunOptions

JOBS_PER_CORE = 4
MOST_RUNS = 10_000  # folds x repeats x seeds: more only fill the memory with splits before anything trains
FEWEST_ROWS = 20


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


def check_numbers(options: RunOptions) -> None:
    """Raises BadInput for a number that nothing can be done with: one sentence that names its option."""
    check_seed(options.seed)
    check_jobs(options.jobs)
    networks_of(options.models, options.network)
    if options.tune is not None:
        check_trials(options.tune)
    profile = profile_named(options.profile)
    if options.folds is not None and options.folds < 2:
        raise BadInput(f"--folds {options.folds}: at least 2 folds are needed, so that every row is tested on once")
    if options.rows is not None and options.rows < FEWEST_ROWS:
        raise BadInput(f"--rows {options.rows}: at least {FEWEST_ROWS} rows are needed for folds")
    for option, value in (("repeats", options.repeats), ("seeds", options.seeds)):
        if value is not None and value < 1:
            raise BadInput(f"--{option} {value}: at least 1 is needed")
    counts = {
        "folds": options.folds or profile.folds,
        "repeats": options.repeats or profile.repeats,
        "seeds": options.seeds or profile.seeds,
    }
    if (runs := math.prod(counts.values())) > MOST_RUNS:
        largest = max(counts, key=lambda option: counts[option])
        product = " x ".join(f"{count:,} {option}" for option, count in counts.items())
        raise BadInput(
            f"--{largest} {counts[largest]}: {product} are {runs:,} runs of each arm; at most {MOST_RUNS:,} are taken"
        )
