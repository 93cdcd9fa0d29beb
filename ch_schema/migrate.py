"""Brings a database to what the contracts describe."""

from __future__ import annotations

from ch_schema.client import ClickHouse
from ch_schema.tables import create_database_statement, table_for
from contracts.loader import Catalog


def statements(catalog: Catalog) -> tuple[str, ...]:
    """Every statement of an empty database, in order. Each is harmless when repeated."""
    tables = (table_for(contract).create_statement() for contract in catalog.tables)
    return (create_database_statement(), *tables)


def ensure_tables(client: ClickHouse, catalog: Catalog) -> tuple[str, ...]:
    """Creates what is missing and returns the statements that were run.

    Raises:
        ClickHouseError: as :meth:`ch_schema.client.ClickHouse.execute` does.
    """
    wanted = statements(catalog)
    for statement in wanted:
        client.execute(statement)
    return wanted
