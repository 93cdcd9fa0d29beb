"""Exact decimals in Avro: what other readers make of them, and versions of more or fewer digits."""

from __future__ import annotations

import io
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import pytest

from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.reasons import Reason
from registry import framing
from registry.avro import avro_schema, schema_text
from registry.columns import MisfitError
from registry.compatibility import incompatibilities, resolve
from registry.errors import UndecodableError
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.api.world import NOW
from tests.support.register import register_all
from tests.support.shapes import SCHEMA

ENVELOPES = load_catalog().envelopes


def schema(precision: int, scale: int = 2) -> dict[str, Any]:
    price = {
        "type": ["string", "number"],
        "x-decimal": {"precision": precision, "scale": scale},
        "description": "A price.",
    }
    return {**SCHEMA, "required": ["price"], "properties": {"price": price}}


def catalog(*schemas: dict[str, Any]) -> Catalog:
    versions = {
        number: parse_contract("priced", number, each, Path(f"v{number}.json"))
        for number, each in enumerate(schemas, start=1)
    }
    return Catalog({"priced": versions}, ENVELOPES)


def written(found: Catalog, version: int, price: Any, registry: InMemoryRegistry) -> bytes:
    encoder = Encoder(found, register_all(registry, found))
    return encoder.encode(
        found.get("priced", version),
        event_id=uuid.UUID(int=1),
        user_id="anonymous",
        timestamp=NOW,
        data={"price": price},
    )


@pytest.mark.parametrize(
    "text", ["0.01", "-0.01", "0.00", "-1.28", "1.28", "123456789012345678.91"]
)
def test_the_apache_library_reads_the_same_decimal(text: str) -> None:
    found = catalog(schema(20))
    value = written(found, 1, text, InMemoryRegistry())
    known = avro.schema.parse(schema_text(avro_schema(found, found.get("priced"))))
    body = avro.io.BinaryDecoder(io.BytesIO(value[framing.HEADER_BYTES :]))
    record = avro.io.DatumReader(known).read(body)
    assert isinstance(record, dict)
    assert record["data"]["price"] == Decimal(text)


def test_more_digits_before_the_point_are_no_change_to_a_reader() -> None:
    found = catalog(schema(6), schema(20))
    old, new = (avro_schema(found, found.get("priced", version)) for version in (1, 2))
    told = json.dumps(old).replace('"ugc.precision": 6', '"ugc.precision": 20')
    assert json.loads(told) == new
    assert incompatibilities(resolve(new), resolve(old)) == ()
    registry = InMemoryRegistry()
    value = written(found, 1, 1234.5, registry)
    message = Decoder(found, registry).decode(b"priced", value)
    assert message.data == {"price": Decimal("1234.50")}


def test_another_scale_is_told_by_avro_s_own_rules() -> None:
    found = catalog(schema(6, 2), schema(8, 4))
    old, new = (resolve(avro_schema(found, found.get("priced", version))) for version in (1, 2))
    (problem,) = incompatibilities(new, old)
    assert "DECIMAL(38, 4) not compatible with writer type: DECIMAL(38, 2)" in problem.detail


def test_a_producer_that_writes_more_digits_than_the_contract_has_is_refused() -> None:
    registry = InMemoryRegistry()
    value = written(catalog(schema(20)), 1, "12345.67", registry)
    found = catalog(schema(6))
    ids = register_all(registry, found)
    decoder = Decoder(found, registry)
    with pytest.raises(UndecodableError) as refused:
        decoder.decode(b"priced", value)
    assert refused.value.reason is Reason.DATA_INVALID
    assert "must have at most 4 digits before the point" in str(refused.value)
    reader = decoder.columns(ids["priced", 1])
    assert reader is not None
    with pytest.raises(MisfitError):
        reader.read([value])
