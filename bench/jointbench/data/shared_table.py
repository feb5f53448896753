"""A large table of features in a file that all processes of this machine map, so that there is one copy of it."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

from jointbench.types import Float32Array

LEAST_BYTES = 2**22  # a smaller table is sent faster than it is written
Rebuilt = tuple[Callable[..., Any], tuple[Any, ...]]


def shared(table: Float32Array) -> Float32Array:
    """The table, from LEAST_BYTES on mapped from a temporary file, which goes when nobody here uses the table; the table
    as it is where the file cannot be written."""
    if table.nbytes < LEAST_BYTES:
        return table
    path = None
    try:
        number, path = tempfile.mkstemp(prefix="jointbench-", suffix=".npy")
        with os.fdopen(number, "wb") as file:
            np.save(file, table)
        mapped = opened(path)
    except OSError:  # no room for it: every process gets a copy
        if path is not None:
            _remove(path)
        return table
    weakref.finalize(mapped, _remove, path)
    return mapped


def opened(path: str) -> np.memmap[Any, Any]:
    """The table in the file; what is written to it stays in this process."""
    table = np.load(path, mmap_mode="c", allow_pickle=False)
    assert isinstance(table, np.memmap)
    return table


def by_name(table: np.memmap[Any, Any]) -> Rebuilt:
    """How a mapped table is sent to another process of this machine: by the name of its file; a part of one as numbers."""
    owner: object = table.base
    if isinstance(owner, mmap):
        return opened, (str(table.filename),)
    return np.asarray, (np.array(table),)


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
