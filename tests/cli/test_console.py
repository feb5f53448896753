"""What is printed: names never command the terminal, and no encoding ends a command in an error."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from rich.progress import Progress
from rich.table import Table

from jointbench.cli.app import main
from jointbench.cli.console import echo, make_console
from jointbench.data.catalog import cards
from jointbench.report.explained_page import print_answer
from planted_answers import planted_answers

CLI = Path(__file__).parents[2] / "bench" / "jointbench" / "cli"
HOSTILE = "\x1b[31mred\x1b]8;;http://evil\x07\u202egnp.exe\x9b2J\rover\udce9"
COMMANDING = "\x1b\x07\u202e\x9b\r"


def printed(encoding: str, show: Callable[[], object]) -> str:
    """What a terminal of this encoding gets, strict as Python opens it."""
    raw = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="\n")) as stream:
        show()
        stream.flush()
        return raw.getvalue().decode(encoding)


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_commands_print_in_one_place_only() -> None:
    """Whatever a command prints goes through make_console() or echo()."""
    for path in (*CLI.glob("*.py"), CLI.parents[1] / "conftest.py"):
        if path.name != "console.py":
            direct = {"Console", "typer.echo", "typer.secho", "rich.print"} & set(_calls(path))
            assert not direct, path.name


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "utf-8"])
def test_no_name_commands_the_terminal_in_any_encoding(encoding: str) -> None:
    def show() -> None:
        console = make_console()
        table = Table(HOSTILE, title=HOSTILE)
        table.add_row(HOSTILE)
        console.print(f"a {HOSTILE} b", markup=False, highlight=False)
        console.print(table)
        with Progress(console=console) as bars:
            bars.update(bars.add_task(HOSTILE, total=1), completed=1)
        echo(f"a {HOSTILE} b")

    text = printed(encoding, show)
    assert not set(COMMANDING) & set(text)
    assert text.count("[31mred") == 6


def test_colours_are_still_the_console_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = printed("utf-8", lambda: make_console().print(HOSTILE, style="bold", markup=False))
    assert text.startswith("\x1b[1m")
    assert "\x1b[31m" not in text


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("−0.1 ± 0.2", "-0.1 +/- 0.2"),
        ("≈ 0.7×, ≤ 3 µs", "~ 0.7x, <= 3 us"),
        ("R² of café…", "R2 of cafe..."),
        ("日 \udce9", "? ?"),
    ],
)
def test_what_the_terminal_lacks_reads_much_the_same(text: str, ascii_text: str) -> None:
    assert printed("ascii", lambda: echo(text)) == ascii_text + "\n"


def test_what_the_terminal_has_stays() -> None:
    assert printed("cp1252", lambda: echo("0.1 ± 0.2 × é…")) == "0.1 ± 0.2 × é…\n"
    assert printed("utf-8", lambda: echo("−0.1 ≈ 日")) == "−0.1 ≈ 日\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_answers_and_datasets_print_on_every_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(encoding, lambda: [print_answer(answer, make_console()) for answer in planted_answers()])
    assert "One set" in text
    monkeypatch.setattr(sys, "argv", ["jointbench", "datasets", "list"])

    def datasets() -> None:
        with pytest.raises(SystemExit):
            main()

    assert "licence" in printed(encoding, datasets)


def test_bad_input_quotes_no_command_and_stays_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text('"\x1b[31mred\ntwo lines",y\n1,2\n3,4\n', encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["jointbench", "run", str(table), "--target", "nope"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert "red two lines" in message
    assert message.count("\n") == 1
    assert "\x1b" not in message


def test_a_real_terminal_of_ascii_lists_the_datasets() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jointbench", "datasets", "list"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert all(slug[:5] in done.stdout.decode("ascii") for slug in cards())
