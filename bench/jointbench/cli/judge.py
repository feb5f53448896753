"""`jointbench judge`: verdicts on out-of-fold predictions that any tool made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.console import make_console, typed_command
from jointbench.cli.outcome import finish
from jointbench.cli.verdict_options import Printed, Probability, Ropes, Worth


def judge(
    files: Annotated[
        list[Path],
        typer.Argument(help="A long table with columns row, fold, output, arm, y_true, y_pred; or one file per arm."),
    ],
    joint: Annotated[str, typer.Option(help="The arm whose one model predicts all outputs.")] = "joint",
    kind: Annotated[
        Optional[list[str]], typer.Option(help="OUTPUT=regression, binary or multiclass, where it is read wrongly.")
    ] = None,
    cost: Annotated[
        Optional[list[str]],
        typer.Option(help="What arms cost, in any unit: training=ARM:NUMBER,ARM:NUMBER or request=..."),
    ] = None,
    rope: Ropes = None,
    probability: Probability = None,
    worth: Worth = None,
    out: Annotated[Optional[str], typer.Option(help="Folder for records, summary and report.")] = None,
    format: Printed = "text",  # noqa: A002  # the option's name
) -> None:
    """Compares models of yours by their out-of-fold predictions, with the same statistics and page as `run`."""
    from jointbench.runs.judged import JudgeOptions, check_arms, judge_into, read_prediction_files, stated_costs
    from jointbench.runs.opened_run import REPORT, RUN_FILES
    from jointbench.runs.output_folder import output_folder
    from jointbench.runs.verdict_options import output_kinds, verdict_criteria

    kinds = output_kinds(kind or ())
    costs = stated_costs(cost or ())
    predictions = read_prediction_files(files, kinds)
    outputs = [output.name for output in predictions.outputs]
    criteria = verdict_criteria(rope or (), probability, worth, outputs)
    options = JudgeOptions(joint=joint, kinds=kinds, costs=costs, criteria=criteria)
    check_arms(predictions, options)
    console = make_console(err=format != "text")
    for reading in predictions.reading:
        detail = f", {reading.detail}" if reading.detail else ""
        console.print(f"output {reading.name}: {reading.reason}{detail}", markup=False, highlight=False)
    with output_folder(out, "-judge", RUN_FILES) as folder:
        summary = judge_into(folder, predictions, options, typed_command())
    finish(summary, folder / REPORT, (), format)
