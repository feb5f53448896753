"""Where commands print. No name commands the terminal, and no character that it lacks ends a command.

Every command prints through ``make_console()`` or ``echo``.
"""

from __future__ import annotations

import codecs
import io
import shlex
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

REPLACING = "jointbench.replacing"  # the name under which the handler of unencodable characters is registered
SIMILAR = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{ALMOST EQUAL TO}": "~",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{MICRO SIGN}": "u",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{ZERO WIDTH SPACE}": "",
}


def make_console(*, err: bool = False) -> Console:
    """A console on standard output, or on standard error."""
    from jointbench.cli.safe_console import SafeConsole

    return SafeConsole(file=replacing(sys.stderr if err else sys.stdout))


def echo(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Prints a text of one or more lines, on standard error where asked."""
    from jointbench.report.format import printable

    stream = replacing(sys.stderr if err else sys.stdout)
    typer.echo(printable(text) + end, file=stream, nl=False)


def typed_command(*more: str) -> str:
    """The command as it was typed, for the folder that it fills. more: words to put behind the command's name."""
    from jointbench.data.web_address import without_credentials
    from jointbench.records.strict_json import well_formed

    words = [without_credentials(word) for word in sys.argv[1:]]
    return well_formed(shlex.join(["jointbench", *words[:1], *more, *words[1:]]))


def replacing(stream: TextIO) -> TextIO:
    """The stream, which from now on replaces what its encoding lacks instead of raising UnicodeEncodeError."""
    codecs.register_error(REPLACING, _replace)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=REPLACING)
    return stream


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_similar, error.object[error.start : error.end])), error.end


def _similar(character: str) -> str:
    """A character of ASCII, or a few, that read much the same; a question mark where there is none."""
    if character in SIMILAR:
        return SIMILAR[character]
    decomposed = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return decomposed or "?"
