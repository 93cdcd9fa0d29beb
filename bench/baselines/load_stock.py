"""Confluent's AvroDeserializer and clickhouse-driver: what the libraries' pages show."""

from __future__ import annotations

import json
import os

from clickhouse_driver import Client
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from bench.baselines.backlog import CLICKHOUSE, REGISTRY, blocks, columns, row, table_statement


def main() -> None:
    registry = SchemaRegistryClient({"url": REGISTRY})
    deserialize = AvroDeserializer(registry)
    client = Client.from_url(CLICKHOUSE)
    context = SerializationContext(os.environ["KAFKA_TOPIC"], MessageField.VALUE)
    read = 0
    known: set[str] = set()
    for block in blocks():
        for key, messages in block.items():
            table = key.decode()
            if table not in known:
                text = registry.get_latest_version(f"ugc.events.{table}").schema.schema_str
                client.execute(table_statement(table, columns(json.loads(str(text)))))
                known.add(table)
            rows = [row(deserialize(message.value(), context)) for message in messages]
            client.execute(f"INSERT INTO {table} VALUES", rows)
            read += len(rows)
    print(read)


if __name__ == "__main__":
    main()
