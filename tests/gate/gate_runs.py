"""Runs to hold against a baseline: copies of a small one with something changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jointbench.asking import Asked, conditions
from jointbench.plan import Subject
from jointbench.store import read_records, write_records
from jointbench.types import TWIN, Record, Timing

ASKED = Asked(profile="smoke", datasets=("concrete_slump", "wine_quality"), backends=("torch",), device="cpu")
ARMS = ("joint", "separate", "separate-matched")
UNTIMED = replace(conditions(ASKED), timing_seconds=0.0)
Train = Callable[[Callable[[Subject], Subject]], Path]


def silent(*_: object) -> None:
    """Progress nobody watches."""


@dataclass(frozen=True)
class Result:
    """What `jointbench check` said."""

    code: int
    out: str
    err: str

    @property
    def failed(self) -> set[tuple[str, str, str, str]]:
        """(state, dataset, arm, quantity) of everything in the JSON that is not as before."""
        found = json.loads(self.out)["findings"]
        changed = (one for one in found if one["state"] != "as before")
        return {(one["state"], one["site"]["dataset"], one["site"]["arm"], one["quantity"]) for one in changed}


def copy_of(run: Path, folder: Path, records: Iterable[Record] | None = None, **about: object) -> Path:
    """The run in another folder, with other records or with changes to what it says of itself."""
    folder.mkdir()
    said = json.loads((run / "environment.json").read_text())
    (folder / "environment.json").write_text(json.dumps({**said, **about}))
    write_records(folder / "records.jsonl", read_records(run / "records.jsonl") if records is None else records)
    return folder


def timed(run: Path, folder: Path, seed: int, slower: float = 1.0, noise: float = 0.02, **about: object) -> Path:
    """The run as one of profile quick, with timings made up: joint takes half of what the others take, times ``slower``
    in requests; ``noise`` is the standard deviation of the log of one visit's seconds."""
    rng = np.random.default_rng(seed)
    order = (*ARMS, TWIN, TWIN, *ARMS[::-1]) * 24
    timings = []
    for dataset in ASKED.datasets:
        for scenario, batch in (("training", 32), ("request", 1), ("request", 64)):
            cost = {"joint": 1e-3 * (slower if scenario == "request" else 1.0), TWIN: 1e-3 * (slower if scenario == "request" else 1.0)}
            seconds = np.array([cost.get(arm, 2e-3) for arm in order]) * np.exp(rng.normal(0, noise, len(order)))
            timings.append(
                Timing(dataset, "torch", "cpu", scenario, batch, 2, (*ARMS, TWIN), 8, 1, order, seconds[:, None], 0.1)  # type: ignore[arg-type]  # scenario is a literal
            )
    return copy_of(run, folder, [*read_records(run / "records.jsonl"), *timings], profile="quick", **about)
