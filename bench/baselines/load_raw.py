"""Raw Avro, re-framed into container files for ClickHouse, which decodes them itself."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from typing import Any

import httpx2

from bench.baselines.backlog import REGISTRY, blocks, columns, table_statement

_SYNC = b"0123456789abcdef"


def main() -> None:
    registry = httpx2.Client(base_url=REGISTRY)
    clickhouse = httpx2.Client(base_url=os.environ["CLICKHOUSE_URL"], timeout=60)
    known: dict[bytes, bytes] = {}
    read = 0
    for block in blocks():
        for key, messages in block.items():
            table = f"baseline.{key.decode()}"
            bodies: dict[bytes, list[bytes]] = defaultdict(list)
            for message in messages:
                value = message.value()
                bodies[value[:5]].append(value[5:])
            for head, parts in bodies.items():
                if head not in known:
                    path = f"/schemas/ids/{int.from_bytes(head[1:])}"
                    text = registry.get(path).raise_for_status().json()["schema"]
                    made = table_statement(table, columns(json.loads(text)))
                    clickhouse.post("/", content=made).raise_for_status()
                    known[head] = container_head(text)
                content = known[head] + container_block(parts)
                statement = {"query": f"INSERT INTO {table} FORMAT Avro"}
                clickhouse.post("/", params=statement, content=content).raise_for_status()
            read += len(messages)
    print(read)


def container_head(schema: str) -> bytes:
    text = schema.encode()
    codec = number(10) + b"avro.codec" + number(4) + b"null"
    metadata = number(11) + b"avro.schema" + number(len(text)) + text
    return b"Obj\x01" + number(2) + metadata + codec + number(0) + _SYNC


def container_block(parts: list[Any]) -> bytes:
    body = b"".join(parts)
    return number(len(parts)) + number(len(body)) + body + _SYNC


def number(value: int) -> bytes:
    """Avro's long: zigzag, seven bits at a time."""
    value <<= 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


if __name__ == "__main__":
    main()
