"""What users ask for, in their words, turned into subjects and conditions. Shared by the command and pytest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from jointbench.backends.registry import BACKENDS, check_names
from jointbench.compare.criteria import VerdictCriteria
from jointbench.compare.verdict import PROBABILITY
from jointbench.data.catalog import bundled_slugs, card_of, load_bundled
from jointbench.data.table import load_table
from jointbench.errors import BadInput
from jointbench.networks.arms import DEFAULT_ARMS
from jointbench.runtime.devices import devices_for, gpu_unavailable_reason
from jointbench.runtime.environment import cores, not_measured
from jointbench.stats.correlated_t_test import ROPE
from jointbench.study.config import StudyConfig
from jointbench.study.plan import CrossValidation, Experiment, make_experiment
from jointbench.study.profiles import Profile, profile_named
from jointbench.types import Dataset, Engine

ENGINES: dict[str, Engine] = {"stacked": "stacked", "stock": "stock"}
DEFAULT_ENGINE: Engine = "stacked"
TABLE_OPTIONS = ("--target", "--group", "--time")
OPTIONS = {
    "profile": "--profile",
    "targets": "--target",
    "arms": "--arm",
    "backends": "--backend",
    "device": "--device",
    "seed": "--seed",
    "jobs": "--jobs",
    "engine": "--engine",
    "group": "--group",
    "time": "--time",
    "loss_weights": "--loss-weight",
}
TABLE_SUFFIXES = (".csv", ".parquet", ".gz", ".xz", ".tsv", ".txt")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """A run as asked for. None leaves a number to the profile."""

    profile: str = "quick"
    datasets: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    arms: tuple[str, ...] = DEFAULT_ARMS
    backends: tuple[str, ...] = tuple(BACKENDS)
    device: str = "auto"
    folds: int | None = None
    repeats: int | None = None
    seeds: int | None = None
    seed: int = 0
    jobs: int | None = None
    engine: str = DEFAULT_ENGINE
    group: str | None = None
    time: str | None = None
    loss_weights: tuple[str, ...] = ()
    rope: float = ROPE
    probability: float = PROBABILITY


def dataset_names(profile: Profile, asked: Sequence[str]) -> tuple[str, ...]:
    """The bundled datasets asked for, else the profile's, else all. Raises BadInput for an unknown one."""
    for name in asked:
        card_of(name)
    return tuple(dict.fromkeys(asked)) or profile.datasets or tuple(bundled_slugs())


def load_datasets(asked: RunOptions, profile: Profile) -> list[Dataset]:
    """Bundled datasets by name, a user's table by path."""
    tables = [name for name in asked.datasets if _is_path(name)]
    if asked.targets and not tables:
        raise BadInput("--target names columns of a table of your own; name its file too")
    if (asked.group or asked.time) and not tables:
        raise BadInput("--group and --time name columns of a table of your own; name its file too")
    if not asked.datasets:
        return [load_bundled(slug) for slug in dataset_names(profile, ())]
    loaded = [
        load_table(Path(name), asked.targets, asked.group, asked.time) if _is_path(name) else load_bundled(name)
        for name in dict.fromkeys(asked.datasets)
    ]
    slugs = [dataset.slug for dataset in loaded]
    if twice := next((slug for slug in slugs if slugs.count(slug) > 1), None):
        raise BadInput(
            f"two datasets are called {twice!r}; rename one of the files, so that their results can be told apart"
        )
    return loaded


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.lower().endswith(TABLE_SUFFIXES)


def experiments(asked: RunOptions, datasets: Sequence[Dataset]) -> list[Experiment]:
    """The datasets with their splits, shapes, recipes and arms."""
    profile = profile_named(asked.profile)
    for option, value in (
        ("folds", asked.folds),
        ("repeats", asked.repeats),
        ("seeds", asked.seeds),
        ("jobs", asked.jobs),
    ):
        if value is not None and value < 1:
            raise BadInput(f"--{option} {value}: at least 1 is needed")
    sizes = CrossValidation(
        folds=asked.folds or profile.folds,
        repeats=asked.repeats or profile.repeats,
        seeds=asked.seeds or profile.seeds,
        seed=asked.seed,
        max_rows=profile.max_rows,
        max_images=profile.max_images,
        max_epochs=profile.max_epochs,
    )
    weights = tuple(_loss_weight(text) for text in asked.loss_weights)
    return [make_experiment(dataset, asked.arms, sizes, weights) for dataset in datasets]


def _loss_weight(text: str) -> tuple[str, float]:
    name, equals, value = text.rpartition("=")
    try:
        if not equals:
            raise ValueError
        return name, float(value)
    except ValueError as error:
        raise BadInput(f"--loss-weight {text!r}: write NAME=NUMBER, such as quality=2") from error


def criteria(rope: float, probability: float) -> VerdictCriteria:
    """What a verdict is asked to mean. Raises BadInput."""
    try:
        return VerdictCriteria(rope, probability)
    except ValueError as error:
        option = "--rope" if "region" in str(error) else "--probability"
        raise BadInput(f"{option}: {error}") from error


def reruns(asked: RunOptions, datasets: Sequence[Dataset]) -> dict[str, str]:
    """By slug, the command that runs one dataset alone as it was asked for, without folds, repeats and seeds, and a verdict's terms."""
    words = tuple(dict.fromkeys(asked.datasets)) or tuple(dataset.slug for dataset in datasets)
    made = {}
    for word, dataset in zip(words, datasets, strict=True):
        said = ["jointbench", "run", word]
        for field in fields(RunOptions):
            value, options = getattr(asked, field.name), OPTIONS.get(field.name)
            if options is None or value == field.default or (options in TABLE_OPTIONS and not _is_path(word)):
                continue
            for one in value if isinstance(value, tuple) else (value,):
                said += [options, f"{one:g}" if isinstance(one, float) else str(one)]
        made[dataset.slug] = shlex.join(said)
    return made


def config(asked: RunOptions) -> StudyConfig:
    """Where it runs. Raises BadInput for an unknown backend, device or engine."""
    profile = profile_named(asked.profile)
    check_names(list(asked.backends))
    if asked.engine not in ENGINES:
        raise BadInput(f"--engine {asked.engine!r}: the engines are {', '.join(ENGINES)}")
    return StudyConfig(
        backends=tuple(dict.fromkeys(asked.backends)),
        devices=devices_for(asked.device),
        engine=ENGINES[asked.engine],
        jobs=asked.jobs or cores(),
        threads=cores(),
        batch_sizes=profile.batch_sizes,
        timing_seconds=profile.timing_seconds,
        memory_datasets=profile.memory_datasets,
        extra_batch_sizes=profile.extra_batch_sizes,
        extras=profile.extras,
        thread_counts=(cores(), 1) if profile.one_thread and cores() > 1 else (),
        projections=profile.projections,
    )


def notes(asked: RunOptions, devices: Sequence[str]) -> tuple[str, ...]:
    """Sentences on what this run cut or could not do."""
    profile = profile_named(asked.profile)
    said = []
    if "cuda" not in devices:
        reason = (
            (gpu_unavailable_reason() or "not free when the run began") if asked.device == "auto" else "not asked for"
        )
        said.append(f"GPU: not measured: {reason}.")
    said.extend(not_measured())
    for what, most in (("tables", profile.max_rows), ("sets of images", profile.max_images)):
        if most is not None:
            said.append(f"Profile {profile.name}: {what} of more than {most:,} rows are cut to that many.")
    if profile.max_epochs is not None:
        said.append(f"Profile {profile.name}: training stops after {profile.max_epochs} epochs at the latest.")
    said.append(f"Profile {profile.name}: timing takes at most about {profile.timing_seconds:g} s in all.")
    if profile.extras != "all":
        where = "not timed" if profile.extras == "none" else "timed on the first dataset only"
        sizes = " and ".join(str(size) for size in profile.extra_batch_sizes)
        said.append(
            f"Profile {profile.name}: the engine at one replicate, compiled programs and Keras's predict are {where}; fused "
            f"programs and requests for one output at batch {sizes} only."
        )
    if not profile.one_thread:
        said.append(f"Profile {profile.name}: timed on all cores; profile full times one thread too.")
    return tuple(said)
