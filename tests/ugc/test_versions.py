"""Old front ends keep working: every pair of versions of every event, from HTTP to the row."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from ch_schema.ddl.rows import Lineage, RowMaker
from contracts.model.loader import Catalog, default_folder, load_catalog, parse_contract
from contracts.model.types import Contract, JsonSchema, Origin
from contracts.model.validation import Validator
from contracts.samples.payloads import Sampler
from tests.api.world import World, post

SAMPLES = 10


def grown_event() -> dict[int, JsonSchema]:
    """Three versions of one event; each step makes changes that the verdict table calls ok."""
    first: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A film was rated",
        "description": "A user gave stars to a film.",
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": ["film_id", "stars", "source"],
        "properties": {
            "film_id": {"type": "string", "maxLength": 16, "description": "The film."},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5, "description": "How many."},
            "source": {"type": "string", "enum": ["page", "list"], "description": "Where."},
        },
    }
    second = copy.deepcopy(first)
    second["title"] = "A film was given stars"
    second["x-owner"] = "other"
    second["properties"]["note"] = {"type": "string", "maxLength": 80, "description": "Why."}
    second["properties"]["stars"]["maximum"] = 10
    second["properties"]["source"]["enum"].append("mail")
    third = copy.deepcopy(second)
    third["required"].remove("source")
    third["properties"]["film_id"]["maxLength"] = 64
    third["properties"]["note"]["description"] = "Why, in the user's words."
    return {1: first, 2: second, 3: third}


def with_grown_event() -> Catalog:
    catalog = load_catalog()
    versions = {
        number: parse_contract("film_rated", number, schema, Path(f"film_rated/v{number}.json"))
        for number, schema in grown_event().items()
    }
    return Catalog({**catalog.versions, "film_rated": versions}, catalog.envelopes)


CATALOG = with_grown_event()


def pairs() -> Iterator[tuple[Contract, Contract]]:
    """Each version with itself and with every later one of its event."""
    for event, versions in CATALOG.versions.items():
        for old, new in combinations_with_replacement(sorted(versions), 2):
            yield CATALOG.get(event, old), CATALOG.get(event, new)


def payloads(contract: Contract) -> list[Any]:
    """The valid example files of one version, the examples in it, and generated payloads."""
    folder = default_folder() / "examples" / contract.event / f"v{contract.version}" / "valid"
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*"))]
    sampler, rng = Sampler(contract.schema), random.Random(contract.version)
    return [*files, *contract.examples, *(sampler.valid(rng) for _ in range(SAMPLES))]


PAIRS = list(pairs())


def test_there_are_pairs_of_different_versions() -> None:
    assert sum(old is not new for old, new in PAIRS) == 3


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda contract: contract.id)
def test_a_later_version_accepts_what_an_earlier_one_does(old: Contract, new: Contract) -> None:
    validator = Validator(new.schema)
    for payload in payloads(old):
        assert validator.violations(payload) == ()


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda contract: contract.id)
def test_a_front_end_of_an_earlier_version_is_served_and_its_rows_are_made(
    old: Contract, new: Contract
) -> None:
    """``new`` is the newest version the service has; the request names ``old``."""
    if old.origin is not Origin.CLIENT:
        return
    known = {n: c for n, c in CATALOG.versions[old.event].items() if n <= new.version}
    world = World(Catalog({**CATALOG.versions, old.event: known}, CATALOG.envelopes))
    client = world.client()
    sent = payloads(old)
    for payload in sent:
        body = {"event": old.event, "token": None, "version": old.version, "data": payload}
        assert post(client, body).status_code == 202, payload
    rows = RowMaker(new)
    when = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    for message, payload in zip(world.messages(), sent, strict=True):
        assert message.contract_version == old.version
        row = rows.row(message, Lineage(partition=0, offset=0, loaded_at=when), 1)
        found = dict(zip(rows.columns, row, strict=True))
        assert {name: str(found[name]) for name in payload} == {
            name: str(value) for name, value in payload.items()
        }


def test_the_newest_version_is_taken_when_a_request_names_none() -> None:
    world = World(CATALOG)
    only_newest = {"film_id": "tt1", "stars": 3}
    assert post(world.client(), message_with(only_newest)).status_code == 202
    assert post(world.client(), message_with(only_newest, version=2)).status_code == 422
    assert [message.contract_version for message in world.messages()] == [3]


def message_with(data: Any, **more: Any) -> dict[str, Any]:
    return {"event": "film_rated", "token": None, "data": data, **more}
