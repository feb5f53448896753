"""One suite against every installed backend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jointbench.backends.protocols import Backend, Diagnostics
from jointbench.backends.registry import BACKENDS, load, unavailable_reason


@pytest.fixture(scope="session")
def backend_named() -> Callable[[str], Backend]:
    """Backends by name, each loaded once."""
    loaded: dict[str, Backend] = {}

    def get(name: str) -> Backend:
        if name not in loaded:
            loaded[name] = load(name, "cpu", 1)
        return loaded[name]

    return get


@pytest.fixture(params=[name for name in BACKENDS if unavailable_reason(name) is None])
def backend(request: pytest.FixtureRequest, backend_named: Callable[[str], Backend]) -> Backend:
    return backend_named(request.param)


@pytest.fixture
def diagnostics(backend: Backend) -> Diagnostics:
    """The backend's diagnostics; without them there is nothing to test."""
    if backend.diagnostics is None:
        pytest.skip(f"{backend.name} has no diagnostics")
    return backend.diagnostics
