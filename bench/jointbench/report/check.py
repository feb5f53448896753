"""The result of `jointbench check` for the terminal, as Markdown, as JSON and as GitHub annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from jointbench.check.findings import DISK_NAMES, GATES, CheckResult, Finding, Gate, State
from jointbench.report import format as show
from jointbench.report.markdown import escape, markdown_table
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number
from jointbench.types import CellKey

REASON_LETTERS = 300  # of a reason in a comment
STATES: tuple[State, ...] = ("as before", "regressed", "too noisy", "not run")
WORST_FIRST: tuple[State, ...] = ("not run", "regressed", "too noisy")
STYLES = {"regressed": "bold red", "not run": "bold red", "too noisy": "yellow"}
OUTCOMES = {0: "Passed", 1: "Regressed", 3: "Too noisy to say", 4: "Not everything ran"}
DESCRIPTIONS = {
    "exact": "Counts: FLOPs, parameters, networks, compilations, artifact bytes",
    "quality": "Skill of every output, fold by fold",
    "cost": "Timed cost of joint over the other arms'",
    "time": "Absolute seconds",
}


@dataclass(frozen=True)
class ReportLine:
    """A line of the report: one finding, or the worst of several that share a line.

    Findings of a cell share a line where they did not run for the same reason, or where their gate is only shown.
    """

    finding: Finding
    cell: str
    subject: str
    fails: bool


def headline(result: CheckResult) -> str:
    """The outcome in one sentence."""
    counts = result.counts()
    counted = ", ".join(f"{counts[state]} {state}" for state in (*WORST_FIRST, "as before") if counts[state])
    commit = show.plain(result.commit or "of an unknown commit")
    return f"{OUTCOMES[result.exit_code]}. Against the {show.plain(result.profile)} baseline ({commit}): {counted}."


def report_lines(result: CheckResult) -> list[ReportLine]:
    """Everything that is not as it was, the worst first. Noise is left out unless a cost was required."""
    groups: dict[object, list[Finding]] = {}
    for finding in result.findings:
        if finding.state == "as before" or (finding.state == "too noisy" and not result.require_cost):
            continue
        groups.setdefault(_group_key(result, finding), []).append(finding)
    lines = [_report_line(result, findings) for findings in groups.values()]
    return sorted(lines, key=lambda line: (not line.fails, WORST_FIRST.index(line.finding.state)))


def _group_key(result: CheckResult, finding: Finding) -> object:
    """What findings must share to stand in one line."""
    site = finding.site
    cell = CellKey.of(site)
    if finding.state == "not run":
        return cell, finding.reason
    if finding.gate in result.advisory:
        return cell, finding.gate
    return finding.gate, site, finding.quantity


def _report_line(result: CheckResult, findings: list[Finding]) -> ReportLine:
    worst = max(findings, key=lambda finding: finding.change.value if finding.change else 0.0)
    site = worst.site
    cell = f"{show.plain(site.dataset)}, {show.plain(site.backend)} on {show.plain(site.device)}"
    subject = (f"{show.plain(site.arm)}, " if site.arm else "") + show.plain(worst.quantity)
    if len(findings) > 1:
        subject = f"{len(findings)} quantities" + ("" if worst.state == "not run" else f", most of all {subject}")
    return ReportLine(worst, cell, subject, any(result.fails(finding) for finding in findings))


def gates_table(result: CheckResult) -> Table:
    """A row for each gate: how much it compared and what change it could have caught, or why it is off."""
    return Table(
        "What was held against the baseline",
        (*columns(("Gate", "Holds"), [state.capitalize() for state in STATES]), Column("Remark")),
        tuple(_gate_row(result, gate) for gate in GATES),
        heads=2,
    )


def _gate_row(result: CheckResult, gate: Gate) -> tuple[Cell, ...]:
    if gate in result.disabled:
        return (
            Cell(gate),
            Cell(DESCRIPTIONS[gate]),
            *(Cell("off", tone="absent") for _ in STATES),
            Cell(f"off: {result.disabled[gate]}"),
        )
    counts = result.counts(gate)
    numbers = [Cell(show.count(counts[state]), (float(counts[state]),)) for state in STATES]
    return (Cell(gate), Cell(DESCRIPTIONS[gate]), *numbers, Cell(_remark(result, gate)))


def _remark(result: CheckResult, gate: Gate) -> str:
    if not result.of(gate):
        return "the baseline holds none"
    if gate in result.advisory:
        return "shown only; --strict-time makes it fail"
    if gate == "exact":
        return "any change fails"
    reach = result.reach(gate)
    if reach is None:
        return "nothing could be judged"
    middle, noisiest = (
        f"a drop of {show.fixed(abs(limit), 3)}" if gate == "quality" else f"a change by {show.times(limit)}"
        for limit in reach
    )
    return f"would catch {middle} in the median one, {noisiest} in the noisiest"


def findings_table(result: CheckResult) -> Table:
    """A row for everything that is not as it was."""
    return Table(
        "What is not as it was",
        (*columns(("State", "Where", "What"), ("Baseline", "Run", "Change")), Column("Reason")),
        tuple(_row(line) for line in report_lines(result)),
        heads=3,
    )


def _row(line: ReportLine) -> tuple[Cell, ...]:
    finding = line.finding
    state = Cell(finding.state if line.fails else f"{finding.state} (shown only)", tone="warning")
    values = (
        (NOTHING,) * 3
        if finding.run is None
        else (_value(finding, finding.baseline), _value(finding, finding.run), _change(finding))
    )
    return (state, Cell(line.cell), Cell(line.subject), *values, name(finding.reason))


def _value(finding: Finding, value: float | None) -> Cell:
    formats: dict[Gate, Callable[[float], str]] = {
        "exact": show.count,
        "quality": _skill,
        "cost": show.times,
        "time": show.seconds,
    }
    return number(value, formats[finding.gate])


def _skill(value: float) -> str:
    return show.fixed(value, 3)


def _change(finding: Finding) -> Cell:
    if finding.change is None:
        return NOTHING
    return interval(finding.change, show.difference if finding.gate == "quality" else show.ratio)


def terminal_check(result: CheckResult, console: Console) -> None:
    """Prints the outcome, the gates and what is not as it was."""
    console.print(Text(headline(result), style="bold"))
    for note in result.notes:
        console.print(Text(show.plain(note), style="yellow"))
    gates = gates_table(result)
    grid = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    places = [i for i, column in enumerate(gates.columns) if column.title != "Holds"]  # eighty columns hold no more
    for i in places:
        grid.add_column(gates.columns[i].title, justify="right" if gates.columns[i].numeric else "left")
    for row in gates.rows:
        grid.add_row(*(Text(row[i].text) for i in places))
    console.print(grid)
    for line in report_lines(result):
        text = Text(line.finding.state, style=STYLES[line.finding.state] if line.fails else "yellow")
        text.append(f": {line.cell}: {line.subject}: {show.plain(line.finding.reason)}", style="")
        console.print(text, soft_wrap=True)


def markdown_check(result: CheckResult) -> str:
    """The same as Markdown, for a comment on a pull request."""
    parts = [f"**jointbench: {escape(headline(result))}**", ""]
    for note in result.notes:
        parts.extend((f"> {escape(note)}", ""))
    parts.append(markdown_table(gates_table(result), REASON_LETTERS))
    findings = findings_table(result)
    if findings.rows:
        parts.extend(("", markdown_table(findings, REASON_LETTERS)))
    return "\n".join(parts)


def check_fields(result: CheckResult) -> dict[str, Any]:
    """Every finding, for machines."""
    fields = {DISK_NAMES.get(name, name): value for name, value in asdict(result).items()}
    return {"headline": headline(result), **fields}


def github_annotations(result: CheckResult) -> Iterator[str]:
    """GitHub's workflow commands: an error for what fails the check, a warning for what is only shown."""
    for line in report_lines(result):
        finding = line.finding
        title = f"jointbench, {finding.gate}: {line.subject} {finding.state}"
        level = "error" if line.fails else "warning"
        message = f"{line.cell}: {line.subject}: {show.plain(finding.reason)}"
        yield annotation(level, title, message)


def annotation(level: str, title: str, message: str) -> str:
    """A workflow command of GitHub's. level: error or warning."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
