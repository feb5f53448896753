"""Whether a run in a folder is of the study that is asked for now: what differs first, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields

from jointbench.comparison.summary.run import DatasetSummary
from jointbench.records.json_file import structured
from jointbench.records.strict_json import strict_json
from jointbench.runs.about import About
from jointbench.runs.options import RunOptions
from jointbench.runs.reruns import FLAGS
from jointbench.runtime.environment import BEGAN

MORE_FLAGS = {
    "folds": "--folds",
    "repeats": "--repeats",
    "seeds": "--seeds",
    "ropes": "--rope",
    "probability": "--probability",
    "worth": "--worth",
    "budget": "--budget",
    "until_decided": "--until-decided",
    "network": "the networks (--dropout, --norm, or recipe and shape of the study file)",
}
# What may differ: jobs change no record; how a table was named and by whom is not what is in it, which is compared.
FREE = {"jobs", "datasets", "study", "tables", "overridden"}
# Of the machine; time and load change, and a patch of the system or more memory do not change what is measured.
MACHINE = {BEGAN, "load at start (1 min)", "system", "memory", "pytest-benchmark"}
DATASET = {
    "sha256": "the data of {}",
    "outputs": "the outputs of {}",
    "kinds": "the kinds of outputs of {}",
    "rows": "the rows of {}",
    "features": "the features of {}",
    "folds": "the folds of {}",
    "repeats": "the repeats of {}",
    "seeds": "the seeds of {}",
    "metrics": "the metrics of {}",
    "weight": "the weights of {}",
    "class_weight": "the class weights of {}",
    "recipe": "the recipe or the base shape of {}",
    "reading": "how the columns of {} are read",
}
LONGEST = 40  # letters of a value that is worth showing


def difference(there: About, asked: About) -> str | None:
    """What the run that is there has otherwise than the study that is asked for; None for nothing."""
    now: About = structured(strict_json(asdict(asked)).encode(), About)  # as it would be read from its file
    return next(_differences(there, now), None)


def _differences(there: About, now: About) -> Iterator[str]:
    if there.options is None or now.options is None:
        yield "its environment.json does not say what was asked for"
        return
    yield from _of_options(there.options, now.options)
    for name, what in (("backends", "its frameworks are"), ("devices", "its devices are"), ("engine", "its engine is")):
        if getattr(there, name) != getattr(now, name):
            yield f"{what} {_shown(getattr(there, name))}, not {_shown(getattr(now, name))}"
    slugs = [[dataset.slug for dataset in about.datasets] for about in (there, now)]
    if slugs[0] != slugs[1]:
        yield f"its datasets are {', '.join(slugs[0])}, not {', '.join(slugs[1])}"
    for old, new in zip(there.datasets, now.datasets, strict=False):
        yield from _of_dataset(old, new)
    for name in sorted((there.machine.keys() | now.machine.keys()) - MACHINE):
        old_value, new_value = (about.machine.get(name, "not known") for about in (there, now))
        if old_value != new_value:
            yield f"{name} was {old_value} and is {new_value}"


def _of_options(there: RunOptions, now: RunOptions) -> Iterator[str]:
    for field in fields(RunOptions):
        old, new = getattr(there, field.name), getattr(now, field.name)
        if field.name in FREE or old == new:
            continue
        flag = FLAGS.get(field.name) or MORE_FLAGS.get(field.name, field.name)
        if field.name == "network":
            yield f"{flag} differ"
        else:
            yield f"{flag} was {_shown(old)} and is {_shown(new)}"
    if [table for _, table in there.tables] != [table for _, table in now.tables]:
        yield "what the study file says of its tables differs"


def _of_dataset(there: DatasetSummary, now: DatasetSummary) -> Iterator[str]:
    for name, what in DATASET.items():
        old, new = getattr(there, name), getattr(now, name)
        if old != new:
            values = f" ({_shown(old)}, now {_shown(new)})"
            yield f"{what.format(there.slug)} differ{values if len(values) <= LONGEST else ''}"


def _shown(value: object) -> str:
    if value is None or value == () or value == "":
        return "not given"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
