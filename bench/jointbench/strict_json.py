"""Strict JSON: what is undefined (a spread over one fold, an error of a broken run) is null, never NaN."""

from __future__ import annotations

import json
import math
from typing import Any


def strict_json(value: Any, indent: int | None = None) -> str:
    """``value`` (dicts, lists, tuples, text, numbers) as JSON in ASCII that any parser reads. Compact unless indented."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(_finite(value), indent=indent, separators=separators, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
