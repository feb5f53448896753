"""The command line. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

import typer

from jointbench.cli import datasets
from jointbench.cli.calibrate import calibrate
from jointbench.cli.check import check
from jointbench.cli.doctor import doctor
from jointbench.cli.explain import explain
from jointbench.cli.pack import pack
from jointbench.cli.projection import projection
from jointbench.cli.report import report
from jointbench.cli.run import run
from jointbench.cli.scaling import scaling
from jointbench.errors import BadInput

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="One network with N outputs, or N networks? Trains both and measures what the choice gains and costs.",
)
app.add_typer(datasets.app, name="datasets")
for command in (run, report, check, explain, scaling, projection, calibrate, doctor, pack):
    app.command()(command)


def main() -> None:
    """The command: a user's mistake is one sentence on standard error and exit code 2 (4 when it had begun)."""
    try:
        app()
    except BadInput as error:
        typer.echo(f"jointbench: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("jointbench: stopped; what had finished is in records.jsonl", err=True)
        raise SystemExit(130) from None
