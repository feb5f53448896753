"""A study file for a table, as ``jointbench init`` writes it: what was inferred, and what may be set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from jointbench.data.sources.cached import is_source
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.networks.recipes import BATCHES, PATIENCE, WIDTHS, rule_text
from jointbench.report.format import plain, shorten
from jointbench.runs.options import RunOptions, is_path
from jointbench.study.plan import Experiment
from jointbench.types import ColumnReading, Recipe, Shape

LONGEST = 160  # letters of a comment on a column
MOST_NAMES = 12  # of features in a comment
COLUMN, FILE = '"COLUMN"', '"FILE"'
OPTIONAL = {
    "group": "rows of one value share a fold",
    "time": "splits go forward in it",
    "test": "a file of rows to test on, in place of folds",
    "weight": "what each row weighs",
}


def study_text(experiment: Experiment, options: RunOptions, out: Path) -> str:
    """The text of a study file at ``out`` that runs what these options of one dataset ask for.

    Raises BadInput for a name that no TOML file can hold.
    """
    (word,) = options.datasets
    table = options.table_of(word) if is_path(word) else TableOptions()
    text = "\n".join(
        (
            f"# A study of {plain(word)}. Run it with: jointbench run {plain(str(out))}",
            '# What stands behind a "#" is what jointbench does without it; remove the "#" to set it.',
            "",
            *_run_lines(experiment, options),
            "",
            *_dataset_lines(experiment, table, word, out),
            "",
            *_recipe_lines(experiment),
            "",
            *_output_lines(experiment),
            "",
        )
    )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{plain(word)}: a study file holds Unicode text only; rename the file or the column") from error
    return text


def toml(value: object) -> str:
    """A text, number, truth value or array of these as TOML writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(item) for item in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _beside(word: str, out: Path) -> str:
    """A table's path as the study file's folder has it."""
    if not is_path(word) or is_source(word) or "://" in word or Path(word).is_absolute() or out.parent == Path():
        return word
    try:
        return Path(os.path.relpath(word, out.parent)).as_posix()
    except ValueError:  # on another drive
        return str(Path(word).resolve())


def _run_lines(experiment: Experiment, options: RunOptions) -> list[str]:
    folds = len({split.fold for split in experiment.splits})
    return [
        f"profile = {toml(options.profile)}  # smoke, quick or full",
        f"# arms = {toml(options.arms)}  # or a partition of your own: "
        f"{toml('|'.join(output.name for output in experiment.dataset.outputs))}; joint@uw weighs losses in training",
        f"# models = {toml(options.models)}  # networks; also forest, extra-trees, neighbours, ridge",
        f"# backends = {toml(options.backends)}",
        f"# folds = {folds}  # a number here, or of repeats or seeds, is trained in one go, without rounds",
        f"# rows = {experiment.dataset.rows}  # of a table, at the most; else the profile's",
        f"# seed = {options.seed}",
        "# budget = 120  # seconds for training and timing together",
    ]


def _dataset_lines(experiment: Experiment, table: TableOptions, word: str, out: Path) -> Iterator[str]:
    dataset, data = experiment.dataset, _beside(word, out)
    yield "[[datasets]]"
    cut = ", to which this profile cuts it" if dataset.cut_from else ""
    yield f"data = {toml(data)}  # {dataset.rows:,} rows{cut}"
    outputs = {reading.name: reading for reading in dataset.reading if reading.role == "output"}
    if table.targets:
        yield "targets = ["
        for output in dataset.outputs:
            entry = f"{{ name = {toml(output.name)}, kind = {toml(output.kind)} }}"
            yield f"    {entry},  # {_about(outputs[output.name])}"
        yield "]"
    dropped = [reading for reading in dataset.reading if reading.role == "dropped"]
    for field in fields(TableOptions):
        value = getattr(table, field.name)
        if value and field.name != "targets":
            yield f"{field.name} = {toml(_beside(value, out) if field.name == 'test' else value)}"
        elif table.targets and field.name in OPTIONAL:
            yield f"# {field.name} = {FILE if field.name == 'test' else COLUMN}  # {OPTIONAL[field.name]}"
    if dropped and not table.keep:
        yield f"# keep = {toml([plain(reading.name) for reading in dropped])}  # to use what is left out"
    for reading in dropped:
        yield f"# left out: {shorten(reading.name, 40)} ({_comment(reading.reason)})"
    for role, title in (("number", "numbers"), ("category", "names"), ("date", "dates")):
        if names := [reading.name for reading in dataset.reading if reading.role == role]:
            more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
            yield f"# read as {title}: {', '.join(shorten(name, 40) for name in names[:MOST_NAMES])}{more}"


def _recipe_lines(experiment: Experiment) -> Iterator[str]:
    recipe, shape, rows = experiment.recipe, experiment.shape, experiment.recipe_rows
    set_here = "set on the dataset's card" if rows is None else f"chosen by rules for {rows:,} rows"
    rules = not shape.channels and rows is not None
    yield f"[recipe]  # {set_here}"
    about = {"batch_size": rule_text(BATCHES), "patience": rule_text(PATIENCE)} if rules else {}
    if recipe.max_epochs < 10 * recipe.patience:
        about["max_epochs"] = "at most, in this profile"
    for name in (
        field.name for field in fields(Recipe) if field.name not in ("loss_weights", "weighting", "checkpoint")
    ):
        comment = f"  # {about[name]}" if name in about else ""
        yield f"# {name} = {toml(getattr(recipe, name))}{comment}"
    yield ""
    yield f"[shape]  # {set_here}"
    for name in (field.name for field in fields(Shape) if field.name != "own_trunk"):
        if name == "channels" and not shape.channels:
            continue
        comment = f"  # {rule_text(WIDTHS)}" if name == "trunk" and rules else ""
        yield f"# {name} = {toml(getattr(shape, name))}{comment}"


def _output_lines(experiment: Experiment) -> list[str]:
    outputs: Sequence[str] = [output.name for output in experiment.dataset.outputs]
    return [
        "[metrics]  # the error that skill is made of: squared, absolute, pinball:0.9; brier, log, zero-one",
        *(f"# {toml(output.name)} = {toml(output.error_metric)}" for output in experiment.dataset.outputs),
        "",
        "[ropes]  # differences in skill that are too small to matter",
        *(f"# {toml(name)} = 0.01" for name in outputs),
    ]


def _about(reading: ColumnReading) -> str:
    missing = f"; {reading.missing:,} missing" if reading.missing else ""
    return _comment(f"{reading.reason}; {reading.labels}{missing}" if reading.reason else f"{reading.labels}{missing}")


def _comment(text: str) -> str:
    return shorten(text, LONGEST)
