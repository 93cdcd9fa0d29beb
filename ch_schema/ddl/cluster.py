"""The tables that are asked on a cluster. Pure.

The rows lie in ``ugc_shard``, spread by the hash of what makes an event one (so ``FINAL`` on each
shard is enough), and the tables in ``ugc`` are Distributed over it: loader, views and people ask
those.  They hold no rows, so a change makes them anew, as it does a view.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ch_schema.ddl.layout import Layout
from ch_schema.ddl.tables import DATABASE, Table, create_database_statement
from ch_schema.quoting import quote_identifier, quote_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A Distributed table in ``database`` over ``stored``, which lies on every shard."""

    database: str
    stored: Table

    @property
    def name(self) -> str:
        """The stored table's."""
        return self.stored.name

    @property
    def full_comment(self) -> str:
        """With a digest of what it says, by which a change is seen."""
        digest = hashlib.sha256(self._body().encode()).hexdigest()[:12]
        return f"{self.stored.comment} [{digest}]"

    def create_statement(self) -> str:
        """Repeating it is harmless; who asks sees the old table or the new."""
        return self._statement("CREATE OR REPLACE TABLE")

    def first_statement(self) -> str:
        """The same where there is none yet."""
        return self._statement("CREATE TABLE IF NOT EXISTS")

    def _statement(self, create: str) -> str:
        name = f"{quote_identifier(self.database)}.{quote_identifier(self.name)}"
        comment = quote_string(self.full_comment)
        return f"{create} {name}{self.stored.placed.on_cluster}\n{self._body()}\nCOMMENT {comment}"

    def _body(self) -> str:
        table = self.stored
        columns = ",\n".join(
            f"    {quote_identifier(each.name)} {each.type} COMMENT {quote_string(each.comment)}"
            for each in table.columns
        )
        place = (table.placed.cluster or "", table.database, table.name)
        arguments = ", ".join((*map(quote_string, place), _spread_by(table)))
        return f"(\n{columns}\n)\nENGINE = Distributed({arguments})"


def first_statements(table: Table, layout: Layout, database: str = DATABASE) -> tuple[str, ...]:
    """What makes a table and the databases that it needs where there is nothing yet."""
    stored = table.on(layout, database)
    needed = tuple(dict.fromkeys((stored.database, database)))
    return (
        *(create_database_statement(name, layout) for name in needed),
        stored.create_statement(),
        *(each.first_statement() for each in spread_over((stored,), database)),
    )


def spread_over(tables: tuple[Table, ...], database: str) -> tuple[Spread, ...]:
    """Those of tables that lie on a cluster."""
    return tuple(
        Spread(database=database, stored=table) for table in tables if table.placed.cluster
    )


def _spread_by(table: Table) -> str:
    """All rows of which one stays lie on one shard."""
    key = "event_id" if table.row_key else table.sorting_key[-1]
    return f"cityHash64({quote_identifier(key)})"
