"""jointbench: one shared-trunk network with N outputs, or N separate networks? Measured."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("jointbench")
except PackageNotFoundError:  # run from a checkout without installation
    __version__ = "0+unknown"
