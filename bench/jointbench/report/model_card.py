"""The model card of exported networks (Mitchell et al. 2019), in Markdown: what they are, on what, and how good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jointbench.comparison.summary.run import CellSummary, DatasetSummary, Quality
from jointbench.export.final_training import FinalNetwork
from jointbench.report import format as show
from jointbench.report.markdown import escape
from jointbench.report.recipe import recipe_text
from jointbench.types import Dataset, Recipe


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card tells. files: by network, what was written for it. differences: of each file's answers from those of
    the framework, in standard deviations and probabilities; () where they were not compared."""

    arm: str
    version: str
    dataset: Dataset
    summary: DatasetSummary
    cell: CellSummary
    recipes: tuple[Recipe, ...]
    files: tuple[str, ...]
    differences: tuple[float, ...]


def _trained(dataset: Dataset) -> str:
    if dataset.held_out is None:
        return f"{dataset.rows:,} rows"
    return f"{int((~dataset.held_out.rows).sum()):,} rows but those of {escape(dataset.held_out.name)}"


def model_card(facts: CardFacts, networks: Sequence[FinalNetwork]) -> str:
    """The card. Names from the user's table stand as code, so that no renderer takes them for markup."""
    lines = [
        f"# {escape(facts.summary.title)}: {escape(facts.arm)}",
        "",
        f"Written by jointbench {facts.version}. Trained by {facts.cell.backend} on all {_trained(facts.dataset)}, for the "
        "median of the epochs that were best in the folds.",
        "",
        "## Files",
        "",
        "| File | Outputs | Epochs | Parameters | Differs from the trained network by |",
        "|---|---|---|---|---|",
    ]
    for place, (file, network) in enumerate(zip(facts.files, networks, strict=True)):
        outputs = ", ".join(_code(output.name) for output in network.outputs)
        differs = f"{facts.differences[place]:.1e}" if facts.differences else show.NOT_MEASURED
        lines.append(f"| {file} | {outputs} | {network.epochs} | {network.architecture.parameters:,} | {differs} |")
    lines += ["", *_usage(facts), "", "## Verdict", "", *_verdict(facts.cell)]
    lines += ["", "## Quality in cross-validation", "", *_quality(facts), "", "## Inputs", "", *_inputs(facts.dataset)]
    lines += [
        "",
        "## Training",
        "",
        *(f"- {recipe_text(recipe)}" for recipe in facts.recipes),
        f"- Data: {escape(facts.summary.source)}; sha256 `{facts.summary.sha256}`; licence: "
        f"{escape(facts.summary.licence)}",
        f"- Command: {_code(facts.summary.command or 'not known')}",
        "",
        "## Limits",
        "",
        "The quality above is that of networks trained on the folds' training rows, not of these, which no row was left "
        "to test. It holds for rows drawn as the table's were.",
        "",
    ]
    return "\n".join(lines)


def _usage(facts: CardFacts) -> list[str]:
    """How a service asks the first file."""
    if not facts.files[0].endswith(".onnx"):
        return ["Rows of a CSV file are answered by `python predict.py rows.csv`, a frame by its `predict(frame)`."]
    if isinstance(facts.dataset.features, np.ndarray):
        inputs = "{'image': images}  # uint8, (rows, height, width, channels)"
    else:
        inputs = "{column: frame[column].to_numpy()[:, None] for column in frame}"
    return [
        "```python",
        "import onnxruntime",
        "",
        f'session = onnxruntime.InferenceSession("{facts.files[0]}")',
        f"answers = session.run(None, {inputs})",
        "names = [output.name for output in session.get_outputs()]",
        "```",
        "",
        "A number comes as a value for each row, a class as the probabilities of its classes, in the order that "
        "`session.get_modelmeta().custom_metadata_map['classes']` has.",
    ]


def _verdict(cell: CellSummary) -> list[str]:
    lines = [
        f"- against {escape(decision.other)}: **{decision.verdict}**: {escape(decision.reason)}"
        for decision in cell.decisions
    ]
    return lines or ["- not measured"]


def _inputs(dataset: Dataset) -> list[str]:
    """Every column that a row must have, and how the table was read."""
    features = dataset.features
    if isinstance(features, np.ndarray):
        return [f"- images of {' x '.join(map(str, features.shape[1:]))} uint8"]
    lines = ["| Column | Given as |", "|---|---|"]
    for column in features.columns:
        levels = features[column].cat.categories if isinstance(features[column].dtype, pd.CategoricalDtype) else None
        given = "a number, float64, NaN where missing"
        if levels is not None:
            given = f"text, empty where missing: one of {len(levels):,} names; others count as unknown"
        lines.append(f"| {_code(str(column))} | {given} |")
    details = [item for item in dataset.reading if item.detail and item.role != "output"]
    lines += ["", *(f"- {_code(item.name)} was read as {item.role}: {escape(item.detail)}" for item in details)]
    return [*lines, *(f"- {escape(note)}" for note in dataset.notes)]


def _quality(facts: CardFacts) -> list[str]:
    qualities: list[Quality] = [quality for quality in facts.cell.quality if quality.model == facts.arm]
    lines = ["| Output | Skill | What people read |", "|---|---|---|"]
    for quality in qualities:
        metrics = ", ".join(
            f"{show.metric_name(name)} {show.metric(name, value)}"
            for name, value in quality.metrics.items()
            if value is not None
        )
        lines.append(f"| {_code(quality.output)} | {show.fixed(quality.skill, 3)} | {metrics} |")
    return lines


def _code(text: str) -> str:
    """A name or command as code, which no renderer takes for markup."""
    return f"`{show.plain(text).replace('`', chr(39)).replace('|', '/')}`"
