"""`jointbench projection`: is time to the stop what steady seconds per step foretell?"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

DISAGREES = 3


def projection(
    datasets: Annotated[list[str], typer.Argument(help="Bundled names or table files.")],
    target: Annotated[
        Optional[list[str]], typer.Option(help="A column to predict, NAME or NAME:kind; repeat it.")
    ] = None,
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "cpu",
    profile: Annotated[str, typer.Option(help="smoke, quick or full: how many rows and epochs.")] = "quick",
) -> None:
    """Trains every arm to its stop under the clock, and compares that with its steady seconds per step carried on.

    Exits 3 where one of them is off by more than 10 %.
    """
    from dataclasses import replace

    from rich.console import Console

    from jointbench.compare.costs import projection_check
    from jointbench.records import NotMeasured, Projection
    from jointbench.report import format as show
    from jointbench.runs import options
    from jointbench.study.profiles import profile_named
    from jointbench.study.run import run

    defaults = options.RunOptions()
    asked = options.RunOptions(
        profile=profile,
        datasets=tuple(datasets),
        targets=tuple(target or ()),
        arms=defaults.arms,
        backends=tuple(backend or defaults.backends),
        device=device,
        folds=2,
        seeds=1,
    )
    experiments = options.experiments(asked, options.load_datasets(asked, profile_named(profile)))
    where = replace(
        options.config(asked),
        timing_seconds=0.0,
        thread_counts=(),
        projections=len(experiments),
    )
    console, agree = Console(), True
    for record in run(experiments, where, lambda *_: None):
        if isinstance(record, NotMeasured):
            console.print(f"{record.dataset}, {record.backend} on {record.device}: {record.reason}", markup=False)
        if isinstance(record, Projection):
            check = projection_check(record)
            agree = agree and check.agrees
            said = "agrees" if check.agrees else "differs by more than 10 %"
            console.print(
                f"{record.dataset}, {record.backend} on {record.device}, {record.arm}: {check.steps:,} steps, foretold "
                f"{show.seconds(check.projected_seconds)}, measured {show.seconds(check.measured_seconds)}, "
                f"{show.times(check.ratio)}: {said}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    if not agree:
        raise typer.Exit(DISAGREES)
