"""`jointbench explain`: the questions about sharing, answered on a dataset."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.outcome import DID_NOT_RUN
from jointbench.errors import BadInput

SEEDS = 3  # in each fold, where the profile has fewer: the engine trains them for little, and the sweep needs them


def explain(
    datasets: Annotated[
        Optional[list[str]], typer.Argument(help="Bundled names, table files, or energy-forum alone.")
    ] = None,
    target: Annotated[
        Optional[list[str]], typer.Option(help="A column to predict, NAME or NAME:kind; repeat it.")
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
    group: Annotated[Optional[str], typer.Option(help="Column of a table whose equal values share a fold.")] = None,
    time: Annotated[Optional[str], typer.Option(help="Column of a table to split forward in time by.")] = None,
    out: Annotated[
        Optional[Path], typer.Option(help="Folder for the answers; a run's folder gets them in its report.")
    ] = None,
) -> None:
    """Answers what people ask about sharing (one model or several? which loss? are gradients summed?) by measurement."""
    from rich.console import Console
    from rich.text import Text

    from jointbench.explain.answer import Answer
    from jointbench.explain.answer_store import EXPLAIN
    from jointbench.explain.conflict_vs_transfer import across
    from jointbench.explain.forum.answer import KEY as FORUM
    from jointbench.explain.forum.network import DATASET
    from jointbench.explain.forum.runs import Effort
    from jointbench.explain.questions import chosen, forum_run
    from jointbench.explain.runner import answer_all
    from jointbench.report.explained_page import print_answer
    from jointbench.runs import options
    from jointbench.runs.folder import EXPLAIN_PAGE, new_folder, publish_answers
    from jointbench.study.profiles import profile_named

    if every == bool(datasets):
        raise BadInput("explain: name a bundled dataset or a table file, or ask for every bundled one with --all")
    forum = FORUM in (datasets or ())
    if forum:
        _forum_alone(datasets, question, target, group, time, folds, profile)
        datasets = [DATASET]
    defaults = options.RunOptions()
    asked = options.RunOptions(
        profile=profile,
        datasets=tuple(datasets or ()),
        targets=tuple(target or ()),
        arms=("joint", "separate"),
        backends=tuple(backend or defaults.backends),
        device=device,
        folds=folds,
        repeats=None,
        seeds=seeds or max(SEEDS, profile_named(profile).seeds),
        seed=seed,
        jobs=jobs,
        group=group,
        time=time,
    )
    where = options.config(asked)
    questions = (forum_run(seeds or Effort().seeds),) if forum else chosen(tuple(question or ()))
    loaded = options.load_datasets(asked, profile_named(profile))
    for dataset in loaded:
        if len(dataset.outputs) < 2:
            raise BadInput(f"{dataset.slug} has one output, so there is nothing to share; name another with --target")
    # Images train in seconds, tables in a tenth of one.
    experiments = [
        replace(one, seeds=1) if seeds is None and len(one.input_shape) == 3 else one
        for one in options.experiments(asked, loaded)
    ]
    folder = new_folder(out, "-explain", EXPLAIN)
    console = Console()
    found: list[Answer] = []
    with console.status("") as status:

        def say(backend: str, dataset: str, text: str) -> None:
            status.update(Text(f"{dataset}, {backend}: {text}"))

        for answer in answer_all(experiments, where.backends, where.devices[-1], where.jobs, questions, say):
            print_answer(answer, console)
            found.append(answer)
    for answer in across(found, seed):
        print_answer(answer, console)
        found.append(answer)
    publish_answers(folder, "jointbench " + shlex.join(sys.argv[1:]), found, options.notes(asked, where.devices)[:-1])
    console.print(f"Answers: {folder / EXPLAIN_PAGE}", markup=False, highlight=False, soft_wrap=True)
    explicit = set(backend or ())
    if all(answer.failure for answer in found) or any(a.failure for a in found if a.backend in explicit):
        raise typer.Exit(DID_NOT_RUN)


def _forum_alone(
    datasets: object, question: object, target: object, group: object, time: object, folds: object, profile: str
) -> None:
    """The forum's run has its own data, split, network and number of epochs. Raises BadInput for what would change them."""
    given = {
        "another dataset": datasets != ["energy-forum"],
        "--question": question,
        "--target": target,
        "--group": group,
        "--time": time,
        "--folds": folds,
        f"--profile {profile}": profile != "quick",
    }
    if wrong := [option for option, value in given.items() if value]:
        raise BadInput(
            f"explain energy-forum is a study of its own, run as it was posted: leave out {', '.join(wrong)}; "
            f"--seeds, --backend, --device, --jobs and --out can be given"
        )
