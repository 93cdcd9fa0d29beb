"""A registry is brought to what the contracts say, once, and drift is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.model.loader import Catalog, load_catalog, parse_contract
from registry.avro import avro_schema, schema_text
from registry.client import ConfluentRegistry, SchemaRegistry
from registry.options import RegistryOptions, SubjectStrategy
from registry.subjects import resolve_ids, subject_names
from registry.sync import DriftKind, Plan, Register, SetLevel, plan, survey, sync
from registry.testing import InMemoryRegistry
from tests.support.variants import REGISTRIES

TOPIC = "topic"
RECORD, TOPIC_RECORD = SubjectStrategy.RECORD, SubjectStrategy.TOPIC_RECORD


def catalog_of(versions: dict[str, int]) -> Catalog:
    """Events with so many versions, each with one optional field more."""
    found = {
        event: {number: contract(event, number) for number in range(1, count + 1)}
        for event, count in versions.items()
    }
    return replace(load_catalog(), versions=found)


def contract(event: str, version: int) -> Any:
    properties = {f"f{n}": {"type": "string", "description": "A field."} for n in range(version)}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event", "description": "An event.", "x-owner": "tests",
        "x-origin": "client", "type": "object", "additionalProperties": False,
        "required": [], "properties": properties,
    }  # fmt: skip
    return parse_contract(event, version, schema, Path(f"{event}/v{version}.json"))


CATALOG = catalog_of({"click": 1, "view": 3})


@pytest.fixture(scope="module", params=REGISTRIES)
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with request.param(tmp_path_factory.mktemp("registry")) as server:
        yield server.url


@pytest.fixture(params=[pytest.param(None, id="memory"), *REGISTRIES])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SchemaRegistry]:
    if request.param is None:
        yield InMemoryRegistry()
        return
    with (
        request.param(tmp_path_factory.mktemp("own")) as server,
        closing(ConfluentRegistry(server.url, RegistryOptions())) as client,
    ):
        yield client


def planned(registry: SchemaRegistry, catalog: Catalog = CATALOG) -> Plan:
    return plan(catalog, survey(registry, RECORD, TOPIC), RECORD, TOPIC)


def told(found: Plan) -> list[str]:
    return [str(action) for action in found.actions]


def test_from_nothing_to_all_and_then_nothing_more(registry: SchemaRegistry) -> None:
    done = sync(registry, CATALOG, RECORD, TOPIC)
    assert told(done) == [
        "set ugc.events.click to BACKWARD_TRANSITIVE (was not set)",
        "register click@1 under ugc.events.click",
        "set ugc.events.view to BACKWARD_TRANSITIVE (was not set)",
        "register view@1 under ugc.events.view",
        "register view@2 under ugc.events.view",
        "register view@3 under ugc.events.view",
    ]
    assert done.drift == ()
    ids = resolve_ids(registry, CATALOG)
    assert registry.compatibility("ugc.events.view") == "BACKWARD_TRANSITIVE"
    assert [v.schema_id for v in registry.versions("ugc.events.view")] == [
        ids["view", number] for number in (1, 2, 3)
    ]
    assert planned(registry) == Plan((), ())
    assert sync(registry, CATALOG, RECORD, TOPIC) == Plan((), ())
    check_that_drift_is_told(registry)


def check_that_drift_is_told(registry: SchemaRegistry) -> None:
    """The registry is up to date; now others do things to it."""
    registry.set_compatibility("ugc.events.click", "NONE")
    other = schema_text(avro_schema(CATALOG, contract("view", 7)))
    registry.register("ugc.events.view", other)
    registry.register("ugc.events.ghost", '"string"')
    registry.register("somebody.else", '"string"')
    found = planned(registry)
    assert told(found) == ["set ugc.events.click to BACKWARD_TRANSITIVE (was NONE)"]
    assert [(drift.kind, drift.subject) for drift in found.drift] == [
        (DriftKind.UNEXPLAINED_VERSION, "ugc.events.view"),
        (DriftKind.UNEXPLAINED_SUBJECT, "ugc.events.ghost"),
    ]
    assert "version 4 (schema id" in str(found.drift[0])
    assert str(found.drift[1]) == (
        "ugc.events.ghost: no contract explains it, with 1 version (unexplained-subject)"
    )
    after = sync(registry, CATALOG, RECORD, TOPIC)
    assert after == found
    assert planned(registry) == Plan((), found.drift), "drift stays until somebody removes it"


def test_only_what_is_missing_is_done() -> None:
    registry = InMemoryRegistry()
    sync(registry, catalog_of({"view": 2}), RECORD, TOPIC)
    assert told(planned(registry)) == [
        "set ugc.events.click to BACKWARD_TRANSITIVE (was not set)",
        "register click@1 under ugc.events.click",
        "register view@3 under ugc.events.view",
    ]


def test_a_version_that_came_after_its_successor() -> None:
    registry = InMemoryRegistry()
    for number in (2, 1, 3):
        text = schema_text(avro_schema(CATALOG, CATALOG.get("view", number)))
        registry.register("ugc.events.view", text)
    found = planned(registry)
    assert [action for action in found.actions if isinstance(action, Register)] == [
        Register("ugc.events.click", "click@1", _text("click", 1))
    ]
    assert list(map(str, found.drift)) == [
        "ugc.events.view: view@1 was registered after view@2 (order)"
    ]


def _text(event: str, version: int) -> str:
    return schema_text(avro_schema(CATALOG, CATALOG.get(event, version)))


def test_another_spelling_of_the_same_schema_is_no_drift() -> None:
    registry = InMemoryRegistry()
    spelled = json.dumps(dict(reversed(avro_schema(CATALOG, CATALOG.get("click")).items())))
    registry.register("ugc.events.click", spelled)
    found = planned(registry, catalog_of({"click": 1}))
    assert found == Plan((SetLevel("ugc.events.click", None),), ())


@pytest.mark.parametrize("text", ['"int"', '{"type": "fixed", "name": "f", "size": 1}'])
def test_a_subject_of_ours_with_a_foreign_schema(text: str) -> None:
    registry = InMemoryRegistry()
    registry.register("ugc.events.click", text)
    found = planned(registry, catalog_of({"click": 1}))
    assert [drift.kind for drift in found.drift] == [DriftKind.UNEXPLAINED_VERSION]
    assert [action for action in found.actions if isinstance(action, Register)]


def test_subjects_by_topic_and_record_are_apart_from_those_by_record(shared_server: str) -> None:
    with closing(ConfluentRegistry(shared_server, RegistryOptions())) as registry:
        sync(registry, CATALOG, TOPIC_RECORD, TOPIC)
        assert registry.subjects() == ("topic-ugc.events.click", "topic-ugc.events.view")
        assert planned(registry).drift == ()
        sync(registry, CATALOG, RECORD, TOPIC)
        assert sync(registry, CATALOG, TOPIC_RECORD, TOPIC) == Plan((), ())
        by_topic = resolve_ids(registry, CATALOG, subject_names(TOPIC_RECORD, TOPIC))
        assert by_topic == resolve_ids(registry, CATALOG), "one schema has one id"
        sync(registry, CATALOG, TOPIC_RECORD, "other")
        assert sync(registry, CATALOG, TOPIC_RECORD, TOPIC).drift == (), "another topic's"
