"""Rows → text, for the native protocol, which leaves formats to the client. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ch_schema.errors import RefusedError

Render = Callable[[Sequence[str], Sequence[Sequence[Any]]], str]
"""Column names and rows of typed values → text, ending in a newline unless empty."""

_CONTROLS = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\b": r"\b", "\f": r"\f", "\0": r"\0"}
_PRETTY_ESCAPES = str.maketrans(_CONTROLS)
_TSV_ESCAPES = str.maketrans(_CONTROLS | {"\\": r"\\"})


def renderer(fmt: str) -> Render:
    """The writer of a format, by ClickHouse's name for it.

    Raises:
        RefusedError: it is not one of those written here.
    """
    if fmt not in _FORMATS:
        raise RefusedError(f"over the native protocol there are {', '.join(_FORMATS)}, no {fmt}")
    return _FORMATS[fmt]


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ")
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=_plain)
        case _:
            return str(value)


def _json_each_row(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return _lines(
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_plain)
        for row in rows
    )


def _csv_cell(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, (bool, int, float)):
        return _plain(value)
    return '"' + _plain(value).replace('"', '""') + '"'


def _tsv_cell(value: Any) -> str:
    return r"\N" if value is None else _plain(value).translate(_TSV_ESCAPES)


def _pretty_cell(value: Any) -> str:
    return "ᴺᵁᴸᴸ" if value is None else _plain(value).translate(_PRETTY_ESCAPES)


def _separated(separator: str, cell: Callable[[Any], str], *, names_first: bool) -> Render:
    def render(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
        head = [names] if names_first else []
        return _lines(separator.join(map(cell, row)) for row in (*head, *rows))

    return render


def _pretty(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return ""
    cells = [list(map(_pretty_cell, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    to_the_right = [isinstance(value, (int, float)) for value in rows[0]]
    top = "┬".join(
        f"─{name}{'─' * (width - len(name))}─" for name, width in zip(names, widths, strict=True)
    )
    body = [
        "│".join(
            f" {cell.rjust(width) if right else cell.ljust(width)} "
            for cell, width, right in zip(line, widths, to_the_right, strict=True)
        )
        for line in cells
    ]
    bottom = "┴".join("─" * (width + 2) for width in widths)
    return _lines((f"┌{top}┐", *(f"│{line}│" for line in body), f"└{bottom}┘"))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


_FORMATS: dict[str, Render] = {
    "PrettyCompact": _pretty,
    "JSONEachRow": _json_each_row,
    "CSV": _separated(",", _csv_cell, names_first=False),
    "CSVWithNames": _separated(",", _csv_cell, names_first=True),
    "TSV": _separated("\t", _tsv_cell, names_first=False),
    "TSVWithNames": _separated("\t", _tsv_cell, names_first=True),
    "TabSeparated": _separated("\t", _tsv_cell, names_first=False),
    "TabSeparatedWithNames": _separated("\t", _tsv_cell, names_first=True),
}
