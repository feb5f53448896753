"""``jointbench calibrate``: how often the verdicts are right, by simulation and by training on known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import make_console, typed_command

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.calibration.known_truth import Trial
    from jointbench.calibration.noise import ObservedNoise

JSON, MARKDOWN = "calibration.json", "calibration.md"


def calibrate(
    comparisons: Annotated[int, typer.Option(help="Simulated comparisons behind each rate.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    run: Annotated[
        Optional[Path], typer.Option(help="Folder of a run with several seeds, whose noise is simulated instead.")
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Also train on generated tasks whose truth is known.")
    ] = False,
    backend: Annotated[Optional[list[str]], typer.Option(help="Backends of --training; repeat it.")] = None,
    jobs: Annotated[
        Optional[int], typer.Option(help="Worker processes of --training; default: physical cores.")
    ] = None,
    out: Annotated[Optional[str], typer.Option(help="Folder for calibration.json and calibration.md.")] = None,
) -> None:
    """Simulates thousands of comparisons whose truth is known, and says how often the verdicts are right."""
    from jointbench.calibration.known_truth import tallies
    from jointbench.calibration.noise import OBSERVED_NOISE
    from jointbench.calibration.study import calibration_study
    from jointbench.errors import BadInput
    from jointbench.report.calibration import calibration_json, markdown, print_report
    from jointbench.runs.options import check_jobs, check_seed
    from jointbench.runs.output_folder import output_folder, write_results

    if comparisons < 100:
        raise BadInput(f"--comparisons {comparisons}: at least 100 are needed for rates in percent to mean anything")
    check_seed(seed)
    check_jobs(jobs)
    names = _installed(backend) if training else ()
    noise = _noise_in(run) if run else OBSERVED_NOISE
    console = make_console()
    with output_folder(out, "-calibration", (JSON, MARKDOWN)) as folder:
        trials = _train_known_truth(console, names, jobs) if training else ()
        with console.status("simulating", spinner="line"):
            study = calibration_study(comparisons=comparisons, seed=seed, noise=noise)
        truth = tallies(trials)
        command = typed_command()
        print_report(study, truth, console)
        write_results(folder, {JSON: calibration_json(study, trials), MARKDOWN: markdown(study, truth, command)})
    console.print(f"Written: {folder / JSON}", markup=False, highlight=False, soft_wrap=True)


def _noise_in(folder: Path) -> tuple[ObservedNoise, ...]:
    from jointbench.calibration.noise import observed_noise
    from jointbench.records.store import read_records

    return observed_noise(read_records(folder))


def _installed(backend: list[str] | None) -> tuple[str, ...]:
    """The named backends, else the installed ones. Raises BadInput for one that is not installed."""
    from jointbench.backends.registry import BACKENDS, check_names, unavailable_reason
    from jointbench.errors import BadInput

    check_names(backend or [])
    names = tuple(dict.fromkeys(backend or (name for name in BACKENDS if unavailable_reason(name) is None)))
    for name in names or tuple(BACKENDS):
        if (reason := unavailable_reason(name)) is not None:
            raise BadInput(f"--training with {name}: {reason}")
    return names


def _train_known_truth(console: Console, backends: tuple[str, ...], jobs: int | None) -> tuple[Trial, ...]:
    from jointbench.calibration.known_truth import known_truth
    from jointbench.cli.progress import progress_bar
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
    with progress_bar(console) as progress:
        return known_truth(config, progress)
