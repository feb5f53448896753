"""`jointbench projection`: is the time to the stop what steady seconds per step predict?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import make_console

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.runs.options import RunOptions

DISAGREES = 3


def projection(
    datasets: Annotated[list[str], typer.Argument(help="Bundled names or table files.")],
    target: Annotated[
        Optional[list[str]], typer.Option(help="A column to predict, NAME or NAME:kind; repeat it.")
    ] = None,
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "cpu",
    profile: Annotated[str, typer.Option(help="smoke, quick or full: how many rows and epochs.")] = "quick",
    split_repeats: Annotated[
        bool, typer.Option("--split-repeats", help="Let identical rows fall into different parts of a split.")
    ] = False,
) -> None:
    """Trains every arm to its stop under the clock, and compares that with its steady seconds per step carried on.

    Exits 3 where one of them is off by more than 10 %.
    """
    from jointbench.runs.options import RunOptions

    defaults = RunOptions()
    options = RunOptions(
        profile=profile,
        datasets=tuple(datasets),
        targets=tuple(target or ()),
        arms=defaults.arms,
        backends=tuple(backend or defaults.backends),
        device=device,
        folds=2,
        seeds=1,
        split_repeats=split_repeats,
    )
    if not _agree(options, make_console()):
        raise typer.Exit(DISAGREES)


def _agree(options: RunOptions, console: Console) -> bool:
    """Whether every projection agrees with the time that was measured; prints each."""
    from dataclasses import replace

    from jointbench.comparison.costs import projection_check
    from jointbench.records import NotMeasured, Projection
    from jointbench.report import format as show
    from jointbench.runs.options import experiments, load_datasets, study_config
    from jointbench.study.profiles import profile_named
    from jointbench.study.run import run

    planned = experiments(options, load_datasets(options, profile_named(options.profile)))
    config = replace(study_config(options), timing_seconds=0.0, thread_counts=(), projections=len(planned))
    agree = True
    for record in run(planned, config, lambda *_: None):
        if isinstance(record, NotMeasured):
            console.print(f"{record.dataset}, {record.backend} on {record.device}: {record.reason}", markup=False)
        if isinstance(record, Projection):
            check = projection_check(record)
            agree = agree and check.agrees
            result = "agrees" if check.agrees else "differs by more than 10 %"
            console.print(
                f"{record.dataset}, {record.backend} on {record.device}, {record.arm}: {check.steps:,} steps, predicted "
                f"{show.seconds(check.projected_seconds)}, measured {show.seconds(check.measured_seconds)}, "
                f"{show.times(check.ratio)}: {result}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    return agree
