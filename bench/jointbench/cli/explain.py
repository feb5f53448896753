"""`jointbench explain`: the questions about sharing, answered on a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from jointbench.cli.console import make_console, typed_command
from jointbench.cli.outcome import DID_NOT_RUN
from jointbench.cli.stopping import check_stopped
from jointbench.cli.table_columns import Categorical, Drop, Group, Keep, Time
from jointbench.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from jointbench.explain.answer import Answer
    from jointbench.explain.questions import Question
    from jointbench.runs.options import RunOptions
    from jointbench.study.config import StudyConfig
    from jointbench.study.plan import Experiment

SEEDS = 3  # in each fold, at least: the sweep needs them, and the engine trains them fast


def explain(
    datasets: Annotated[
        Optional[list[str]], typer.Argument(help="Bundled names, table files, or energy-forum alone.")
    ] = None,
    target: Annotated[
        Optional[list[str]],
        typer.Option(
            help="A column to predict, NAME or NAME:kind; repeat it. A pattern ('Class*') and a position (3, -1) too."
        ),
    ] = None,
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every bundled dataset.")] = False,
    question: Annotated[
        Optional[list[str]], typer.Option(help="Short name of a question; repeat it; none: all.")
    ] = None,
    profile: Annotated[str, typer.Option(help="smoke, quick or full: rows, folds and seeds.")] = "quick",
    folds: Annotated[Optional[int], typer.Option(help="Folds of the cross-validation.")] = None,
    seeds: Annotated[
        Optional[int], typer.Option(help="Initialisation seeds within each fold; 3, images 1, energy-forum 20.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto (the GPU where there is one).")] = "cpu",
    jobs: Annotated[Optional[int], typer.Option(help="Worker processes; default: physical cores.")] = None,
    group: Group = None,
    time: Time = None,
    keep: Keep = None,
    drop: Drop = None,
    categorical: Categorical = None,
    split_repeats: Annotated[
        bool, typer.Option("--split-repeats", help="Let identical rows fall into different parts of a split.")
    ] = False,
    out: Annotated[
        Optional[str], typer.Option(help="Folder for the answers; a run's folder gets them in its report.")
    ] = None,
) -> None:
    """Answers what people ask about sharing (one model or several? which loss? are gradients summed?) by
    measurement.
    """
    from jointbench.explain.forum.answer import KEY as FORUM
    from jointbench.explain.forum.network import DATASET
    from jointbench.explain.forum.runs import Effort
    from jointbench.explain.questions import chosen, forum_run
    from jointbench.runs.options import RunOptions, study_config
    from jointbench.study.profiles import profile_named

    if every == bool(datasets):
        raise BadInput("explain: name a bundled dataset or a table file, or ask for every bundled one with --all")
    forum = FORUM in (datasets or ())
    if forum:
        _check_forum_options(
            {
                "another dataset": datasets != [FORUM],
                "--question": question,
                "--target": target,
                **{"--group": group, "--time": time, "--keep": keep, "--drop": drop, "--categorical": categorical},
                "--folds": folds,
                "--split-repeats": split_repeats,
                f"--profile {profile}": profile != "quick",
            }
        )
        datasets = [DATASET]
    options = RunOptions(
        profile=profile,
        datasets=tuple(datasets or ()),
        targets=tuple(target or ()),
        arms=("joint", "separate"),
        backends=tuple(backend or RunOptions().backends),
        device=device,
        folds=folds,
        seeds=max(SEEDS, profile_named(profile).seeds) if seeds is None else seeds,
        seed=seed,
        jobs=jobs,
        group=group,
        time=time,
        keep=tuple(keep or ()),
        drop=tuple(drop or ()),
        categorical=tuple(categorical or ()),
        split_repeats=split_repeats,
    )
    config = study_config(options)
    asked = (forum_run(Effort().seeds if seeds is None else seeds),) if forum else chosen(tuple(question or ()))
    _finish(_answer(options, config, asked, out, one_image_seed=seeds is None), explicit=backend or ())


def _finish(answers: Sequence[Answer], explicit: Sequence[str]) -> None:
    """Exit code 4 when nothing was answered, or a question to a backend that was asked for by name was not."""
    if all(answer.failure for answer in answers) or any(a.failure for a in answers if a.backend in explicit):
        raise typer.Exit(DID_NOT_RUN)


def _answer(
    options: RunOptions,
    config: StudyConfig,
    questions: Sequence[Question],
    out: str | None,
    *,
    one_image_seed: bool,
) -> list[Answer]:
    """Answers the questions into their folder.

    one_image_seed: images get one seed in each fold; they train in seconds, tables in a tenth of one.
    """
    from jointbench.explain.skill import check_judged
    from jointbench.report.explained_page import print_answer
    from jointbench.runs.folder import EXPLAIN_FILES, EXPLAIN_PAGE, check_run_beside, publish_answers
    from jointbench.runs.notes import notes
    from jointbench.runs.options import experiments, load_datasets
    from jointbench.runs.output_folder import output_folder
    from jointbench.study.profiles import profile_named

    datasets = load_datasets(options, profile_named(options.profile))
    for dataset in datasets:
        if len(dataset.outputs) < 2:
            raise BadInput(f"{dataset.slug} has one output, so there is nothing to share; name another with --target")
    planned = [
        replace(experiment, seeds=1) if one_image_seed and len(experiment.input_shape) == 3 else experiment
        for experiment in experiments(options, datasets)
    ]
    for experiment in planned:
        check_judged(experiment)
    console = make_console()
    answers = []
    with output_folder(out, "-explain", EXPLAIN_FILES) as folder:
        check_run_beside(folder)
        for answer in _answers(planned, config, questions, options.seed, console):
            print_answer(answer, console)
            answers.append(answer)
        publish_answers(folder, typed_command(), answers, notes(options, config.devices, config.gpus)[:-1])
    console.print(f"Answers: {folder / EXPLAIN_PAGE}", markup=False, highlight=False, soft_wrap=True)
    return answers


def _answers(
    planned: Sequence[Experiment], config: StudyConfig, questions: Sequence[Question], seed: int, console: Console
) -> Iterator[Answer]:
    """The answers of each dataset and backend, with a status line meanwhile; then those across datasets."""
    from rich.text import Text

    from jointbench.explain.conflict_vs_transfer import across
    from jointbench.explain.runner import answer_all

    answers = []
    with console.status("", spinner="line") as status:

        def show(backend: str, dataset: str, text: str) -> None:
            check_stopped()
            status.update(Text(f"{dataset}, {backend}: {text}"))

        device = config.devices[-1]
        jobs, gpus = config.jobs_on(device), config.gpus_on(device)
        for answer in answer_all(planned, config.backends, device, jobs, questions, show, gpus):
            yield answer
            answers.append(answer)
    yield from across(answers, seed)


def _check_forum_options(changed: Mapping[str, object]) -> None:
    """Raises BadInput for options that would change the forum's run: its data, split, network or number of epochs."""
    if wrong := [option for option, value in changed.items() if value]:
        raise BadInput(
            f"explain energy-forum is a study of its own, run as it was posted: leave out {', '.join(wrong)}; "
            f"--seeds, --backend, --device, --jobs and --out can be given"
        )
