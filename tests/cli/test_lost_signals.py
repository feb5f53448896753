"""A signal whose exception Python or a library drops ends the command all the same, and a second one still works."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

COMMAND = """
import signal, sys, time, weakref
from jointbench.cli import app
from jointbench.cli.progress import progress_line

class Finalised:
    def __del__(self):
        signal.raise_signal({number})

def in_del():
    Finalised()

def in_callback():
    thing = set()
    reference = weakref.ref(thing, lambda _: signal.raise_signal({number}))
    del thing

def swallowed():
    try:
        signal.raise_signal({number})
    except BaseException:
        pass

def command():
    {lose}()
    if {waits}:
        time.sleep(20)
    with progress_line() as progress:
        progress("training", "", 1, 2)
        print("went on")

app.app = command
app.main()
"""


@pytest.mark.parametrize(
    ("number", "lose", "waits"),
    [
        (signal.SIGINT, "in_del", True),
        (signal.SIGTERM, "in_del", False),
        (signal.SIGTERM, "in_callback", True),
        (signal.SIGINT, "swallowed", False),
    ],
)
def test_a_signal_that_gets_lost_ends_the_command(number: signal.Signals, lose: str, waits: bool) -> None:
    code = COMMAND.format(number=int(number), lose=lose, waits=waits)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False)
    assert (ended.returncode, ended.stderr) == (128 + number, "jointbench: stopped\n")
    assert "went on" not in ended.stdout


def test_other_lost_exceptions_are_still_told() -> None:
    code = COMMAND.format(number=int(signal.SIGINT), lose="in_del", waits=False).replace(
        "signal.raise_signal(2)", "1/0"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False)
    assert "ZeroDivisionError" in ended.stderr
    assert "went on" in ended.stdout


def test_another_signal_while_python_exits_ends_it_without_a_traceback() -> None:
    code = "import atexit\natexit.register(signal.raise_signal, 15)\n"
    code = COMMAND.format(number=int(signal.SIGINT), lose="in_del", waits=True).replace(
        "app.main()", code + "app.main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGTERM, "jointbench: stopped\n")
