"""From a study file to the options of a run."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jointbench.data.catalog import cards
from jointbench.data.sources.cached import is_source, source_slug
from jointbench.data.table_options import TableOptions
from jointbench.errors import BadInput
from jointbench.networks.network_options import NetworkOptions
from jointbench.records.whole_file import reason
from jointbench.runs.options import STUDY_SUFFIX, RunOptions, is_path
from jointbench.runs.study_file.key_lines import Place, key_line
from jointbench.runs.study_file.model import StudyDataset, StudyFile
from jointbench.runs.study_file.refusals import place_text, refusal

MOST_BYTES = 200_000
PLAIN: tuple[str, ...] = (  # fields of the file that are the same in the options
    "profile",
    "device",
    "engine",
    "folds",
    "repeats",
    "seeds",
    "tune",
    "rows",
    "seed",
    "jobs",
    "class_weight",
    "split_repeats",
    "probability",
    "worth",
    "budget",
    "until_decided",
)
LISTS = ("arms", "models", "backends")
FIXED, OPEN = (
    {"folds", "repeats", "seeds", "tune"},
    {"budget", "until_decided"},
)  # a design and its limit: either, not both


@dataclass(frozen=True)
class Study:
    """A study file that was read. text: its content."""

    path: Path
    text: str
    content: StudyFile

    def wrong(self, place: Place, sentence: str) -> BadInput:
        return BadInput(f"{self.path}, line {key_line(self.text, place) or 1}: {place_text(place)} {sentence}")


def is_study_file(word: str) -> bool:
    return word.lower().endswith(STUDY_SUFFIX)


def named_study(words: Sequence[str]) -> Study | None:
    """The study file that the words of a command begin with. Raises BadInput for one that stands elsewhere."""
    files = [word for word in words if is_study_file(word)]
    if not files:
        return None
    if len(files) > 1 or not is_study_file(words[0]):
        raise BadInput(
            f"{files[-1]}: one study file is run at a time, and stands first; its datasets may be named after it"
        )
    return read_study(Path(files[0]))


def read_study(path: Path) -> Study:
    """Raises BadInput for a file that is missing or is no study file: file, line and key."""
    try:
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file; jointbench init TABLE --target NAME writes one")
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"{path} has more than {MOST_BYTES:,} bytes, and is no study file")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no study file: byte {error.start + 1} is not UTF-8") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {reason(error)}") from error
    try:
        return Study(path, text, StudyFile.model_validate(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        message, _, number = str(error).partition(" (at line ")
        where = f", line {number.partition(',')[0]}" if number else ""
        raise BadInput(f"{path}{where}: this is not TOML: {message}") from error
    except RecursionError as error:
        raise BadInput(f"{path} is no study file: its arrays or tables are nested too deeply") from error
    except ValidationError as error:
        raise refusal(path, text, error, StudyFile) from error


def study_options(
    study: Study, names: Sequence[str] = (), command: RunOptions | None = None, given: Collection[str] = ()
) -> RunOptions:
    """The options that the file asks for.

    names: of its datasets that are run, () for all. command, given: options of the command line, and which of their
    fields were given there; they go before the file's. Raises BadInput for a dataset that the file has twice or lacks.
    """
    words = dataset_words(study)
    if names:
        words = [_word_named(study, name, words) for name in dict.fromkeys(names)]
    content = study.content
    tables = {
        word: _table(dataset, study.path.parent)
        for word, dataset in zip(dataset_words(study), content.datasets, strict=True)
        if word in words
    }
    options = RunOptions(
        **_plain(content),
        datasets=tuple(words),
        metrics=_assigned(content.metrics),
        loss_weights=_assigned(content.recipe.loss_weights),
        ropes=(*(() if content.rope is None else (str(content.rope),)), *_assigned(content.ropes)),
        network=_network(content),
        study=str(study.path),
        tables=tuple((word, table) for word, table in tables.items() if table != TableOptions()),
    )
    if command is None or not given:
        return options
    return _overridden(options, command, given)


def _overridden(options: RunOptions, command: RunOptions, given: Collection[str]) -> RunOptions:
    """The options with these fields of the command line. Either a fixed design or a limit of time stays of the file."""
    told = sorted(given)
    if of_table := [name for name in told if name in {field.name for field in fields(TableOptions)}]:
        flag = "--" + of_table[0].removesuffix("s" if of_table[0] == "targets" else "").replace("_", "-")
        raise BadInput(f"{flag}: {options.study} says of each of its tables what its columns are; write it there")
    dropped = OPEN if FIXED & set(told) else FIXED if OPEN & set(told) else set()
    defaults = {name: getattr(RunOptions(), name) for name in dropped}
    chosen = {name: getattr(command, name) for name in told}
    if "network" in chosen:
        chosen["network"] = replace(options.network, **command.network.chosen)
    return replace(options, **{**defaults, **chosen}, overridden=tuple(told))


def dataset_words(study: Study) -> list[str]:
    """What each dataset is called in a run's options: a path is the study file's folder's, not the current one's."""
    words: list[str] = []
    for position, dataset in enumerate(study.content.datasets):
        word = _word(study.path.parent, dataset.data)
        place: Place = ("datasets", position)
        if word in words:
            raise study.wrong((*place, "data"), f"names {dataset.data!r} a second time")
        if word in cards() and _table(dataset, study.path.parent) != TableOptions():
            key = next(name for name in dataset.model_fields_set if name != "data")
            raise study.wrong((*place, key), f"is for a table of your own, and {word} is bundled; leave it out")
        if is_study_file(word):
            raise study.wrong((*place, "data"), f"names {dataset.data!r}, a study file; name a table")
        if is_path(word) and not dataset.targets:
            raise study.wrong(
                (*place, "data"), "is a table of your own; name the columns to predict with targets = [...]"
            )
        words.append(word)
    return words


def _word(folder: Path, data: str) -> str:
    if data in cards() or "://" in data or is_source(data) or not (is_path(data) or is_path(str(folder / data))):
        return data
    return str(folder / data)


def _word_named(study: Study, name: str, words: Sequence[str]) -> str:
    known = [source_slug(word) if is_source(word) else Path(word).stem if is_path(word) else word for word in words]
    if name in known:
        return words[known.index(name)]
    if name in words:
        return name
    raise BadInput(f"{study.path} has no dataset {name!r}; it has {', '.join(known) or 'none of its own'}")


def _table(dataset: StudyDataset, folder: Path) -> TableOptions:
    """Its options; a path is the folder's."""
    values = {name: value for name in dataset.model_fields_set - {"data"} if (value := getattr(dataset, name))}
    if targets := values.get("targets"):
        values["targets"] = [target.word for target in targets]
    if dataset.test:
        values["test"] = str(folder / dataset.test)
    return TableOptions(**_frozen(values))


def _plain(content: StudyFile) -> dict[str, Any]:
    """The fields that are the same in the options, where the file has them."""
    values = {name: getattr(content, name) for name in PLAIN if getattr(content, name) is not None}
    return {**values, **{name: tuple(getattr(content, name)) for name in LISTS if getattr(content, name)}}


def _network(content: StudyFile) -> NetworkOptions:
    recipe = content.recipe.model_dump(exclude={"loss_weights"}, exclude_none=True)
    shape = content.shape.model_dump(exclude_none=True)
    return NetworkOptions(**recipe, **_frozen(shape))


def _frozen(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _assigned(values: Mapping[str, object]) -> tuple[str, ...]:
    """As the command's options have it."""
    return tuple(f"{name}={value}" for name, value in values.items())
