"""What a check found, for people, for machines and for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from jointbench.check.findings import DISK_NAMES, GATES, CheckResult, Finding, Gate, State
from jointbench.records.strict_json import strict_json
from jointbench.report import format as show
from jointbench.report.markdown import escape, markdown_table
from jointbench.report.tables.table import NOTHING, Cell, Column, Table, columns, interval, name, number

SENTENCE = 300  # letters of a reason in a comment
STATES: tuple[State, ...] = ("as before", "regressed", "too noisy", "not run")
ORDER: tuple[State, ...] = ("not run", "regressed", "too noisy")  # what matters most first
STYLES = {"regressed": "bold red", "not run": "bold red", "too noisy": "yellow"}
OUTCOMES = {0: "Passed", 1: "Regressed", 3: "Too noisy to say", 4: "Not everything ran"}
HOLDS = {
    "exact": "Counts: FLOPs, parameters, networks, compilations, artifact bytes",
    "quality": "Skill of every output, fold by fold",
    "cost": "Timed cost of joint over the other arms'",
    "time": "Absolute seconds",
}


@dataclass(frozen=True)
class Line:
    """One thing to say: a finding, or several of a cell: what did not run for one reason, what is only shown (``finding``
    is then the worst)."""

    finding: Finding
    where: str
    what: str
    fails: bool


def headline(checked: CheckResult) -> str:
    """The outcome in one sentence."""
    counts = checked.counts()
    found = ", ".join(f"{counts[state]} {state}" for state in (*ORDER, "as before") if counts[state])
    commit = show.plain(checked.commit or "of an unknown commit")
    return f"{OUTCOMES[checked.exit_code]}. Against the {show.plain(checked.profile)} baseline ({commit}): {found}."


def lines(checked: CheckResult) -> list[Line]:
    """Everything that is not as it was, the worst first. Noise is left out unless a cost was required."""
    found: dict[object, list[Finding]] = {}
    for one in checked.findings:
        if one.state == "as before" or (one.state == "too noisy" and not checked.require_cost):
            continue
        site = one.site
        cell = (site.dataset, site.backend, site.device)
        alone = (one.gate, site, one.quantity)
        key = (
            (cell, one.reason)
            if one.state == "not run"
            else (cell, one.gate)
            if one.gate in checked.advisory
            else alone
        )
        found.setdefault(key, []).append(one)
    made = [_line(checked, group) for group in found.values()]
    return sorted(made, key=lambda line: (not line.fails, ORDER.index(line.finding.state)))


def _line(checked: CheckResult, group: list[Finding]) -> Line:
    worst = max(group, key=lambda one: one.change.value if one.change else 0.0)
    site = worst.site
    where = f"{show.plain(site.dataset)}, {show.plain(site.backend)} on {show.plain(site.device)}"
    what = (f"{show.plain(site.arm)}, " if site.arm else "") + show.plain(worst.quantity)
    if len(group) > 1:
        what = f"{len(group)} quantities" + ("" if worst.state == "not run" else f", most of all {what}")
    return Line(worst, where, what, any(checked.fails(one) for one in group))


def gates_table(checked: CheckResult) -> Table:
    """A row a gate: how much it compared and what it could have caught, or why it is off."""
    return Table(
        "What was held against the baseline",
        (*columns(("Gate", "Holds"), [state.capitalize() for state in STATES]), Column("Remark")),
        tuple(_gate_row(checked, gate) for gate in GATES),
        heads=2,
    )


def _gate_row(checked: CheckResult, gate: Gate) -> tuple[Cell, ...]:
    if gate in checked.disabled:
        return (
            Cell(gate),
            Cell(HOLDS[gate]),
            *(Cell("off", tone="absent") for _ in STATES),
            Cell(f"off: {checked.disabled[gate]}"),
        )
    counts = checked.counts(gate)
    numbers = [Cell(show.count(counts[state]), (float(counts[state]),)) for state in STATES]
    return (Cell(gate), Cell(HOLDS[gate]), *numbers, Cell(_remark(checked, gate)))


def _remark(checked: CheckResult, gate: Gate) -> str:
    if not checked.of(gate):
        return "the baseline holds none"
    if gate in checked.advisory:
        return "shown only; --strict-time makes it fail"
    reach = checked.reach(gate)
    if reach is None:
        return "any change fails"
    middle, noisiest = (
        f"a drop of {show.fixed(abs(limit), 3)}" if gate == "quality" else f"a change by {show.times(limit)}"
        for limit in reach
    )
    return f"would catch {middle} in the median one, {noisiest} in the noisiest"


def findings_table(checked: CheckResult) -> Table:
    """A row for everything that is not as it was."""
    return Table(
        "What is not as it was",
        (*columns(("State", "Where", "What"), ("Baseline", "Run", "Change")), Column("Reason")),
        tuple(_row(line) for line in lines(checked)),
        heads=3,
    )


def _row(line: Line) -> tuple[Cell, ...]:
    one = line.finding
    state = Cell(one.state if line.fails else f"{one.state} (shown only)", tone="warning")
    values = (NOTHING,) * 3 if one.run is None else (_value(one, one.baseline), _value(one, one.run), _change(one))
    return (state, Cell(line.where), Cell(line.what), *values, name(one.reason))


def _value(one: Finding, value: float | None) -> Cell:
    say: dict[Gate, Callable[[float], str]] = {
        "exact": show.count,
        "quality": _skill,
        "cost": show.times,
        "time": show.seconds,
    }
    return number(value, say[one.gate])


def _skill(value: float) -> str:
    return show.fixed(value, 3)


def _change(one: Finding) -> Cell:
    if one.change is None:
        return NOTHING
    return interval(one.change, show.difference if one.gate == "quality" else show.ratio)


def terminal_check(checked: CheckResult, console: Console) -> None:
    """Prints the outcome, the gates and what is not as it was."""
    console.print(Text(headline(checked), style="bold"))
    for note in checked.notes:
        console.print(Text(show.plain(note), style="yellow"))
    gates = gates_table(checked)
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    shown = [i for i, column in enumerate(gates.columns) if column.title != "Holds"]  # eighty columns hold no more
    for i in shown:
        grid.add_column(gates.columns[i].title, justify="right" if gates.columns[i].numeric else "left")
    for row in gates.rows:
        grid.add_row(*(Text(row[i].text) for i in shown))
    console.print(grid)
    for line in lines(checked):
        said = Text(line.finding.state, style=STYLES[line.finding.state] if line.fails else "yellow")
        said.append(f": {line.where}: {line.what}: {show.plain(line.finding.reason)}", style="")
        console.print(said, soft_wrap=True)


def markdown_check(checked: CheckResult) -> str:
    """The same as Markdown, for a comment on a pull request."""
    said = [f"**jointbench: {escape(headline(checked))}**", ""]
    for note in checked.notes:
        said.extend((f"> {escape(note)}", ""))
    said.append(markdown_table(gates_table(checked), SENTENCE))
    found = findings_table(checked)
    if found.rows:
        said.extend(("", markdown_table(found, SENTENCE)))
    return "\n".join(said)


def json_check(checked: CheckResult) -> str:
    """Every finding, for machines."""
    fields = {DISK_NAMES.get(name, name): value for name, value in asdict(checked).items()}
    return strict_json({"exit_code": checked.exit_code, "headline": headline(checked), **fields}, indent=1)


def github_annotations(checked: CheckResult) -> Iterator[str]:
    """GitHub's workflow commands: an error for what fails the check, a warning for what is only shown."""
    for line in lines(checked):
        one = line.finding
        title = _property(f"jointbench, {one.gate}: {line.what} {one.state}")
        yield f"::{'error' if line.fails else 'warning'} title={title}::{_data(f'{line.where}: {line.what}: {show.plain(one.reason)}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
