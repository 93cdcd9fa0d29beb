"""The embedded engine as a cluster of one shard: itself.

It makes Distributed tables and asks them. It does not replicate (``Parameter
'interserver_http(s)_port' required for replication is not specified``) and has no queue of DDL
(``Replicated DDL queries are disabled``): :class:`OneShard` runs here what ``ON CLUSTER`` would run
on every server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ch_schema.client.embedded import Engine
from ch_schema.client.json_client import JsonClickHouse
from ch_schema.client.protocol import NO_SETTINGS, ClickHouse
from ch_schema.columns import ColumnBlock
from ch_schema.ddl.layout import Layout

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
