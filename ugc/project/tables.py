"""What ``ugc schema`` and ``ugc init`` compare a database with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.ddl.tables import Table
from ch_schema.ddl.targets import targets_for
from ch_schema.migrate.run import Migrator
from contracts.model.loader import load_catalog
from contracts.settings import Settings
from etl.run.runs_table import RUNS

INTERNAL: tuple[Table, ...] = (RUNS,)
"""Tables of other rooms, made with :func:`ch_schema.ddl.internal.internal_table`."""


def layout(env: Mapping[str, str]) -> Layout:
    """One server, or the cluster that ``CLICKHOUSE_CLUSTER`` names."""
    return Layout.of(Settings(env).optional("CLICKHOUSE_CLUSTER"))


def migrator(client: ClickHouse, folder: Path | None, layout: Layout = ONE_SERVER) -> Migrator:
    """For the contracts in a folder.

    Raises:
        ContractError: one of them is wrong.
        TableError: one of them fits no table.
    """
    return Migrator(client, targets_for(load_catalog(folder), INTERNAL, layout=layout))
