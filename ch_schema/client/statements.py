"""What has to be known about a statement before it is sent. Pure."""

from __future__ import annotations

import re

_ON_A_DATABASE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:CREATE|DROP|ATTACH|DETACH)\s+DATABASE\b",
    re.DOTALL | re.IGNORECASE,
)


def makes_database(sql: str) -> bool:
    """Whether the statement makes or drops a database, so that none may be needed to run it.

    ClickHouse refuses every statement sent along with the name of a database that is missing,
    even the one that would make it.
    """
    return _ON_A_DATABASE.match(sql) is not None
