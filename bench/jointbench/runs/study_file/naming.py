"""Refusals of what a study file asks for name the file, the line and the key, though they were made for the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jointbench.errors import BadInput
from jointbench.runs.study_file.key_lines import Place, key_line
from jointbench.runs.study_file.model import StudyDataset, Target
from jointbench.runs.study_file.options import Study, dataset_words
from jointbench.runs.study_file.refusals import place_text

KEYS: dict[str, Place] = {  # by the start of a sentence that was made for the command's options
    "--profile": ("profile",),
    "--arm": ("arms",),
    "--model": ("models",),
    "--backend": ("backends",),
    "--device": ("device",),
    "--folds": ("folds",),
    "--repeats": ("repeats",),
    "--seeds": ("seeds",),
    "--rows": ("rows",),
    "--seed": ("seed",),
    "--jobs": ("jobs",),
    "--engine": ("engine",),
    "--metric": ("metrics",),
    "--class-weight": ("class_weight",),
    "--rope": ("ropes",),
    "--probability": ("probability",),
    "--worth": ("worth",),
    "--budget": ("budget",),
    "--until-decided": ("until_decided",),
    "loss weight": ("recipe", "loss_weights"),
    "shape.channels": ("shape", "channels"),
    "shape.residual": ("shape", "residual"),
    "--dropout": ("shape", "dropout"),
    "--norm": ("shape", "norm"),
}


@contextmanager
def naming_the_file(study: Study | None, given: Sequence[str] = ()) -> Iterator[None]:
    """Sentences on an option, or on a table of the file, begin with the line that it is from.

    given: the options that stand on the command line, whose refusals are right as they are.
    """
    try:
        yield
    except BadInput as error:
        sentence = str(error)
        start = next((word for word in KEYS if sentence.startswith((f"{word} ", f"{word}:"))), "")
        if study is None or start in given:
            raise
        rest, place = sentence, _of_a_dataset(study, sentence)
        if start:
            rest = sentence.removeprefix(start).lstrip(": ")
            place = _of_an_option(study, start, rest)
        line = key_line(study.text, place)
        if line is None:
            raise
        key = f"{place_text(KEYS[start])}: " if start else ""
        raise type(error)(f"{study.path}, line {line}: {key}{rest}") from error


def _of_an_option(study: Study, start: str, rest: str) -> Place:
    """The key that says what the option would, and behind it the output that the sentence is about."""
    place = KEYS[start]
    if start == "--rope" and not study.content.ropes:
        return ("rope",)
    return (*place, rest.partition("=")[0])


def _of_a_dataset(study: Study, sentence: str) -> Place:
    """The key of a dataset whose value the sentence names; () for a sentence on something else."""
    for position, (word, dataset) in enumerate(zip(dataset_words(study), study.content.datasets, strict=True)):
        named = sentence.startswith(word)
        for place, name in _names(dataset):
            if repr(name) in sentence and (named or (place[0] == "targets" and sentence.startswith("--target"))):
                return ("datasets", position, *place)
        if named:
            return ("datasets", position, "data")
    return ()


def _names(dataset: StudyDataset) -> Iterator[tuple[Place, str]]:
    """The columns that the file names, and where."""
    for key in dataset.model_fields_set - {"data"}:
        value = getattr(dataset, key)
        for position, item in enumerate(value if isinstance(value, list) else []):
            yield from (
                ((key, position), name) for name in ((item.name, item.word) if isinstance(item, Target) else (item,))
            )
        if isinstance(value, str):
            yield (key,), value
