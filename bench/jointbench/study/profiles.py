"""Profiles: how much of everything a run does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from jointbench.errors import BadInput

MOST_ROUNDS = 7  # 64 times the first one
BATCH_SIZES = (1, 8, 64, 512, 4096)
DEVICE_BATCH_SIZES = (65_536,)  # also, on an accelerator
ExtraModes = Literal["none", "first", "all"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Sizes of a run. max_rows (of a table), max_images, max_epochs: None leaves the dataset or recipe as it is.

    timing_seconds: what all timing may take, set-up included. energy_seconds: what the joules of a dataset on a framework
    may take, where a counter can be read; energy_datasets: on so many datasets. extra_batch_sizes: rows of a request at which the paths
    other than one network after the other are timed too. device_batch_sizes: of further requests, to an accelerator.
    extras: the datasets on which the engine, compiled programs, ONNX Runtime and `predict` are timed. one_thread: all timing is repeated at one thread. projections: number of datasets whose
    whole training is timed. datasets: empty means every bundled one. memory_datasets: number of datasets whose peak
    memory is measured (six fresh processes each), None: all. rounds: of training at the most, training_seconds: what
    they may take; folds, repeats and seeds are those of the first round.
    """

    name: str
    folds: int
    repeats: int
    seeds: int
    max_rows: int | None
    max_images: int | None
    max_epochs: int | None
    timing_seconds: float
    energy_seconds: float
    batch_sizes: tuple[int, ...] = BATCH_SIZES
    extra_batch_sizes: tuple[int, ...] = (1, 64)
    device_batch_sizes: tuple[int, ...] = DEVICE_BATCH_SIZES
    extras: ExtraModes = "none"
    one_thread: bool = False
    projections: int = 0
    energy_datasets: int = 1
    datasets: tuple[str, ...] = ()
    memory_datasets: int | None = 0
    rounds: int = 1
    training_seconds: float = math.inf


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke",
            folds=2,
            repeats=1,
            seeds=1,
            max_rows=300,
            max_images=300,
            max_epochs=5,
            timing_seconds=30,
            energy_seconds=10,
            batch_sizes=(1, 64),
            extra_batch_sizes=(1,),
            device_batch_sizes=(),
            datasets=("concrete_slump", "wine_quality"),
        ),
        Profile(
            name="quick",
            folds=5,
            repeats=1,
            seeds=1,
            max_rows=5_000,
            max_images=1_500,
            max_epochs=None,
            timing_seconds=90,
            energy_seconds=80,
            extras="first",
            rounds=MOST_ROUNDS,
            training_seconds=170,
        ),
        Profile(
            name="full",
            folds=10,
            repeats=1,
            seeds=1,
            max_rows=10_000,
            max_images=3_000,
            max_epochs=None,
            timing_seconds=900,
            energy_seconds=180,
            energy_datasets=3,
            batch_sizes=BATCH_SIZES,
            extra_batch_sizes=BATCH_SIZES,
            extras="all",
            one_thread=True,
            projections=3,
            memory_datasets=4,
            rounds=MOST_ROUNDS,
            training_seconds=1_800,
        ),
    )
}


def profile_named(name: str) -> Profile:
    if name not in PROFILES:
        raise BadInput(f"--profile {name!r}: the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]
