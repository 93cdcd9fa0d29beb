"""A shared definition in Avro, used twice in one schema: records of their own, and whole events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from ch_schema.ddl.tables import table_for
from contracts.model.loader import Catalog, load_catalog
from registry.avro import avro_schema
from registry.lock import Lock, lock_of, lock_text, read_lock
from tests.support.order import contracts_with_an_order


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return load_catalog(contracts_with_an_order(tmp_path))


def _records(node: Any) -> list[str]:
    match node:
        case {"type": "record", "name": name, "namespace": namespace, "fields": fields}:
            inner = [each for field in fields for each in _records(field["type"])]
            return [f"{namespace}.{name}", *inner]
        case {"type": inner}:
            return _records(inner)
        case list():
            return [each for inner in node for each in _records(inner)]
        case _:
            return []


def test_records_of_a_definition_that_is_used_twice_have_names_of_their_own(
    catalog: Catalog,
) -> None:
    schema = avro_schema(catalog, catalog.get("order_placed"))
    names = _records(schema)
    assert len(names) == len(set(names))
    assert {"ugc.events.order_placed.data.ship_to", "ugc.events.order_placed.data.bill_to"} < set(
        names
    )
    fastavro.parse_schema(json.loads(json.dumps(schema)))


def test_each_use_has_columns_of_its_own(catalog: Catalog) -> None:
    columns = {c.name: c.type for c in table_for(catalog.get("order_placed")).columns}
    assert columns["ship_to__country"] == columns["bill_to__country"] == "String"
    assert columns["ship_to__city"] == "Nullable(String)"


def test_the_lock_holds_what_definitions_say(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "contracts.lock.json"
    path.write_text(lock_text(lock_of(catalog)))
    locked = read_lock(path)
    assert locked == lock_of(catalog)
    assert locked is not None
    assert sorted(locked.shared) == ["address@1", "country@1"]


def test_a_lock_without_definitions_does_not_speak_of_them() -> None:
    assert '"shared"' not in lock_text(lock_of(load_catalog()))
    assert Lock({}).shared == {}
