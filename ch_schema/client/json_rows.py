"""Rows as JSON, for the HTTP interface and the embedded engine. Pure.

The format is JSONCompactEachRow, one array per row; answers begin with a line of names and a line
of types.  It is exact: integers are read as digits, doubles are written with all of theirs.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from ch_schema.errors import RefusedError
from ch_schema.quoting import quote_identifier, quote_table
from ch_schema.values import (
    CHECKED,
    FLOATS,
    INTEGERS,
    TEXTS,
    Leaves,
    day,
    day_of_16_bits,
    instance,
    instant,
    instant_of_32_bits,
    read_records,
    same,
    scalar,
    uuid,
)

READ_FORMAT = "JSONCompactEachRowWithNamesAndTypes"

READ_SETTINGS: Mapping[str, str | int] = {
    "output_format_json_quote_64bit_floats": 1,  # -0 without quotes would be an integer
    "output_format_json_quote_denormals": 1,
    "output_format_json_quote_decimals": 1,
    "date_time_output_format": "iso",
}


def insert_settings(row_count: int, deduplication_token: str) -> Mapping[str, str | int]:
    """What makes an insert one block, stored whole or not at all, and known by its token."""
    return {
        "async_insert": 0,
        # A Distributed table would else send the rows to their shards some time later.
        "insert_distributed_sync": 1,
        "insert_deduplication_token": deduplication_token,
        # The server gathers rows until either is reached (0: never). In several blocks, the first
        # would be stored when the last is refused.
        "min_insert_block_size_rows": row_count,
        "min_insert_block_size_bytes": 0,
        "max_partitions_per_insert_block": 0,
        "precise_float_parsing": 1,
        "date_time_input_format": "best_effort",
    }


def insert_statement(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The whole INSERT, data included. ``rows`` are as :data:`WRITE_LEAVES` made them."""
    names = ", ".join(map(quote_identifier, columns))
    head = f"INSERT INTO {quote_table(table)} ({names}) FORMAT JSONCompactEachRow"
    return "\n".join((head, *map(_ENCODER.encode, rows))).encode()


def read_rows(body: bytes) -> list[dict[str, Any]]:
    """An answer in :data:`READ_FORMAT`, one dict per row; empty for a statement without rows.

    Raises:
        RefusedError: the query chose another format, names two columns alike, or has a column
            type for which there is no Python value.
    """
    if not body:
        return []
    try:
        names, types, *rows = map(json.loads, body.decode(errors="replace").rstrip().split("\n"))
        return read_records(names, types, rows, READ_LEAVES)
    except (ValueError, TypeError) as error:
        raise RefusedError("the query has a FORMAT of its own; ask for it as text") from error


def _iso(moment: dt.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

WRITE_LEAVES: Leaves = {
    **CHECKED,
    "UUID": scalar(lambda value: str(uuid(value))),
    "Date": scalar(lambda value: day_of_16_bits(value).isoformat()),
    "Date32": scalar(lambda value: day(value).isoformat()),
    "DateTime": scalar(lambda value: _iso(instant_of_32_bits(value))),
    "DateTime64": scalar(lambda value: _iso(instant(value))),
    "Decimal": scalar(lambda value: str(instance(value, (Decimal, int)))),
}
"""Python scalar → what :class:`json.JSONEncoder` writes so that ClickHouse reads it exactly."""

READ_LEAVES: Leaves = {
    # As text come the keys of a Map, and the 64-bit integers of servers that quote them.
    **dict.fromkeys(INTEGERS, scalar(int)),
    **dict.fromkeys(FLOATS, scalar(float)),
    **dict.fromkeys(("Bool", "Nothing", *TEXTS), scalar(same)),
    "UUID": scalar(UUID),
    **dict.fromkeys(("Date", "Date32"), scalar(dt.date.fromisoformat)),
    **dict.fromkeys(("DateTime", "DateTime64"), scalar(dt.datetime.fromisoformat)),
    "Decimal": scalar(Decimal),
}
"""What ClickHouse writes under :data:`READ_SETTINGS` → Python scalar."""
