"""Addresses of tables on the web, and what of them may be written down."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SCHEMES = ("http", "https")
SECRET = re.compile(r"token|key|sig|secret|passw|credential|auth", re.IGNORECASE)
HIDDEN = "hidden"


def is_web_address(word: str) -> bool:
    return word.lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def without_credentials(word: str) -> str:
    """An address without user, password, fragment and the values of parameters that are keys; other words as they are.

    It goes into records and reports, which people share.
    """
    if not is_web_address(word):
        return word
    try:
        parts = urlsplit(word)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return word.partition("://")[0] + "://" + HIDDEN
    host = parts.netloc.rpartition("@")[2]
    if any(SECRET.search(name) for name, _ in query):
        parameters = urlencode([(name, HIDDEN if SECRET.search(name) else value) for name, value in query])
    else:
        parameters = parts.query
    return urlunsplit((parts.scheme, host, parts.path, parameters, ""))
