"""The generated readers of columns, held against the decoder that reads message by message."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.message import Message
from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.model.types import Contract
from contracts.reasons import Reason
from registry.columns import Columns, MisfitError
from registry.errors import UndecodableError
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.support.payloads import payloads
from tests.support.register import register_all
from tests.support.shapes import PROPERTIES, SCHEMA, every_shape

NOW = dt.datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=dt.UTC)
_SCALARS = ("text", "choice", "maybe_text", "id", "at", "day", "count", "ratio", "price", "rate")
_SCALARS += ("flag", "device")


def with_scalars() -> tuple[Catalog, Contract]:
    """The project's catalog and a contract with each scalar, required and optional."""
    each = {name: PROPERTIES[name] for name in _SCALARS}
    optional = {f"maybe_{name}_too": each[name] for name in _SCALARS if name != "device"}
    schema = {
        **SCHEMA,
        "required": list(_SCALARS),
        "properties": {**each, **optional},
    }
    contract = parse_contract("scalars", 1, schema, Path("scalars/v1.json"))
    catalog = load_catalog()
    return Catalog({**catalog.versions, "scalars": {1: contract}}, catalog.envelopes), contract


CATALOG, SCALARS = with_scalars()
REGISTRY = InMemoryRegistry()
IDS = register_all(REGISTRY, CATALOG)
ENCODER = Encoder(CATALOG, IDS)
DECODER = Decoder(CATALOG, REGISTRY)


def value_of(contract: Contract, data: Any, *, user_id: str = "ann", event_id: int = 7) -> bytes:
    return ENCODER.encode(
        contract, event_id=uuid.UUID(int=event_id), user_id=user_id, timestamp=NOW, data=data
    )


def columns_of(contract: Contract, *values: bytes) -> Columns:
    reader = DECODER.columns(IDS[contract.event, contract.version])
    assert reader is not None
    return reader.read(values)


def rows_of(message: Message) -> list[Any]:
    """A message's values as columns have them."""
    leaves: list[Any] = []
    for value in message.data.values():
        leaves += value.values() if isinstance(value, dict) else [value]
    own = (message.event_id, message.user_id, message.timestamp, message.contract_version)
    return [raw(value, micros=1_000 if n == 2 else 1) for n, value in enumerate((*own, *leaves))]


def raw(value: Any, *, micros: int = 1) -> Any:
    match value:
        case str() | uuid.UUID():
            return str(value).encode()
        case dt.datetime():
            epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
            return (value - epoch) // dt.timedelta(microseconds=micros)
        case dt.date():
            return (value - dt.date(1970, 1, 1)).days
        case Decimal():
            sign, digits, _ = value.as_tuple()
            return (-1) ** sign * int("".join(map(str, digits)))
        case _:
            return value


@settings(deadline=None, max_examples=150)
@given(st.lists(payloads(SCALARS), min_size=1, max_size=4), st.text(max_size=90))
def test_what_is_read_by_column_is_what_is_read_one_by_one(data: list[Any], user: str) -> None:
    values = [value_of(SCALARS, each, user_id=user, event_id=n) for n, each in enumerate(data)]
    messages = [DECODER.decode(b"scalars", value) for value in values]
    columns = columns_of(SCALARS, *values)
    assert [list(row) for row in zip(*columns, strict=True)] == [rows_of(m) for m in messages]


@pytest.mark.parametrize("contract", list(load_catalog().newest), ids=lambda each: each.id)
def test_every_contract_of_the_project_has_a_reader_that_makes_the_same_messages(
    contract: Contract,
) -> None:
    @settings(deadline=None, max_examples=40)
    @given(st.lists(payloads(contract), min_size=1, max_size=4))
    def compare(data: list[Any]) -> None:
        values = [value_of(contract, each) for each in data]
        reader = DECODER.columns(IDS[contract.event, contract.version])
        assert reader is not None
        assert reader.makes_messages
        expected = [DECODER.decode(contract.event.encode(), value) for value in values]
        assert reader.messages(reader.read(values)) == expected

    compare()


PAYLOAD = payloads(SCALARS)


@settings(deadline=None, max_examples=1_000)
@given(PAYLOAD, st.data())
def test_damaged_bytes_are_refused_or_read_as_one_by_one(payload: Any, data: st.DataObject) -> None:
    value = bytearray(value_of(SCALARS, payload))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(5, len(value) - 1))
        match data.draw(st.sampled_from(["change", "cut", "insert", "bit"])):
            case "change":
                value[place] = data.draw(st.integers(0, 255))
            case "bit":
                value[place] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del value[place : place + data.draw(st.integers(1, 3))]
            case "insert":
                value[place:place] = data.draw(st.binary(min_size=1, max_size=3))
        if len(value) <= 6:
            return
    try:
        columns = columns_of(SCALARS, bytes(value))
    except MisfitError:
        return
    message = DECODER.decode(b"scalars", bytes(value))
    assert [column[0] for column in columns] == rows_of(message)


_ID = b"00000000-0000-0000-0000-00000000000a"
HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "a UUID in capitals": (_ID, _ID.upper()),
    "a UUID with spaces": (_ID, _ID[:-2] + b"  "),
    "a UUID with its dashes elsewhere": (_ID, _ID[1:9] + b"0" + _ID[9:]),
    "no UTF-8": (b"Hann", b"H\xffnn"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_canonical_value_is_left_to_the_reference(what: str) -> None:
    good, bad = HOSTILE[what]
    contract = CATALOG.get("element_click")
    value = value_of(contract, {"element_type": "movie", "page_type": "Hann"}, event_id=10)
    assert good in value
    columns_of(contract, value)
    with pytest.raises(MisfitError):
        columns_of(contract, value.replace(good, bad))


def test_two_texts_that_are_utf8_only_together_are_refused() -> None:
    contract = CATALOG.get("element_click")
    values = [value_of(contract, {"element_type": text, "page_type": "m"}) for text in ("xx", "yy")]
    cut = [values[0].replace(b"xx", b"x\xc3"), values[1].replace(b"yy", b"\xa9y")]
    with pytest.raises(MisfitError):
        columns_of(contract, *cut)


def test_what_is_left_over_is_refused() -> None:
    contract = CATALOG.get("element_click")
    value = value_of(contract, {"element_type": "movie", "page_type": "main"})
    for damaged in (value + b"\0", value[:-1]):
        with pytest.raises(MisfitError):
            columns_of(contract, value, damaged)
        with pytest.raises(UndecodableError):
            DECODER.decode(b"element_click", damaged)


def test_a_number_in_more_bytes_than_it_needs_is_read_as_the_reference_reads_it() -> None:
    contract = CATALOG.get("quality_change")
    value = value_of(contract, {"video_id": "v", "old_quality": 1, "new_quality": 2})
    absent = bytes(len(contract.context))
    assert value.endswith(b"\x04" + absent)
    longer = value.removesuffix(b"\x04" + absent) + b"\x84\x80\x80\0" + absent
    message = DECODER.decode(b"quality_change", longer)
    assert message.data["new_quality"] == 2
    assert columns_of(contract, longer)[-1 - len(absent)] == [2]


def test_a_field_that_is_no_scalar_has_no_reader() -> None:
    catalog, contract = every_shape()
    registry = InMemoryRegistry()
    ids = register_all(registry, catalog)
    assert Decoder(catalog, registry).columns(ids[contract.event, 1]) is None


def test_a_schema_that_nobody_knows_has_no_reader() -> None:
    assert DECODER.columns(9_999) is None
    with pytest.raises(UndecodableError) as raised:
        DECODER.decode(b"element_click", b"\0\0\0\x27\x0fxyz")
    assert raised.value.reason is Reason.SCHEMA_ID_UNKNOWN
