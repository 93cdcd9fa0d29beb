"""AsyncAPI, OpenAPI, ODCS and lists of properties: what is read, and what is told of the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ugc.importing.command import command
from ugc.importing.errors import TooSlowError
from ugc.importing.events import ImportedEvent, imported_all
from ugc.importing.limits import Budget, Limits
from ugc.importing.plans import events_in
from ugc.importing.yaml_text import parse_yaml

TEXT = {"type": "string", "maxLength": 10}


def imported(document: Any) -> dict[str, ImportedEvent]:
    planned = events_in(document, "file", "file.json")
    return {each.planned.name: each for each in imported_all(planned, owner="team")}


def properties_of(event: ImportedEvent) -> Mapping[str, Any]:
    assert event.document is not None, event.fields
    found: Mapping[str, Any] = event.document["properties"]
    return found


ASYNCAPI = {
    "asyncapi": "3.0.0",
    "channels": {
        "orders": {
            "messages": {
                "placed": {"$ref": "#/components/messages/placed"},
                "paid": {"payload": {"type": "object", "properties": {"at": TEXT}}},
                "gone": {"$ref": "other.yaml#/messages/x"},
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": TEXT, "line": {"$ref": "#/components/schemas/Line"}},
            },
            "Line": {"type": "object", "properties": {"sku": TEXT}, "discriminator": "sku"},
        },
        "messages": {
            "placed": {
                "name": "Order Placed",
                "summary": "An order was placed.",
                "headers": {"type": "object"},
                "payload": {"$ref": "#/components/schemas/Order"},
            },
            "avro": {
                "payload": {
                    "schemaFormat": "application/vnd.apache.avro;version=1.9.0",
                    "schema": {"type": "record"},
                }
            },
            "bare": {"headers": {}},
        },
    },
}


def test_asyncapi_messages_are_events_once_wherever_they_are() -> None:
    found = imported(ASYNCAPI)
    assert list(found) == ["Order Placed", "avro", "bare", "paid", "gone"]
    placed = found["Order Placed"]
    assert placed.event == "order_placed"
    assert properties_of(placed)["line"]["properties"]["sku"]["maxLength"] == 10
    assert placed.document is not None
    assert placed.document["required"] == ["id"]
    assert (
        placed.document["description"] == "An order was placed. Of the plan: headers are left out."
    )
    assert "discriminator is not checked" in properties_of(placed)["line"]["description"]
    assert properties_of(found["paid"])["at"]["type"] == "string"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("avro", "written in application/vnd.apache.avro"),
        ("bare", "no payload"),
        ("gone", "not inside the document"),
    ],
)
def test_a_message_that_cannot_be_read_costs_itself_and_says_why(name: str, reason: str) -> None:
    event = imported(ASYNCAPI)[name]
    assert event.document is None
    assert reason in event.fields[0].notes[0]


def test_asyncapi_2_messages_are_found_in_their_channels() -> None:
    message = {"name": "Signed Up", "payload": {"type": "object", "properties": {"at": TEXT}}}
    channels = {"user/signedup": {"subscribe": {"message": {"oneOf": [message]}}}}
    assert list(imported({"asyncapi": "2.6.0", "channels": channels})) == ["Signed Up"]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_openapi_components_are_events(version: str) -> None:
    order = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "note": (
                {"type": "string", "maxLength": 9, "nullable": True}
                if version.startswith("3.0")
                else {"type": ["string", "null"], "maxLength": 9}
            ),
            "count": {"type": "integer", "minimum": 0, "maximum": 9},
        },
    }
    document = {"openapi": version, "components": {"schemas": {"Order": order, "Id": TEXT}}}
    found = imported(document)
    assert properties_of(found["Order"])["note"]["type"] == ["string", "null"]
    assert properties_of(found["Order"])["id"]["maxLength"] == 10
    assert found["Id"].document is None


ODCS = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "x",
    "schema": [
        {
            "name": "orders",
            "description": "Orders.",
            "quality": [{"type": "sql", "query": "SELECT 1", "mustBe": 1}],
            "properties": [
                {
                    "name": "order_id",
                    "logicalType": "string",
                    "required": True,
                    "unique": True,
                    "logicalTypeOptions": {"maxLength": 40, "format": "uuid"},
                },
                {
                    "name": "state",
                    "logicalType": "string",
                    "quality": [
                        {"metric": "invalidValues", "arguments": {"validValues": ["a", "b"]},
                         "mustBe": 0},
                        {"metric": "nullValues", "mustBe": 0},
                    ],
                },
                {"name": "at", "logicalType": "timestamp",
                 "logicalTypeOptions": {"format": "yyyy-MM-dd"}},
                {"name": "tags", "logicalType": "array", "required": True,
                 "items": {"logicalType": "string", "logicalTypeOptions": {"maxLength": 5}}},
                {"name": "address", "logicalType": "object",
                 "properties": [{"name": "city", "logicalType": "string"}]},
                {"name": "odd", "logicalType": "geography"},
                {"logicalType": "string"},
            ],
        }
    ],
}  # fmt: skip


def test_odcs_objects_are_events_and_what_is_lost_is_named() -> None:
    event = imported(ODCS)["orders"]
    found = properties_of(event)
    assert event.document is not None
    assert event.document["required"] == ["order_id", "tags"]
    assert "quality is not checked" in event.document["description"]
    assert "a property without a name" in event.document["description"]
    assert found["order_id"]["format"] == "uuid"
    assert "unique is not checked" in found["order_id"]["description"]
    assert found["state"]["enum"] == ["a", "b"]
    assert "quality is not checked" in found["state"]["description"]
    assert found["at"]["format"] == "date-time"
    assert "format yyyy-MM-dd is not checked" in found["at"]["description"]
    assert found["tags"]["items"]["maxLength"] == 5
    assert found["address"]["properties"]["city"]["type"] == "string"
    assert "type geography is not checked" in str(event.fields)


def test_lists_of_properties_are_read() -> None:
    event = {
        "name": "Checkout Started",
        "properties": [
            {"name": "Currency", "type": "string", "required": True, "allowedValues": ["EUR"]},
            {"name": "Items", "type": "string", "isArray": True, "required": True},
            {"name": "Total", "type": "float", "min": 0, "isRequired": "sometimes"},
            {"name": "Code", "type": "string", "pinnedValue": "x", "nullable": True},
        ],
    }
    found = properties_of(imported({"events": [event]})["Checkout Started"])
    assert found["currency"]["enum"] == ["EUR"]
    assert found["items"]["type"] == "array"
    assert found["total"]["minimum"] == 0
    assert found["code"]["type"] == ["string", "null"]
    assert "pinnedValue is not checked" in found["code"]["description"]


def test_an_event_may_describe_its_properties_beside_its_name() -> None:
    event = {"name": "Left", "properties": {"at": TEXT}, "required": ["at"]}
    document = imported({"events": [event]})["Left"].document
    assert document is not None
    assert document["required"] == ["at"]


def test_amplitudes_taxonomy_is_read() -> None:
    rows = [
        {"event_type": "Sign Up", "description": "Somebody signed up."},
        {
            "event_property": "Plan",
            "event_type": "Sign Up",
            "type": "string",
            "regex": None,
            "enum_values": "free, paid",
            "is_array_type": False,
            "is_required": True,
        },
    ]
    event = imported({"success": True, "data": rows})["Sign Up"]
    assert properties_of(event)["plan"]["enum"] == ["free", "paid"]
    assert event.document is not None
    assert event.document["required"] == ["plan"]
    assert event.document["description"] == "Somebody signed up."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: 2020-01-01\nc: 1.0\nd: 1e3\ne: 010", {"a": "no", "b": "2020-01-01", "c": 1.0,
         "d": 1000.0, "e": "010"}),
        ("on: [true, null, ~, -5]\n1: x", {"on": [True, None, None, -5], "1": "x"}),
        ("a: |\n  text\nb: '5'", {"a": "text\n", "b": "5"}),
    ],
)  # fmt: skip
def test_yaml_means_what_json_can_say(text: str, value: Any) -> None:
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x", "a: 1\na: 2", "a: [", "--- 1\n--- 2", "? [a]\n: 1"]
)
def test_other_yaml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_yaml(text)


def test_a_bad_yaml_file_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(ASYNCAPI))
    (tmp_path / "bad.yaml").write_text("a: &x [*x]")
    (tmp_path / "none.yml").write_text("asyncapi: 3.0.0")
    result = CliRunner().invoke(command, [str(tmp_path), "--owner", "team"])
    assert result.exit_code == 1
    assert "'bad.yaml' (bad.yaml) → refused" in result.output
    assert "it describes no event" in result.output
    assert "order_placed@1" in result.output


def test_an_event_whose_time_is_over_is_refused_and_costs_only_itself() -> None:
    ticks = iter(range(100))
    budget = Budget(Limits(seconds=3), clock=lambda: float(next(ticks)))
    for _ in range(3):
        budget.step()
    budget.again()
    with pytest.raises(TooSlowError, match="longer than 3 seconds"):
        budget.step()


def test_the_time_of_an_event_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(ASYNCAPI))
    arguments = [str(tmp_path), "--owner", "team", "--most-seconds", "1e-9"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    assert "it takes longer than 1e-09 seconds" in result.output


def test_an_event_of_a_plan_without_properties_has_no_fields() -> None:
    call = {"context": {}, "properties": {"type": "object"}, "traits": {"type": "object"}}
    events = [
        {"name": "Nav Clicked", "rules": {"type": "object", "properties": call}},
        {"name": "Nav Hidden"},
    ]
    for event in imported({"rules": {"events": events}}).values():
        assert properties_of(event) == {}
        assert event.notes == ("other properties are refused",)


def test_what_a_plan_demands_of_the_rest_of_a_call_is_named() -> None:
    context = {"type": "object", "required": ["app"]}
    call = {"context": context, "properties": {"type": "object", "properties": {"a": TEXT}}}
    rules = {"events": [{"name": "Clicked", "rules": {"properties": call}}]}
    event = imported({"rules": rules})["Clicked"]
    assert "what it says of context is left out" in event.notes
    assert event.document is not None
    assert "what it says of context is left out" in event.document["description"]
