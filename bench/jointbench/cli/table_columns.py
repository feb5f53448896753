"""Options that several commands have: what a user says of a table's columns."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

Group = Annotated[Optional[str], typer.Option(help="Column of a table whose equal values share a fold.")]
Time = Annotated[Optional[str], typer.Option(help="Column of a table to split forward in time by.")]
Keep = Annotated[
    Optional[list[str]], typer.Option(help="Column to use as it stands, though it looks like an identifier.")
]
Drop = Annotated[Optional[list[str]], typer.Option(help="Column to leave out; a pattern such as 'id*' too.")]
Categorical = Annotated[Optional[list[str]], typer.Option(help="Column whose numbers are names; a pattern too.")]
Test = Annotated[
    Optional[str], typer.Option(help="File of rows to test on, with the table's columns; in place of folds.")
]
Weight = Annotated[Optional[str], typer.Option(help="Column of a table with the weight of each row.")]
