"""`jointbench datasets`: the datasets that come with jointbench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from jointbench.cli.console import echo, make_console
from jointbench.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="The datasets that come with jointbench.")


@app.command("list")
def list_datasets() -> None:
    """Lists the datasets: the bundled ones, those that can be fetched, and repositories' tables that were."""
    from rich.markup import escape
    from rich.table import Table

    from jointbench.data.catalog import cards
    from jointbench.data.fetch import is_fetched
    from jointbench.data.sources.cached import fetched_words

    table = Table("dataset", "rows", "outputs", "licence", "")
    for slug, card in cards().items():
        outputs = ", ".join(f"{o.name} ({o.kind})" for o in card.outputs)
        state = "" if card.file else "fetched" if is_fetched(slug) else "fetch it"
        table.add_row(slug, f"{card.rows:,}", escape(outputs), escape(card.licence), state)
    for word in fetched_words():
        table.add_row(escape(word), "", "", "", "fetched")
    make_console().print(table)


@app.command()
def show(name: str) -> None:
    """Shows a dataset's card, or what is known of a repository's table (openml:61), its columns too."""
    from jointbench.data.catalog import card_of
    from jointbench.data.fetch import cached_file, is_fetched
    from jointbench.data.sources.cached import is_source

    if is_source(name):
        _show_source(name)
        return
    console = make_console()
    card = card_of(name)
    values = card.model_dump(exclude_defaults=True)
    if card.file is None:
        values["file"] = (
            str(cached_file(name, card)) if is_fetched(name) else f"not here; jointbench datasets fetch {name}"
        )
    for field, value in values.items():
        lines = value if isinstance(value, tuple | list) else [value]
        console.print(f"{field}:", markup=False, highlight=False)
        for line in lines:
            text = ", ".join(f"{k}: {v}" for k, v in line.items() if v) if isinstance(line, dict) else str(line)
            console.print(f"    {text}", markup=False, highlight=False)


def _show_source(word: str) -> None:
    from jointbench.data.read_file import read_table
    from jointbench.data.sources.cached import cached_table

    table = cached_table(word)
    if table is None:
        echo(f"{word} is not here; get it with: jointbench datasets fetch {word}")
        return
    frame = read_table(table.path).frame
    values = {key: value for key, value in vars(table).items() if value}
    for field, value in {**values, "rows": f"{len(frame):,}", "columns": ", ".join(map(str, frame.columns))}.items():
        echo(f"{field}:\n    {value}")


@app.command()
def verify() -> None:
    """Checks every bundled or fetched file against its card's sha256."""
    from jointbench.data.catalog import available_slugs, card_of, verified_bytes
    from jointbench.data.sources.cached import cached_table, fetched_words

    wrong = 0
    for word in fetched_words():
        try:
            cached_table(word)
            echo(f"{word}: as it was fetched")
        except BadInput as error:
            wrong += 1
            echo(f"{word}: {error}")
    for slug in available_slugs():
        try:
            verified_bytes(slug, card_of(slug))
            echo(f"{slug}: as its card says")
        except BadInput as error:
            wrong += 1
            echo(f"{slug}: {error}")
    if wrong:
        raise typer.Exit(2)


@app.command("fetch")
def fetch_dataset(
    name: str,
    from_file: Annotated[
        Optional[Path], typer.Option("--from", help="A copy that you have, .xlsx or .csv; no network.")
    ] = None,
) -> None:
    """Gets a dataset that is not bundled from UCI, or from your copy, into $JOINTBENCH_CACHE or the platform's
    cache; or a repository's table: uci:ID, openml:ID, kaggle:OWNER/NAME/FILE, hf:NAME.
    """
    from jointbench.data.catalog import card_of
    from jointbench.data.fetch import fetch
    from jointbench.data.sources.cached import copied_table, is_source, source_table

    if is_source(name):
        table = source_table(name) if from_file is None else copied_table(name, from_file)
        echo(f"{name} is kept in {table.path}; its columns: jointbench datasets show {name}")
        return
    echo(fetch(name, card_of(name), from_file))
