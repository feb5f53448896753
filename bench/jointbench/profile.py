"""Profiles: how much of everything a run does."""

from __future__ import annotations

from dataclasses import dataclass

from jointbench.errors import BadInput

BATCH_SIZES = (1, 8, 64, 512, 4096)


@dataclass(frozen=True)
class Profile:
    """Sizes of a run. max_rows (of a table), max_images, max_epochs: None leaves the dataset or recipe as it is.

    timing_seconds: what all timing together may take. datasets: empty means every bundled one.
    memory_datasets: on how many datasets peak memory is measured (six fresh processes each), None: on all.
    """

    name: str
    folds: int
    repeats: int
    seeds: int
    max_rows: int | None
    max_images: int | None
    max_epochs: int | None
    timing_seconds: float
    batch_sizes: tuple[int, ...] = BATCH_SIZES
    datasets: tuple[str, ...] = ()
    memory_datasets: int | None = 0


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", 2, 1, 1, 300, 300, 5, 10, (1, 64), ("concrete_slump", "wine_quality")),
        Profile("quick", 5, 1, 1, 3_000, 3_000, None, 60, memory_datasets=1),
        Profile("full", 10, 1, 3, None, None, None, 900, memory_datasets=None),
    )
}


def profile_named(name: str) -> Profile:
    if name not in PROFILES:
        raise BadInput(f"--profile {name!r}: the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]
