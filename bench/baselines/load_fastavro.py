"""fastavro and clickhouse-driver: the quick parts, by hand."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import fastavro
import httpx2
from clickhouse_driver import Client

from bench.baselines.backlog import CLICKHOUSE, REGISTRY, blocks, columns, row, table_statement

_schemas: dict[int, Any] = {}


def schema_of(value: bytes) -> Any:
    (schema_id,) = struct.unpack_from(">I", value, 1)
    if schema_id not in _schemas:
        text = httpx2.get(f"{REGISTRY}/schemas/ids/{schema_id}").raise_for_status().json()["schema"]
        _schemas[schema_id] = fastavro.parse_schema(json.loads(text))
    return _schemas[schema_id]


def decoded(value: bytes) -> tuple[Any, ...]:
    body = io.BytesIO(value)
    body.seek(5)
    return row(fastavro.schemaless_reader(body, schema_of(value), None))


def main() -> None:
    client = Client.from_url(CLICKHOUSE)
    read = 0
    known: set[str] = set()
    for block in blocks():
        for key, messages in block.items():
            table = key.decode()
            if table not in known:
                found = columns(schema_of(messages[0].value()))
                client.execute(table_statement(table, found))
                known.add(table)
            rows = [decoded(message.value()) for message in messages]
            client.execute(
                f"INSERT INTO {table} VALUES", list(zip(*rows, strict=True)), columnar=True
            )
            read += len(rows)
    print(read)


if __name__ == "__main__":
    main()
