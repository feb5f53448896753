"""A console that shows names as text, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from jointbench.report.format import printable


class SafeConsole(Console):
    """Rich's console, whose text never commands the terminal; its own colours and cursor movements still do."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)
