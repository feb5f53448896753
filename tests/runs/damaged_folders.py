"""A Hypothesis strategy for run folders that were damaged: by hand, by other programs, by a disk."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tiny_run
from jointbench.explain.answer_store import EXPLAIN, write_answers
from jointbench.records.store import to_line
from jointbench.scaling.points import SCALING_SCHEMA_VERSION, Study, SweepLine, predicted
from jointbench.scaling.run import to_json
from planted_answers import planted_answers

Files = dict[str, list[bytes]]
"""Every file of a folder by its name, in lines."""

DEEP: list[Any] = []
for _ in range(150):  # of what a parser takes; deeper is tried as bytes
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (
    *(None, True, False, "", "x", "1", "\x00", "\x1b[31m", "caf\udce9", "joint", "separate", tiny_run.NAME),
    *(0, -1, 1, 2, 3, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**400),
    *(0.0, -0.0, 0.5, -1.5, 5e-324, 1e-300, 1e300, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
    *([], {}, [[]], [0], ["x"], {"x": 1}, DEEP),
)
NUMBERS = (0.0, -0.0, -1.0, 1.0, 5e-324, 1e-300, 1e200, 1e308, np.nan, np.inf, -np.inf, 2.0**53)
GARBAGE = (
    b"",
    b"\n",
    b"\x00" * 40,
    b"{",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"record":"Fit","schema":1,',
    b"9" * 5000,
    b"null",
)


def scaling_study() -> Study:
    """A break-even study of two cells, one of them not measured."""
    line = SweepLine("training", 32, 2, 64)
    points = [
        replace(point, backend="torch", device="cpu", block_ratios=(0.5, 0.6, 0.55) * 3 if outputs < 3 else ())
        for outputs in (1, 2, 4)
        for point in predicted(line, outputs)
    ]
    return Study(
        schema_version=SCALING_SCHEMA_VERSION,
        widths=(32,),
        outputs=(1, 2, 4),
        depths=(2,),
        batches=(64,),
        request_batches=(1,),
        threads=2,
        budget_seconds=10.0,
        seconds=9.0,
        machine={"CPU": "a CPU"},
        points=tuple(points),
    )


def whole_run() -> Files:
    """A run with everything that its report may show."""
    engine = {"us_per_step": {"torch_stock": 600.0, "keras_fit": 1500.0}, "gemm_gflops": 70.0}
    return {
        "records.jsonl": [to_line(record).encode() for record in tiny_run.records()],
        "environment.json": [json.dumps(asdict(tiny_run.about())).encode()],
        "engine.json": [json.dumps(engine).encode()],
        "scaling.json": [to_json(scaling_study()).encode()],
    }


@cache
def answers() -> bytes:
    """An explain.json with an answer to every question."""
    with TemporaryDirectory() as folder:
        write_answers(Path(folder), "jointbench explain wine", planted_answers(2), ["A note."])
        return (Path(folder) / EXPLAIN).read_bytes()


def write_files(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_bytes(b"\n".join([*lines, b""]) if len(lines) != 1 else lines[0])
    return folder


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a JSON value but the value itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


def other_value(draw: st.DrawFn, parent: Any, key: Any) -> None:
    parent[key] = copy.deepcopy(draw(st.sampled_from(ODD)))


def removed(draw: st.DrawFn, parent: Any, key: Any) -> None:
    del parent[key]


def repeated(draw: st.DrawFn, parent: Any, key: Any) -> None:
    if isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[key + "x"] = parent[key]


def scaled_number(draw: st.DrawFn, parent: Any, key: Any) -> None:
    """A number that stays one of its type, or other numbers in an array of the same shape."""
    value = parent[key]
    if isinstance(value, dict) and "base64" in value and isinstance(value.get("shape"), list):
        dtype = np.dtype(draw(st.sampled_from(("float64", "float32", "int64"))))
        with np.errstate(all="ignore"):
            numbers = np.full(abs(int(np.prod(value["shape"]))), draw(st.sampled_from(NUMBERS))).astype(dtype)
        value.update(dtype=dtype.name, base64=base64.b64encode(numbers.tobytes()).decode())
    elif isinstance(value, int) and not isinstance(value, bool):
        parent[key] = value + draw(st.sampled_from((-1, 1, 7, -value, 10**6, 2**62)))
    elif isinstance(value, float):
        parent[key] = value * draw(st.sampled_from((-1.0, 0.0, 1e-12, 1e12, 1e100, 1e-100)))
    else:
        other_value(draw, parent, key)


EDITS: tuple[Callable[[st.DrawFn, Any, Any], None], ...] = (
    other_value,
    removed,
    repeated,
    scaled_number,
    scaled_number,
)


def edit(draw: st.DrawFn, files: Files) -> None:
    """Changes something inside one JSON value."""
    lines = files[draw(st.sampled_from(sorted(files)))]
    position = draw(st.integers(0, len(lines) - 1))
    try:
        value = json.loads(lines[position])
    except (ValueError, RecursionError):
        return
    if options := places(value):
        *above, key = draw(st.sampled_from(options))
        parent = value
        for part in above:
            parent = parent[part]
        draw(st.sampled_from(EDITS))(draw, parent, key)
        lines[position] = json.dumps(value).encode()


def without_lines(draw: st.DrawFn, files: Files) -> None:
    """Leaves out every record of a kind, or one record."""
    records = files["records.jsonl"]
    position = draw(st.integers(0, len(records) - 1))
    kind = records[position][:20]
    whole_kind = draw(st.booleans())
    left = [line for i, line in enumerate(records) if (line[:20] != kind if whole_kind else i != position)]
    files["records.jsonl"] = left or [b""]


def moved_line(draw: st.DrawFn, files: Files) -> None:
    """A line at another place, in the place of another one, or there twice."""
    records = files["records.jsonl"]
    source, target = (draw(st.integers(0, len(records) - 1)) for _ in range(2))
    move = draw(st.sampled_from(("moved", "copied", "over another")))
    line = records.pop(source) if move == "moved" else records[source]
    if move == "over another":
        records[target] = line
    else:
        records.insert(target, line)


def broken_bytes(draw: st.DrawFn, files: Files) -> None:
    """A file cut short, or with garbage in it."""
    name = draw(st.sampled_from(sorted(files)))
    content = b"\n".join([*files[name], b""])
    at = draw(st.integers(0, len(content)))
    rest = b"" if draw(st.booleans()) else content[at:]
    files[name] = [content[:at] + draw(st.sampled_from(GARBAGE)) + rest]


def missing_file(draw: st.DrawFn, files: Files) -> None:
    del files[draw(st.sampled_from(sorted(files)))]


@st.composite
def damaged_runs(draw: st.DrawFn) -> Files:
    """The files of a whole run with one to three things wrong in them."""
    files = whole_run()
    if draw(st.integers(0, 7)) == 0:
        files[EXPLAIN] = [answers()]
    for _ in range(draw(st.integers(1, 3))):
        damage = draw(st.sampled_from((edit, edit, edit, edit, without_lines, moved_line, broken_bytes)))
        damage(draw, files)
    if draw(st.integers(0, 30)) == 0:
        missing_file(draw, files)
    return files
