"""Writes and reads engine.json: what the engine's benchmark found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from jointbench.records.json_file import FileFormat, read_json
from jointbench.records.strict_json import strict_json
from jointbench.records.whole_file import is_there, write_text

ENGINE = "engine.json"
ENGINE_SCHEMA_VERSION = 1
FORMAT = FileFormat("an engine.json", ENGINE_SCHEMA_VERSION, "delete it, or run pytest bench/test_engine.py again")


@dataclass(frozen=True, kw_only=True)
class EngineSpeed:
    """The content of engine.json. us_per_step: microseconds of a step of one replicate, by contender."""

    us_per_step: Mapping[str, Annotated[float, Interval(gt=0, lt=1e15)]]
    gemm_gflops: Annotated[float, Interval(ge=0, lt=1e15)]
    schema_version: int = ENGINE_SCHEMA_VERSION


def write_engine(folder: Path, speed: EngineSpeed) -> None:
    """Writes engine.json into the folder. Raises BadInput where it cannot be written."""
    write_text(folder / ENGINE, strict_json(asdict(speed), indent=2) + "\n")


def read_engine(folder: Path) -> EngineSpeed | None:
    """What the engine's benchmark found, if it ran in this folder. Raises BadInput for any other file of that name."""
    path = folder / ENGINE
    return read_json(path, EngineSpeed, FORMAT) if is_there(path) else None
