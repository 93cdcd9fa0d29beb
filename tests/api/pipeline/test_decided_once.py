"""``docs/contract-language.md``, "Decided once": the same over HTTP and in Avro."""

from __future__ import annotations

import json
import math
import uuid
from decimal import Decimal
from typing import Any

import pytest

from contracts.model import json_text
from registry.errors import EncodeError
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.api.world import NOW, World, post, with_event
from tests.support.register import register_all

CATALOG = with_event(
    "decided",
    {
        "count": {"type": "integer", "description": "An integer."},
        "share": {"type": "number", "description": "A number."},
        "word": {"type": "string", "description": "A word.", "pattern": "^[a-z]+$"},
        "day": {"type": "string", "description": "A day.", "format": "date"},
        "at": {"type": "string", "description": "An instant.", "format": "date-time"},
        "id": {"type": "string", "description": "An id.", "format": "uuid"},
        "price": {
            "type": ["string", "number"],
            "description": "A price.",
            "x-decimal": {"precision": 20, "scale": 2},
        },
    },
)
CONTRACT = CATALOG.get("decided")
GOOD: dict[str, Any] = {
    "count": 7,
    "share": 0.5,
    "word": "abc",
    "day": "2026-01-31",
    "at": "2026-01-31T12:00:00Z",
    "id": "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11",
    "price": "0.01",
}

TAKEN = [
    ("count", "1.0", 1),
    ("count", "1e2", 100),
    ("count", str(2**63 - 1), 2**63 - 1),
    ("count", str(-(2**63)), -(2**63)),
    ("share", "1", 1.0),
    ("price", "19.9", Decimal("19.90")),
    ("price", '"19.90"', Decimal("19.90")),
    ("price", "199e-1", Decimal("19.90")),
    ("price", "123456789012345678.91", Decimal("123456789012345678.91")),
    ("price", '"-123456789012345678.91"', Decimal("-123456789012345678.91")),
    ("id", '"6F1C2B1E-6D0C-4A3E-9D52-0A1F5A3C7B11"', uuid.UUID(GOOD["id"])),
]
"""Field, JSON text, and the value in the message."""

REFUSED_BY_BOTH = [
    ("count", "true"),
    ("count", "1.5"),
    ("count", '"1"'),
    ("count", str(2**63)),
    ("count", str(-(2**63) - 1)),
    ("share", "true"),
    ("share", '"0.5"'),
    ("day", '"1899-12-31"'),
    ("day", '"2026-01-31\\n"'),
    ("at", '"2016-12-31T23:59:60Z"'),
    ("at", '"2026-01-31T12:00:00.1234567Z"'),
    ("price", "19.999"),
    ("price", '"19.999"'),
    ("price", '"1e2"'),
    ("price", "true"),
    ("price", "0.0100000000000000000001"),
    ("price", "1e-400"),
    ("price", "1234567890123456789"),
    ("id", '"{6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11}"'),
]
NO_JSON = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]
"""Neither is a value of JSON, so HTTP refuses the body; only Avro's own side could see them."""

NOT_THE_WORD = ['"abc\\n"', '"Abc"', '""']


def body(field: str, text: str) -> bytes:
    """A request whose ``data`` has the JSON text as it stands in one field."""
    data = ", ".join(
        f"{json.dumps(name)}: {text if name == field else json.dumps(value)}"
        for name, value in GOOD.items()
    )
    return f'{{"event": "decided", "token": null, "data": {{{data}}}}}'.encode()


def encoder() -> tuple[Encoder, Decoder]:
    registry = InMemoryRegistry()
    return Encoder(CATALOG, register_all(registry, CATALOG)), Decoder(CATALOG, registry)


def in_avro(field: str, value: Any) -> Any:
    """The value as it comes back from Avro, without HTTP before it."""
    encode, decode = encoder()
    data = {**GOOD, field: value}
    written = encode.encode(
        CONTRACT, event_id=uuid.UUID(int=1), user_id="anonymous", timestamp=NOW, data=data
    )
    return decode.decode(b"decided", written).data[field]


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(("field", "text", "stored"), TAKEN)
def test_taken_and_stored_alike(field: str, text: str, stored: Any) -> None:
    world = World(CATALOG)
    response = post(world.client(), body(field, text))
    assert response.status_code == 202, response.text
    (message,) = world.messages()
    assert same(message.data[field], stored)
    assert same(in_avro(field, json_text.parse(text)), stored)


@pytest.mark.parametrize(("field", "text"), REFUSED_BY_BOTH)
def test_refused_by_both(field: str, text: str) -> None:
    world = World(CATALOG)
    response = post(world.client(), body(field, text))
    assert response.status_code == 422
    assert f"/data/{field}" in {each["pointer"] for each in response.get_json()["violations"]}
    assert world.publisher.published == []
    with pytest.raises(EncodeError):
        in_avro(field, json_text.parse(text))


@pytest.mark.parametrize("field", ["count", "share"])
@pytest.mark.parametrize("text", NO_JSON)
def test_no_number_of_json_gets_anywhere(field: str, text: str) -> None:
    world = World(CATALOG)
    assert post(world.client(), body(field, text)).status_code == 400
    assert world.publisher.published == []
    value = json.loads(text)
    assert not math.isfinite(value)
    with pytest.raises(EncodeError):
        in_avro(field, value)


@pytest.mark.parametrize("text", NOT_THE_WORD)
def test_a_pattern_holds_at_http_and_avro_knows_none(text: str) -> None:
    world = World(CATALOG)
    response = post(world.client(), body("word", text))
    assert response.status_code == 422
    assert [each["pointer"] for each in response.get_json()["violations"]] == ["/data/word"]
    assert world.publisher.published == []
    assert in_avro("word", json.loads(text)) == json.loads(text)
