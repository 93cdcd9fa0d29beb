"""What is recorded, of which requests, and what is never: through Flask and the JSON API."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from api.debug.masking import MASKED
from api.debug.recorder import MOST_WAITING_BYTES
from api.debug.settings import DebuggerSettings
from contracts.errors import SettingError
from contracts.model.loader import Catalog
from tests.api.debug.world import DebugWorld
from tests.api.world import CLICK, USER, World, post, token, with_event
from tests.support.with_applications import PAGE, PHONE, WEB, catalog_with_applications

ID = "0190163d-8694-739b-aea5-966c26f8ad91"
TAG = {"X-UGC-Debug": "my-test"}


def with_person() -> Catalog:
    """An event with a name, in an address, that is personal."""
    address = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "city": {"type": "string"},
            "street": {"type": "string", "x-pii": "free_text"},
        },
    }
    return with_event(
        "signed_up",
        {
            "plan": {"type": "string", "enum": ["free", "paid"], "description": "What was chosen."},
            "email": {"type": "string", "x-pii": "identifier", "format": "email"},
            "address": address,
        },
    )


def signed_up(**data: Any) -> dict[str, Any]:
    return {
        "event": "signed_up",
        "token": None,
        "data": {
            "plan": "free",
            "email": "ada@example.com",
            "address": {"city": "Paris", "street": "Rue 1"},
            **data,
        },
    }


def test_an_accepted_event_is_told_with_what_was_sent() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "event_id": ID}, headers=TAG)
    world.places.note(uuid.UUID(ID), 3, 17)
    (event,) = world.told(client)
    assert event["outcome"] == "accepted"
    assert event["tag"] == "my-test"
    assert event["event_id"] == ID
    assert event["sent"]["data"] == CLICK["data"]
    assert event["place"] == {"topic": "events", "partition": 3, "offset": 17}
    assert event["contract"] == "/api/v1/contracts/element_click/1"


def test_a_place_that_is_known_later_is_told_later() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "event_id": ID})
    assert world.told(client)[0]["place"] is None
    world.places.note(uuid.UUID(ID), 0, 4)
    assert world.told(client)[0]["place"] == {"topic": "events", "partition": 0, "offset": 4}


def test_a_rejected_event_is_told_with_rule_text_and_example() -> None:
    world = DebugWorld(with_person())
    client = world.client()
    post(client, signed_up(plan="gold"))
    (event,) = world.told(client)
    assert event["outcome"] == "rejected"
    assert event["problem"]["code"] == "data_invalid"
    (violation,) = event["problem"]["violations"]
    assert violation["pointer"] == "/data/plan"
    assert "gold" in violation["message"]
    (rule,) = event["rules"]
    assert rule["text"] == "What was chosen."
    assert rule["schema"]["enum"] == ["free", "paid"]
    answer = client.post("/api/v1/validate", json=event["example"])
    assert answer.get_json()["accepted"] is True


def test_the_nearest_example_is_the_one_that_shares_most() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "data": {"element_type": "banner", "page_typ": "promotion"}})
    (event,) = world.told(client)
    assert event["example"]["data"] == {"element_type": "banner", "page_type": "promotion"}


def test_personal_values_and_tokens_are_masked_in_an_accepted_event() -> None:
    world = DebugWorld(with_person())
    client = world.client()
    post(client, {**signed_up(), "token": world.good_token})
    (event,) = world.told(client)
    assert event["outcome"] == "accepted"
    assert event["sent"]["data"] == {
        "plan": "free",
        "email": MASKED,
        "address": {"city": "Paris", "street": MASKED},
    }
    assert event["sent"]["token"] == MASKED
    _is_nowhere(world, "ada@example.com", "Rue 1", world.good_token, USER)


@pytest.mark.parametrize(
    "data",
    [
        {"email": ["secret-person"]},
        {"address": {"inner": {"deeper": [{"email": "secret-person"}]}}},
        {"e_mail": "secret-person"},
        {"plan": {"street": "secret-person"}},
        {"address": "secret-person"},
        {"email": "secret-person"},
        {"note": {"plan2": "secret-person"}},
    ],
    ids=str,
)
def test_a_payload_that_does_not_fit_is_masked_by_name_at_any_depth(data: dict[str, Any]) -> None:
    world = DebugWorld(with_person())
    client = world.client()
    assert post(client, signed_up(**data)).status_code == 422
    (event,) = world.told(client)
    assert event["sent"]["data"]["plan"] in ("free", {"street": MASKED})
    _is_nowhere(world, "secret-person")


@pytest.mark.parametrize(
    "body",
    [
        {"event": "sign_up", "token": None, "data": {"plan": "secret-person", "n": 12345678}},
        {"event": "secret-person 1234567890", "token": None, "data": {"a": "secret-person"}},
        {"event": "signed_up", "token": "secret-person", "data": {"plan": "secret-person"}},
        {"event": "signed_up", "token": None, "data": "secret-person"},
        {"event": "signed_up", "token": None, "data": {}, "comment": "secret-person"},
        {"event": "signed_up", "token": None, "data": {}, "id": "secret-person"},
        {"event": "signed_up", "token": None, "data": {}, "context": {"who": "secret-person"}},
        {"event": "signed_up", "token": 5, "data": {"email": "secret-person"}},
        ["secret-person"],
        "secret-person",
        {"secret-person 17": 1},
    ],
    ids=str,
)
def test_of_what_is_not_known_only_the_structure_is_shown(body: Any) -> None:
    world = DebugWorld(with_person())
    client = world.client()
    assert post(client, json.dumps(body).encode()).status_code >= 400
    assert world.told(client)[0]["outcome"] == "rejected"
    _is_nowhere(world, "secret-person", "12345678")


def test_a_misspelt_event_is_named() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "event": "element_clik"})
    (event,) = world.told(client, "event=element_clik")
    assert event["sent"]["event"] == "element_clik"


@pytest.mark.parametrize("body", [b'{"a": "ada', b"", b"\xffada", b'{"ada 1":1,"ada 1":2}'])
def test_what_is_no_json_is_told_without_its_bytes(body: bytes) -> None:
    world = DebugWorld()
    client = world.client()
    post(client, body)
    assert world.told(client)[0]["outcome"] == "rejected"
    _is_nowhere(world, "ada")


def test_markup_is_text() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "data": {"element_type": "<img src=x onerror=alert(1)>"}})
    world.recorder.work()
    answer = client.get("/debug/events")
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_each_event_of_a_batch_is_told() -> None:
    world = DebugWorld()
    client = world.client()
    bad = {**CLICK, "data": {}}
    client.post("/api/v1/events/batch", json=[{**CLICK, "event_id": ID}, bad], headers=TAG)
    rejected, accepted = world.told(client, "tag=my-test")
    assert (accepted["outcome"], rejected["outcome"]) == ("accepted", "rejected")
    assert accepted["correlation_id"] == rejected["correlation_id"]


def test_a_repetition_is_a_duplicate() -> None:
    world = DebugWorld()
    client = world.client()
    for _ in range(2):
        post(client, {**CLICK, "event_id": ID})
    assert [each["outcome"] for each in world.told(client)] == ["duplicate", "accepted"]


def test_events_are_found_by_tag_event_outcome_and_id() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "event_id": ID}, headers=TAG)
    post(client, {**CLICK, "data": {}})
    assert len(world.told(client)) == 2
    assert len(world.told(client, "tag=my-test")) == 1
    assert len(world.told(client, "outcome=rejected")) == 1
    assert len(world.told(client, "event=element_click&outcome=accepted")) == 1
    assert len(world.told(client, f"event_id={ID.upper()}")) == 1
    assert world.told(client, "application=web") == []
    assert len(world.told(client, "limit=1")) == 1


@pytest.mark.parametrize(
    "query",
    ["outcome=lost", "event_id=x", "limit=0", "limit=5000", "outcom=rejected", "tag=%F0%9F%8E%AC"],
)
def test_a_question_that_is_none_is_told_so(query: str) -> None:
    answer = DebugWorld().client().get(f"/debug/events?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_only_what_bears_a_tag_is_recorded_where_nothing_else_is_asked_for() -> None:
    world = DebugWorld(applications=())
    client = world.client()
    post(client, CLICK)
    post(client, CLICK, headers={"X-UGC-Debug": "no tag: it has blanks"})
    post(client, CLICK, headers=TAG)
    assert [each["tag"] for each in world.told(client)] == ["my-test"]


def test_an_application_is_recorded_by_its_name_whether_it_is_let_in_or_not() -> None:
    world = DebugWorld(catalog_with_applications(), applications=["web"])
    client = world.client()
    web = {"X-UGC-Key": str(WEB["key"])}
    post(client, CLICK, headers={**web, "Origin": PAGE})
    post(client, CLICK, headers=web)
    post(client, CLICK, headers={"X-UGC-Key": str(PHONE["key"])})
    post(client, CLICK)
    told = world.told(client, "application=web")
    assert [(each["outcome"], each["origin"]) for each in told] == [
        ("rejected", None),
        ("accepted", PAGE),
    ]
    assert len(world.told(client)) == 2
    _is_nowhere(world, str(WEB["key"]))


@pytest.mark.parametrize("names", ["wbe", "web,phon", "web,**"])
def test_a_name_that_no_application_has_is_an_error_at_the_start(names: str) -> None:
    env = {"DEBUGGER": "open", "DEBUGGER_APPLICATIONS": names}
    settings = DebuggerSettings.from_env(env)
    assert settings is not None
    with pytest.raises(SettingError, match="DEBUGGER_APPLICATIONS must be of"):
        settings.check(catalog_with_applications().applications)


def test_names_of_applications_are_read_as_a_list() -> None:
    settings = DebuggerSettings.from_env({"DEBUGGER": "open", "DEBUGGER_APPLICATIONS": "web, *,"})
    assert settings == DebuggerSettings(key=None, applications=("web", "*"))
    settings.check(catalog_with_applications().applications)


def test_a_dry_run_is_not_recorded() -> None:
    world = DebugWorld()
    client = world.client()
    client.post("/api/v1/validate", json=CLICK, headers=TAG)
    assert world.told(client) == []


def test_reset_forgets_one_tag_or_all() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, CLICK)
    post(client, CLICK, headers=TAG)
    world.recorder.work()
    assert client.post("/debug/reset?tag=my-test").status_code == 204
    assert [each["tag"] for each in world.told(client)] == [None]
    assert client.post("/debug/reset").status_code == 204
    assert world.told(client) == []


def test_a_reset_of_a_misspelt_tag_forgets_nothing() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, CLICK, headers=TAG)
    answer = client.post("/debug/reset?tga=my-test")
    assert (answer.status_code, len(world.told(client))) == (400, 1)


def test_addresses_that_are_nearly_right_lead_on() -> None:
    client = DebugWorld().client()
    assert client.get("/debug/?tag=mine").headers["Location"] == "/debug?tag=mine"
    answer = client.get("/debug/reset")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_page_of_another_site_cannot_reset() -> None:
    answer = DebugWorld().client().post("/debug/reset", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


KEY = "0123456789abcdef0123"


@pytest.mark.parametrize("sent", [None, "", "wrong", KEY[:-1], "ключ"])
@pytest.mark.parametrize("path", ["/debug/events", "/debug/stream", f"/debug/follow/{ID}"])
def test_without_the_key_nothing_is_told(path: str, sent: str | None) -> None:
    client = DebugWorld(key=KEY).client()
    headers = {} if sent is None else {"X-UGC-Debug-Key": sent.encode().decode("latin-1")}
    assert client.get(path, headers=headers).status_code == 401
    assert client.post("/debug/reset", headers=headers).status_code == 401
    assert client.get(path, headers={"X-UGC-Debug-Key": KEY}).status_code == 200


def test_where_it_is_off_there_is_nothing() -> None:
    client = World().client()
    for path in (
        "/debug",
        "/debug/events",
        "/debug/stream",
        "/debug/debug.js",
        "/debug/",
        "/debug/reset",
    ):
        assert client.get(path).status_code == 404


def test_events_are_accepted_while_redis_is_away_and_the_loss_is_counted() -> None:
    world = DebugWorld()
    client = world.client()
    world.store.available = False
    assert post(client, CLICK).status_code == 202
    world.recorder.work()
    assert client.get("/debug/events").status_code == 503
    world.store.available = True
    assert post(client, CLICK).status_code == 202
    assert len(world.told(client)) == 1
    assert client.get("/debug/events").get_json()["lost"] == 1


def test_what_does_not_fit_is_counted_and_keeps_nobody_waiting() -> None:
    world = DebugWorld(waiting=2)
    client = world.client()
    for _ in range(5):
        assert post(client, CLICK).status_code == 202
    assert len(world.told(client)) == 2
    assert client.get("/debug/events").get_json()["lost"] == 3


def test_bodies_that_wait_are_bounded_in_bytes() -> None:
    world = DebugWorld(waiting=100_000)
    client = world.client()
    event = {**CLICK, "data": {**CLICK["data"], "x": "x" * 60_000}}
    sent = MOST_WAITING_BYTES // 60_000 + 3
    for _ in range(sent):
        post(client, event)
    assert world.recorder.lost >= 3
    assert world.recorder.lost < sent


def test_an_event_that_kafka_does_not_take_is_told_as_rejected() -> None:
    world = DebugWorld()
    client = world.client()
    world.publisher.available = False
    answer = post(client, CLICK)
    assert world.told(client)[0]["status"] == answer.status_code


def test_an_expired_token_is_not_recorded() -> None:
    world = DebugWorld()
    client = world.client()
    bad = token(exp=1)
    post(client, {**CLICK, "token": bad})
    assert world.told(client)[0]["status"] == 401
    _is_nowhere(world, bad)


def test_the_stream_of_a_plain_server_goes_on_without_a_gap() -> None:
    world = DebugWorld()
    client = world.client()
    first = client.get("/debug/stream").get_data(as_text=True)
    last = first.split("id: ")[1].split("\n")[0]
    post(client, {**CLICK, "event_id": ID})
    world.recorder.work()
    told = client.get("/debug/stream", headers={"Last-Event-ID": last}).get_data(as_text=True)
    assert "event: event\n" in told
    assert ID in told


def _is_nowhere(world: DebugWorld, *secrets: str) -> None:
    kept = b"".join(record for _, record in world.store.before(None, 1_000)).decode()
    assert kept
    for secret in secrets:
        assert secret not in kept
