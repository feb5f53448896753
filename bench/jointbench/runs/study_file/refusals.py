"""What is wrong with a study file, in one sentence that names file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from jointbench.errors import BadInput
from jointbench.runs.study_file.key_lines import Place, key_line

KEYS: dict[str, Place] = {  # by the start of a sentence that was made for the command's options
    "--profile": ("profile",),
    "--arm": ("arms",),
    "--model": ("models",),
    "--backend": ("backends",),
    "--device": ("device",),
    "--folds": ("folds",),
    "--repeats": ("repeats",),
    "--seeds": ("seeds",),
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
}
TYPES = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "an array",
    "dict": "a table",
    "model": "a table",
}
SHOWN = 40  # letters of a value


def place_text(place: Sequence[str | int]) -> str:
    """Keys by dots, and positions counted from 1, as lines are: ``datasets[2].targets[1].kind``."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def refusal(path: Path, text: str, error: ValidationError, model: type[BaseModel]) -> BadInput:
    """The first of the errors, by line."""
    found = []
    for item in error.errors():
        place: Place = tuple(item["loc"])
        found.append((key_line(text, place) or 1, place, item))
    line, place, item = min(found, key=lambda entry: entry[0])
    return BadInput(f"{path}, line {line}: {_sentence(place, item, model)}")


def _sentence(place: Place, item: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, context = str(item["type"]), item.get("ctx", {})
    key, value = place_text(place), _value(item["input"])
    if kind == "extra_forbidden":
        known = _keys(model, place[:-1])
        close = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
        meant = f"did you mean {close[0]}; " if close else ""
        return f"there is no key {key}; {meant}the keys here are {', '.join(known)}"
    if kind == "missing":
        return f"{place_text(place[:-1]) or 'the file'} lacks the key {place[-1]}"
    if kind == "literal_error":
        known = [word for word in str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ") if word]
        close = difflib.get_close_matches(str(item["input"]), known, n=1, cutoff=0.6)
        meant = f"; did you mean {close[0]}?" if close else ""
        return f"{key} must be {context['expected']}, not {value}{meant}"
    bounds = {
        "greater_than": "above {gt}",
        "greater_than_equal": "at least {ge}",
        "less_than": "below {lt}",
        "less_than_equal": "at most {le}",
        "finite_number": "a finite number",
        "string_too_short": "a text that is not empty",
        "too_short": "an array of at least one item",
    }
    if kind in ("string_too_short", "too_short"):
        context = {}
    if kind in bounds:
        limits = {name: f"{limit:,g}" if limit < 10**6 else str(limit) for name, limit in context.items()}
        return f"{key} must be {bounds[kind].format(**limits)}, not {value}"
    wanted = TYPES.get(kind.removesuffix("_type"))
    return f"{key} must be {wanted}, not {value}" if wanted else f"{key}: {item['msg']}, not {value}"


def _value(value: Any) -> str:
    """As TOML writes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the table at this place."""
    for part in place:
        if isinstance(part, int):
            continue
        inner = _model_in(model.model_fields[part].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a field is, or is an array of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


@contextmanager
def naming_the_file(path: Path | None, text: str = "", given: Sequence[str] = ()) -> Iterator[None]:
    """Refusals of options name the key of the study file that they came from, and its line.

    given: the options that stand on the command line, whose refusals are right as they are.
    """
    try:
        yield
    except BadInput as error:
        sentence = str(error)
        start = next((word for word in KEYS if sentence.startswith((f"{word} ", f"{word}:"))), None)
        if path is None or start is None or start in given:
            raise
        place = KEYS[start]
        rest = sentence.removeprefix(start).lstrip(": ")
        line = key_line(text, (*place, rest.partition("=")[0]))  # of an output, where the sentence is about one
        if start == "--rope" and line is None:
            place, line = ("rope",), key_line(text, ("rope",))
        if line is None:
            raise
        raise type(error)(f"{path}, line {line}: {place_text(place)}: {rest}") from error
