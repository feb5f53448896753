"""A baseline as a file: JSON with one quantity a line, sorted, so that a diff shows what changed."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from jointbench.check.baseline import BASELINE_SCHEMA_VERSION, ArmKey, Baseline
from jointbench.errors import BadInput
from jointbench.records.json_file import LARGEST_FILE, FileFormat, read_json
from jointbench.records.whole_file import is_regular, open_regular, reason, write_text

SKILL_DECIMALS = 5
SIGNIFICANT = 4  # digits of a time or a ratio
LISTS = ("data", "ratios", "seconds", "sizes", "skills")
SITE = tuple(field.name for field in fields(ArmKey))
FORMAT = FileFormat(
    "a jointbench baseline",
    BASELINE_SCHEMA_VERSION,
    "write a new one with `jointbench check RUN --write-baseline FILE`",
)


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Replaces the file in one step. Raises BadInput where it cannot be written, or is there and is no baseline."""
    if is_regular(path) and not _may_be_replaced(path):
        raise BadInput(
            f"--write-baseline {path}: it is there and is no baseline; name another file, nothing was overwritten"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--write-baseline {path}: its folder cannot be made ({reason(error)})") from error
    write_text(path, baseline_text(baseline))


def _may_be_replaced(path: Path) -> bool:
    """Whether the file is a baseline, of whatever version, or holds nothing."""
    with open_regular(path) as file:
        text = file.read(LARGEST_FILE + 1)
    try:
        content = from_json(text)
    except ValueError:
        return not text.strip()
    return isinstance(content, dict) and {"schema_version", "sizes", "skills"} <= content.keys()


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
    return read_json(path, Baseline, FORMAT, _nested)


def _nested(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the site of each entry as an entry of its own."""
    return {
        key: [_entry(entry) for entry in value] if key in LISTS and key != "data" and isinstance(value, list) else value
        for key, value in body.items()
    }


def _entry(entry: object) -> object:
    if not isinstance(entry, dict):
        return entry
    site = {name: value for name, value in entry.items() if name in SITE}
    return {"site": site, **{name: value for name, value in entry.items() if name not in SITE}}
