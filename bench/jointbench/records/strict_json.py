"""Strict JSON: what is undefined (a spread over one fold, an error of a broken run) is null, never NaN."""

from __future__ import annotations

import json
import math
import re
from typing import Any

HALF_PAIR = re.compile("[\ud800-\udfff]")  # what a file name that is not UTF-8 leaves in a text
EXACT = 17  # significant digits that give the same float back


def strict_json(value: Any, indent: int | None = None, digits: int = EXACT) -> str:
    """``value`` (dicts, lists, tuples, text, numbers) as JSON in ASCII that any parser reads. Compact unless indented.

    digits: significant ones of numbers that are not whole.
    """
    return ascii_json(_finite(value, digits), indent, allow_nan=False)


def ascii_json(value: Any, indent: int | None = None, allow_nan: bool = True) -> str:
    """``value`` as JSON in ASCII, its texts ``well_formed``: parsers refuse any other."""
    separators = (",", ":") if indent is None else (",", ": ")

    def dumped(content: Any, ensure_ascii: bool) -> str:
        return json.dumps(content, indent=indent, separators=separators, allow_nan=allow_nan, ensure_ascii=ensure_ascii)

    text = dumped(value, True)
    if "\\ud" not in text:
        return text
    return dumped(json.loads(well_formed(dumped(value, False))), True)


def well_formed(text: str) -> str:
    """The text, which UTF-8 can write: Python reads bytes of a file's name that are no UTF-8 as lone surrogates."""
    return HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", text)


def _finite(value: Any, digits: int) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item, digits) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
