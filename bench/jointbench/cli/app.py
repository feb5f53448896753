"""The command line. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from jointbench.cli.calibrate import calibrate
from jointbench.cli.check import check
from jointbench.cli.doctor import doctor
from jointbench.cli.explain import explain
from jointbench.cli.progress import progress_bar
from jointbench.cli.projection import projection
from jointbench.cli.scaling import scaling
from jointbench.errors import BadInput

if TYPE_CHECKING:
    from jointbench.compare.summary.run import Summary

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="One network with N outputs, or N networks? Trains both and measures what the choice gains and costs.",
)
datasets_app = typer.Typer(no_args_is_help=True, help="The datasets that come with jointbench.")
app.add_typer(datasets_app, name="datasets")
app.command()(calibrate)
app.command()(check)
app.command()(doctor)
app.command()(projection)
app.command()(scaling)
app.command()(explain)

DID_NOT_RUN = 4


@app.command()
def run(
    datasets: Annotated[Optional[list[str]], typer.Argument(help="Bundled names or table files; none: the profile's.")] = None,
    target: Annotated[Optional[list[str]], typer.Option(help="A column to predict, NAME or NAME:kind; repeat it.")] = None,
    arm: Annotated[Optional[list[str]], typer.Option(help="joint, separate, separate-matched, joint-wide, or a partition such as 'a,c|b'.")] = None,
    backend: Annotated[Optional[list[str]], typer.Option(help="torch or tensorflow; repeat it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    profile: Annotated[str, typer.Option(help="smoke, quick or full.")] = "quick",
    folds: Annotated[Optional[int], typer.Option(help="Folds of the cross-validation.")] = None,
    repeats: Annotated[Optional[int], typer.Option(help="Repeats of it.")] = None,
    seeds: Annotated[Optional[int], typer.Option(help="Initialisation seeds within each fold.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    jobs: Annotated[Optional[int], typer.Option(help="Worker processes for training; default: physical cores.")] = None,
    engine: Annotated[str, typer.Option(help="How networks are trained for quality.")] = "",
    group: Annotated[Optional[str], typer.Option(help="Column of a table whose equal values share a fold.")] = None,
    time: Annotated[Optional[str], typer.Option(help="Column of a table to split forward in time by.")] = None,
    loss_weight: Annotated[Optional[list[str]], typer.Option(help="NAME=NUMBER: weight of an output's loss.")] = None,
    rope: Annotated[Optional[float], typer.Option(help="Difference in skill that does not matter; default 0.01.")] = None,
    probability: Annotated[Optional[float], typer.Option(help="Probability that a verdict needs; default 0.95.")] = None,
    out: Annotated[Optional[Path], typer.Option(help="Folder for records, summary and report.")] = None,
) -> None:
    """Trains joint and separate networks on bundled data or your own table, and reports what the choice costs."""
    from rich.console import Console

    from jointbench.runs import options
    from jointbench.runs.folder import REPORT, execute, new_folder
    from jointbench.study.profiles import profile_named

    defaults = options.Asked()
    asked = options.Asked(
        profile, tuple(datasets or ()), tuple(target or ()), tuple(arm or defaults.arms),
        tuple(backend or defaults.backends), device, folds, repeats, seeds, seed, jobs, engine or defaults.engine,
        group, time, tuple(loss_weight or ()), defaults.rope if rope is None else rope,
        defaults.probability if probability is None else probability,
    )
    console = Console()
    terms = options.terms(asked.rope, asked.probability)
    where = options.conditions(asked)
    loaded = options.load_datasets(asked, profile_named(profile))
    for dataset in loaded:
        kinds = ", ".join(f"{o.name}: {o.kind}" + (f" ({len(o.classes)} classes)" if o.classes else "") for o in dataset.outputs)
        console.print(f"{dataset.slug}: {dataset.rows:,} rows; {kinds}", markup=False, highlight=False)
    subjects = options.subjects(asked, loaded)
    folder = new_folder(out)
    with progress_bar(console) as progress:
        summary = execute(
            subjects, where, folder, profile=profile, command="jointbench " + " ".join(_quoted(sys.argv[1:])),
            notes=options.notes(asked, where.devices), progress=progress, terms=terms,
            reruns=options.reruns(asked, loaded),
        )
    _finish(summary, console, folder / REPORT, explicit=tuple(backend or ()))


def _finish(summary: Summary, console: object, report: Path, explicit: tuple[str, ...]) -> None:
    """The table at the end, and exit code 4 when nothing ran or something asked for by name did not."""
    from rich.console import Console

    from jointbench.report.terminal import terminal_report

    assert isinstance(console, Console)
    terminal_report(summary, console)
    console.print(f"Report: {report}", markup=False, highlight=False, soft_wrap=True)
    absent = [cell for cell in summary.cells if not cell.quality]
    if len(absent) == len(summary.cells) or any(cell.backend in explicit for cell in absent):
        raise typer.Exit(DID_NOT_RUN)


def _quoted(words: list[str]) -> list[str]:
    import shlex

    return [shlex.quote(word) for word in words]


@app.command()
def report(
    folder: Path,
    rope: Annotated[Optional[float], typer.Option(help="Decide anew with this difference; default: as the run was asked.")] = None,
    probability: Annotated[Optional[float], typer.Option(help="Decide anew with this probability.")] = None,
    format: Annotated[Literal["html", "md"], typer.Option(help="html: the page, and its first screen here; md: that screen as Markdown, for a comment.")] = "html",  # noqa: A002  # the option's name
) -> None:
    """Redraws the report of a run from its records."""
    from rich.console import Console

    from jointbench.runs import options
    from jointbench.runs.folder import REPORT, republish

    defaults = options.Asked()
    options.terms(defaults.rope if rope is None else rope, defaults.probability if probability is None else probability)
    summary = republish(folder, rope, probability)
    if format == "md":
        from jointbench.report.markdown import markdown_report

        typer.echo(markdown_report(summary), nl=False)
        return
    _finish(summary, Console(), folder / REPORT, explicit=())


@app.command()
def pack(folder: Path) -> None:
    """Packs a run's records to keep or commit; jointbench report and check read them in place of the written ones."""
    from jointbench.records.pack import pack as write_packed
    from jointbench.runs.folder import about_run

    about_run(folder)
    path = write_packed(folder)
    typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB; predictions and most learning curves are left out")


@datasets_app.command("list")
def datasets_list() -> None:
    """Lists the datasets: the bundled ones, and those that can be fetched."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from jointbench.data.catalog import cards
    from jointbench.data.fetch import is_fetched

    table = Table("dataset", "rows", "outputs", "licence", "")
    for slug, card in cards().items():
        outputs = ", ".join(f"{o.name} ({o.kind})" for o in card.outputs)
        here = "" if card.file else "fetched" if is_fetched(slug) else "fetch it"
        table.add_row(slug, f"{card.rows:,}", escape(outputs), escape(card.licence), here)
    Console().print(table)


@datasets_app.command("show")
def datasets_show(name: str) -> None:
    """Shows a dataset's card."""
    from rich.console import Console

    from jointbench.data.catalog import card_of
    from jointbench.data.fetch import cached_file, is_fetched

    console = Console()
    card = card_of(name)
    shown = card.model_dump(exclude_defaults=True)
    if card.file is None:
        shown["file"] = str(cached_file(name, card)) if is_fetched(name) else f"not here; jointbench datasets fetch {name}"
    for field, value in shown.items():
        lines = value if isinstance(value, tuple | list) else [value]
        console.print(f"{field}:", markup=False, highlight=False)
        for line in lines:
            said = ", ".join(f"{k}: {v}" for k, v in line.items() if v) if isinstance(line, dict) else str(line)
            console.print(f"    {said}", markup=False, highlight=False)


@datasets_app.command("verify")
def datasets_verify() -> None:
    """Checks every bundled or fetched file against its card's sha256."""
    from jointbench.data.catalog import available_slugs, card_of, verified_bytes

    wrong = 0
    for slug in available_slugs():
        try:
            verified_bytes(slug, card_of(slug))
            typer.echo(f"{slug}: as its card says")
        except BadInput as error:
            wrong += 1
            typer.echo(f"{slug}: {error}")
    if wrong:
        raise typer.Exit(2)


@datasets_app.command("fetch")
def datasets_fetch(
    name: str,
    from_file: Annotated[Optional[Path], typer.Option("--from", help="A copy that you have, .xlsx or .csv; no network.")] = None,
) -> None:
    """Gets a dataset that is not bundled from UCI, or from your copy, into $JOINTBENCH_CACHE or the platform's cache."""
    from jointbench.data.catalog import card_of
    from jointbench.data.fetch import fetch

    typer.echo(fetch(name, card_of(name), from_file))


def main() -> None:
    """The command: a user's mistake is one sentence on standard error and exit code 2."""
    try:
        app()
    except BadInput as error:
        typer.echo(f"jointbench: {error}", err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        typer.echo("jointbench: stopped; what had finished is in records.jsonl", err=True)
        raise SystemExit(130) from None
