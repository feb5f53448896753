"""`jointbench run`: joint and separate networks on bundled data or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer

from jointbench.cli.console import make_console, typed_command
from jointbench.cli.outcome import Format, finish
from jointbench.cli.progress import progress_line
from jointbench.cli.stopping import Stopped
from jointbench.cli.table_columns import Categorical, Drop, Group, Keep, Test, Time, Weight
from jointbench.cli.verdict_options import Printed, Probability, Ropes, Worth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from jointbench.comparison.cells import BenchmarkCell
    from jointbench.comparison.summary.run import Summary
    from jointbench.estimators.family import Family
    from jointbench.runs.options import RunOptions
    from jointbench.runs.planned_run import PlannedRun
    from jointbench.runs.study_file.options import Study
    from jointbench.study.config import StudyConfig
    from jointbench.study.plan import Experiment
    from jointbench.types import Norm

FEW = 3  # datasets whose columns are shown one by one before training


FIELDS = {  # of the options, where the command's word is another
    "target": "targets",
    "arm": "arms",
    "model": "models",
    "backend": "backends",
    "metric": "metrics",
    "loss_weight": "loss_weights",
    "rope": "ropes",
    "dropout": "network",
    "norm": "network",
}
NO_FIELDS = {"datasets", "cluster", "dry_run", "out", "format"}


def run(
    context: typer.Context,
    datasets: Annotated[
        Optional[list[str]],
        typer.Argument(
            help="Bundled names, table files, addresses (https://...), - (standard input), uci:ID, openml:ID, "
            "kaggle:OWNER/NAME/FILE, hf:NAME; none: the profile's. Or a study file (.toml), and of its datasets those named "
            "after it; options beside it go before what it says."
        ),
    ] = None,
    target: Annotated[
        Optional[list[str]],
        typer.Option(
            help="A column to predict, NAME or NAME:kind; repeat it. A pattern ('Class*') and a position (3, -1) too."
        ),
    ] = None,
    arm: Annotated[
        Optional[list[str]],
        typer.Option(
            help="joint, separate, separate-matched, joint-wide, joint-checkpointed, a partition such as 'a,c|b', or best-grouping: "
            "the one that validation rows choose; with @uw, @dwa, @famo, @pcgrad, @mgda or @upgrad behind it, how losses are "
            "weighed in training: joint@uw. Repeat it."
        ),
    ] = None,
    model: Annotated[
        Optional[list[str]],
        typer.Option(
            help="mlp or resnet (networks), forest, extra-trees, neighbours, ridge, xgboost or catboost; repeat it."
        ),
    ] = None,
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    profile: Annotated[str, typer.Option(help="smoke, quick or full.")] = "quick",
    folds: Annotated[Optional[int], typer.Option(help="Folds of the cross-validation.")] = None,
    repeats: Annotated[Optional[int], typer.Option(help="Repeats of it.")] = None,
    seeds: Annotated[Optional[int], typer.Option(help="Initialisation seeds within each fold.")] = None,
    rows: Annotated[
        Optional[int], typer.Option(help="Rows of a table that are used, at the most; default: the profile's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    jobs: Annotated[
        Optional[int], typer.Option(help="Worker processes for training; default: physical cores, or one for each GPU.")
    ] = None,
    engine: Annotated[str, typer.Option(help="How networks are trained for quality.")] = "",
    group: Group = None,
    time: Time = None,
    keep: Keep = None,
    drop: Drop = None,
    categorical: Categorical = None,
    test: Test = None,
    split_repeats: Annotated[
        bool, typer.Option("--split-repeats", help="Let identical rows fall into different parts of a split.")
    ] = False,
    dropout: Annotated[
        Optional[float], typer.Option(help="Share of hidden units that networks do without in each training step.")
    ] = None,
    norm: Annotated[Optional[str], typer.Option(help="layer: layer normalisation of hidden layers.")] = None,
    loss_weight: Annotated[Optional[list[str]], typer.Option(help="NAME=NUMBER: weight of an output's loss.")] = None,
    weight: Weight = None,
    class_weight: Annotated[
        Optional[str], typer.Option(help="balanced: every class weighs the same in loss and skill.")
    ] = None,
    metric: Annotated[
        Optional[list[str]],
        typer.Option(
            help="Error that skill is made of: squared, absolute, pinball:Q; brier, log, zero-one. "
            "NAME, OUTPUT=NAME, or regression=NAME or classes=NAME; repeat it."
        ),
    ] = None,
    rope: Ropes = None,
    probability: Probability = None,
    worth: Worth = None,
    budget: Annotated[
        Optional[float], typer.Option(help="Seconds for training and timing together; default: the profile's.")
    ] = None,
    tune: Annotated[
        Optional[int],
        typer.Option(help="Configurations to try for each network of each arm; it is served in its best."),
    ] = None,
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Train until every dataset is decided or cannot be.")
    ] = False,
    cluster: Annotated[
        Optional[str],
        typer.Option(help="Train on the workers of a Dask cluster: the scheduler's address, tcp://host:port."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be trained and timed, and about how long it takes.")
    ] = False,
    out: Annotated[Optional[str], typer.Option(help="Folder for records, summary and report.")] = None,
    format: Printed = "text",  # noqa: A002  # the option's name
) -> None:
    """Trains joint and separate networks on bundled data or your own table, and reports what the choice costs."""
    from jointbench.networks.network_options import NetworkOptions
    from jointbench.runs.options import RunOptions

    defaults = RunOptions()
    options = RunOptions(
        profile=profile,
        datasets=tuple(datasets or ()),
        targets=tuple(target or ()),
        arms=tuple(arm or defaults.arms),
        models=tuple(model or defaults.models),
        backends=tuple(backend or defaults.backends),
        device=device,
        folds=folds,
        repeats=repeats,
        seeds=seeds,
        rows=rows,
        seed=seed,
        jobs=jobs,
        engine=engine or defaults.engine,
        group=group,
        time=time,
        keep=tuple(keep or ()),
        drop=tuple(drop or ()),
        categorical=tuple(categorical or ()),
        test=test,
        weight=weight,
        class_weight=class_weight,
        metrics=tuple(metric or ()),
        loss_weights=tuple(loss_weight or ()),
        split_repeats=split_repeats,
        ropes=tuple(rope or ()),
        probability=probability,
        worth=worth,
        budget=budget,
        until_decided=until_decided,
        tune=tune,
        network=NetworkOptions(dropout=dropout, norm=cast("Norm | None", norm)),
    )
    from jointbench.runs.study_file.naming import naming_the_file
    from jointbench.runs.study_file.options import named_study

    given = [name for name in context.params if _on_the_command_line(context, name)]
    study = named_study(options.datasets)
    options, explicit = _asked(study, options, given, tuple(backend or ()))
    with naming_the_file(study, [f"--{name.replace('_', '-')}" for name in given]):
        _run(options, out, explicit=explicit, format=format, dry_run=dry_run, cluster=cluster)


def _asked(
    study: Study | None, options: RunOptions, given: Sequence[str], explicit: tuple[str, ...]
) -> tuple[RunOptions, tuple[str, ...]]:
    """What a study file asks for, under the options given on the command line; and the backends that must run."""
    from jointbench.runs.study_file.options import study_options

    if study is None:
        return options, explicit
    asked = study_options(study, options.datasets[1:], options, {FIELDS.get(name, name) for name in given})
    return asked, asked.backends if study.content.backends else explicit


def _on_the_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return name not in NO_FIELDS and source is not None and source.name == "COMMANDLINE"


def _run(
    options: RunOptions,
    out: str | None,
    explicit: tuple[str, ...],
    format: Format,  # noqa: A002  # the option's name
    *,
    dry_run: bool,
    cluster: str | None,
) -> None:
    """Runs the study into its folder. explicit: the backends named on the command line, which must run. dry_run: says
    what it would do instead. cluster: the address of the workers that train, None for this machine's."""
    from jointbench.comparison.summary.recipe import recipe_summary
    from jointbench.estimators.family import estimator_families
    from jointbench.report.reading import brief_reading, reading_lines
    from jointbench.report.recipe import brief_recipe
    from jointbench.runs.on_cluster import checked_cluster
    from jointbench.runs.options import load_datasets, study_config
    from jointbench.runs.planned_run import plan_run
    from jointbench.study.profiles import profile_named

    console = make_console(err=format != "text")
    families = estimator_families(options.models)
    backends = study_config(options).backends  # bad numbers are refused before a large table is read
    trained_by = checked_cluster(cluster, backends) if cluster is not None else ""
    datasets = load_datasets(options, profile_named(options.profile))
    run = plan_run(options, datasets, typed_command())
    if cluster is not None:
        run = run.on_cluster(cluster, trained_by)
    planned, config = run.experiments, run.config
    for experiment, dataset in zip(planned, datasets, strict=True):
        used, notes_of_run = experiment.dataset, experiment.dataset.notes[len(dataset.notes) :]
        recipe = recipe_summary(experiment.recipe_rows, experiment.recipe, experiment.shape, experiment.splits)
        lines = reading_lines(used) if len(planned) <= FEW else [brief_reading(used), *notes_of_run]
        for line in (*lines, f"{used.slug}: {brief_recipe(recipe)}"):
            console.print(line, markup=False, highlight=False)
    if dry_run:
        _forecast(planned, config, console, [family.name for family in families])
        return
    summary, report = _into_folder(run, out, families, console)
    finish(summary, report, explicit, format)


def _into_folder(
    run: PlannedRun, out: str | None, families: Sequence[Family], console: Console
) -> tuple[Summary, Path]:
    """The run's result and its page: of a new run, or of one that is in the folder already, which goes on."""
    from jointbench.records.store import RECORDS
    from jointbench.records.whole_file import is_regular
    from jointbench.report.terminal import early_line
    from jointbench.runs.about import ENVIRONMENT, about_study
    from jointbench.runs.folder import carried_out
    from jointbench.runs.opened_run import REPORT, opened_run, run_folder
    from jointbench.study.estimate import estimate

    planned, config = run.experiments, run.config
    with run_folder(out) as folder:
        try:
            about = about_study(planned, config, run.description, [family.name for family in families])
            with opened_run(folder, about) as opened:
                if opened.sentence:
                    console.print(opened.sentence, markup=False, highlight=False)
                with progress_line(estimate(planned, config).phases) as progress:

                    def concluded(cell: BenchmarkCell) -> None:
                        if len(planned) <= FEW and (line := early_line(cell, config.criteria)):
                            progress.say(line)

                    summary = carried_out(opened, planned, config, (progress, concluded), families)
        except Stopped as stopped:
            began = all(is_regular(folder / name) for name in (RECORDS, ENVIRONMENT))
            raise Stopped(stopped.number, folder if began else None, _going_on(run, out, folder)) from None
        return summary, folder / REPORT


def _going_on(run: PlannedRun, out: str | None, folder: Path) -> str:
    """The command that goes on with the run."""
    from jointbench.data.named_table import STANDARD_INPUT

    command = typed_command(*(() if out else ("--out", str(folder))))
    options = run.description.options
    return f"{command} < FILE" if options is not None and STANDARD_INPUT in options.datasets else command


def _forecast(planned: Sequence[Experiment], config: StudyConfig, console: Console, families: Sequence[str]) -> None:
    """Prints what would be trained and timed, and about how long it would take."""
    from jointbench.measure.machine_speed import machine_speed
    from jointbench.runs.forecast import forecast_lines
    from jointbench.study.estimate import estimate

    for line in forecast_lines(planned, config, estimate(planned, config, machine_speed()), families):
        console.print(line, markup=False, highlight=False)
