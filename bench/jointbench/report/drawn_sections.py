"""The datasets' sections, drawn on every core where there are many: drawing is what a page takes its time for."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool

from jointbench.comparison.summary.run import Summary
from jointbench.records import Fit
from jointbench.report.dataset_section import DatasetSection, dataset_section
from jointbench.report.overview import Answer
from jointbench.report.palette import Palette
from jointbench.runtime.environment import cores
from jointbench.runtime.processes import Processes

MANY = 6  # datasets: fewer are drawn before other processes have imported the drawing libraries


def drawn_sections(
    summary: Summary, answers: Sequence[Answer], fits: Sequence[Fit], colours: Palette
) -> list[DatasetSection]:
    """The sections in the order of the datasets; the same whichever process draws them."""
    by_dataset: dict[str, list[Fit]] = {}
    for fit in fits:
        by_dataset.setdefault(fit.network.dataset, []).append(fit)
    arguments = [
        (summary, dataset, answer, by_dataset.get(dataset.slug, []), colours)
        for dataset, answer in zip(summary.datasets, answers, strict=True)
    ]
    if len(arguments) < MANY or cores() < 2:
        return [dataset_section(*given) for given in arguments]
    with Processes(cores() - 1, 1) as processes:  # this one, which has the libraries already, draws its share too
        futures = {
            number: processes.submit(dataset_section, *given)
            for number, given in enumerate(arguments)
            if number % cores()
        }
        sections = {number: dataset_section(*given) for number, given in enumerate(arguments) if number not in futures}
        for number, future in futures.items():
            try:
                sections[number] = future.result()
            except BrokenProcessPool:  # a process that died is no reason to have no page
                sections[number] = dataset_section(*arguments[number])
    return [sections[number] for number in range(len(arguments))]
