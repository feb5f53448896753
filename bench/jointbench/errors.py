"""The exceptions for what a user can mend."""

from __future__ import annotations


class BadInput(Exception):
    """Bad usage or bad data: one sentence that names the file, column or option and the way out.

    The command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 2


class DidNotFinish(BadInput):
    """A command that had begun and was stopped by the machine, such as a full disk: what had finished is kept."""

    exit_code = 4
