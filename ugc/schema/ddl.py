"""The statements of an empty database as one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ch_schema.ddl.cluster import Layout, databases, table_statements, view_statement
from ch_schema.ddl.tables import table_for
from ch_schema.ddl.targets import Targets, targets_for
from ch_schema.ddl.views import unique_view
from contracts.model.types import Contract
from ugc.errors import UgcError
from ugc.project.folder import contract_named
from ugc.project.tables import INTERNAL
from ugc.wiring import own_catalog


class NoTableError(UgcError):
    """The event has no table of its own."""


def document(folder: Path, event: str | None, *, cluster: str | None, replicated: bool) -> str:
    """Statements, each ending in ``;`` and a newline.

    Raises:
        ContractError, ReferenceTextError: there is no such event.
        NoTableError: it is one half of a pair.
    """
    catalog = own_catalog(folder)
    layout = Layout(cluster=cluster, replicated=replicated)
    targets = targets_for(catalog, INTERNAL)
    if event is None:
        found = _whole(targets, layout)
    else:
        contract = contract_named(catalog, event)
        if contract.event not in targets.contracts:
            raise NoTableError(f"{contract.event} has no table: it becomes part of a paired event")
        found = _one(contract, targets, layout)
    return "\n".join(f"{statement};\n" for statement in found)


def _whole(targets: Targets, layout: Layout) -> Iterator[str]:
    yield from databases(targets, layout)
    for table in targets.tables:
        yield from table_statements(table, layout)
    yield from (view_statement(view, layout) for view in targets.views)


def _one(contract: Contract, targets: Targets, layout: Layout) -> Iterator[str]:
    table = table_for(contract, targets.databases.tables)
    yield from table_statements(table, layout)
    yield view_statement(unique_view(table, targets.databases.unique), layout)
