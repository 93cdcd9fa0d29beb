"""The embedded engine as a cluster of one shard: itself; and an event to store there.

It makes Distributed tables and asks them. It does not replicate (``Parameter
'interserver_http(s)_port' required for replication is not specified``) and has no queue of DDL
(``Replicated DDL queries are disabled``): :class:`OneShard` runs here what ``ON CLUSTER`` would run
on every server.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ch_schema.client.embedded import Engine
from ch_schema.client.json_client import JsonClickHouse
from ch_schema.client.protocol import NO_SETTINGS, ClickHouse
from ch_schema.columns import ColumnBlock
from ch_schema.ddl.layout import Layout
from contracts.model.loader import Catalog, load_catalog, parse_contract

LAYOUT = Layout(cluster="main")

_PORT = 9000
"""Nobody listens there: by it the engine knows itself."""
_CONFIG = f"""<clickhouse>
  <tcp_port>{_PORT}</tcp_port>
  <remote_servers><main><shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>{_PORT}</port></replica>
  </shard></main></remote_servers>
</clickhouse>
"""


class OneShard:
    """A :class:`~ch_schema.client.protocol.ClickHouse` that is the only server of its cluster."""

    def __init__(self, client: ClickHouse) -> None:
        self._client = client
        self.ran: list[str] = []
        self.query = client.query
        self.query_text = client.query_text
        self.close = client.close

    def execute(self, sql: str, *, settings: Mapping[str, str | int] = NO_SETTINGS) -> None:
        self.ran.append(sql)
        self._client.execute(sql.replace(LAYOUT.on_cluster, ""), settings=settings)

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        self._client.insert(table, columns, rows, deduplication_token=deduplication_token)

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        self._client.insert_columns(block, deduplication_token=deduplication_token)


def one_shard(folder: Path) -> OneShard:
    """On an empty folder; one process at a time can own it."""
    config = folder / "config.xml"
    config.write_text(_CONFIG)
    return OneShard(JsonClickHouse(Engine(folder / "data", config), "default"))


NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
TEXT = {"type": "string", "maxLength": 9, "description": "A text.", "examples": ["a"]}
ENVELOPES = load_catalog().envelopes


def catalog(*fields: dict[str, Any]) -> Catalog:
    """One event with a version for each set of fields."""
    versions = {
        number: parse_contract(
            "visit",
            number,
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "A visit",
                "description": "A visit.",
                "x-owner": "tests",
                "x-origin": "client",
                "type": "object",
                "additionalProperties": False,
                "required": ["page"],
                "properties": properties,
            },
            Path(f"visit/v{number}.json"),
        )
        for number, properties in enumerate(fields, start=1)
    }
    return Catalog({"visit": versions}, ENVELOPES)


V1 = {"page": TEXT}
V2 = {"page": TEXT, "from_page": TEXT}
NARROW, WIDE = catalog(V1), catalog(V1, V2)


def insert(client: ClickHouse, token: str, **values: Any) -> None:
    row = {
        "event_id": uuid.UUID(int=1),
        "user_id": "u",
        "timestamp": NOW,
        "contract_version": 1,
        "page": "/",
        "kafka_partition": 0,
        "kafka_offset": 0,
        "loaded_at": NOW,
        "row_version": 1,
        **values,
    }
    client.insert("ugc.visit", list(row), [list(row.values())], deduplication_token=token)


def counted(client: ClickHouse, source: str) -> int:
    (found,) = client.query(f"SELECT count() AS n FROM {source}")
    return int(found["n"])
