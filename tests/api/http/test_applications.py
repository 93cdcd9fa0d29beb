"""Applications: whose key a request has, what it may send, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api import paths
from api.errors import STATUS
from api.http.applications import check_rates
from api.http.cloudevents import BATCH, STRUCTURED
from api.http.problems import MEDIA_TYPE
from contracts.errors import SettingError
from tests.api.http.test_express import Pair, Pairs, SameIds
from tests.api.world import CLICK, World, post
from tests.support.with_applications import (
    OLD,
    PAGE,
    PHONE,
    SLOW,
    WEB,
    catalog_with_applications,
)
from tests.support.with_context import SENT, as_json

SENT_BY = "context__sent_by"
OTHER_EVENT = {"event": "search_filter", "token": None, "data": {}}


def key(application: dict[str, Any], origin: str | None = None) -> Pairs:
    found = [("x-ugc-key", application["key"])]
    return found if origin is None else [*found, ("origin", origin)]


def maker(**options: bool) -> Callable[[], World]:
    return lambda: SameIds(catalog_with_applications(**options))


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair(maker())
    yield made
    made.close()


def code(body: bytes) -> str:
    found: str = json.loads(body)["code"]
    return found


def figures(world: World) -> set[str]:
    lines = world.metrics.render().decode().splitlines()
    return {line for line in lines if line.startswith("ugc_api_events_total")}


def test_an_event_with_a_key_is_kept_with_its_application_on_the_fast_way_too(pair: Pair) -> None:
    assert pair.send(CLICK, key(PHONE))[0] == 202
    assert pair.send(CLICK, key(WEB, PAGE))[0] == 202
    assert pair.taken == 2
    sent_by = [each.data[SENT_BY] for each in pair.express.world.messages()]
    assert sent_by == ["phone", "web"]


def test_a_beacon_names_its_application_in_the_address(pair: Pair) -> None:
    query = f"key={PHONE['key']}"
    assert pair.send(CLICK, query_string=query, content_type="text/plain")[0] == 202
    assert pair.taken == 1
    assert pair.send(CLICK, query_string=f"a=1&{query}")[0] == 202
    assert pair.send(CLICK, key(PHONE), query_string="key=another-1")[0] == 202
    assert pair.taken == 1
    assert [each.data[SENT_BY] for each in pair.express.world.messages()] == ["phone"] * 3


def test_an_event_without_a_key_is_taken_where_none_is_required(pair: Pair) -> None:
    assert pair.send(CLICK)[0] == 202
    assert pair.taken == 1
    (message,) = pair.express.world.messages()
    assert message.data[SENT_BY] is None


def test_without_a_key_where_one_is_required_nothing_is_taken() -> None:
    pair = Pair(maker(required=True))
    status, _, body = pair.send(CLICK)
    assert (status, code(body), pair.taken) == (403, "application_key_missing", 0)
    assert pair.send(CLICK, key(PHONE))[0] == 202
    pair.close()


REFUSED: dict[str, tuple[Pairs, dict[str, Any], str]] = {
    "a key that nobody has": ([("x-ugc-key", "nobody-0001")], {}, "application_unknown"),
    "an empty key": ([("x-ugc-key", "")], {}, "application_unknown"),
    "an empty key in the address": ([], {"query_string": "key="}, "application_unknown"),
    "two keys": ([*key(PHONE), *key(PHONE)], {}, "application_unknown"),
    "a disabled application": (key(OLD), {}, "application_disabled"),
    "another page": (key(WEB, "https://evil.example"), {}, "origin_not_allowed"),
    "no page": (key(WEB), {}, "origin_not_allowed"),
}


@pytest.mark.parametrize(("more", "changes", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_who_may_not_send_is_told_so_on_both_ways(
    more: Pairs, changes: dict[str, Any], reason: str, pair: Pair
) -> None:
    status, _, body = pair.send(CLICK, more, **changes)
    assert (status, code(body), pair.taken) == (403, reason, 0)
    assert pair.express.world.publisher.published == []


def test_an_event_that_is_not_the_applications_is_refused_with_its_name(pair: Pair) -> None:
    catalog = pair.express.world.catalog
    other = {**OTHER_EVENT, "data": catalog.get("search_filter").examples[0]}
    status, _, body = pair.send(other, key(PHONE))
    assert (status, code(body), pair.taken) == (403, "event_not_allowed", 0)
    assert json.loads(body)["event"] == "search_filter"
    assert pair.send(other, key(WEB, PAGE))[0] == 202


def test_what_is_sent_as_the_made_field_is_refused(pair: Pair) -> None:
    sent = {**CLICK, "data": {**CLICK["data"], SENT_BY: "web"}}
    assert pair.send(sent, key(PHONE))[0] == 422
    assert pair.send({**CLICK, "context": {"sent_by": "web"}}, key(PHONE))[0] == 422


def test_a_context_and_an_application_are_kept_together() -> None:
    pair = Pair(maker(has_context=True))
    assert pair.send({**CLICK, "context": SENT}, key(PHONE))[0] == 202
    assert pair.taken == 1
    (message,) = pair.express.world.messages()
    assert message.data[SENT_BY] == "phone"
    assert message.data["context__session_id"] == SENT["session_id"]
    pair.close()


def batch(world: World, body: object, **headers: str) -> Any:
    return world.client().post(
        paths.BATCH, data=as_json(body), content_type="application/json", headers=headers
    )


def test_a_batch_is_its_applications_and_an_event_that_is_not_hurts_no_other() -> None:
    world = maker(has_context=True)()
    other = {**OTHER_EVENT, "data": world.catalog.get("search_filter").examples[0]}
    found = batch(world, {"context": SENT, "events": [CLICK, other]}, **{"X-UGC-Key": PHONE["key"]})
    assert [each["status"] for each in found.json["results"]] == [202, 403]
    (message,) = world.messages()
    assert message.data[SENT_BY] == "phone"
    assert message.data["context__session_id"] == SENT["session_id"]
    assert batch(world, [CLICK], **{"X-UGC-Key": "nobody-0001"}).status_code == 403


CLOUD_EVENT = {
    "specversion": "1.0",
    "type": "element_click",
    "source": "/kiosk",
    "id": "1",
    "data": CLICK["data"],
}


def test_cloud_events_are_their_applications_too_alone_and_in_a_batch() -> None:
    world = maker()()
    client = world.client()

    def sent(path: str, body: object, media_type: str, sender: dict[str, Any]) -> Any:
        headers = {"X-UGC-Key": sender["key"]}
        return client.post(path, data=as_json(body), content_type=media_type, headers=headers)

    assert sent(paths.EVENTS, CLOUD_EVENT, STRUCTURED, PHONE).status_code == 202
    other = {
        **CLOUD_EVENT,
        "type": "search_filter",
        "id": "2",
        "data": world.catalog.get("search_filter").examples[0],
    }
    assert code(sent(paths.EVENTS, other, STRUCTURED, PHONE).data) == "event_not_allowed"
    batch = sent(paths.BATCH, [{**CLOUD_EVENT, "id": "3"}, other], BATCH, PHONE)
    assert [each["status"] for each in batch.json["results"]] == [202, 403]
    report = sent(paths.VALIDATE, other, STRUCTURED, PHONE).json
    assert report["problem"]["code"] == "event_not_allowed"
    assert [each.data[SENT_BY] for each in world.messages()] == ["phone", "phone"]
    assert sent(paths.EVENTS, CLOUD_EVENT, STRUCTURED, OLD).status_code == 403


def test_the_rate_of_an_application_is_for_all_that_it_sends() -> None:
    world = maker()()
    headers = {"X-UGC-Key": SLOW["key"]}
    assert batch(world, [CLICK] * 499, **headers).status_code == 207
    assert post(world.client(), CLICK, headers=headers).status_code == 202
    refused = post(world.client(), CLICK, headers=headers)
    assert (refused.status_code, code(refused.data)) == (429, "rate_limited")
    assert refused.headers["RateLimit-Policy"] == '"events";q=500;w=3600'
    assert post(world.client(), CLICK, headers={"X-UGC-Key": PHONE["key"]}).status_code == 202


def test_an_application_with_a_rate_is_counted_by_the_reference(pair: Pair) -> None:
    assert pair.send(CLICK, key(SLOW))[0] == 202
    assert pair.taken == 0


def test_a_rate_below_what_a_batch_holds_is_refused_at_the_start() -> None:
    applications = catalog_with_applications().applications
    check_rates(applications, 500)
    with pytest.raises(SettingError, match="the application slow may send no more"):
        check_rates(applications, 501)


def test_events_are_counted_by_application_and_unknown_keys_as_one(pair: Pair) -> None:
    pair.send(CLICK, key(PHONE))
    pair.send(CLICK)
    for unknown in ("nobody-0001", "nobody-0002"):
        pair.send(CLICK, [("x-ugc-key", unknown)])
    pair.send(CLICK, key(OLD))
    click = 'event="element_click",outcome="accepted",version="1"'
    nothing = 'event="",outcome="refused",version=""'
    assert figures(pair.express.world) == {
        f'ugc_api_events_total{{application="phone",{click}}} 1.0',
        f'ugc_api_events_total{{application="none",{click}}} 1.0',
        f'ugc_api_events_total{{application="other",{nothing}}} 2.0',
        f'ugc_api_events_total{{application="old",{nothing}}} 1.0',
    }


def test_the_dry_run_shows_the_application_and_refuses_as_the_real_one() -> None:
    client = maker()().client()

    def asked(body: object, sender: dict[str, Any]) -> Any:
        return client.post(
            paths.VALIDATE,
            data=as_json(body),
            content_type="application/json",
            headers={"X-UGC-Key": sender["key"]},
        )

    assert asked(CLICK, PHONE).json["message"]["data"][SENT_BY] == "phone"
    assert asked(CLICK, OLD).status_code == 403


def test_without_applications_a_key_is_nothing() -> None:
    world = World()
    assert post(world.client(), CLICK, headers={"X-UGC-Key": "anything"}).status_code == 202
    (message,) = world.messages()
    assert SENT_BY not in message.data
    assert all("application=" not in line for line in figures(world))


def test_openapi_tells_of_keys_where_there_are_applications() -> None:
    for world, has_applications in ((maker()(), True), (World(), False)):
        document = world.client().get(paths.OPENAPI).json
        assert document is not None
        for path in (paths.EVENTS, paths.BATCH, paths.VALIDATE):
            told = document["paths"][path]["post"]
            names = [each["name"] for each in told.get("parameters", ())]
            assert names == (["X-UGC-Key", "key"] if has_applications else [])
            assert ("403" in told["responses"]) is has_applications
    told = maker()().client().get(paths.OPENAPI).json["paths"][paths.EVENTS]["post"]  # type: ignore[index]
    reasons = {reason for reason, status in STATUS.items() if status == 403}
    examples = told["responses"]["403"]["content"][MEDIA_TYPE]["examples"]
    assert examples.keys() == reasons
