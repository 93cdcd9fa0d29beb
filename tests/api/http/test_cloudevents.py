"""CloudEvents 1.0 in all three modes: each attribute has a place, or is refused by name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.http.cloudevents import BATCH, STRUCTURED
from api.pipeline.cloudevents import event_id_of
from tests.api.world import USER, World, with_event
from tests.support.contract_folder import catalog_without_context
from tests.support.golden import Golden
from tests.support.with_context import catalog_with_context

ID = "0190163d-8694-739b-aea5-966c26f8ad91"
CLICK: Mapping[str, Any] = {
    "specversion": "1.0",
    "type": "element_click",
    "source": "https://shop.example.com/pages",
    "id": ID,
    "data": {"element_type": "trailer", "page_type": "movie"},
}
PLACES = with_event(
    "placed",
    {
        "occurred_at": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "maxLength": 100},
        "sequence": {"type": "integer", "minimum": 0, "maximum": 1000},
        "sampled": {"type": "boolean"},
    },
    optional={"occurred_at", "subject", "sequence", "sampled"},
)


def structured(world: World, event: Any, address: str = "events") -> TestResponse:
    return world.client().post(
        f"/api/v1/{address}", data=json.dumps(event).encode(), content_type=STRUCTURED
    )


def binary(
    world: World, event: Mapping[str, Any], content_type: str = "application/json"
) -> TestResponse:
    attributes = {f"ce-{name}": str(each) for name, each in event.items() if name != "data"}
    raw = json.dumps(event["data"]).encode() if "data" in event else b""
    return world.client().post(
        "/api/v1/events",
        data=raw,
        headers=attributes,
        content_type=(raw and content_type) or None,
    )


def violations(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    found = answer.get_json()
    assert found["code"] == "envelope_invalid"
    return {each["pointer"]: each["message"] for each in found["violations"]}


@pytest.mark.parametrize("send", [structured, binary])
def test_one_event_is_stored_in_either_mode(send: Any) -> None:
    world = World()
    answer = send(world, {**CLICK, "token": world.good_token})
    assert answer.status_code == 202, answer.text
    assert answer.get_json()["event_id"] == ID
    (message,) = world.messages()
    assert (message.event, str(message.event_id), message.user_id) == ("element_click", ID, USER)
    assert message.data["element_type"] == "trailer"
    (record,) = world.publisher.published
    assert record.headers["ce_source"] == CLICK["source"]
    assert record.headers["ce_id"] == ID


def test_a_batch_holds_events_of_which_a_bad_one_hurts_no_neighbour() -> None:
    world = World()
    events = [CLICK, {**CLICK, "id": "a", "subject": "x"}, {**CLICK, "id": "b"}, 7]
    answer = world.client().post(
        "/api/v1/events/batch", data=json.dumps(events), content_type=BATCH
    )
    assert answer.status_code == 207
    results = answer.get_json()["results"]
    assert [each["status"] for each in results] == [202, 422, 202, 422]
    assert results[1]["problem"]["violations"][0]["pointer"] == "/subject"
    assert len(world.messages()) == 2


def test_the_dry_run_takes_them_and_stores_nothing() -> None:
    world = World()
    answer = structured(world, CLICK, "validate").get_json()
    assert answer["accepted"]
    assert answer["message"]["event_id"] == ID
    assert not world.publisher.published


def test_an_id_that_is_no_uuid_is_one_event_with_its_source() -> None:
    world = World()
    first = structured(world, {**CLICK, "id": "A-1"}).get_json()
    again = structured(world, {**CLICK, "id": "A-1"}).get_json()
    other = structured(world, {**CLICK, "id": "A-1", "source": "/elsewhere"}).get_json()
    assert again["event_id"] == first["event_id"] != other["event_id"]
    assert again["duplicate"]
    assert "duplicate" not in other
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, CLICK["source"])
    assert first["event_id"] == str(uuid.uuid5(namespace, "A-1"))
    assert world.publisher.published[0].headers["ce_id"] == "A-1"


def test_a_uuid_in_upper_case_is_the_same_id() -> None:
    assert event_id_of("/a", ID.upper()) == event_id_of("/b", ID) == ID


@pytest.mark.parametrize(
    "dataschema",
    [
        "/api/v1/contracts/element_click/1",
        "https://ugc.example.com/api/v1/contracts/element_click/1",
        "https://example.com/schemas/element_click/v1.json",
        "element_click/v1",
    ],
)
def test_the_version_is_that_of_the_dataschema(dataschema: str) -> None:
    world = World()
    answer = structured(world, {**CLICK, "dataschema": dataschema})
    assert answer.get_json()["version"] == 1
    newer = structured(world, {**CLICK, "dataschema": "/element_click/9"})
    assert newer.get_json()["code"] == "version_unknown"


def test_attributes_go_into_the_fields_of_their_names() -> None:
    for send in (structured, binary):
        world = World(PLACES)
        event = {
            **CLICK,
            "type": "placed",
            "time": "2026-01-31T11:59:00Z",
            "subject": "order 7",
            "sequence": 12 if send is structured else "12",
            "sampled": True if send is structured else "true",
            "data": {},
        }
        answer = send(world, event)
        assert answer.status_code == 202, answer.text
        (message,) = world.messages()
        assert message.data["subject"] == "order 7"
        assert message.data["sequence"] == 12
        assert message.data["sampled"] is True
        assert message.data["occurred_at"].isoformat() == "2026-01-31T11:59:00+00:00"


@pytest.mark.parametrize("time", ["2026-01-31T11:59:00Z", "2026-01-31T11:59:00.123456789+01:00"])
def test_a_time_without_a_field_is_kept_in_kafka(time: str) -> None:
    for send in (structured, binary):
        world = World(catalog_without_context())
        assert send(world, {**CLICK, "time": time}).status_code == 202
        assert world.publisher.published[0].headers["ce_time"] == time


def test_the_context_takes_what_the_contract_has_no_field_for() -> None:
    for send in (structured, binary):
        world = World(catalog_with_context())
        sequence = 7 if send is structured else "7"
        time = "2026-01-31T11:59:00Z"
        answer = send(world, {**CLICK, "time": time, "sequence": sequence, "locale": "nl"})
        assert answer.status_code == 202, answer.text
        (message,) = world.messages()
        assert message.data["context__sequence"] == 7
        assert message.data["context__locale"] == "nl"
        assert message.data["context__occurred_at"].isoformat() == "2026-01-31T11:59:00+00:00"
        assert "ce_time" not in world.publisher.published[0].headers
        wrong = send(World(catalog_with_context()), {**CLICK, "locale": "x" * 999, "other": "x"})
        assert set(violations(wrong)) == {"/other"}
        too_long = send(World(catalog_with_context()), {**CLICK, "locale": "x" * 999})
        assert set(violations(too_long)) == {"/locale"}


def test_what_has_no_place_is_refused_by_name() -> None:
    world = World()
    extra = {"subject": "x", "traceparent": "00-1-1-01"}
    for send in (structured, binary):
        found = violations(send(world, {**CLICK, **extra}))
        assert set(found) == {"/subject", "/traceparent"}
        assert "no field subject" in found["/subject"]
    assert not world.publisher.published


def test_a_place_that_is_taken_is_refused_too() -> None:
    world = World(PLACES)
    event = {**CLICK, "type": "placed", "subject": "a", "data": {"subject": "b"}}
    assert set(violations(structured(world, event))) == {"/subject"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"source": ""}, "/source"),
        ({"source": None}, "/source"),
        ({"source": "x" * 257}, "/source"),
        ({"id": None}, "/id"),
        ({"id": 5}, "/id"),
        ({"type": None}, "/type"),
        ({"type": "x" * 64}, "/type"),
        ({"dataschema": "https://example.com/"}, "/dataschema"),
        ({"dataschema": "/page_view/1"}, "/dataschema"),
        ({"dataschema": "/element_click/9999999999"}, "/dataschema"),
        ({"datacontenttype": "text/xml"}, "/datacontenttype"),
        ({"time": "yesterday"}, "/time"),
        ({"time": 5}, "/time"),
        ({"time": "2026-01-31T12:00:00Z\n"}, "/time"),
        ({"data_base64": "e30="}, "/data_base64"),
        ({"Upper": "x"}, "/Upper"),
        ({"nested": {}}, "/nested"),
        ({"token": 5}, "/token"),
        ({"data": [1]}, "/data"),
    ],
)
def test_what_is_wrong_is_pointed_at(change: Mapping[str, Any], pointer: str) -> None:
    world = World()
    assert pointer in violations(structured(world, {**CLICK, **change}))
    assert not world.publisher.published


def test_null_stands_for_an_attribute_that_is_left_out() -> None:
    assert structured(World(), {**CLICK, "subject": None, "time": None}).status_code == 202


def test_an_event_without_data_has_no_fields() -> None:
    bare = {name: each for name, each in CLICK.items() if name != "data"}
    for send in (structured, binary):
        assert send(World(), bare).get_json()["code"] == "data_invalid"
        assert send(World(PLACES), {**bare, "type": "placed"}).status_code == 202


def test_headers_are_percent_decoded_and_unquoted() -> None:
    world = World(PLACES)
    event = {**CLICK, "type": "placed", "subject": '"caf%C3%A9 \\"x\\""', "data": {}}
    assert binary(world, event).status_code == 202
    assert world.messages()[0].data["subject"] == 'café "x"'
    assert "/subject" in violations(binary(world, {**event, "subject": "%ff"}))


def test_in_binary_mode_data_is_json_when_nothing_is_said() -> None:
    assert binary(World(), CLICK, "").status_code == 202


def test_a_body_that_is_not_json_is_refused_in_binary_mode() -> None:
    answer = binary(World(), CLICK, "application/octet-stream")
    assert answer.get_json()["code"] == "media_type_unsupported"


def test_each_address_names_the_form_it_takes() -> None:
    client = World().client()
    batch = client.post("/api/v1/events", data=b"[]", content_type=BATCH)
    assert batch.get_json()["code"] == "media_type_unsupported"
    assert "/api/v1/events/batch" in batch.get_json()["detail"]
    one = client.post("/api/v1/events/batch", data=b"{}", content_type=STRUCTURED)
    assert BATCH in one.get_json()["detail"]


def test_a_refused_one_is_told_to_operators_with_its_type() -> None:
    world = World()
    structured(world, {**CLICK, "type": "element_clik"})
    world.rejected.work()
    (sent,) = [json.loads(value) for _, value in world.sink.taken]
    assert sent["code"] == "event_unknown"
    assert sent["body"]["type"] == "element_clik"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("no_place", {**CLICK, "traceparent": "00-1-1-01", "subject": "x"}),
        ("no_source", {name: each for name, each in CLICK.items() if name != "source"}),
        ("other_event_in_dataschema", {**CLICK, "dataschema": "/page_view/1"}),
        ("data_invalid", {**CLICK, "data": {}}),
    ],
)
def test_the_problem_is_this(name: str, event: Mapping[str, Any], golden: Golden) -> None:
    answer = world_client_answer(event)
    told = json.dumps(answer.get_json(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    golden(f"cloudevents/{name}.json", told)


def world_client_answer(event: Mapping[str, Any]) -> TestResponse:
    return (
        World()
        .client()
        .post(
            "/api/v1/events",
            data=json.dumps(event),
            content_type=STRUCTURED,
            headers={"X-Correlation-Id": "from-the-client"},
        )
    )
