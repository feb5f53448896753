"""Runs to compare with a baseline: copies of a small one with something changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jointbench.measure.system_load import DISTURBED_CORES
from jointbench.records import AA_CONTROL, NotMeasured, Record, Timing, Variant
from jointbench.records.store import read_records, write_records
from jointbench.runs.options import RunOptions, study_config
from jointbench.study.plan import Experiment

OPTIONS = RunOptions(profile="smoke", datasets=("concrete_slump", "wine_quality"), backends=("torch",), device="cpu")
ARMS = ("joint", "separate", "separate-matched")
UNTIMED = replace(study_config(OPTIONS), timing_seconds=0.0)
Check = Callable[..., "Result"]
Train = Callable[[Callable[[Experiment], Experiment]], Path]


def silent(*_: object) -> None:
    """Progress that shows nothing."""


@dataclass(frozen=True)
class Result:
    """The exit code and output of `jointbench check`."""

    code: int
    out: str
    err: str

    @property
    def failed(self) -> set[tuple[str, str, str, str]]:
        """(state, dataset, arm, quantity) of everything in the JSON that is not as before."""
        findings = json.loads(self.out)["findings"]
        return {
            (finding["state"], finding["site"]["dataset"], finding["site"]["arm"], finding["quantity"])
            for finding in findings
            if finding["state"] != "as before"
        }


def copy_of(run: Path, folder: Path, records: Iterable[Record] | None = None, **about: object) -> Path:
    """The run in another folder, with other records or with changes to its environment.json."""
    folder.mkdir()
    environment = json.loads((run / "environment.json").read_text())
    (folder / "environment.json").write_text(json.dumps({**environment, **about}))
    write_records(folder / "records.jsonl", read_records(run / "records.jsonl") if records is None else records)
    return folder


def timed(
    run: Path,
    folder: Path,
    seed: int,
    *,
    slower: float = 1.0,
    noise: float = 0.02,
    load: float = 0.0,
    without: Sequence[Record] = (),
    **about: object,
) -> Path:
    """The run as one of profile quick, with timings made up: joint takes half of what the others take, times ``slower``
    in requests.

    noise: the standard deviation of the log of one visit's seconds. load: cores that others kept busy, which disturbs
    from a quarter on. without: records of what was not timed, in place of the timings of these batch sizes.
    """
    rng = np.random.default_rng(seed)
    left_out = {
        (record.dataset, size)
        for record in without
        if isinstance(record, NotMeasured) and record.untimed
        for size in record.untimed.batch_sizes
    }
    timings = [
        _timing(dataset, batch, slower, noise, load, rng)
        for dataset in OPTIONS.datasets
        for batch in (32, 1, 64)
        if (dataset, batch) not in left_out
    ]
    rest = [record for record in read_records(run / "records.jsonl") if not isinstance(record, Timing)]
    return copy_of(run, folder, [*rest, *timings, *without], profile="quick", **about)


def _timing(dataset: str, batch: int, slower: float, noise: float, load: float, rng: np.random.Generator) -> Timing:
    """Training steps of batches of 32 rows, or requests."""
    order = (0, 1, 2, 3, 3, 2, 1, 0) * 24
    scenario, path = ("training", "stock loop") if batch == 32 else ("request", "in turn")
    seconds = np.array([1e-3, 2e-3, 2e-3, 1e-3])
    if scenario == "request":
        seconds[[0, 3]] *= slower
    visits = seconds[list(order)] * np.exp(rng.normal(0, noise, len(order)))
    variants = tuple(Variant(name, path) for name in (*ARMS, AA_CONTROL))  # type: ignore[arg-type]  # a literal
    return Timing(
        dataset=dataset,
        backend="torch",
        device="cpu",
        scenario=scenario,  # type: ignore[arg-type]  # a literal
        batch_size=batch,
        threads=2,
        variants=variants,
        block=8,
        order=order,
        seconds=visits[:, None],
        load=np.full(24, load),
        disturbed=load > DISTURBED_CORES,
    )
