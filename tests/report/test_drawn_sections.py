"""Sections drawn in other processes are the sections that this one would draw."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from jointbench.report import drawn_sections
from jointbench.report.page import render
from jointbench.runtime.processes import Processes


def test_the_page_is_the_same_on_one_core_and_on_two(
    maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = maker(datasets=(("one", ("y", "z")), ("two", ("y", "z")))).summary()
    monkeypatch.setattr(drawn_sections, "MANY", 2)
    monkeypatch.setattr(drawn_sections, "cores", lambda: 2)
    on_two = render(summary, {})
    monkeypatch.setattr(drawn_sections, "cores", lambda: 1)
    assert render(summary, {}) == on_two


def test_a_process_that_died_leaves_no_hole_in_the_page(
    maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Processes):
        def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    summary = maker(datasets=(("one", ("y", "z")), ("two", ("y", "z")))).summary()
    whole = render(summary, {})
    monkeypatch.setattr(drawn_sections, "MANY", 2)
    monkeypatch.setattr(drawn_sections, "cores", lambda: 2)
    monkeypatch.setattr(drawn_sections, "Processes", Killed)
    assert render(summary, {}) == whole
