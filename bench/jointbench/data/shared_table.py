"""A large table of features in a file that all processes of this machine map, so that there is one copy of it."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

from jointbench.data.temporary_folder import own_folder
from jointbench.types import Float32Array

LEAST_BYTES = 2**22  # a smaller table is sent faster than it is written
BLOCK_BYTES = 2**20
Rebuilt = tuple[Callable[..., Any], tuple[Any, ...]]


def zeros(shape: tuple[int, ...]) -> Float32Array:
    """A table to be filled in, from LEAST_BYTES on mapped from a temporary file, which goes when nobody here uses the
    table; in memory where the file cannot be written."""
    if 4 * math.prod(shape) < LEAST_BYTES:
        return np.zeros(shape, np.float32)
    path = None
    try:
        with tempfile.NamedTemporaryFile(dir=own_folder(), suffix=".npy", delete=False) as file:
            path = file.name
            _write_zeros(file, shape)
        table = np.load(path, mmap_mode="r+", allow_pickle=False)
    except OSError:  # no room for it: every process gets a copy
        if path is not None:
            _remove(path)
        return np.zeros(shape, np.float32)
    assert isinstance(table, np.memmap)
    weakref.finalize(table, _remove, path)
    return table


def shared(table: Float32Array) -> Float32Array:
    """The table as ``zeros`` would have it: as it is where that is so already, or where there is no room."""
    if table.nbytes < LEAST_BYTES or _is_whole(table):
        return table
    copy = zeros(table.shape)
    if not _is_whole(copy):
        return table
    copy[...] = table
    return copy


def opened(path: str) -> np.memmap[Any, Any]:
    """The table in the file; what is written to it stays in this process."""
    table = np.load(path, mmap_mode="c", allow_pickle=False)
    assert isinstance(table, np.memmap)
    return table


def by_name(table: np.memmap[Any, Any]) -> Rebuilt:
    """How a mapped table is sent to another process of this machine: by the name of its file; a part of one as numbers."""
    return (opened, (str(table.filename),)) if _is_whole(table) else (np.asarray, (np.array(table),))


def _is_whole(table: Float32Array) -> bool:
    """Is it a mapped table, rather than a part of one, or one in memory?"""
    owner: object = table.base
    return isinstance(table, np.memmap) and isinstance(owner, mmap)


def _write_zeros(file: Any, shape: tuple[int, ...]) -> None:
    """Every byte of it: a disk without room says so here, and not when someone writes to the mapped table."""
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    left, block = 4 * math.prod(shape), bytes(BLOCK_BYTES)
    while left > 0:
        left -= file.write(block[: min(left, BLOCK_BYTES)])


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
