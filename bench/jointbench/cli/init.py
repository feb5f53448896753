"""`jointbench init`: writes a study file for a table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.console import echo
from jointbench.cli.table_columns import Categorical, Drop, Group, Keep, Test, Time, Weight
from jointbench.errors import BadInput


def init(
    dataset: Annotated[str, typer.Argument(help="A table file, a bundled name, or a word such as openml:61.")],
    target: Annotated[
        Optional[list[str]], typer.Option(help="A column to predict, NAME or NAME:kind; repeat it.")
    ] = None,
    group: Group = None,
    time: Time = None,
    keep: Keep = None,
    drop: Drop = None,
    categorical: Categorical = None,
    test: Test = None,
    weight: Weight = None,
    profile: Annotated[str, typer.Option(help="smoke, quick or full.")] = "quick",
    out: Annotated[Path, typer.Option(help="The file to write; none that is there is overwritten.")] = Path(
        "study.toml"
    ),
) -> None:
    """Writes a study file for a table: what was inferred, with reasons, and what may be set. Nothing is trained."""
    from jointbench.records.whole_file import is_there, write_text
    from jointbench.runs.options import STUDY_SUFFIX, RunOptions, experiments, load_datasets
    from jointbench.runs.study_file.options import is_study_file
    from jointbench.runs.study_file.written import study_text
    from jointbench.study.profiles import profile_named

    if is_study_file(dataset):
        raise BadInput(f"{dataset} is a study file already; jointbench run {dataset} runs it")
    if not is_study_file(str(out)):
        raise BadInput(f"--out {out}: jointbench run knows a study file by its name; end it in {STUDY_SUFFIX}")
    if is_there(out):
        raise BadInput(f"{out} is there already; name another file with --out, or remove it")
    options = RunOptions(
        profile=profile,
        datasets=(dataset,),
        targets=tuple(target or ()),
        group=group,
        time=time,
        keep=tuple(keep or ()),
        drop=tuple(drop or ()),
        categorical=tuple(categorical or ()),
        test=test,
        weight=weight,
    )
    (experiment,) = experiments(options, load_datasets(options, profile_named(profile)))
    write_text(out, study_text(experiment, options, out))
    echo(f"{out} is written; run it with: jointbench run {shlex.quote(str(out))}")
