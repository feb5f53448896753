"""The command line. Heavy imports happen inside the commands, so that --help answers at once."""

from __future__ import annotations

import os
import sys
from concurrent.futures.process import BrokenProcessPool
from typing import Annotated

import typer

from jointbench import __version__
from jointbench.cli import datasets
from jointbench.cli.calibrate import calibrate
from jointbench.cli.check import check
from jointbench.cli.cluster_info import cluster_info
from jointbench.cli.console import echo, replacing
from jointbench.cli.doctor import doctor
from jointbench.cli.explain import explain
from jointbench.cli.export import export
from jointbench.cli.init import init
from jointbench.cli.judge import judge
from jointbench.cli.pack import pack
from jointbench.cli.projection import projection
from jointbench.cli.report import report
from jointbench.cli.run import run
from jointbench.cli.scaling import scaling
from jointbench.cli.standard_streams import lenient_streams, loss
from jointbench.cli.stopping import Stopped, stopping_on_signals
from jointbench.errors import BadInput, DidNotFinish, shortage

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
for command in (
    run,
    init,
    judge,
    report,
    check,
    explain,
    scaling,
    projection,
    calibrate,
    doctor,
    pack,
    export,
    cluster_info,
):
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
    output = lenient_streams()
    replacing(sys.stdout)
    code, sentence = _ended()
    unprinted, remark = loss(output)
    for text in filter(None, (sentence, remark)):
        echo(f"jointbench: {' '.join(text.splitlines())}", err=True)  # a name that it quotes may hold a line break
    raise SystemExit(code or unprinted)


def _ended() -> tuple[int, str]:
    """The command's exit code, and the sentence that says why where it did not do what was asked."""
    try:
        with stopping_on_signals():
            app()
    except BadInput as error:
        return error.exit_code, str(error)
    except BrokenProcessPool:
        return DidNotFinish.exit_code, "a worker process died (out of memory?)"
    except (MemoryError, RuntimeError, ImportError) as error:
        if (short := shortage(error)) is None:
            raise
        return DidNotFinish.exit_code, short
    except OSError as error:  # of a path or a process that the commands did not expect to fail
        return 2, f"{error.filename or 'the system'}: {error.strerror or error}"
    except Stopped as stopped:
        return stopped.exit_code, stopped.message
    except SystemExit as ended:
        return int(ended.code or 0), ""
    return 0, ""
