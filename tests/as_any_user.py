"""Permissions hold inside: tests may run as root, whom Linux lets write anywhere."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

VERSION = 0x20080522  # of the system call's format, linux/capability.h
OVERRIDES = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Half(ctypes.Structure):
    """Effective, permitted and inheritable capabilities, 32 of them."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """This thread gives up the right to override permissions, for the length of the block."""
    system = ctypes.CDLL(None, use_errno=True)
    header, before, now = _Header(VERSION, 0), (_Half * 2)(), (_Half * 2)()
    for halves in (before, now):
        _check(system.capget(ctypes.byref(header), halves))
    now[0].effective &= ~OVERRIDES
    _check(system.capset(ctypes.byref(header), now))
    try:
        yield
    finally:
        _check(system.capset(ctypes.byref(header), before))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
