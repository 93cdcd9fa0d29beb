"""A name that lint lets through also starts; one that it refuses has a reason."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import avro.schema
import fastavro
import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate

from api.docs import openapi
from ch_schema.client.connect import connect
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.targets import targets_for
from ch_schema.migrate.run import Migrator
from contracts.lint import lint_folder
from contracts.lint.contract import INNER_NAMES
from contracts.lint.names import LONGEST_NAME
from contracts.model.loader import Catalog, load_catalog
from contracts.model.names import AVRO_TYPES
from registry.asyncapi import asyncapi_document
from registry.avro import avro_schema
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.support.contract_folder import change, copy_of_contracts
from tests.support.register import register_all
from ugc.compatibility.judge import judge
from ugc.compatibility.sources import from_folder
from ugc.contracts.command import command
from ugc.local.registry.validity import check_document
from ugc.project.reserved import reserved_columns, reserved_events
from ugc.project.tables import INTERNAL

WHEN = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
FIGURES = (
    *("day", "events", "users", "yes", "share", "anonymous_events"),
    *("ended", "mean_seconds", "median_seconds", "p90_seconds", "total_seconds"),
)
"""Columns of the reports."""
WORDS = (
    *("select", "from", "final", "order", "group", "table", "index", "key", "primary", "default"),
    *("partition", "ttl", "null", "true", "inf", "nan", "interval", "settings", "comment", "end"),
    *("date", "time", "tuple", "count", "now", "rows", "n", "source", "timestamp_range", "ugc"),
    *("user_id_filter", "system", "numbers", "one", "columns", "tables", "daily_active_users"),
    *("event", "token", "data", "version", "value", "batch", "validate", "contracts", "request"),
    *("message", "problem", "class", "import", "self", "constructor", "to_string", "schema"),
    "a" * LONGEST_NAME,
)
"""Words of ClickHouse, of Avro's readers, of our own addresses, envelopes and documents."""

TEXT = {"type": "string", "maxLength": 9, "description": "A text.", "examples": ["a"]}
COUNT = {
    "type": "integer",
    "minimum": 0,
    "maximum": 9,
    "description": "A number.",
    "examples": [1],
}
TRUTH = {"type": "boolean", "description": "A truth.", "examples": [True]}


def document(properties: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    named = {key.replace("x_", "x-"): value for key, value in keywords.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event",
        "description": "An event with names.",
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": dict(properties),
        "examples": [{name: _value(inner) for name, inner in properties.items()}],
        **named,
    }


def _value(schema: Mapping[str, Any]) -> Any:
    if "properties" in schema:
        return {name: _value(inner) for name, inner in schema["properties"].items()}
    return schema["examples"][0]


def inside(name: str) -> dict[str, Any]:
    """An object with one field."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name],
        "properties": {name: TEXT},
        "description": "An object.",
    }


def events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every name as an event's, and as a field's in every place that a report looks at."""
    for name in (*FIGURES, *WORDS):
        if name not in reserved_events():
            yield name, document({"a_field": COUNT})
    for name in FIGURES:
        yield f"text_{name}", document({name: TEXT, "other": TEXT})
        yield f"truth_{name}", document({name: TRUTH, "other": TEXT})
        keyed = {"key": [name]}
        yield f"key_{name}", document({name: TEXT, "is_it": TRUTH}, x_table=keyed)
    names = (*FIGURES, *WORDS, *sorted(AVRO_TYPES))
    yield "texts", document(dict.fromkeys(names[len(FIGURES) :], TEXT))
    yield "nested", document({name: inside(name) for name in names if name not in INNER_NAMES})
    yield "deep", document({"d" * LONGEST_NAME: inside("e" * LONGEST_NAME)})
    yield from _pair()


def _pair() -> Iterator[tuple[str, dict[str, Any]]]:
    carried = dict.fromkeys(FIGURES, TEXT)
    yield "start_of_it", document({"of": TEXT, **carried})
    yield "end_of_it", document({"of": TEXT})
    seconds = {"type": ["number", "null"], "description": "Seconds.", "examples": [1.5]}
    pairing = {
        "start": "start_of_it",
        "end": "end_of_it",
        "keys": ["of"],
        "carry": list(FIGURES[1:]),
        "duration": "day",
        "wait_seconds": 60,
        "store_prefix": "names",
        "when_paired": {},
        "when_unpaired": {"day": None},
    }
    made = document({**carried, "day": seconds}, x_origin="etl", x_pairing=pairing)
    yield "both_of_it", {**made, "required": list(FIGURES[1:])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A contract folder with all of them."""
    found = copy_of_contracts(tmp_path_factory.mktemp("names"))
    for event, contract in events():
        write(found, event, contract)
    return found


def write(folder: Path, event: str, contract: Mapping[str, Any]) -> None:
    files = {
        f"events/{event}/v1.json": contract,
        f"examples/{event}/v1/valid/one.json": contract["examples"][0],
        f"examples/{event}/v1/invalid/one.json": {"no_such_field": 1},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def catalog(folder: Path) -> Catalog:
    return load_catalog(folder)


@pytest.mark.parametrize("name", INNER_NAMES)
def test_names_that_no_object_inside_may_use_have_a_reason(name: str, tmp_path: Path) -> None:
    made = copy_of_contracts(tmp_path)
    write(made, "nested", document({name: inside(name)}))
    (found,) = lint_folder(made, reserved_columns(), reserved_events())
    assert (found.code, found.pointer) == (
        "column-reserved",
        f"/properties/{name}/properties/{name}",
    )


def test_lint_lets_them_through(folder: Path) -> None:
    assert lint_folder(folder, reserved_columns(), reserved_events()) == ()


@pytest.mark.timeout(600)
def test_their_tables_and_views_are_made_and_answer(catalog: Catalog, tmp_path: Path) -> None:
    targets = targets_for(catalog, INTERNAL)
    assert all(any(f" AS {name}" in view.select for view in targets.views) for name in FIGURES)
    with closing(connect(f"chdb://{tmp_path}/ugc")) as client:
        Migrator(client, targets).apply()
        for contract in catalog.tables:
            maker = RowMaker(contract)
            row = maker.row(message_of(catalog, contract.event), lineage(), 1)
            name = maker.table.qualified_name
            client.insert(
                name.replace("`", ""), list(maker.columns), [row], deduplication_token=name
            )
        for view in targets.views:
            rows = client.query(f"SELECT * FROM {view.qualified_name}")
            assert len(rows) == 1, view.select
        made = {
            each["name"]
            for each in client.query("SELECT name FROM system.tables WHERE database = 'ugc'")
        }
    own = {name for name, taken in reserved_events().items() if taken == "a table of our own"}
    assert made - {contract.event for contract in catalog.tables} == own


def lineage() -> Lineage:
    return Lineage(partition=0, offset=1, loaded_at=WHEN)


def message_of(catalog: Catalog, event: str) -> Any:
    """The event's own example, written to Kafka and read again."""
    contract = catalog.get(event)
    registry = InMemoryRegistry()
    alone = Catalog({event: {1: contract}}, catalog.envelopes)
    encoder = Encoder(alone, register_all(registry, alone))
    value = encoder.encode(
        contract,
        event_id=uuid.uuid4(),
        user_id="somebody",
        timestamp=WHEN,
        data=contract.schema["examples"][0],
    )
    return Decoder(alone, registry).decode(event.encode(), value)


def test_every_reader_of_avro_takes_their_schemas(catalog: Catalog) -> None:
    for contract in catalog:
        schema = avro_schema(catalog, contract)
        check_document(schema)
        fastavro.parse_schema(json.loads(json.dumps(schema)))
        avro.schema.parse(json.dumps(schema))


def test_the_documents_hold_them(catalog: Catalog) -> None:
    found = openapi.document(catalog, version="1")
    validate(found)
    sent = {contract.event for contract in catalog if contract.pairing is None}
    assert {f"{event}.v1" for event in sent} <= found["components"]["schemas"].keys()
    messages = asyncapi_document(catalog, topic="t")["components"]["messages"]
    assert len(messages) == len(list(catalog))


# ---------------------------------------------------------------- what is refused, and why

EVENTS = sorted(reserved_events())
MISSPELT = ("page__view", "page_", "p" * (LONGEST_NAME + 1), "pageView")


def told(folder: Path, code: str) -> list[str]:
    found = lint_folder(folder, reserved_columns(), reserved_events())
    return [finding.message for finding in found if finding.code == code]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_with_a_name_of_ours_is_refused_with_the_reason(
    tmp_path: Path, event: str
) -> None:
    folder = copy_of_contracts(tmp_path)
    base = from_folder(folder)
    write(folder, event, document({"a_field": TEXT}))
    reason = f"{event} is {reserved_events()[event]}"
    assert [message.partition(";")[0] for message in told(folder, "event-reserved")] == [reason]
    report = judge(base, from_folder(folder), WHEN.date())
    assert "event.reserved" in {f.code for each in report.events for f in each.breaking}


@pytest.mark.parametrize("arguments", [("new", "double", "--owner", "web"), ("new", "page__view")])
def test_new_refuses_what_lint_refuses(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    env = {"CONTRACTS_DIR": str(copy_of_contracts(tmp_path))}
    done = CliRunner().invoke(command, arguments, env=env)
    assert done.exit_code != 0
    assert "name" in str(done.exception)


def test_new_refuses_an_event_that_differs_in_signs_only(tmp_path: Path) -> None:
    env = {"CONTRACTS_DIR": str(copy_of_contracts(tmp_path))}
    done = CliRunner().invoke(command, ("new", "pageview", "--owner", "web"), env=env)
    assert "differs from the event page_view" in str(done.exception)


@pytest.mark.parametrize("event", ["page__view", "page_"])
def test_an_event_is_snake_case(tmp_path: Path, event: str) -> None:
    folder = copy_of_contracts(tmp_path)
    write(folder, event, document({"a_field": TEXT}))
    (message,) = told(folder, "name-not-snake-case")
    assert "write snake_case" in message


def test_events_that_differ_in_signs_only(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    write(folder, "pageview", document({"a_field": TEXT}))
    assert told(folder, "name-collision") == [
        "pageview differs from the event page_view in case and signs only; rename one"
    ]


@pytest.mark.parametrize("name", sorted(reserved_columns()))
def test_a_field_with_the_name_of_a_column_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    folder = copy_of_contracts(tmp_path)
    base = from_folder(folder)
    write(folder, "sign_up", document({name: TEXT}))
    assert told(folder, "column-reserved") == [
        f"every table has a column {name} already; write another name"
    ]
    report = judge(base, from_folder(folder), WHEN.date())
    assert "clickhouse.refused" in {f.code for each in report.events for f in each.breaking}


def test_import_gives_no_name_that_lint_refuses(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    plan = tmp_path / "plan"
    plan.mkdir()
    for name in ("double", "etl_runs", "PageView2", "page_view_2", "pageview"):
        (plan / f"{name}.json").write_text(json.dumps({**schema, "title": name}), encoding="utf-8")
    arguments = ("import", str(plan), "--owner", "web", "--json", "--into", str(folder))
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1
    found = {event["event"]: event["findings"] for event in json.loads(done.stdout)["events"]}
    differs = "/ pageview differs from the event page_view in case and signs only; rename one"
    assert found == {
        "event_double": [],
        "event_etl_runs": [],
        "page_view2_2": [],
        "page_view_2": [],
        "pageview": [differs],
    }


def test_a_merged_event_with_a_name_of_ours_is_not_told_again(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    write(folder, "double", document({"a_field": TEXT}))
    base = from_folder(folder)
    change(folder / "events/double/v1.json", lambda contract: contract.update({"x-owner": "web"}))
    report = judge(base, from_folder(folder), WHEN.date())
    assert "event.reserved" not in {f.code for each in report.events for f in each.findings}
