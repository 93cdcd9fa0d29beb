"""JSON → Kafka bytes → message → JSON, for every contract and every shape of field."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import io
import json
import math
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.message import Message
from contracts.model.loader import Catalog, parse_contract
from contracts.model.types import Contract, ValueType
from contracts.reasons import Reason
from registry import framing
from registry.avro import avro_schema, record_name, schema_text
from registry.errors import EncodeError, SchemaNotFoundError, UndecodableError
from registry.serde import Decoder, Encoder
from registry.subjects import COMPATIBILITY, resolve_ids
from registry.testing import InMemoryRegistry
from registry.values import to_json
from tests.support.payloads import payloads
from tests.support.register import register_all
from tests.support.rows_back import same_form
from tests.support.shapes import SCHEMA, every_shape

CATALOG, SHAPES = every_shape()
REGISTRY = InMemoryRegistry()
IDS = register_all(REGISTRY, CATALOG)
ENCODER = Encoder(CATALOG, IDS)
DECODER = Decoder(CATALOG, REGISTRY)

NOW = dt.datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=dt.UTC)
EVENT_ID = uuid.UUID("0190163d-8694-739b-aea5-966c26f8ad91")


def encode(contract: Contract, data: Mapping[str, Any]) -> bytes:
    return ENCODER.encode(
        contract, event_id=EVENT_ID, user_id="anonymous", timestamp=NOW, data=data
    )


def decode(contract: Contract, value: bytes) -> Message:
    return DECODER.decode(contract.event.encode(), value)


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_round_trip_of_generated_payloads(contract: Contract) -> None:
    back = to_json(ValueType(contract.data))

    @settings(max_examples=60, deadline=None)
    @given(payloads(contract))
    def check(data: dict[str, Any]) -> None:
        message = decode(contract, encode(contract, data))
        assert message.event_id == EVENT_ID
        assert message.event == contract.event
        assert message.user_id == "anonymous"
        assert message.timestamp == NOW
        assert message.contract_version == contract.version
        assert same_form(contract.data, back(message.data)) == same_form(contract.data, data)

    check()


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_the_apache_library_reads_our_bytes(contract: Contract) -> None:
    data = contract.examples[0] if contract.examples else _smallest()
    value = encode(contract, data)
    schema = avro.schema.parse(schema_text(avro_schema(CATALOG, contract)))
    body = avro.io.BinaryDecoder(io.BytesIO(value[framing.HEADER_BYTES :]))
    record = avro.io.DatumReader(schema).read(body)
    assert isinstance(record, dict)
    assert uuid.UUID(str(record["event_id"])) == EVENT_ID
    assert record["timestamp"] == NOW
    assert record["data"].keys() == decode(contract, value).data.keys()


def _smallest() -> dict[str, Any]:
    return {
        "text": "", "choice": "a", "maybe_text": None, "id": str(EVENT_ID),
        "at": "2026-01-31T12:00:00.000001Z", "day": "2026-01-31", "count": -(2**63),
        "ratio": 0.1, "price": 19.9, "rate": "0.000000000000000001",
        "flag": False, "tags": [], "matrix": [[1, None], []], "labels": {},
        "device": {"os": "x"}, "seen": [{"on": "1900-01-01"}],
    }  # fmt: skip


def test_a_whole_float_is_stored_as_an_integer() -> None:
    message = decode(SHAPES, encode(SHAPES, {**_smallest(), "count": 720.0}))
    assert message.data["count"] == 720
    assert type(message.data["count"]) is int


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"count": 2**63}, "/data/count"),
        ({"count": 9.223372036854775807e18}, "/data/count"),
        ({"count": 1.5}, "/data/count"),
        ({"count": True}, "/data/count"),
        ({"ratio": 10**400}, "/data/ratio"),
        ({"ratio": float("inf")}, "/data/ratio"),
        ({"ratio": True}, "/data/ratio"),
        ({"text": 1}, "/data/text"),
        ({"flag": 1}, "/data/flag"),
        ({"id": "x"}, "/data/id"),
        ({"at": "2026-01-31"}, "/data/at"),
        ({"tags": "x"}, "/data/tags"),
        ({"tags": ["x", 1]}, "/data/tags/1"),
        ({"labels": {"a": "x"}}, "/data/labels/a"),
        ({"device": {"os": 1}}, "/data/device/os"),
        ({"device": {}}, "/data/device/os"),
        ({"nope": 1}, "/data/nope"),
    ],
)
def test_a_value_without_an_image_is_refused_where_it_stands(
    change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(SHAPES, {**_smallest(), **change})
    assert caught.value.pointer == pointer


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(EncodeError):
        encode(SHAPES, {**_smallest(), "text": "\ud800"})


CLICK = CATALOG.get("element_click")
GOOD = encode(CLICK, {"element_type": "movie", "page_type": "main"})


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"element_click", None, Reason.VALUE_NULL),
        (b"element_click", b"", Reason.VALUE_TOO_SHORT),
        (b"element_click", b"\0\0\0\0", Reason.VALUE_TOO_SHORT),
        (b"element_click", b"\1" + GOOD[1:], Reason.MAGIC_BYTE_WRONG),
        (b"element_click", b"{}{}{}{}", Reason.MAGIC_BYTE_WRONG),
        (b"element_click", framing.header(4_000_000_000) + GOOD[5:], Reason.SCHEMA_ID_UNKNOWN),
        (b"element_click", GOOD[:-1], Reason.AVRO_UNREADABLE),
        (b"element_click", GOOD[:5], Reason.AVRO_UNREADABLE),
        (b"element_click", GOOD[:5] + b"\xff" * 64, Reason.AVRO_UNREADABLE),
        (b"element_click", GOOD + b"\0", Reason.TRAILING_BYTES),
        (b"page_view_end", GOOD, Reason.KEY_MISMATCH),
        (None, GOOD, Reason.KEY_MISMATCH),
    ],
)
def test_poison_is_told_by_its_reason(
    key: bytes | None, value: bytes | None, reason: Reason
) -> None:
    with pytest.raises(UndecodableError) as caught:
        DECODER.decode(key, value)
    assert caught.value.reason is reason


NUMBERS = {
    "number": {"type": "number", "description": "n"},
    "maybe": {"type": ["number", "null"], "description": "n"},
    "list": {
        "type": "array",
        "description": "n",
        "items": {"type": "array", "items": {"type": ["number", "null"]}},
    },
    "map": {"type": "object", "description": "n", "additionalProperties": {"type": "number"}},
    "inner": {
        "type": "object",
        "description": "n",
        "additionalProperties": False,
        "properties": {"number": {"type": "number", "description": "n"}},
    },
    "day": {"type": "string", "format": "date", "description": "d"},
    "at": {"type": "string", "format": "date-time", "description": "d"},
    "any": {"description": "anything"},
}


def written_elsewhere(schema: Any, data: Mapping[str, Any]) -> bytes:
    """The value of a producer that writes Avro itself, without any check."""
    envelope = {
        "event_id": EVENT_ID, "event": "numbers", "user_id": "u", "timestamp": NOW,
        "contract_version": 1,
    }  # fmt: skip
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, {**envelope, "data": data})
    return framing.header(1) + out.getvalue()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("avro_type", ["double", "float"])
@pytest.mark.parametrize(
    ("place", "put"),
    [
        ("/data/number", lambda bad: {"number": bad}),
        ("/data/maybe", lambda bad: {"maybe": bad}),
        ("/data/list/1/2", lambda bad: {"list": [[], [0.5, None, bad]]}),
        ("/data/map/k", lambda bad: {"map": {"ok": 1.5, "k": bad}}),
        ("/data/inner/number", lambda bad: {"inner": {"number": bad}}),
    ],
)
def test_a_number_that_is_not_finite_is_no_message(
    place: str, put: Callable[[float], dict[str, Any]], avro_type: str, bad: float
) -> None:
    problem = refusal_of(put(bad), avro_type)
    assert problem == (Reason.DATA_INVALID, place)
    assert refusal_of(put(0.5), avro_type) is None


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"day": dt.date(1899, 12, 31)}, "/data/day"),
        ({"day": dt.date(2300, 1, 1)}, "/data/day"),
        ({"at": dt.datetime(2300, 1, 1, tzinfo=dt.UTC)}, "/data/at"),
        ({"at": dt.datetime(1899, 12, 31, 23, tzinfo=dt.UTC)}, "/data/at"),
        ({"any": "no JSON"}, "/data/any"),
        ({"any": '{"a": [NaN]}'}, "/data/any"),
        ({"any": ""}, "/data/any"),
        ({"day": dt.date(1900, 1, 1), "at": dt.datetime(2299, 12, 31, tzinfo=dt.UTC)}, None),
        ({"any": '{"a": [1e400, null]}'}, None),
    ],
)
def test_a_value_outside_of_its_type_is_no_message(data: dict[str, Any], place: str | None) -> None:
    assert refusal_of(data) == (None if place is None else (Reason.DATA_INVALID, place))


INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
TIME = {"type": "int", "logicalType": "time-millis"}
DAY = {"type": "int", "logicalType": "date"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}


@pytest.mark.parametrize(
    ("schema", "written", "value"),
    [
        ({"type": "number"}, INSTANT, NOW),
        ({"type": "number"}, DAY, dt.date(2026, 1, 31)),
        ({"type": "number"}, TIME, dt.time(12)),
        ({"type": "integer"}, INSTANT, NOW),
        ({"type": "integer"}, DAY, dt.date(2026, 1, 31)),
        ({"type": "string", "maxLength": 9}, MONEY, decimal.Decimal("1.25")),
        ({"type": "string", "format": "uuid"}, "string", str(EVENT_ID)),
        ({"type": "string", "format": "date-time"}, "long", 7),
        ({"type": "string", "format": "date"}, "int", 7),
        ({}, MONEY, decimal.Decimal("1.25")),
        ({}, {"type": "string", "logicalType": "uuid"}, EVENT_ID),
    ],
)
def test_another_logical_type_is_no_message(schema: Any, written: Any, value: Any) -> None:
    document = {
        **SCHEMA, "required": [], "properties": {"given": {**schema, "description": "A value."}},
    }  # fmt: skip
    contract = parse_contract("numbers", 1, document, Path("numbers/v1.json"))
    avro = avro_schema(Catalog({"numbers": {1: contract}}, CATALOG.envelopes), contract)
    (data,) = (field for field in avro["fields"] if field["name"] == "data")
    (given,) = data["type"]["fields"]
    given["type"] = ["null", written]
    assert _refusal(contract, schema_text(avro), {"given": value}) == (
        Reason.DATA_INVALID, "/data/given",
    )  # fmt: skip


def refusal_of(data: Mapping[str, Any], avro_type: str = "double") -> tuple[Reason, str] | None:
    """Why the decoder does not take what a stranger wrote, and the place."""
    document = {**SCHEMA, "properties": NUMBERS, "required": []}
    contract = parse_contract("numbers", 1, document, Path("numbers/v1.json"))
    schema = avro_schema(Catalog({"numbers": {1: contract}}, CATALOG.envelopes), contract)
    text = schema_text(schema).replace('"double"', f'"{avro_type}"')
    return _refusal(contract, text, {**dict.fromkeys(NUMBERS), **data})


def _refusal(contract: Contract, text: str, data: Mapping[str, Any]) -> tuple[Reason, str] | None:
    class Telling(InMemoryRegistry):
        def schema(self, schema_id: int) -> str:
            return text

    catalog = Catalog({"numbers": {1: contract}}, CATALOG.envelopes)
    value = written_elsewhere(fastavro.parse_schema(json.loads(text)), data)
    try:
        Decoder(catalog, Telling()).decode(b"numbers", value)
    except UndecodableError as error:
        return error.reason, error.detail.split(" ")[0]
    return None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    with contextlib.suppress(UndecodableError):
        assert DECODER.decode(b"element_click", GOOD[:5] + tail).event == "element_click"


@pytest.mark.parametrize(
    "text", ['"string"', '{"type": "record", "name": "other", "fields": []}', '{"type": "nope"}']
)
def test_a_schema_that_is_not_ours_is_told(text: str) -> None:
    class Telling(InMemoryRegistry):
        def schema(self, schema_id: int) -> str:
            return text

    with pytest.raises(UndecodableError) as caught:
        Decoder(CATALOG, Telling()).decode(b"other", framing.header(1) + b"\0")
    assert caught.value.reason is Reason.SCHEMA_NOT_OURS


def test_a_record_that_names_another_event_is_told() -> None:
    schema = avro_schema(CATALOG, CLICK)
    other = InMemoryRegistry()
    wrong = schema_text({**schema, "name": "element_clack"})
    schema_id = other.register("x", wrong)
    with pytest.raises(UndecodableError) as caught:
        Decoder(CATALOG, other).decode(b"element_click", framing.header(schema_id) + GOOD[5:])
    assert caught.value.reason is Reason.SCHEMA_NOT_OURS


def test_old_messages_are_read_as_the_newest_contract() -> None:
    schema = json.loads(json.dumps(CLICK.schema))
    schema["properties"]["position"] = {"type": "integer", "maximum": 9, "description": "Where."}
    newer = {**CATALOG.versions, "element_click": {1: CLICK, 2: _version_two(schema)}}
    catalog = Catalog(newer, CATALOG.envelopes)
    register_all(REGISTRY, catalog)
    message = Decoder(catalog, REGISTRY).decode(b"element_click", GOOD)
    assert message.contract_version == 1
    assert message.data == {"element_type": "movie", "page_type": "main", "position": None}


def _version_two(schema: dict[str, Any]) -> Contract:

    return parse_contract("element_click", 2, schema, Path("v2.json"))


def test_ids_are_resolved_without_registering() -> None:
    empty = InMemoryRegistry()
    with pytest.raises(SchemaNotFoundError):
        resolve_ids(empty, CATALOG)
    assert empty.subjects() == ()
    registered = register_all(empty, CATALOG)
    assert resolve_ids(empty, CATALOG) == registered == register_all(empty, CATALOG)
    assert empty.levels == {record_name(c.event): COMPATIBILITY for c in CATALOG.newest}
