"""What is wrong with a study file, in one sentence that names file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from jointbench.errors import BadInput
from jointbench.runs.study_file.key_lines import Place, key_line

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
