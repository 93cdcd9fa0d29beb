"""Values for the ``{name:Type}`` placeholders of a query. Pure.

ClickHouse fills such placeholders itself, but not over the native protocol of every version, so
they are filled here, in one way for every client: ``{id:UUID}`` becomes
``CAST('0190…' AS UUID)``.  Placeholders inside strings, quoted names and comments stay as they are.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from ch_schema.errors import RefusedError
from ch_schema.quoting import quote_string

_QUOTED_OR_PLACEHOLDER = re.compile(
    r"""
      '(?:[^'\\]|\\.|'')*'  |  "(?:[^"\\]|\\.|"")*"  |  `(?:[^`\\]|\\.|``)*`
    | --[^\n]*              |  /\*.*?\*/
    | \{(?P<name>[A-Za-z_]\w*):(?P<type>[^{}]+)\}
    """,
    re.DOTALL | re.VERBOSE,
)


def bind(sql: str, parameters: Mapping[str, object]) -> str:
    """``sql`` with each placeholder replaced by its value.

    Raises:
        RefusedError: a placeholder without a value, a value without a placeholder, or a value of
            a type that has no literal.
    """
    unused = set(parameters)

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in parameters:
            raise RefusedError(f"the query's placeholder {name} has no value")
        unused.discard(name)
        return f"CAST({_literal(parameters[name])} AS {found['type']})"

    bound = _QUOTED_OR_PLACEHOLDER.sub(fill, sql)
    if unused:
        raise RefusedError(f"the query has no placeholder for {', '.join(sorted(unused))}")
    return bound


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool() | int() | float():
            return str(value)
        case str():
            return quote_string(value)
        case UUID() | Decimal():
            return quote_string(str(value))
        case dt.datetime(tzinfo=dt.tzinfo()):
            text = value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")
            return f"toDateTime64({quote_string(text)}, 6, 'UTC')"
        case dt.date() if not isinstance(value, dt.datetime):
            return quote_string(value.isoformat())
        case list() | tuple():
            return f"[{', '.join(map(_literal, value))}]"
        case _:
            raise RefusedError(f"a {type(value).__name__} is no query parameter")
