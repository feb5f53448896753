"""Names that a user's table may hold: they show as text everywhere and command nothing."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from jointbench.cli.console import replacing
from jointbench.cli.safe_console import SafeConsole
from jointbench.report import format as show
from jointbench.report.embed import summary_json
from jointbench.report.markdown import escape, markdown_report
from jointbench.report.page import render
from jointbench.report.terminal import terminal_report

IMAGE = "<img src=x onerror=alert(1)>"
LONG = "verylongname" * 25
NAMES = (
    IMAGE,
    LONG,
    "</script><script>alert(2)</script>",
    "</style></svg></title>",
    "--> ]]> <!-- &lt;b&gt;",
    "'\" onmouseover=alert(3) x='",
    "{{ 7 * 191 }}{% raw %}",
    "$x_2^{3}$ \\frac",
    "_hidden",
    "[bold red]x[/bold red][/]",
    "a|b`c`*d*_e_~f~",
    "[x](javascript:alert(4))",
    "@octocat #1 https://evil.example www.evil.example",
    "\x1b[31mred\x1b]8;;http://evil\x07",
    "two\nlines\r\tand a tab",
    "\u202egnp.exe\u2066",
    "日本語 ñ 🙂",
    "\ud800 alone",
    "-0.5",
    " ",
)


@pytest.fixture(scope="module")
def hostile(maker: Callable[..., Any]) -> Any:
    return maker(
        datasets=((IMAGE, NAMES), (LONG, (NAMES[2], NAMES[5]))),
        backends=(NAMES[3], NAMES[9]),
        absent=NAMES[9],
        others=(NAMES[5], LONG, NAMES[10]),
        joint=NAMES[2],
        note=NAMES[4],
        folds=3,
    )


@pytest.fixture(scope="module")
def html(hostile: Any) -> str:
    return render(hostile.summary(), {IMAGE: LONG, NAMES[13]: NAMES[2]}, IMAGE, hostile.fits())


def test_the_page_holds_only_elements_that_we_wrote(html: str, parse: Callable[[str], Any]) -> None:
    root = parse(html)
    assert root.all("img") == []
    assert len(root.all("script")) == 1
    assert len(root.all("style")) == 1
    assert not any(key.startswith("on") for node in root.walk() for key in node.attributes)
    assert not any(character in html for character in "\x1b\x07\u202e\u2066\ud800")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_shows_as_text(name: str, html: str, parse: Callable[[str], Any]) -> None:
    text = parse(html).text
    assert show.plain(name) in text


def test_names_in_figures_are_text_and_short(html: str, parse: Callable[[str], Any]) -> None:
    texts = [node.text for svg in parse(html).all("svg") for node in svg.all("text")]
    assert max(map(len, texts)) < 70
    assert any("$x_2^{3}$" in text for text in texts), "no mathematics is made of it"
    assert any("onerror" in text for text in texts)


def test_long_names_may_break(html: str, parse: Callable[[str], Any]) -> None:
    cells = [cell for cell in parse(html).all("th") + parse(html).all("td") if LONG in cell.text]
    assert cells
    assert all("long" in cell.classes for cell in cells)


@pytest.mark.parametrize("width", [60, 80, 110, 160, 240])
def test_the_terminal_obeys_no_name(hostile: Any, width: int) -> None:
    stream = io.StringIO()
    terminal_report(hostile.summary(), Console(file=stream, width=width, force_terminal=False))
    text = stream.getvalue()
    assert not any(character in text for character in "\x1b\x07\u202e")
    wrapped = [
        line.rstrip() for line in text.splitlines() if not line.startswith("    jointbench run ")
    ]  # to be copied
    assert max(map(len, wrapped)) <= width
    assert IMAGE in text
    assert "[bold red]x[/bold red][/]" in " ".join(text.split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_the_closing_table_ends_well_on_every_terminal(hostile: Any, encoding: str) -> None:
    raw = io.BytesIO()
    stream = replacing(io.TextIOWrapper(raw, encoding=encoding, errors="strict"))
    terminal_report(hostile.summary(), SafeConsole(file=stream, width=110))
    stream.flush()
    text = raw.getvalue().decode(encoding)
    assert ("\N{MINUS SIGN}0." if encoding == "utf-8" else "-0.") in text
    assert not set("\x1b\x07\u202e") & set(text)


def test_a_command_with_a_name_that_is_no_utf_8_can_be_written(hostile: Any) -> None:
    """The bytes of such a file's name are lone surrogates in Python, which no file in UTF-8 can hold."""
    summary = replace(hostile.summary(), command="jointbench run caf\udce9.csv --out  two", notes=("caf\udce9",))
    page = render(summary, {"CPU": "caf\udce9"})
    assert b"caf\xef\xbf\xbd.csv --out  two" in page.encode("utf-8")
    assert "caf\ufffd" in json.dumps(json.loads(summary_json(summary)), ensure_ascii=False).encode().decode()
    markdown_report(summary).encode("utf-8")


def test_markdown_tables_keep_their_columns(hostile: Any) -> None:
    rows = [line for line in markdown_report(hostile.summary()).splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 2 * 3 + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {14}


@pytest.mark.parametrize("name", NAMES)
def test_markdown_commands_nothing(name: str) -> None:
    escaped = escape(name)
    assert "<" not in escaped
    assert not re.search(r"(?<!\\)[`*_~\[\]|!]", escaped)
    assert not re.search(r"@\w|://|www\.\w|#\d", escaped)
    assert "\n" not in escaped


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a_b", "a\\_b"), ("x & y", "x &amp; y"), ("&lt;", "&amp;lt;"), ("1 < 2", "1 &lt; 2"), ("@me", "@\u200bme")],
)
def test_markdown_shows_the_name(name: str, escaped: str) -> None:
    assert escape(name) == escaped
