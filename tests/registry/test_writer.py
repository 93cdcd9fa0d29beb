"""The writer made for a contract gives the bytes, and the refusals, of the reference."""

from __future__ import annotations

import copy
import datetime as dt
import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model.loader import Catalog, parse_contract
from contracts.model.types import Contract, Field, StringType, ValueType
from contracts.samples.payloads import Sampler
from registry.avro import message_fields
from registry.errors import EncodeError
from registry.serde import Encoder
from registry.testing import InMemoryRegistry
from registry.writer import writer
from tests.support.contracts import contracts
from tests.support.register import register_all
from tests.support.shapes import every_shape
from tests.support.typed import data_of

CATALOG, SHAPES = every_shape()
ENCODER = Encoder(CATALOG, register_all(InMemoryRegistry(), CATALOG))
NOW = dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=dt.UTC)
STAMP: dict[str, Any] = {
    "event_id": uuid.UUID("0190163d-8694-739b-aea5-966c26f8ad91"),
    "user_id": "anonymous",
    "timestamp": NOW,
}

Outcome = bytes | tuple[str, str]


def encoder_of(schema: dict[str, Any]) -> tuple[Encoder, Contract]:
    contract = parse_contract("random", 1, schema, Path("v1.json"))
    catalog = Catalog({"random": {1: contract}}, CATALOG.envelopes)
    return Encoder(catalog, register_all(InMemoryRegistry(), catalog)), contract


def both(encoder: Encoder, contract: Contract, data: Any, **stamp: Any) -> tuple[Outcome, Outcome]:
    """What the encoder gives, and the reference: bytes, or pointer and problem."""

    def outcome(encode: Any) -> Outcome:
        try:
            found: bytes = encode(contract, **{**STAMP, **stamp}, data=data)
        except EncodeError as error:
            return error.pointer, error.problem
        return found

    return outcome(encoder.encode), outcome(encoder.encode_as_reference)


def assert_same(encoder: Encoder, contract: Contract, data: Any, **stamp: Any) -> Outcome:
    ours, reference = both(encoder, contract, data, **stamp)
    assert ours == reference
    return ours


def written(catalog: Catalog, contract: Contract, data: Any) -> bytes:
    """By the writer alone: what it does not expect, it raises."""
    write = writer(b"", message_fields(catalog, contract), contract)
    return write(STAMP["event_id"], STAMP["user_id"], STAMP["timestamp"], data)


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_examples_and_samples_are_written_without_the_reference(contract: Contract) -> None:
    sampler, chance = Sampler(contract.schema), random.Random(7)
    for data in (*contract.examples, *(sampler.valid(chance) for _ in range(20))):
        value = assert_same(ENCODER, contract, data)
        assert value[5:] == written(CATALOG, contract, data)


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_near_misses_have_the_fate_that_the_reference_gives_them(contract: Contract) -> None:
    sampler, chance = Sampler(contract.schema), random.Random(7)
    for _ in range(5):
        for miss in sampler.near_misses(chance):
            assert_same(ENCODER, contract, miss.payload)


JUNK = st.sampled_from(
    [
        None, True, False, 0, 1, -1, 2**62, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**400, 0.0,
        -0.0, 1.5, 720.0, 9.3e18, 5e-324, math.nan, math.inf, "", "a", "\x00", "имя", "\ud800",
        "x" * 127, "x" * 128, "x" * 5000, "2026-01-31", "2026-01-31T12:00:00Z",
        "1900-01-01T00:00:00.000001+00:00", "6F1C2B1E-6d0c-4a3e-9d52-0a1f5a3c7b11", [], {}, [None],
        ["a"], [1, 2.0], {"a": 1}, {"": None}, {"a": "\ud800"}, b"bytes", {"a": b"bytes"}, {1: 2},
    ]
)  # fmt: skip
"""What may stand anywhere, JSON or not."""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Containers in a value, each with every one of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield value, key
        if isinstance(each, dict | list):
            yield from places(each)


def changed(draw: st.DataObject, data: dict[str, Any]) -> Any:
    """The same with something put in, exchanged or taken away."""
    found = copy.deepcopy(data)
    around, key = draw.draw(st.sampled_from([*places(found), (found, "no_such_field")]))
    if isinstance(around, dict) and key in around and draw.draw(st.booleans()):
        del around[key]
    else:
        around[key] = draw.draw(JUNK)
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_shape_of_field(draw: st.DataObject) -> None:
    data = draw.draw(data_of(SHAPES.data))
    assert isinstance(assert_same(ENCODER, SHAPES, data), bytes)
    for _ in range(5):
        assert_same(ENCODER, SHAPES, changed(draw, data))


@settings(max_examples=80, deadline=None)
@given(contracts(), st.data())
def test_random_contracts(schema: dict[str, Any], draw: st.DataObject) -> None:
    encoder, contract = encoder_of(schema)
    data = draw.draw(data_of(contract.data))
    assert isinstance(assert_same(encoder, contract, data), bytes)
    for _ in range(5):
        assert_same(encoder, contract, changed(draw, data))


@pytest.mark.parametrize("data", [None, [], "text", 1, {}, [("element_type", "a")]], ids=repr)
def test_data_that_is_no_object(data: Any) -> None:
    ours, _ = assert_same(ENCODER, CATALOG.get("element_click"), data)
    assert isinstance(ours, str)


@settings(max_examples=200, deadline=None)
@given(
    st.uuids(),
    st.text() | st.just("\ud800") | st.text(min_size=120, max_size=300),
    st.datetimes(timezones=st.timezones() | st.just(dt.UTC)) | st.datetimes(),
)
def test_every_stamp(event_id: uuid.UUID, user_id: str, timestamp: dt.datetime) -> None:
    data = {"element_type": "movie", "page_type": "main"}
    stamp = {"event_id": event_id, "user_id": user_id, "timestamp": timestamp}
    assert_same(ENCODER, CATALOG.get("element_click"), data, **stamp)


@pytest.mark.parametrize("name", ["data", "class", "x1", "join", "absent", "made", "user_id"])
def test_a_field_may_be_named_like_anything_in_the_source(name: str) -> None:
    schema = {**SHAPES.schema, "required": [name]}
    schema["properties"] = {
        name: {"type": "string", "description": "A text."},
        "inner": {
            "type": "object",
            "description": "Its own.",
            "additionalProperties": False,
            "properties": {name: {"type": "integer", "description": "n", "maximum": 9}},
        },
    }
    encoder, contract = encoder_of(schema)
    for data in ({name: "x"}, {name: "x", "inner": {name: 7}}, {"inner": {name: 7}}, {name: 1}):
        assert_same(encoder, contract, data)


def test_another_envelope_is_left_to_the_reference() -> None:
    """A field that may be left out can be added to the message; fastavro writes its default."""
    message = CATALOG.envelopes["message"]
    more = Field(name="more", json_name="more", value=ValueType(StringType()), required=False)
    changed_message = replace(message, fields=(*message.fields, more))
    envelopes = {**CATALOG.envelopes, "message": changed_message}
    catalog = Catalog(CATALOG.versions, envelopes)
    encoder = Encoder(catalog, register_all(InMemoryRegistry(), catalog))
    click, data = catalog.get("element_click"), {"element_type": "movie", "page_type": "main"}
    usual = assert_same(ENCODER, click, data)
    for _ in range(2):
        value = assert_same(encoder, click, data)
        assert isinstance(value, bytes)
        assert isinstance(usual, bytes)
        assert value[5:] == usual[5:] + b"\0"
