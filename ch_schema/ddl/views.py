"""Views for people who ask questions. Pure.

``ugc_unique.<event>`` has the rows of ``ugc.<event>`` without duplicates, also for a query that
does not say ``FINAL``.  Its name is the event's own in another database, so no event's name is ever
taken, and rights can be given on the database as a whole.  ``ugc_reports`` holds ready answers; see
:mod:`ch_schema.ddl.reports`.  Where the project's database is another than ``ugc``
(:mod:`contracts.naming`), its name stands for it in all three.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ch_schema.ddl.tables import Table
from ch_schema.quoting import quote_identifier, quote_string
from contracts.naming import DATABASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """Names of a project's databases; others for a dry run."""

    tables: str = DATABASE
    unique: str = f"{DATABASE}_unique"
    reports: str = f"{DATABASE}_reports"

    @classmethod
    def beside(cls, tables: str) -> Databases:
        """Those of the project whose tables are in ``tables``."""
        return cls(tables=tables, unique=f"{tables}_unique", reports=f"{tables}_reports")

    @property
    def all(self) -> tuple[str, ...]:
        """In the order in which they are made."""
        return (self.tables, self.unique, self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A stored query."""

    database: str
    name: str
    select: str
    comment: str
    types: str = ""
    """Of the columns that it reads: a view keeps those of the time when it was made."""
    columns: str = ""
    """Names, types and comments of its own, where they are said; else the query's names alone."""
    on_cluster: str = ""
    """See :attr:`ch_schema.ddl.layout.Layout.on_cluster`."""

    @property
    def qualified_name(self) -> str:
        """Database and view, quoted."""
        return f"{quote_identifier(self.database)}.{quote_identifier(self.name)}"

    @property
    def full_comment(self) -> str:
        """With a digest of what it says: the server keeps the text of a view in another form."""
        said = "\0".join((self.select, self.types, *filter(None, (self.columns,))))
        return f"{self.comment} [{hashlib.sha256(said.encode()).hexdigest()[:12]}]"

    def create_statement(self) -> str:
        """The whole statement. Repeating it is harmless; readers see the old view or the new."""
        comment = quote_string(self.full_comment)
        name = f"{self.qualified_name}{self.on_cluster}"
        columns = f" (\n{self.columns}\n)" if self.columns else ""
        return f"CREATE OR REPLACE VIEW {name}{columns} AS\n{self.select}\nCOMMENT {comment}"


def unique_view(table: Table, database: str) -> View:
    """The table's rows, one per event.

    Its columns have the comments of the table's.

    The setting is the server's default: with the other value, events that were sent again in
    another month would be there twice.  Here it also holds for a session that says otherwise.
    """
    columns = ",\n".join(f"    {quote_identifier(column.name)}" for column in table.columns)
    return View(
        database=database,
        name=table.name,
        select=(
            f"SELECT\n{columns}\nFROM {table.qualified_name} FINAL\n"
            "SETTINGS do_not_merge_across_partitions_select_final = 0"
        ),
        comment=f"{table.comment}; without duplicates",
        columns=",\n".join(
            f"    {quote_identifier(column.name)} {column.type}"
            f" COMMENT {quote_string(column.comment)}"
            for column in table.columns
        ),
    )


def types_of(table: Table) -> str:
    """For :attr:`View.types`."""
    return ", ".join(column.type for column in table.columns)
