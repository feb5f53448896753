"""The README's examples in Python run as they stand, one after the other."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"


def examples() -> list[str]:
    """The indented blocks that import something, in their order."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", README.read_text(encoding="utf-8"), re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if re.search(r"^    (import|from) ", block, re.MULTILINE)]


@pytest.mark.slow
def test_the_examples_run_and_the_first_gives_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    names: dict[str, Any] = {}
    printed = []
    for example in examples():
        exec(compile(example, "README.md", "exec"), names)  # noqa: S102  # this repository's own text
        printed.append(capsys.readouterr().out)
    assert printed[0].split(":")[0] in ("joint", "separate", "equivalent", "open")
    assert names["result"].verdict in ("joint", "separate", "equivalent", "open")


def test_the_examples_are_python_that_names_what_there_is() -> None:
    codes = [compile(example, "README.md", "exec") for example in examples()]
    assert len(codes) == 3
    assert {"compare", "verdict", "reason"} <= set(codes[0].co_names)
