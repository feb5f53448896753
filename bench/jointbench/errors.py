"""The one exception for what a user can mend."""

from __future__ import annotations


class BadInput(Exception):
    """Bad usage or bad data: one sentence that names the file, column or option and the way out.

    The command line prints it without a traceback and exits with code 2.
    """
