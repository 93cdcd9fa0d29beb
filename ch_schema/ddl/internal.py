"""Tables that belong to the tool rather than to an event. Pure.

To add one: make it with :func:`internal_table` next to the code that fills it, and name it where
the targets are put together (``ugc/project/tables.py``; the loader's own in ``etl/app.py``).  It is
then created and altered by the same runner as every event's table: a new column must be
``Nullable``, or have a default that says the truth about old rows.
"""

from __future__ import annotations

from ch_schema.ddl.tables import Column, Table


def internal_table(
    name: str,
    columns: tuple[Column, ...],
    *,
    key: tuple[str, ...],
    time: str,
    version: str,
    comment: str,
    retention_days: int | None = None,
) -> Table:
    """A table of the tool's own; the targets put it into the events' database.

    Args:
        name: no event may have it.
        columns: all of them; types as ClickHouse itself writes them.
        key: the sorting key; of rows that agree on it the highest ``version`` stays (``FINAL``).
        time: the DateTime64 column of the monthly partitions and of the lifetime.  Rows of one
            key have to agree on it.
        version: an unsigned integer column.
        comment: what the table is for.
        retention_days: after so many days rows go; ``None``: never.
    """
    return Table(
        name=name,
        columns=columns,
        sorting_key=key,
        row_key=(),
        retention_days=retention_days,
        comment=comment,
        version=version,
        time=time,
        indexes=(),
    )


_TIME = "DateTime64(3, 'UTC')"

MIGRATIONS = internal_table(
    "schema_migrations",
    (
        Column("id", "UUID", "One per step, or per contract version that was met"),
        Column("object", "String", "Table or view that the step is about"),
        Column("contract", "String", "Contract version that asks for it, as event@N; else empty"),
        Column("contract_checksum", "String", "SHA-256 of what that contract says; else empty"),
        Column("effect", "LowCardinality(String)", "What the step does to stored rows"),
        Column("statement", "String", "The statement; empty where there was none to run"),
        Column("checksum", "String", "SHA-256 of the statement"),
        Column("state", "LowCardinality(String)", "begun or done"),
        Column("begun_at", _TIME, "When it was about to be run (UTC)"),
        Column("ended_at", f"Nullable({_TIME})", "When it was known to be done (UTC)"),
        Column("applied_by", "String", "Program, machine and process"),
        Column("version", "UInt8", "1 begun, 2 done; the highest stays"),
    ),
    key=("begun_at", "id"),
    time="begun_at",
    version="version",
    comment="Every step that ugc schema apply, or a start of the loader, took",
)
"""The record of :mod:`ch_schema.migrate.history`."""

ERASED_USERS = internal_table(
    "erased_users",
    (
        Column("user_hash", "FixedString(64)", "SHA-256 of the user's id, in hexadecimal"),
        Column("erased_at", _TIME, "Events up to this time were erased (UTC)"),
        Column("version", "UInt64", "Milliseconds of erased_at; the highest stays"),
        Column("epoch", _TIME, "Always 1970: keeps every row in one partition"),
    ),
    key=("user_hash",),
    time="epoch",
    version="version",
    comment="Who was erased, as hashes, so that loading again does not bring anything back",
)
"""Read by the loader; see :mod:`ch_schema.migrate.erasure`."""
