"""The same tables for a cluster: statements that run on every server of it. Pure.

``--replicated`` alone keeps one copy of a table per replica.  With a cluster the rows lie in
``<database>_shard``, spread by the hash of what makes an event one (so ``FINAL`` on each shard is
enough), and the tables in ``<database>`` are Distributed over it: loader, views and people ask
those.

The servers' macros ``{shard}`` and ``{replica}`` have to be set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ch_schema.ddl.tables import DEDUPLICATION_WINDOW_BLOCKS, Table, create_database_statement
from ch_schema.ddl.targets import Targets
from ch_schema.ddl.views import View
from ch_schema.quoting import quote_identifier, quote_string


def shard_database(database: str) -> str:
    """Where the rows of the tables in ``database`` lie."""
    return f"{database}_shard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``cluster`` as it is named in the servers' configuration."""

    cluster: str | None = None
    replicated: bool = False

    @property
    def on_cluster(self) -> str:
        """Behind the name in every statement."""
        return f" ON CLUSTER {quote_identifier(self.cluster)}" if self.cluster else ""


def databases(targets: Targets, layout: Layout) -> tuple[str, ...]:
    """Statements that make the databases."""
    shard = (shard_database(targets.databases.tables),) if layout.cluster else ()
    return tuple(
        create_database_statement(name) + layout.on_cluster
        for name in (*shard, *targets.databases.all)
    )


def table_statements(table: Table, layout: Layout) -> tuple[str, ...]:
    """One statement, or with a cluster two: the rows' table and the one that is asked."""
    if not layout.cluster:
        return (_stored(table, layout),)
    stored = replace(table, database=shard_database(table.database))
    arguments = ", ".join(
        (*map(quote_string, (layout.cluster, stored.database, table.name)), _spread_by(table))
    )
    return (
        _stored(stored, layout),
        f"CREATE TABLE IF NOT EXISTS {table.qualified_name}{layout.on_cluster}\n"
        f"(\n{_plain_columns(table)}\n)\n"
        f"ENGINE = Distributed({arguments})\n"
        f"COMMENT {quote_string(table.comment)}",
    )


def view_statement(view: View, layout: Layout) -> str:
    """The view, on every server."""
    head = f"CREATE OR REPLACE VIEW {view.qualified_name}"
    return view.create_statement().replace(head, head + layout.on_cluster, 1)


def _stored(table: Table, layout: Layout) -> str:
    engine, window = "ReplacingMergeTree(", "non_replicated_deduplication_window"
    if layout.replicated:
        path = f"/clickhouse/tables/{{shard}}/{table.database}/{table.name}"
        engine = f"ReplicatedReplacingMergeTree({quote_string(path)}, '{{replica}}', "
        window = "replicated_deduplication_window"
    return (
        f"CREATE TABLE IF NOT EXISTS {table.qualified_name}{layout.on_cluster}\n"
        f"(\n{table.body()}\n)\n"
        f"ENGINE = {engine}{table.version})\n"
        f"{table.layout()}"
        f"SETTINGS {window} = {DEDUPLICATION_WINDOW_BLOCKS}\n"
        f"COMMENT {quote_string(table.comment)}"
    )


def _plain_columns(table: Table) -> str:
    return ",\n".join(
        f"    {quote_identifier(column.name)} {column.type} COMMENT {quote_string(column.comment)}"
        for column in table.columns
    )


def _spread_by(table: Table) -> str:
    """All rows of which one stays lie on one shard."""
    key = "event_id" if table.row_key else table.sorting_key[-1]
    return f"cityHash64({quote_identifier(key)})"
