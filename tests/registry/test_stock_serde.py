"""confluent-kafka's own Avro serializers read what we write, and we read what they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from contracts.model.loader import load_catalog
from registry.client import ConfluentRegistry
from registry.framing import schema_id_of
from registry.options import RegistryOptions
from registry.serde import Decoder
from tests.support.variants import REGISTRIES
from tests.support.wire import wires

CATALOG = load_catalog()
CONTEXT = SerializationContext("ugc.events", MessageField.VALUE)


@pytest.fixture(params=REGISTRIES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with request.param(tmp_path) as server:
        yield server.url


def test_both_ways(url: str) -> None:
    with (
        closing(ConfluentRegistry(url, RegistryOptions())) as registry,
        SchemaRegistryClient({"url": url}) as client,
    ):
        decoder = Decoder(CATALOG, registry)
        deserialize = AvroDeserializer(client)
        for wire in wires(CATALOG, registry):
            ours = decoder.decode(wire.key, wire.value)
            theirs = deserialize(wire.value, CONTEXT)
            assert isinstance(theirs, dict)
            assert theirs["event_id"] == ours.event_id
            assert theirs["user_id"] == ours.user_id
            assert theirs["timestamp"] == ours.timestamp
            schema = client.get_schema(schema_id_of(wire.value))
            settings = {
                "auto.register.schemas": False,
                "subject.name.strategy": record_subject_name_strategy,
            }
            again = AvroSerializer(client, schema, conf=settings)(theirs, CONTEXT)
            assert again == wire.value
            assert decoder.decode(wire.key, again) == ours
