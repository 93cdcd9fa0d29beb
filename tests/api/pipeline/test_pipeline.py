"""From bytes to a stored event: what is published, in which order things are judged."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import RecordRefusedError, RecordTooLargeError, Rejection
from contracts.message import Message
from contracts.model import json_text
from contracts.model.loader import default_folder, load_catalog
from contracts.model.types import Contract, ValueType
from contracts.reasons import Reason
from registry.keys import KeyForm
from registry.values import to_json
from tests.api.world import CLICK, NOW, USER, World, with_event
from tests.support.payloads import payloads
from tests.support.rows_back import same_form
from tests.support.shapes import every_shape
from tests.support.with_context import nothing_said

EVENT_ID = "0190163D-8694-739b-aea5-966c26f8ad91"


def accept(world: World, body: Mapping[str, Any] | bytes) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return world.pipeline.accept(raw, correlation_id="c-1")


def refused(world: World, body: Mapping[str, Any] | bytes) -> Rejection:
    with pytest.raises(Rejection) as raised:
        accept(world, body)
    assert world.publisher.published == []
    return raised.value


def test_what_is_published_for_an_anonymous_click() -> None:
    world = World()
    accepted = accept(world, CLICK)
    assert world.messages() == [
        Message(
            event_id=uuid.UUID(int=1),
            event="element_click",
            user_id="anonymous",
            timestamp=dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, dt.UTC),
            contract_version=1,
            data={"element_type": "trailer", "page_type": "movie", **nothing_said()},
        )
    ]
    (published,) = world.publisher.published
    assert published.key == b"element_click"
    assert published.headers == {"correlation_id": "c-1"}
    assert (accepted.event_id, accepted.event, accepted.version) == (
        uuid.UUID(int=1),
        "element_click",
        1,
    )
    assert accepted.timestamp == NOW.replace(microsecond=123_000)


def test_the_user_of_a_good_token_is_stamped_and_the_token_is_gone() -> None:
    world = World()
    accept(world, {**CLICK, "token": world.good_token})
    assert world.messages()[0].user_id == USER
    assert world.good_token.encode() not in world.publisher.published[0].value


def test_the_clients_own_event_id_is_kept() -> None:
    world = World()
    accepted = accept(world, {**CLICK, "event_id": EVENT_ID})
    assert accepted.event_id == uuid.UUID(EVENT_ID)
    assert world.messages()[0].event_id == uuid.UUID(EVENT_ID)
    assert world.made_ids == 0


@pytest.mark.parametrize("version", [1, 1.0])
def test_a_version_may_be_asked_for(version: float) -> None:
    world = World()
    assert accept(world, {**CLICK, "version": version}).version == 1


def test_one_point_nought_is_stored_as_the_integer_one() -> None:
    world = World()
    data = {"video_id": "v", "old_quality": 720.0, "new_quality": 1.08e3}
    accept(world, {"event": "quality_change", "token": None, "data": data})
    stored = world.messages()[0].data
    assert stored == {**data, **nothing_said()}
    assert {type(stored["old_quality"]), type(stored["new_quality"])} == {int}


def examples(kind: str) -> list[Any]:
    folder = default_folder() / "examples"
    return [
        pytest.param(path, id=path.relative_to(folder).as_posix())
        for path in sorted(folder.glob(f"*/v*/{kind}/*.json"))
        if "page_view/" not in path.as_posix()
    ]


@pytest.mark.parametrize("path", examples("valid"))
def test_every_valid_example_is_stored(path: Path) -> None:
    world = World()
    accept(world, of_example(path))
    assert len(world.messages()) == 1


@pytest.mark.parametrize("path", examples("invalid"))
def test_every_invalid_example_is_refused(path: Path) -> None:
    world = World()
    rejection = refused(world, of_example(path))
    assert rejection.reason is Reason.DATA_INVALID
    assert (rejection.event, rejection.version) == (path.parts[-4], int(path.parts[-3][1:]))
    assert rejection.violations
    assert all(each.pointer.startswith("/data") for each in rejection.violations)


def of_example(path: Path) -> dict[str, Any]:
    event, version = path.parts[-4], int(path.parts[-3][1:])
    data = json.loads(path.read_text())
    return {"event": event, "token": None, "version": version, "data": data}


@pytest.mark.parametrize(
    "contract", [c for c in load_catalog() if c.origin == "client"], ids=lambda c: c.id
)
@settings(max_examples=25)
@given(st.data())
def test_every_payload_of_a_contract_is_stored(contract: Contract, data: st.DataObject) -> None:
    world = World()
    accept(world, {"event": contract.event, "token": None, "data": data.draw(payloads(contract))})
    assert len(world.messages()) == 1


@settings(max_examples=50)
@given(payloads(every_shape()[1]))
def test_a_contract_with_every_shape_of_field_passes(data: dict[str, Any]) -> None:
    catalog, contract = every_shape()
    world = World(catalog)
    request = {"event": "every_shape", "token": None, "data": data}
    accept(world, json_text.write(request).encode())
    (message,) = world.messages()
    kept = to_json(ValueType(contract.data))(message.data)
    assert same_form(contract.data, kept) == same_form(contract.data, data)


def test_the_data_is_judged_before_the_token() -> None:
    world = World()
    rejection = refused(world, {**CLICK, "token": "bad", "data": {}})
    assert rejection.reason is Reason.DATA_INVALID
    assert world.auth.asked == 0


def test_every_violation_is_told_at_once() -> None:
    rejection = refused(World(), {**CLICK, "data": {"element_type": 5, "x": 1}})
    assert [(each.pointer, each.keyword) for each in rejection.violations] == [
        ("/data/element_type", "type"),
        ("/data/page_type", "required"),
        ("/data/x", "additionalProperties"),
    ]


@pytest.mark.parametrize("sent", [["secret"], {"secret": 1}, 5, False])
def test_a_token_of_a_wrong_type_is_not_quoted(sent: Any) -> None:
    rejection = refused(World(), {**CLICK, "token": sent})
    assert rejection.reason is Reason.ENVELOPE_INVALID
    (violation,) = rejection.violations
    assert (violation.pointer, violation.message) == ("/token", "must be null or string")


def test_a_derived_event_is_not_taken_from_clients() -> None:
    data = {"duration_seconds": 1.5, "page_type": "movie", "paired": True}
    rejection = refused(World(), {"event": "page_view", "token": None, "data": data})
    assert rejection.reason is Reason.EVENT_NOT_ACCEPTED


def test_without_an_encoder_nobody_is_asked_about_the_token() -> None:
    world = World()
    world.encoder = None
    rejection = refused(world, {**CLICK, "token": world.good_token})
    assert (rejection.reason, rejection.status) == (Reason.STORE_UNAVAILABLE, 503)
    assert rejection.retry_after_seconds == 5
    assert world.auth.asked == 0


def test_when_kafka_does_not_answer_it_is_no_success() -> None:
    world = World()
    world.publisher.available = False
    rejection = refused(world, CLICK)
    assert (rejection.reason, rejection.event) == (Reason.STORE_UNAVAILABLE, "element_click")
    assert rejection.retry_after_seconds == 5


def test_an_event_that_is_larger_than_kafka_takes_is_refused_before_it_is_sent() -> None:
    world = World()
    accept(world, CLICK)
    value = world.publisher.published.pop().value
    world.value_limit_bytes = len(value) - 1
    rejection = refused(world, CLICK)
    assert (rejection.reason, rejection.status) == (Reason.EVENT_TOO_LARGE, 413)
    assert (rejection.event, rejection.retry_after_seconds) == ("element_click", None)
    world.value_limit_bytes = len(value)
    accept(world, CLICK)


@pytest.mark.parametrize(
    ("problem", "reason", "status"),
    [
        (RecordTooLargeError("too large"), Reason.EVENT_TOO_LARGE, 413),
        (RecordRefusedError("not valid"), Reason.EVENT_NOT_STORABLE, 422),
    ],
)
def test_what_kafka_will_never_take_is_not_to_be_sent_again(
    problem: RecordRefusedError, reason: Reason, status: int
) -> None:
    world = World()
    world.publisher.refuses = lambda _record: problem
    rejection = refused(world, CLICK)
    assert (rejection.reason, rejection.status) == (reason, status)
    assert rejection.retry_after_seconds is None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**300, 1e300])
def test_an_integer_beyond_int64_is_refused_even_where_the_contract_sets_no_bound(
    number: float,
) -> None:
    world = World(with_event("counted", {"n": {"type": "integer", "description": "A number."}}))
    rejection = refused(world, {"event": "counted", "token": None, "data": {"n": number}})
    assert rejection.reason is Reason.DATA_INVALID
    assert [(each.pointer, each.keyword) for each in rejection.violations] == [("/data/n", "type")]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_ends_of_int64_are_stored(number: int) -> None:
    world = World(with_event("counted", {"n": {"type": "integer", "description": "A number."}}))
    accept(world, {"event": "counted", "token": None, "data": {"n": number}})
    assert world.messages()[0].data == {"n": number}


def test_with_the_user_in_the_key_events_of_one_user_go_out_in_their_order() -> None:
    world = World(key_form=KeyForm.EVENT_AND_USER)
    view = {"page_view_id": EVENT_ID, "page_type": "movie"}
    sent = [
        {**CLICK, "token": world.good_token},
        {"event": "page_view_start", "token": world.good_token, "data": view},
        {"event": "page_view_start", "token": None, "data": view},
        {"event": "page_view_end", "token": world.good_token, "data": view},
        {"event": "page_view_end", "token": None, "data": view},
        {**CLICK, "event_id": EVENT_ID},
    ]
    for body in sent:
        accept(world, body)
    by_key: dict[bytes, list[str]] = {}
    for record, message in zip(world.publisher.published, world.messages(), strict=True):
        by_key.setdefault(record.key, []).append(message.event)
    assert by_key == {
        f"element_click:{USER}".encode(): ["element_click"],
        f"page_view:{USER}".encode(): ["page_view_start", "page_view_end"],
        f"page_view:{EVENT_ID.lower()}".encode(): ["page_view_start", "page_view_end"],
        f"element_click:{EVENT_ID.lower()}".encode(): ["element_click"],
    }
