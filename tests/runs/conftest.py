"""A page that is drawn at once, where a test is not about what is on it."""

from __future__ import annotations

import pytest


@pytest.fixture
def blank_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointbench.report.page.render", lambda *_, **__: "<html></html>")
