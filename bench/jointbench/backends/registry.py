"""Which backends exist, which are installed here, and how to load one. Only ``load`` imports a framework."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from jointbench.backends.protocols import Backend
from jointbench.errors import BadInput
from jointbench.types import Weighting


@dataclass(frozen=True)
class Entry:
    """The module whose ``make_backend`` makes a backend, the package that it needs, and others whose versions matter.
    weightings: the ways of weighing losses that it can train, each with the package that it needs for it ("": none)."""

    module: str
    package: str
    beside: tuple[str, ...] = ()
    weightings: Mapping[Weighting, str] = field(default_factory=dict)


TORCHJD = "torchjd"
BACKENDS = {
    "torch": Entry(
        "jointbench.backends.pytorch.backend",
        "torch",
        weightings={"uw": "", "dwa": "", "famo": TORCHJD, "pcgrad": TORCHJD, "mgda": TORCHJD, "upgrad": TORCHJD},
    ),
    "tensorflow": Entry(
        "jointbench.backends.tensorflow.backend", "tensorflow", ("keras",), weightings={"uw": "", "dwa": ""}
    ),
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


def untrainable_reason(name: str, weighting: Weighting) -> str | None:
    """Why this backend cannot train networks whose losses are weighed so; None where it can."""
    if not weighting:
        return None
    needed = BACKENDS[name].weightings.get(weighting)
    if needed is None:
        able = [other for other, entry in BACKENDS.items() if weighting in entry.weightings]
        return f"{name} does not train {weighting}; {' and '.join(able)} {'do' if len(able) > 1 else 'does'}"
    if needed and importlib.util.find_spec(needed) is None:
        return f"{weighting} needs {needed}, which is not installed: pip install 'jointbench[methods]'"
    return None


def load(name: str, device: str, threads: int) -> Backend:
    """The backend on this device with this many threads. Imports its framework."""
    backend: Backend = importlib.import_module(BACKENDS[name].module).make_backend(device, threads)
    return backend
