"""The options that say what a verdict means: --rope, --probability and --worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from jointbench.comparison.criteria import DEFAULT_CRITERIA, VerdictCriteria
from jointbench.data.asked_columns import KINDS
from jointbench.errors import BadInput
from jointbench.types import Kind

WORDS = {"rope": "region", "worth": "worth", "probability": "probability"}  # of an option's error


def verdict_criteria(
    ropes: Sequence[str],
    probability: float | None,
    worth: float | None,
    outputs: Iterable[str],
    default: VerdictCriteria = DEFAULT_CRITERIA,
) -> VerdictCriteria:
    """The criteria of verdicts; what is () or None stays as in ``default``.

    ropes: each "NUMBER" for all outputs or "OUTPUT=NUMBER" for one. Raises BadInput for what decides nothing, or names
    an output that there is not.
    """
    rope, own = default.rope, dict(default.ropes)
    known = list(dict.fromkeys(outputs))
    for text in ropes:
        name, equals, value = text.rpartition("=")
        if equals and name not in known:
            raise BadInput(f"--rope {text}: there is no output {name!r}; the outputs are {', '.join(known)}")
        if equals:
            own[name] = _number(text, value)
        else:
            rope = _number(text, value)
    try:
        return replace(
            default,
            rope=rope,
            ropes=tuple(own.items()),
            probability=default.probability if probability is None else probability,
            worth=default.worth if worth is None else worth,
        )
    except ValueError as error:
        option = next(option for option, word in WORDS.items() if word in str(error))
        raise BadInput(f"--{option}: {error}") from error


def output_kinds(texts: Sequence[str]) -> dict[str, Kind]:
    """``OUTPUT=KIND``. Raises BadInput for any other form."""
    kinds: dict[str, Kind] = {}
    for text in texts:
        name, _, kind = text.rpartition("=")
        if not name or kind not in KINDS:
            raise BadInput(f"--kind {text}: write OUTPUT=regression, OUTPUT=binary or OUTPUT=multiclass")
        kinds[name] = KINDS[kind]
    return kinds


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise BadInput(f"--rope {text}: write a number such as 0.02, or OUTPUT=NUMBER") from error
