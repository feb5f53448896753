"""The README's example in Python runs as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def example() -> str:
    """The indented block that imports jointbench."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", README.read_text(encoding="utf-8"), re.MULTILINE)
    (found,) = (block for block in blocks if "import jointbench" in block)
    return textwrap.dedent(found)


@pytest.mark.slow
def test_the_example_gives_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example(), "README.md", "exec"), {})  # noqa: S102  # this repository's own text
    assert capsys.readouterr().out.split(":")[0] in ("joint", "separate", "equivalent", "open")


def test_the_example_is_python_that_names_what_there_is() -> None:
    code = compile(example(), "README.md", "exec")
    assert {"compare", "verdict", "reason"} <= set(code.co_names)
