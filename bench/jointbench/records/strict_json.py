"""Strict JSON: what is undefined (a spread over one fold, an error of a broken run) is null, never NaN."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
EXACT = 17  # significant digits that give the same float back


def strict_json(value: Any, indent: int | None = None, digits: int = EXACT) -> str:
    """``value`` (dicts, lists, tuples, text, numbers) as JSON in ASCII that any parser reads. Compact unless indented.

    digits: significant ones of numbers that are not whole.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(_finite(value, digits), indent=indent, separators=separators, allow_nan=False)


def well_formed(text: str) -> str:
    """The text, which UTF-8 can write: Python reads bytes of a file's name that are no UTF-8 as lone surrogates."""
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _finite(value: Any, digits: int) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_finite(key, digits): _finite(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item, digits) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
