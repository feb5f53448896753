"""A baseline as a file: JSON with one quantity a line, sorted, so that a diff shows what changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cattrs

from jointbench.check.baseline import BASELINE_SCHEMA, Baseline
from jointbench.errors import BadInput

SKILL_DECIMALS = 5
SIGNIFICANT = 4  # digits of a time or a ratio
LISTS = ("data", "ratios", "seconds", "sizes", "skills")
_CONVERTER = cattrs.Converter(forbid_extra_keys=True)


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Replaces the file in one step. Raises BadInput where it cannot be written."""
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(baseline_text(baseline), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise BadInput(f"--write-baseline {path}: it cannot be written ({error.strerror})") from error


def baseline_text(baseline: Baseline) -> str:
    """The file's text."""
    body = asdict(baseline)
    lines = []
    for key in sorted(body):
        if key in LISTS:
            entries = sorted(json.dumps(_flat(entry), sort_keys=True) for entry in body[key])
            lines.append(f' "{key}": [' + ",".join(f"\n  {entry}" for entry in entries) + ("\n ]" if entries else "]"))
        else:
            lines.append(f' "{key}": {json.dumps(body[key], sort_keys=True)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with its site's fields among its own, and its numbers rounded."""
    flat = {**entry.pop("site", {}), **entry}
    for name, value in flat.items():
        if name == "per_fold":
            flat[name] = [round(skill, SKILL_DECIMALS) for skill in value]
        elif isinstance(value, float):
            flat[name] = float(f"{value:.{SIGNIFICANT}g}")
    return flat


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises BadInput for a file that is not one or is of another version."""
    remedy = "write a new one with `jointbench check RUN --write-baseline FILE`"
    try:
        body = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise BadInput(f"--baseline {path} cannot be read ({error.strerror}); {remedy}") from error
    except ValueError as error:
        raise BadInput(f"--baseline {path} is not JSON, so it is not a baseline; {remedy}") from error
    version = body.get("schema_version") if isinstance(body, dict) else None
    if version is not None and version != BASELINE_SCHEMA:
        raise BadInput(
            f"--baseline {path} has schema version {version}, this jointbench reads {BASELINE_SCHEMA}; {remedy}"
        )
    try:
        for key in LISTS:
            if key != "data":
                body[key] = [_nested(entry) for entry in body[key]]
        baseline = _CONVERTER.structure(body, Baseline)
        if not baseline.sizes or not baseline.skills or any(min(r.value, r.low, r.high) <= 0 for r in baseline.ratios):
            raise ValueError
        return baseline
    except (ValueError, KeyError, TypeError, AttributeError, cattrs.BaseValidationError) as error:
        raise BadInput(f"--baseline {path} is not a jointbench baseline; {remedy}") from error


def _nested(entry: dict[str, Any]) -> dict[str, Any]:
    site = {name: entry[name] for name in ("dataset", "backend", "device", "arm")}
    return {"site": site, **{name: value for name, value in entry.items() if name not in site}}


def _refuse_constant(text: str) -> float:
    """NaN and infinities are refused: every comparison with NaN is false, so everything would pass."""
    raise ValueError(f"{text} in a baseline")
