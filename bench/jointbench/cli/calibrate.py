"""``jointbench calibrate``: how often the verdicts are right, on real tables as populations and on known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import make_console, typed_command

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.calibration.draw_study import Draw
    from jointbench.calibration.known_truth import Trial

JSON, MARKDOWN = "calibration.json", "calibration.md"


def calibrate(
    populations: Annotated[
        bool, typer.Option("--populations", help="Draw from large tables (the default without --training).")
    ] = False,
    population: Annotated[
        Optional[list[str]], typer.Option(help="A table to draw from, by its bundled name; repeat it.")
    ] = None,
    rows: Annotated[Optional[list[int]], typer.Option(help="Rows of a draw; repeat it.")] = None,
    draws: Annotated[Optional[int], typer.Option(help="Draws of each population and number of rows.")] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Train on generated tasks whose truth is known.")
    ] = False,
    backend: Annotated[
        Optional[list[str]], typer.Option(help="Backends; the draws are made with the first. Repeat it.")
    ] = None,
    jobs: Annotated[Optional[int], typer.Option(help="Worker processes; default: physical cores.")] = None,
    out: Annotated[
        Optional[str], typer.Option(help="Folder for the results; draws that it has already are not made again.")
    ] = None,
) -> None:
    """Draws small tables from large ones, studies them, and counts how often intervals and verdicts are right."""
    from jointbench.calibration.population_study import DRAWS, draw_plan
    from jointbench.calibration.study import calibration_study
    from jointbench.records.whole_file import is_there
    from jointbench.report.calibration import FIGURE, calibration_json, markdown, print_report
    from jointbench.report.figures.calibration import calibration_figure
    from jointbench.runs.number_limits import check_jobs
    from jointbench.runs.output_folder import output_folder, write_results

    check_jobs(jobs)
    names = _installed(backend)
    plan = draw_plan(population or (), rows or (), draws, names[0], jobs)
    console = make_console()
    continued = bool(out) and is_there(Path(out or "") / DRAWS)
    with output_folder(out, "-calibration", () if continued else (JSON, MARKDOWN, FIGURE)) as folder:
        trials = _train_known_truth(console, names, jobs) if training else ()
        drawn: tuple[Draw, ...] = ()
        if populations or not training:
            from jointbench.calibration.population_study import study_populations
            from jointbench.cli.progress import progress_line

            with progress_line() as progress:
                drawn = study_populations(plan, folder, progress)
        study = calibration_study(drawn, trials)
        print_report(study, console)
        figure = calibration_figure(study)
        texts = {JSON: calibration_json(study), MARKDOWN: markdown(study, typed_command())}
        write_results(folder, texts | ({FIGURE: figure} if figure else {}))
    console.print(f"Written: {folder / JSON}", markup=False, highlight=False, soft_wrap=True)


def _installed(backend: list[str] | None) -> tuple[str, ...]:
    """The named backends, else the installed ones. Raises BadInput for one that is not installed."""
    from jointbench.backends.registry import BACKENDS, check_names, unavailable_reason
    from jointbench.errors import BadInput

    check_names(backend or [])
    names = tuple(dict.fromkeys(backend or (name for name in BACKENDS if unavailable_reason(name) is None)))
    for name in names or tuple(BACKENDS):
        if (reason := unavailable_reason(name)) is not None:
            raise BadInput(f"calibrate with {name}: {reason}")
    return names


def _train_known_truth(console: Console, backends: tuple[str, ...], jobs: int | None) -> tuple[Trial, ...]:
    from jointbench.calibration.known_truth import known_truth
    from jointbench.cli.progress import progress_line
    from jointbench.runtime.environment import cores
    from jointbench.study.config import StudyConfig

    config = StudyConfig(
        backends=backends,
        devices=("cpu",),
        engine="stacked",
        jobs=jobs or cores(),
        threads=1,
        batch_sizes=(1,),
        timing_seconds=0.0,
        references=False,
    )
    with progress_line() as progress:
        return known_truth(config, progress)
