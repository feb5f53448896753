"""Which backends exist, which are installed here, and how to load one. Only ``load`` imports a framework."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from jointbench.backends.protocols import Backend
from jointbench.errors import BadInput


@dataclass(frozen=True)
class Entry:
    """The module whose ``make_backend`` makes a backend, the package that it needs, and others whose versions matter."""

    module: str
    package: str
    beside: tuple[str, ...] = ()


BACKENDS = {
    "torch": Entry("jointbench.backends.pytorch.backend", "torch"),
    "tensorflow": Entry("jointbench.backends.tensorflow.backend", "tensorflow", ("keras",)),
}


def check_names(names: list[str]) -> None:
    """Raises BadInput for a name that belongs to no backend."""
    for name in names:
        if name not in BACKENDS:
            raise BadInput(f"--backend {name!r}: the backends are {' and '.join(BACKENDS)}")


def unavailable_reason(name: str) -> str | None:
    """Why this backend cannot run here, and what to do about it; None when it can."""
    if importlib.util.find_spec(BACKENDS[name].package) is None:
        return f"not installed (pip install 'jointbench[{name}]')"
    return None


def load(name: str, device: str, threads: int) -> Backend:
    """The backend on this device with this many threads. Imports its framework."""
    backend: Backend = importlib.import_module(BACKENDS[name].module).make_backend(device, threads)
    return backend
