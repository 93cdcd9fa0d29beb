"""``ugc contracts import``: plans of every kind become contracts that lint takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from contracts.model.loader import parse_contract
from contracts.model.types import DateTimeType, IntegerType, JsonType, StringType
from contracts.model.validation import problems_with_contract
from tests.support.schemas import Drawn, documents
from ugc.importing.command import command
from ugc.importing.convert import Fate
from ugc.importing.events import ImportedEvent, Platform, imported_all
from ugc.importing.names import snake_case
from ugc.importing.plans import PlannedEvent, events_in

PROPERTIES: dict[str, Any] = {
    "orderId": {"type": "string", "format": "uuid", "description": "The order."},
    "total": {"type": ["number", "null"], "minimum": 0, "exclusiveMinimum": True},
    "count": {"type": "integer"},
    "placed-at": {"type": "string", "format": "date-time"},
    "currency": {"enum": ["EUR", "USD"]},
    "coupon": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
    "lines": {
        "type": "array",
        "items": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}},
    },
    "labels": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "anything": {},
    "user_id": {"type": "string"},
    "имя": {"type": "string"},
    "order_id": {"type": "string"},
}
SCHEMA = {"type": "object", "required": ["orderId", "count"], "properties": PROPERTIES}

IGLU = {
    "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
    "self": {"vendor": "org.example", "name": "orderPlaced", "format": "jsonschema",
             "version": "1-0-0"},
    **SCHEMA,
}  # fmt: skip
CALL = {"type": "object", "properties": {"context": {}, "properties": SCHEMA, "traits": {}}}
EVENT = {"name": "Order Placed", "description": "An order.", "rules": CALL}
PLANS: dict[str, Any] = {
    "plain": {"title": "Order placed", **SCHEMA},
    "iglu": IGLU,
    "segment": {"name": "Plan", "rules": {"events": [EVENT], "global": {}}},
    "segment old": {"tracking_plan": {"rules": {"events": [EVENT]}}},
    "segment public": {"data": {"rules": [{"key": "Order Placed", "type": "TRACK",
                                           "jsonSchema": CALL}]}},
    "rudderstack": {"name": "Plan", "version": 1, "events": [{**EVENT, "eventType": "track"}]},
}  # fmt: skip


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_kind_of_plan_is_known(plan: Any) -> None:
    (found,) = events_in(plan, "file", "file.json")
    assert snake_case(found.name, "event") == "order_placed"
    assert found.schema["properties"] == PROPERTIES


def taken(schema: Any, name: str = "Order placed") -> ImportedEvent:
    planned = PlannedEvent(
        name=name, description="", schema=schema, source="test", where="a", family=("a",)
    )
    platform = Platform(columns=frozenset({"user_id"}))
    (event,) = imported_all([planned], owner="team", platform=platform)
    return event


def test_what_becomes_of_each_field() -> None:
    event = taken(SCHEMA)
    assert [(str(report), report.fate) for report in event.fields] == [
        ("orderId", Fate.TYPED), ("total", Fate.TYPED), ("count", Fate.TYPED),
        ("placed-at", Fate.TYPED), ("currency", Fate.TYPED), ("coupon", Fate.TYPED),
        ("lines", Fate.TYPED), ("lines[].sku", Fate.TYPED), ("labels", Fate.TYPED),
        ("anything", Fate.JSON_TEXT), ("user_id", Fate.TYPED), ("имя", Fate.TYPED),
        ("order_id", Fate.TYPED),
    ]  # fmt: skip
    assert event.findings == ()


def test_the_contract_is_one() -> None:
    event = taken(SCHEMA)
    assert event.document is not None
    assert problems_with_contract(event.document) == ()
    contract = parse_contract("order_placed", 1, event.document, Path("v1.json"))
    kinds = {field.name: field.value.type for field in contract.data.fields}
    assert kinds["placed_at"] == DateTimeType()
    assert kinds["count"] == IntegerType()
    assert kinds["currency"] == StringType(categorical=True)
    assert not any(isinstance(kind, JsonType) for kind in kinds.values())
    assert event.document["required"] == ["count", "order_id_2"]
    assert event.document["properties"]["total"]["exclusiveMinimum"] == 0
    assert event.document["properties"]["coupon"]["maxLength"] == 9


@pytest.mark.parametrize("schema", [True, {"type": "string"}, {"properties": {"a": False}}])
def test_events_that_cannot_be_taken(schema: Any) -> None:
    event = taken(schema)
    assert event.document is None
    assert event.fields[0].fate is Fate.REFUSED


@settings(max_examples=150, deadline=None)
@given(documents())
def test_any_schema_becomes_a_contract_of_the_dialect_or_is_refused(drawn: Drawn) -> None:
    event = taken(drawn.schema)
    if event.document is None:
        assert event.fields[0].notes
    else:
        assert event.findings == ()
        parse_contract("order_placed", 1, event.document, Path("v1.json"))


@pytest.mark.parametrize("union", [[{"$ref": "#"}], [{"$ref": "#"}, {"$ref": "#"}]])
def test_a_union_that_leads_back_to_itself(union: list[Any]) -> None:
    event = taken({"properties": {"a": {"type": "integer"}}, "anyOf": union})
    assert list(map(str, event.fields)) == ["a"]


def test_unions_inside_unions() -> None:
    branches = [{"properties": {"tag": {"const": tag}, "n": {"type": "integer"}}} for tag in "xy"]
    event = taken({"anyOf": [{"oneOf": branches}, {"type": "null"}]})
    assert event.document is not None
    assert event.document["properties"]["tag"]["enum"] == ["x", "y"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments), "--owner", "team"])


def test_the_files_are_written_once(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(PLANS["segment"]), encoding="utf-8")
    into = tmp_path / "contracts"
    result = run(plan, "--into", into)
    assert result.exit_code == 0, result.output
    assert "1 of 1 event; fields: 12 typed, 1 JSON text, 0 refused" in result.stdout
    written = {path.relative_to(into).as_posix() for path in into.rglob("*.json")}
    assert written == {
        "events/order_placed/v1.json",
        "examples/order_placed/v1/valid/whole.json",
        "examples/order_placed/v1/invalid/unknown_field.json",
        "examples/order_placed/v1/invalid/no_count.json",
    }
    again = run(plan, "--into", into)
    assert (again.exit_code, "left order_placed alone" in again.stderr) == (1, True)


def test_a_folder_and_a_report_for_programs(tmp_path: Path) -> None:
    iglu = tmp_path / "org.example" / "order" / "jsonschema"
    iglu.mkdir(parents=True)
    (iglu / "1-0-0").write_text(json.dumps(IGLU), encoding="utf-8")
    (tmp_path / "bad.json").write_text("true", encoding="utf-8")
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [(each["event"], each["taken"]) for each in found["events"]] == [
        ("bad", False), ("order_placed", True),
    ]  # fmt: skip
    assert found["fields"] == {"typed": 12, "JSON text": 1, "refused": 1}
