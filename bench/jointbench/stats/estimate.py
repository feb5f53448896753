"""A number with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import WithJsonSchema

# Not-a-number where it is undefined (a spread over one fold), which is null in JSON.
Uncertain = Annotated[float, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})]


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: Uncertain
    low: Uncertain
    high: Uncertain


UNKNOWN = Estimate(math.nan, math.nan, math.nan)
