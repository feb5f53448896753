"""The command that runs one dataset of a run alone, with the same options."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields

from jointbench.data.named_table import STANDARD_INPUT
from jointbench.runs.options import RunOptions, is_path
from jointbench.types import Dataset

TABLE_OPTIONS = ("--target", "--group", "--time", "--keep", "--weight", "--drop", "--categorical", "--test")
FLAGS = {
    "profile": "--profile",
    "targets": "--target",
    "arms": "--arm",
    "models": "--model",
    "backends": "--backend",
    "device": "--device",
    "rows": "--rows",
    "seed": "--seed",
    "jobs": "--jobs",
    "engine": "--engine",
    "group": "--group",
    "time": "--time",
    "keep": "--keep",
    "weight": "--weight",
    "drop": "--drop",
    "categorical": "--categorical",
    "test": "--test",
    "class_weight": "--class-weight",
    "metrics": "--metric",
    "loss_weights": "--loss-weight",
    "split_repeats": "--split-repeats",
    "tune": "--tune",
}


def reruns(options: RunOptions, datasets: Sequence[Dataset]) -> dict[str, str]:
    """By slug, the command that runs this dataset alone with the same options.

    Where the table came through standard input it has a place for the file. It leaves out folds, repeats and seeds, and the criteria of verdicts.
    """
    if options.study:
        return {dataset.slug: shlex.join(_of_study(options, dataset, len(datasets))) for dataset in datasets}
    words = tuple(dict.fromkeys(options.datasets)) or tuple(dataset.slug for dataset in datasets)
    commands = {}
    for word, dataset in zip(words, datasets, strict=True):
        arguments = ["jointbench", "run", word]
        for field in fields(RunOptions):
            value, flag = getattr(options, field.name), FLAGS.get(field.name)
            if flag is None or value == field.default or (flag in TABLE_OPTIONS and not is_path(word)):
                continue
            arguments += _written(flag, value)
        arguments += _of_network(options)
        commands[dataset.slug] = shlex.join(arguments) + (" < FILE" if word == STANDARD_INPUT else "")
    return commands


def _of_study(options: RunOptions, dataset: Dataset, datasets: int) -> list[str]:
    """The study file, this one of its datasets, and what the command line said in the file's place."""
    arguments = ["jointbench", "run", options.study, *([dataset.slug] if datasets > 1 else [])]
    for name in options.overridden:
        if flag := FLAGS.get(name):
            arguments += _written(flag, getattr(options, name))
    return [*arguments, *(_of_network(options) if "network" in options.overridden else [])]


def _of_network(options: RunOptions) -> list[str]:
    """The flags of the networks' options that the command line has."""
    flags = (("--dropout", options.network.dropout), ("--norm", options.network.norm))
    return [word for flag, value in flags if value is not None for word in _written(flag, value)]


def _written(flag: str, value: object) -> list[str]:
    if isinstance(value, bool):
        return [flag]
    items = value if isinstance(value, tuple) else (value,)
    return [word for item in items for word in (flag, f"{item:g}" if isinstance(item, float) else str(item))]
