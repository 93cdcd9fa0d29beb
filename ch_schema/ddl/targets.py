"""Everything that a database should hold, from the contracts. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ch_schema.ddl.cluster import Spread, spread_over
from ch_schema.ddl.internal import ERASED_USERS, MIGRATIONS
from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.ddl.reports import reports
from ch_schema.ddl.tables import Table, table_for
from ch_schema.ddl.views import Databases, View, unique_view
from contracts.model.loader import Catalog
from contracts.model.types import Contract

OWN_TABLES = (MIGRATIONS, ERASED_USERS)
"""The tables that this package itself needs. Those of others come as arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What there should be.

    ``contracts``: table → the contract version that it is made of.  ``versions``: every contract
    version, as ``event@N`` → checksum of what it says.  ``tables`` hold the rows; on a cluster
    those that are asked are ``spread`` over them.
    """

    databases: Databases
    tables: tuple[Table, ...]
    views: tuple[View, ...]
    contracts: Mapping[str, str]
    versions: Mapping[str, str]
    catalog: Catalog
    internal: tuple[Table, ...] = ()
    layout: Layout = ONE_SERVER
    spread: tuple[Spread, ...] = ()

    @property
    def stored_in(self) -> str:
        """The database of the rows."""
        return self.layout.stored_in(self.databases.tables)

    @property
    def all_databases(self) -> tuple[str, ...]:
        """In the order in which they are made."""
        return tuple(dict.fromkeys((self.stored_in, *self.databases.all)))

    def moved(self, databases: Databases) -> Targets:
        """The same in other databases."""
        return targets_for(self.catalog, self.internal, databases, self.layout)


def targets_for(
    catalog: Catalog,
    internal: tuple[Table, ...] = (),
    databases: Databases | None = None,
    layout: Layout = ONE_SERVER,
) -> Targets:
    """The tables and views of all contracts, and the tool's own tables.

    Raises:
        TableError: a contract that no table can hold.
    """
    names = databases or Databases()
    made = [
        (contract, replace(table_for(contract), database=names.tables))
        for contract in catalog.tables
    ]
    tables = [table for _, table in made]
    stored = tuple(table.on(layout, names.tables) for table in (*OWN_TABLES, *internal, *tables))
    views = (*(unique_view(table, names.unique) for table in tables), *reports(made, names))
    return Targets(
        databases=names,
        tables=stored,
        views=tuple(replace(view, on_cluster=layout.on_cluster) for view in views),
        layout=layout,
        spread=spread_over(stored, names.tables),
        contracts={contract.event: contract.id for contract, _ in made},
        catalog=catalog,
        internal=internal,
        versions={contract.id: contract_checksum(contract) for contract in catalog},
    )


def contract_checksum(contract: Contract) -> str:
    """Of all that a merged version never changes; its end may be announced later."""
    said = {name: value for name, value in contract.schema.items() if name != "x-deprecated"}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
