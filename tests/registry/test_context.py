"""A context that comes later: what is registered, written, kept and tabled goes on."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from ch_schema.ddl.tables import table_for
from ch_schema.migrate.diff import table_changes
from contracts.model.loader import Catalog, load_catalog
from registry.avro import avro_schema, message_fields
from registry.columns import column_reader
from registry.compatibility import incompatibilities, resolve
from registry.lock import differences, lock_of, lock_text, read_lock
from registry.options import SubjectStrategy
from registry.serde import Decoder, Encoder
from registry.sync import DriftKind, sync
from registry.testing import InMemoryRegistry
from tests.support.contract_folder import catalog_without_context
from tests.support.register import register_all
from tests.support.with_context import contracts_with_context, next_context

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
CLICK = {"element_type": "movie", "page_type": "main"}
RECORD = SubjectStrategy.RECORD
WITHOUT = catalog_without_context()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_context(tmp_path)


@pytest.fixture
def catalog(folder: Path) -> Catalog:
    return load_catalog(folder)


@pytest.fixture
def later(folder: Path) -> Catalog:
    theme = {"type": "string", "maxLength": 9, "description": "Colours.", "examples": ["dark"]}
    next_context(folder, lambda d: d["properties"].update(theme=theme))
    return load_catalog(folder)


def test_old_and_new_messages_are_read_by_each_other(catalog: Catalog, later: Catalog) -> None:
    generations = [WITHOUT, catalog, later]
    for contract in WITHOUT:
        schemas = [
            resolve(avro_schema(each, each.get(contract.event, contract.version)))
            for each in generations
        ]
        for reader in schemas:
            for writer in schemas:
                assert list(incompatibilities(reader, writer)) == []


def test_a_message_from_before_the_context_is_decoded_with_its_fields_absent(
    catalog: Catalog,
) -> None:
    registry = InMemoryRegistry()
    old = Encoder(WITHOUT, register_all(registry, WITHOUT))
    register_all(registry, catalog)
    value = old.encode(
        WITHOUT.get("element_click"),
        event_id=uuid.UUID(int=1),
        user_id="anonymous",
        timestamp=NOW,
        data=CLICK,
    )
    message = Decoder(catalog, registry).decode(b"element_click", value)
    assert {n: v for n, v in message.data.items() if v is not None} == CLICK
    assert "context__session_id" in message.data


def test_what_is_kept_of_an_event_is_the_same_with_any_context(catalog: Catalog) -> None:
    encoder = Encoder(catalog, register_all(InMemoryRegistry(), catalog))
    contract = catalog.get("element_click")
    for more in ({}, {"context__session_id": "s-1"}):
        value = encoder.encode(
            contract,
            event_id=uuid.UUID(int=1),
            user_id="anonymous",
            timestamp=NOW,
            data={**CLICK, **more},
        )
        kept = encoder.image(contract, value, CLICK)
        assert kept == encoder.image_as_reference(contract, value)
        assert kept == b'{"element_type":"movie","page_type":"main"}'


def test_both_ways_write_the_same_bytes(catalog: Catalog) -> None:
    encoder = Encoder(catalog, register_all(InMemoryRegistry(), catalog))
    assert catalog.context is not None
    said = catalog.context.as_fields(
        {"session_id": "s-1", "sequence": 7, "occurred_at": "2026-01-31T11:59:00Z"}, None, NOW
    )
    for data in (CLICK, {**CLICK, **said}):
        event = {
            "event_id": uuid.UUID(int=1),
            "user_id": "anonymous",
            "timestamp": NOW,
            "data": data,
        }
        contract = catalog.get("element_click")
        assert encoder.encode(contract, **event) == encoder.encode_as_reference(contract, **event)


def test_every_event_is_read_by_column_as_before(catalog: Catalog) -> None:
    for contract in catalog.tables:
        was = column_reader(contract.event, message_fields(WITHOUT, WITHOUT.get(contract.event)))
        now = column_reader(contract.event, message_fields(catalog, contract))
        assert was is not None
        assert now is not None
        assert now.makes_messages is was.makes_messages
        columns = [each.name for each in table_for(contract).columns]
        assert list(now.names) == columns[: len(now.names)]


def test_schemas_from_before_a_context_are_no_drift(catalog: Catalog, later: Catalog) -> None:
    registry = InMemoryRegistry()
    for each in (WITHOUT, catalog, later):
        assert sync(registry, each, RECORD, "topic").drift == ()
        done = sync(registry, each, RECORD, "topic")
        assert (done.actions, done.drift) == ((), ())


def test_a_schema_of_nobody_is_drift_still(catalog: Catalog) -> None:
    registry = InMemoryRegistry()
    other = {**WITHOUT.versions}
    del other["element_click"]
    sync(registry, WITHOUT, RECORD, "topic")
    found = sync(registry, replace(catalog, versions=other), RECORD, "topic")
    assert [each.kind for each in found.drift] == [DriftKind.UNEXPLAINED_SUBJECT]


def test_tables_get_columns_and_lose_nothing(catalog: Catalog) -> None:
    for contract in WITHOUT.tables:
        steps = table_changes(table_for(contract), table_for(catalog.get(contract.event)))
        statements = [step.statement for step in steps]
        assert len(statements) == 12
        assert all(each and "ADD COLUMN" in each for each in statements)


def test_the_lock_holds_the_context(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_text(lock_text(lock_of(catalog)))
    locked = read_lock(path)
    assert locked == lock_of(catalog)
    assert locked is not None
    edited = replace(locked, context={"context@1": "0" * 64})
    assert differences(edited, locked) == (
        "context@1 says something else than the lock file holds",
    )
