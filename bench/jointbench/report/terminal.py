"""The answer in a terminal: one line for each dataset and framework, notes in brief, reasons where there are few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from jointbench.comparison.deciding import deciding_difference
from jointbench.comparison.summary.costs import Ratio
from jointbench.comparison.summary.decisions import Decision
from jointbench.comparison.summary.run import CellSummary, Summary
from jointbench.report import format as show
from jointbench.report.overview import (
    answers,
    cautions,
    flops_ratio,
    lean_words,
    overview_table,
    request_ratio,
    step_ratio,
    unavailable_reason,
)
from jointbench.report.skill_text import unusual_skills
from jointbench.report.tables.energy import energy_lines
from jointbench.report.tables.table import Cell, Table

if TYPE_CHECKING:
    from jointbench.comparison.cells import BenchmarkCell
    from jointbench.comparison.criteria import VerdictCriteria

TONES = {"joint": "bold cyan", "equivalent": "green", "separate": "bold yellow", "open": "", "noise": "dim"}
ROOMY = 88  # from here up there is room between the columns
WIDE = 160  # from here up every comparison with every column fits
FEW = 4  # answers whose reasons are printed; those of more are on the page
NOTE_LINES = 3
LETTERS = 20  # of a name in a column
UNDECIDABLE = "*"
CAPTION = (
    "Skill: joint - other on the output that decides, with half its 95 % interval. Costs: joint / other, below 1 joint "
    "is cheaper; ~ marks what noise could explain."
)


@dataclass(frozen=True)
class Column:
    """A column of the brief table. least: the width of a console from which it is shown."""

    title: str
    least: int = 0
    numeric: bool = False


COLUMNS = (
    Column("Dataset"),
    Column("Framework"),
    Column("Verdict"),
    Column("Deciding output", 108),
    Column("Skill", numeric=True),
    Column("FLOPs", numeric=True),
    Column("Step", ROOMY, numeric=True),
    Column("Request", numeric=True),
    Column("Mean skill difference", 140, numeric=True),
)


def terminal_report(summary: Summary, console: Console) -> None:
    """Prints the answer. Names are text, never markup."""
    _notes(summary, console)
    if console.width >= WIDE:
        console.print(rich_table(overview_table(summary)))
    else:
        console.print(brief_table(summary, console.width))
        console.print(Text(CAPTION, style="dim"))
    if any(decision.open and decision.open.undecidable for decision in _first_decisions(summary)):
        console.print(Text(f"{UNDECIDABLE} no training can decide it at this number of rows", style="dim"))
    sentences = [(answer.slug, sentence) for answer in answers(summary) for sentence in answer.sentences]
    for slug, sentence in sentences if len(sentences) <= FEW else ():
        text = Text(f"{show.plain(slug)}, {sentence.backend} on {sentence.device}: ")
        text.append(sentence.verdict or "not run", style=TONES.get(sentence.verdict, "dim"))
        console.print(text.append(f": {sentence.reason}"))
        if sentence.advice:
            console.print(Text(f"    {sentence.advice}"))
        if sentence.command:
            console.print(Text(f"    {sentence.command}"), soft_wrap=True)
    for line in energy_lines(summary):
        console.print(Text(line))
    if len(sentences) > FEW:
        absent = [(cell, unavailable_reason(cell)) for cell in summary.cells if not cell.decisions]
        for reason in dict.fromkeys(f"{show.plain(cell.backend)}: not run: {reason}" for cell, reason in absent):
            console.print(Text(reason))
        console.print(Text("The reasons, and what would close what is open, are in the report."))
    console.print(Text(show.plain(summary.headline), style="bold"))


def early_line(cell: BenchmarkCell, criteria: VerdictCriteria) -> str:
    """What the first round of training has come to; "" where nothing is compared."""
    from jointbench.comparison.pair import first_pair  # with scipy, which a stored answer does without

    if (first := first_pair(cell, criteria)) is None:
        return ""
    verdict = first[1].verdict
    rows = max(fold.train_rows + fold.validation_rows + len(fold.test) for fold in cell.folds)
    return (
        f"{show.plain(cell.dataset)}, {rows:,} rows, {show.plain(cell.backend)} on {show.plain(cell.device)}, so far: "
        f"{verdict.verdict}: {show.plain(verdict.reason)}"
    )


def _notes(summary: Summary, console: Console) -> None:
    """Cautions in full; what the run left out or cut in a few lines, because the page has it all."""
    for caution in (*cautions(summary), *unusual_skills(summary)):
        console.print(Text(show.plain(caution), style="yellow"))
    if summary.notes:
        text = " ".join(show.plain(note) for note in summary.notes)
        room = NOTE_LINES * (console.width - 12) - 40
        if len(text) > room:
            text = f"{text[:room].rstrip()}… (all of it is in the report)"
        console.print(Text(f"Notes: {text}", style="dim"))


def _first_decisions(summary: Summary) -> list[Decision]:
    return [cell.decisions[0] for cell in summary.cells if cell.decisions]


def brief_table(summary: Summary, width: int) -> RichTable:
    """Joint against the first other arm: a line for each dataset, framework and device."""
    columns = [column for column in COLUMNS if width >= column.least]
    output = RichTable(box=None, pad_edge=False, padding=(0, 1 if width < ROOMY else 2, 0, 0))
    for column in columns:
        output.add_column(
            Text(column.title), justify="right" if column.numeric else "left", overflow="ellipsis", no_wrap=True
        )
    several = len({cell.device for cell in summary.cells}) > 1
    for dataset in summary.datasets:
        for cell in (cell for cell in summary.cells if cell.dataset == dataset.slug):
            texts = _line(cell, several)
            output.add_row(*(texts.get(column.title, Text("")) for column in columns))
    return output


def _line(cell: CellSummary, several_devices: bool) -> dict[str, Text]:
    framework = show.plain(cell.backend) + (f" {show.plain(cell.device)}" if several_devices else "")
    names = {"Dataset": Text(show.shorten(cell.dataset, LETTERS)), "Framework": Text(framework)}
    if not cell.decisions:
        return names | {"Verdict": Text("not run", style="dim")}
    decision = cell.decisions[0]
    deciding = deciding_difference(cell, decision)
    return names | {
        "Verdict": Text(verdict_words(decision), style=TONES.get(decision.verdict, "")),
        "Deciding output": Text(show.shorten(deciding.output, LETTERS) if deciding else "—"),
        "Skill": Text(_skill(deciding.difference.value, deciding.difference.high) if deciding else "—"),
        "FLOPs": _ratio(flops_ratio(cell, decision.other)),
        "Step": _ratio(step_ratio(cell, decision.other)),
        "Request": _ratio(request_ratio(cell, decision.other)),
        "Mean skill difference": Text(show.difference(decision.mean_difference)),
    }


def verdict_words(decision: Decision) -> str:
    """The verdict or its lean, marked where no training can decide it."""
    undecidable = decision.open is not None and decision.open.undecidable
    return lean_words(decision) + (f" {UNDECIDABLE}" if undecidable else "")


def _skill(value: float, high: float) -> str:
    if not (show.known(value) and show.known(high)):
        return show.NOT_MEASURED
    return f"{show.fixed(value, 3, sign=True)} ±{show.fixed(high - value, 3)}"


def _ratio(ratio: Ratio | None) -> Text:
    if ratio is None:
        return Text("—", style="dim")
    text = f"{show.fixed(ratio.ratio.value, 2)}x"
    return Text(text) if ratio.measured_difference else Text(f"~{text}", style="dim")


def rich_table(table: Table) -> RichTable:
    """The whole table for Rich."""
    output = RichTable(
        caption=Text(table.caption), caption_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for column in table.columns:
        output.add_column(Text(column.title), justify="right" if column.numeric else "left", overflow="fold")
    for row in table.rows:
        output.add_row(*(_rich_text(cell) for cell in row))
    return output


def _rich_text(cell: Cell) -> Text:
    text = cell.text if cell.values or cell.tone else show.shorten(cell.text, LETTERS + 10)
    return Text(text.replace(" (", "\n(") if len(cell.values) == 3 else text, style=TONES.get(cell.tone, ""))
