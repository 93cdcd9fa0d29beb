"""The statements of an empty database as one document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ch_schema.ddl.cluster import spread_over
from ch_schema.ddl.layout import Layout
from ch_schema.ddl.tables import Table, create_database_statement, table_for
from ch_schema.ddl.targets import Targets, targets_for
from ch_schema.ddl.views import unique_view
from contracts.model.loader import load_catalog
from ugc.errors import UgcError
from ugc.project.folder import contract_named
from ugc.project.tables import INTERNAL


class NoTableError(UgcError):
    """The event has no table of its own."""


def document(
    folder: Path | None, event: str | None, *, cluster: str | None, replicated: bool
) -> str:
    """Statements, each ending in ``;`` and a newline.

    Raises:
        ContractError, ReferenceTextError: there is no such event.
        NoTableError: it is one half of a pair.
    """
    catalog = load_catalog(folder)
    layout = Layout(cluster=cluster, replicated=replicated)
    targets = targets_for(catalog, INTERNAL, layout=layout)
    if event is None:
        found = _whole(targets)
    else:
        contract = contract_named(catalog, event)
        if contract.event not in targets.contracts:
            raise NoTableError(f"{contract.event} has no table: it becomes part of a paired event")
        found = _one(table_for(contract), targets)
    return "\n".join(f"{statement};\n" for statement in found)


def _whole(targets: Targets) -> Iterator[str]:
    yield from (create_database_statement(name, targets.layout) for name in targets.all_databases)
    for table in targets.tables:
        yield from _stored(table, targets)
    yield from (view.create_statement() for view in targets.views)


def _one(table: Table, targets: Targets) -> Iterator[str]:
    names, layout = targets.databases, targets.layout
    yield from _stored(table.on(layout, names.tables), targets)
    view = unique_view(table, names.unique)
    yield replace(view, on_cluster=layout.on_cluster).create_statement()


def _stored(table: Table, targets: Targets) -> Iterator[str]:
    yield table.create_statement()
    for spread in spread_over((table,), targets.databases.tables):
        yield spread.create_statement()
