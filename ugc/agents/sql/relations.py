"""What a query may read: the views, tables and reports, each with its columns. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ch_schema.ddl.dictionary import column_names
from ch_schema.ddl.tables import table_for
from ch_schema.ddl.targets import targets_for
from ch_schema.ddl.views import View
from ch_schema.quoting import quote_identifier
from contracts.model.loader import Catalog
from etl.run.runs_table import RUNS
from ugc.project.tables import INTERNAL

Name = tuple[str, str]
"""Database and table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """``hidden`` are the columns that a query does not get: those marked ``x-pii``."""

    database: str
    name: str
    columns: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """As a query names it."""
        return f"{self.database}.{self.name}"

    def select(self) -> str:
        """The query that has the columns that are shown, and no other."""
        columns = ", ".join(map(quote_identifier, self.columns))
        source = f"{quote_identifier(self.database)}.{quote_identifier(self.name)}"
        return f"SELECT {columns} FROM {source}"  # noqa: S608 - quoted


def relations(catalog: Catalog, *, with_personal: bool = False) -> Mapping[Name, Relation]:
    """Everything that can be asked.

    A column is personal when any version of the contract marks it so: rows of all versions lie in
    one table.  A report that has such a column among its own is left out whole.

    Raises:
        TableError: a contract that no table can hold.
    """
    found = _each(catalog, with_personal=with_personal)
    return {(each.database, each.name): each for each in found}


def _each(catalog: Catalog, *, with_personal: bool) -> Iterator[Relation]:
    targets = targets_for(catalog, INTERNAL)
    names = targets.databases
    personal: dict[str, frozenset[str]] = {}
    for contract in catalog.tables:
        marked = personal[contract.event] = _personal(catalog, contract.event)
        columns = tuple(column.name for column in table_for(contract).columns)
        shown = tuple(each for each in columns if with_personal or each not in marked)
        hidden = tuple(each for each in columns if each not in shown)
        # The tables themselves hold an event twice for a while; FINAL cannot be said of a query.
        yield Relation(database=names.unique, name=contract.event, columns=shown, hidden=hidden)
    for view in targets.views:
        if view.database == names.reports and (with_personal or not _tells(view, personal)):
            columns = tuple(column_names(view))
            yield Relation(database=names.reports, name=view.name, columns=columns)
    runs = tuple(column.name for column in RUNS.columns)
    yield Relation(database=names.tables, name=RUNS.name, columns=runs)


def _personal(catalog: Catalog, event: str) -> frozenset[str]:
    return frozenset(
        column.name
        for contract in catalog.versions[event].values()
        for column in table_for(contract).columns
        if column.pii is not None
    )


def _tells(view: View, personal: Mapping[str, frozenset[str]]) -> bool:
    """Whether a report shows values of a personal column, or sums it up."""
    event, parted, field = view.name.partition("__")
    marked = personal.get(event, frozenset()) if parted else frozenset()
    own = {column.removesuffix("__value") for column in column_names(view)}
    return bool(marked & {*own, field})
