"""What a row keeps of an event, made of its data, is what the reference reads out of its value."""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from contracts.errors import ContractSchemaError
from contracts.model.loader import Catalog, parse_contract
from contracts.model.types import Contract
from registry.kept import kept_by
from registry.serde import Encoder
from registry.testing import InMemoryRegistry
from tests.support.contracts import contracts, mutations
from tests.support.register import register_all
from tests.support.shapes import every_shape
from tests.support.typed import data_of

CATALOG, SHAPES = every_shape()
ENCODER = Encoder(CATALOG, register_all(InMemoryRegistry(), CATALOG))


def image(encoder: Encoder, contract: Contract, data: dict[str, Any]) -> bytes:
    """By both ways, which agree; neither changes the data."""
    before = copy.deepcopy(data)
    value = encoder.encode(
        contract,
        event_id=uuid.UUID(int=1),
        user_id="u",
        timestamp=dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
        data=data,
    )
    found = encoder.image(contract, value, data)
    assert found == encoder.image_as_reference(contract, value)
    assert repr(data) == repr(before)
    return found


@settings(max_examples=200, deadline=None)
@given(data_of(SHAPES.data))
def test_every_shape_of_field(data: dict[str, Any]) -> None:
    image(ENCODER, SHAPES, data)


def encoder_of(*schemas: dict[str, Any]) -> tuple[Encoder, list[Contract]]:
    """Versions of one event; a random change that is no contract is left out."""
    versions: dict[int, Contract] = {}
    for number, schema in enumerate(schemas, start=1):
        try:
            versions[number] = parse_contract("random", number, schema, Path("v.json"))
        except ContractSchemaError:
            continue
    catalog = Catalog({"random": versions}, CATALOG.envelopes)
    return Encoder(catalog, register_all(InMemoryRegistry(), catalog)), list(versions.values())


@settings(max_examples=100, deadline=None)
@given(contracts(), st.data())
def test_random_contracts_and_what_older_versions_keep_in_the_newest(
    schema: dict[str, Any], draw: st.DataObject
) -> None:
    encoder, versions = encoder_of(schema, draw.draw(mutations(schema)))
    for contract in versions:
        try:
            image(encoder, contract, draw.draw(data_of(contract.data)))
        except orjson.JSONDecodeError:
            # A text that the newest version takes for JSON: no reader has an answer to it, and
            # ``ugc contracts check`` lets no such change pass.
            reject()


TEXT = {"type": "string", "maxLength": 9, "description": "A text."}
NUMBER = {"type": "integer", "maximum": 9, "description": "A number."}


def schema_of(required: tuple[str, ...] = ("a",), **properties: dict[str, Any]) -> dict[str, Any]:
    return {**SHAPES.schema, "required": list(required), "properties": properties}


def test_a_null_that_the_newest_version_knows_no_more_is_left_to_the_reference() -> None:
    older = schema_of(a=TEXT, b={**NUMBER, "type": ["integer", "null"]})
    encoder, (first, last) = encoder_of(older, schema_of(a=TEXT, b=NUMBER))
    assert kept_by(first.data, last.data) is None
    assert image(encoder, first, {"a": "x", "b": None}) == b'{"a":"x"}'


@pytest.mark.parametrize(
    ("newest", "data", "kept"),
    [
        (schema_of(a=TEXT, b=NUMBER), {"a": "x", "b": 1.0}, b'{"a":"x","b":1}'),
        (schema_of(b=NUMBER, c=TEXT, a=TEXT), {"b": 1, "a": "x"}, b'{"a":"x","b":1}'),
        (schema_of(a=TEXT), {"a": "x", "b": 1}, b'{"a":"x"}'),
        (schema_of(a={**TEXT, "x-categorical": True}), {"a": "x"}, b'{"a":"x"}'),
        (schema_of(a={**TEXT, "type": ["string", "null"]}), {"a": "x"}, b'{"a":"x"}'),
    ],
)
def test_what_another_newest_version_keeps(
    newest: dict[str, Any], data: dict[str, Any], kept: bytes
) -> None:
    encoder, (first, last) = encoder_of(schema_of(a=TEXT, b=NUMBER), newest)
    assert kept_by(first.data, last.data) is not None
    assert image(encoder, first, data) == kept


@pytest.mark.parametrize(
    "newest",
    [
        schema_of(a=TEXT, b={**NUMBER, "type": "number"}),
        schema_of(("a", "c"), a=TEXT, c={**TEXT, "type": ["string", "null"]}),
        schema_of(("a", "b"), a=TEXT, b={**NUMBER, "type": ["integer", "null"]}),
    ],
)
def test_what_takes_more_is_left_to_the_reference(newest: dict[str, Any]) -> None:
    encoder, (first, last) = encoder_of(schema_of(a=TEXT, b=NUMBER), newest)
    assert kept_by(first.data, last.data) is None
    image(encoder, first, {"a": "x", "b": 1})
    image(encoder, first, {"a": "x"})
