"""The datasets' sections, drawn on every core where there are many: drawing is what a page takes its time for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from jointbench.compare.summary.run import Summary
from jointbench.records import Fit
from jointbench.report.dataset_section import DatasetSection, dataset_section
from jointbench.report.overview import Answer
from jointbench.report.palette import Palette
from jointbench.runtime.environment import cores
from jointbench.runtime.processes import Processes

MANY = 6  # datasets: fewer are drawn before other processes have imported the drawing libraries


@dataclass(frozen=True)
class DrawnSection:
    """A section that another process draws, or that is drawn when it is asked for."""

    draw: Callable[[], DatasetSection]
    future: Future[DatasetSection] | None = None

    def result(self) -> DatasetSection:
        """The section. A process that died is no reason to have no page."""
        if self.future is None:
            return self.draw()
        try:
            return self.future.result()
        except BrokenProcessPool:
            return self.draw()


@contextmanager
def drawn_sections(
    summary: Summary, answers: Sequence[Answer], fits: Sequence[Fit], colours: Palette
) -> Iterator[list[DrawnSection]]:
    """The sections in the order of the datasets; the same whichever process draws them."""
    by_dataset: dict[str, list[Fit]] = {}
    for fit in fits:
        by_dataset.setdefault(fit.network.dataset, []).append(fit)
    arguments = [
        (summary, dataset, answer, by_dataset.get(dataset.slug, []), colours)
        for dataset, answer in zip(summary.datasets, answers, strict=True)
    ]

    def drawing(number: int) -> Callable[[], DatasetSection]:
        return lambda: dataset_section(*arguments[number])

    count = len(arguments)
    if count < MANY or cores() < 2:
        yield [DrawnSection(drawing(number)) for number in range(count)]
        return
    with Processes(cores(), 1) as processes:
        yield [
            DrawnSection(drawing(number), processes.submit(dataset_section, *arguments[number]))
            for number in range(count)
        ]
