"""An event that says no more than that it happened, from its file to its row."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate

from api.docs import openapi
from ch_schema.client.connect import connect
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import ENVELOPE, LINEAGE, create_database_statement
from contracts.lint import lint_folder
from contracts.model.loader import Catalog, load_catalog
from contracts.model.validation import Validator
from contracts.samples.payloads import Sampler
from registry.avro import avro_schema
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.api.world import World, post
from tests.support.contract_folder import CLICK, change, copy_without_context
from tests.support.register import register_all
from ugc.contracts.command import command
from ugc.importing.events import imported_all
from ugc.importing.plans import events_in
from ugc.local.registry.validity import check_document

EVENT = "session_start"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The contracts with the event that the command line makes."""
    found = copy_without_context(tmp_path)
    env = {"CONTRACTS_DIR": str(found)}
    asked = ("new", EVENT, "--owner", "web", "--no-fields")
    done = CliRunner().invoke(command, asked, env=env, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return found


@pytest.fixture
def catalog(folder: Path) -> Catalog:
    return load_catalog(folder)


def test_it_is_made_by_one_command_and_lint_finds_nothing(folder: Path, catalog: Catalog) -> None:
    assert lint_folder(folder) == ()
    written = json.loads((folder / f"events/{EVENT}/v1.json").read_text())
    assert (written["properties"], written["required"]) == ({}, [])
    assert catalog.get(EVENT).data.fields == ()


def test_its_data_is_the_empty_object(catalog: Catalog) -> None:
    validator = Validator(catalog.get(EVENT).schema)
    assert validator.accepts({})
    assert [v.pointer for v in validator.violations({"a": 1}, at="/data")] == ["/data/a"]
    assert not validator.accepts(None)


def test_samples_are_made(catalog: Catalog) -> None:
    sampler = Sampler(catalog.get(EVENT).schema)
    assert sampler.valid(random.Random(1)) == {}
    misses = list(sampler.near_misses(random.Random(1)))
    assert {miss.keyword for miss in misses} == {"additionalProperties"}


@pytest.mark.parametrize("extra", [{}, {"additionalProperties": True}])
def test_an_open_one_is_still_told(extra: dict[str, Any], folder: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        document.pop("additionalProperties")
        document.update(extra)

    change(folder / f"events/{EVENT}/v1.json", edit)
    assert "object-open" in {finding.code for finding in lint_folder(folder)}


def test_an_object_without_fields_inside_of_an_event_is_refused(folder: Path) -> None:
    """It would have no column, so that nobody could tell an absent one."""
    empty = {"type": "object", "additionalProperties": False, "required": [], "properties": {}}

    def edit(document: dict[str, Any]) -> None:
        document["properties"]["extra"] = {**empty, "description": "A.", "examples": [{}]}

    change(folder / CLICK, edit)
    assert "object-open" in {finding.code for finding in lint_folder(folder)}


WHEN = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def test_it_goes_through_avro_and_clickhouse(catalog: Catalog, tmp_path: Path) -> None:
    contract = catalog.get(EVENT)
    check_document(avro_schema(catalog, contract))
    registry = InMemoryRegistry()
    encoder = Encoder(catalog, register_all(registry, catalog))
    value = encoder.encode(
        contract, event_id=UUID(int=7), user_id="anonymous", timestamp=WHEN, data={}
    )
    message = Decoder(catalog, registry).decode(EVENT.encode(), value)
    assert (message.event, message.data) == (EVENT, {})
    maker = RowMaker(contract)
    assert maker.columns == tuple(column.name for column in (*ENVELOPE, *LINEAGE))
    row = maker.row(message, Lineage(partition=0, offset=3, loaded_at=WHEN), 1)
    client = connect(f"chdb://{tmp_path / 'clickhouse'}/ugc")
    try:
        client.execute(create_database_statement())
        client.execute(maker.table.create_statement())
        name = maker.table.qualified_name.replace("`", "")
        client.insert(name, list(maker.columns), [row], deduplication_token="one")
        (found,) = client.query(f"SELECT event_id, kafka_offset FROM {name} FINAL")
    finally:
        client.close()
    assert found == {"event_id": UUID(int=7), "kafka_offset": 3}


def test_it_is_documented(catalog: Catalog) -> None:
    document = openapi.document(catalog, version="1.2.3")
    validate(document)
    assert f'"const": "{EVENT}"' in json.dumps(document)


def test_the_api_accepts_it_and_nothing_more(catalog: Catalog) -> None:
    world = World(catalog)
    event = {"event": EVENT, "token": None, "data": {}}
    assert post(world.client(), event).status_code == 202
    assert post(world.client(), {**event, "data": {"a": 1}}).status_code == 422
    assert [(message.event, message.data) for message in world.messages()] == [(EVENT, {})]


@pytest.mark.parametrize("name", ["imported", "closed"])
def test_an_import_takes_it(name: str) -> None:
    schema = {"title": name, "type": "object", "properties": {}}
    if name == "closed":
        schema["additionalProperties"] = False
    (event,) = imported_all(events_in(schema, "a", "a.json"), owner="web")
    assert event.document is not None
    assert (event.document["properties"], event.document["examples"]) == ({}, [{}])
    assert event.findings == ()
