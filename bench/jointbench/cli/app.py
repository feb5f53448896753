"""The command line. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from jointbench import __version__
from jointbench.cli import datasets
from jointbench.cli.calibrate import calibrate
from jointbench.cli.check import check
from jointbench.cli.console import echo, replacing
from jointbench.cli.doctor import doctor
from jointbench.cli.explain import explain
from jointbench.cli.pack import pack
from jointbench.cli.projection import projection
from jointbench.cli.report import report
from jointbench.cli.run import run
from jointbench.cli.scaling import scaling
from jointbench.cli.stopping import Stopped, stopping_on_signals
from jointbench.errors import BadInput

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One network with N outputs, or N networks? Trains both and measures what the choice gains and costs.",
)
app.add_typer(datasets.app, name="datasets")
for command in (run, report, check, explain, scaling, projection, calibrate, doctor, pack):
    app.command()(command)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        echo(f"jointbench {__version__}")
        raise typer.Exit


def main() -> None:
    """The command: a user's mistake is one sentence on standard error and exit code 2 (4 when it had begun)."""
    os.environ.setdefault("PYTHONSAFEPATH", "1")  # no helper process imports a random.py of the current folder
    replacing(sys.stdout)
    try:
        with stopping_on_signals():
            app()
    except BadInput as error:
        sentence = " ".join(str(error).splitlines())  # a name that it quotes may hold a line break
        echo(f"jointbench: {sentence}", err=True)
        raise SystemExit(error.exit_code) from None
    except OSError as error:  # of a path or a process that the commands did not expect to fail
        echo(f"jointbench: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        raise SystemExit(2) from None
    except Stopped as stopped:
        echo(f"jointbench: {stopped.message}", err=True)
        raise SystemExit(stopped.exit_code) from None
