"""Same seed, machine and versions: the same records but for the samples of clocks, however many processes train."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jointbench.backends.registry import unavailable_reason
from jointbench.runs.options import RunOptions, experiments, load_datasets, study_config
from jointbench.study.profiles import profile_named
from jointbench.study.run import run
from without_clocks import unclocked

OPTIONS = RunOptions(profile="smoke", datasets=("concrete_slump",), device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["stacked", "stock"])
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_the_same_study_gives_the_same_records(backend: str, engine: str) -> None:
    if (reason := unavailable_reason(backend)) is not None:
        pytest.skip(reason)
    options = replace(OPTIONS, backends=(backend,), engine=engine)
    planned = experiments(options, load_datasets(options, profile_named("smoke")))
    told = [
        unclocked(run(planned, replace(study_config(options), jobs=jobs, timing_seconds=0.0), lambda *_: None))
        for jobs in (1, 2, 2)
    ]
    assert told[0] == told[1] == told[2]
