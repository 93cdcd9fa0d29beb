"""The fast way of single events: it is taken where it should be, and answers as the application.

Each request goes to two fronts over worlds of their own, alike in everything but that one of them
has no express.  Whatever anybody can see of both is compared: answers with their headers in order,
records, ids that are remembered, reports on refused events, figures, log lines.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import os
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import paths
from api.app import create_app
from api.config import ApiConfig
from api.errors import RecordRefusedError, RecordTooLargeError
from api.http.express import LONGEST_BODY_BYTES, Express
from api.http.lanes import Lane, Queueing
from api.http.rsgi import RsgiBridge
from api.instrumentation import NoInstrumentation
from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Origin
from tests.api.http.rsgi_request import Request
from tests.api.http.test_bad_input import BODY, CONTRACT, TYPED, TYPED_VALUES, Bad
from tests.api.http.test_deprecation import NOTICE
from tests.api.http.test_problem_documents import EVENTS as INVALID_EVENTS
from tests.api.http.test_problem_documents import REQUESTS as INVALID_REQUESTS
from tests.api.http.test_problem_documents import document, golden_name
from tests.api.http.test_raw_bytes import CONTENT_TYPES, ENCODINGS, plain_bodies
from tests.api.world import CLICK, ENV, World

EXAMPLES = int(os.environ.get("EXPRESS_EXAMPLES", "300"))

ID = "8f14e45f-ceea-467f-a000-000000000001"
NAMED = {**CLICK, "event_id": ID}
SHOP = "https://shop.example.com"
JSON = "application/json"

Answer = tuple[int, list[tuple[str, str]], bytes]
Pairs = Sequence[tuple[str, str]]


class SameIds(World):
    """A world in which all ids are one, so that it does not matter who asks for one first."""

    def make_id(self) -> uuid.UUID:
        return uuid.UUID(int=7)


class Front:
    """A bridge over a world of its own."""

    def __init__(self, world: World, *, has_express: bool, **changes: str) -> None:
        self.world = world
        config = ApiConfig.from_env({**ENV, **changes})
        self.express = Express(
            world.pipeline,
            world.seen,
            counts=world.metrics,
            cors=config.cors,
            make_id=world.make_id,
            body_limit_bytes=config.body_limit_bytes,
            door=world.door,
        )
        self._bridge = RsgiBridge(
            create_app(config, world.services()).wsgi_app,
            body_limits={paths.EVENTS: config.body_limit_bytes},
            timeout_seconds=30.0,
            lane=Lane(
                "test",
                threads=2,
                queueing=Queueing(requests=1000, seconds=60.0),
                instrumentation=NoInstrumentation(),
            ),
            lanes={},
            express=self.express if has_express else None,
            make_id=world.make_id,
        )

    async def answer(self, request: Request) -> Answer:
        await self._bridge(request, request)
        ((status, headers, body),) = request.answers
        return status, headers, body

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge.__rsgi_del__(loop)


class Lines(logging.Handler):
    """What was logged, without times and threads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        facts = {name: record.__dict__.get(name) for name in ("code", "event", "correlation_id")}
        self.found.append((record.name, record.levelname, record.getMessage(), str(facts)))


class Pair:
    """The two fronts, and a loop for both."""

    def __init__(self, make: Callable[[], World] = SameIds, **changes: str) -> None:
        self.express = Front(make(), has_express=True, **changes)
        self.flask = Front(make(), has_express=False, **changes)
        self._runner = asyncio.Runner()

    @property
    def taken(self) -> int:
        """How many events took the fast way."""
        return self.express.express.taken

    def each(self, change: Callable[[World], None]) -> None:
        """Does the same to both worlds."""
        for front in (self.express, self.flask):
            change(front.world)

    def send(self, body: bytes | Mapping[str, Any], more: Pairs = (), **changes: Any) -> Answer:
        """The answer that both give; fails where they differ in anything."""
        answers, logged = [], []
        for front in (self.express, self.flask):
            lines = Lines()
            logging.getLogger("api").addHandler(lines)
            try:
                answer = self._runner.run(front.answer(request(body, more, **changes)))
            finally:
                logging.getLogger("api").removeHandler(lines)
            answers.append(answer)
            logged.append(lines.found)
        assert answers[0] == answers[1]
        assert logged[0] == logged[1]
        mine, others = (seen_of(front.world) for front in (self.express, self.flask))
        assert mine == others
        return answers[0]

    def together(self, *bodies: Mapping[str, Any]) -> list[Answer]:
        """The answers of the fast way to requests that come at the same time."""

        async def all_of_them() -> list[Answer]:
            sent = [self.express.answer(request(body)) for body in bodies]
            return await asyncio.gather(*sent)

        return self._runner.run(all_of_them())

    def close(self) -> None:
        self.express.close(self._runner.get_loop())
        self.flask.close(self._runner.get_loop())
        self._runner.close()


def request(
    body: bytes | Mapping[str, Any],
    more: Pairs = (),
    *,
    content_type: str | None = JSON,
    content_length: str | None = None,
    **changes: Any,
) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [("host", "api"), ("content-length", content_length or str(len(raw)))]
    if content_type is not None:
        headers.append(("content-type", content_type))
    options = {"path": paths.EVENTS, "query_string": "", **changes}
    return Request(*([raw] if raw else []), b"", headers=[*headers, *more], **options)


def seen_of(world: World) -> tuple[object, ...]:
    """What a world has of the requests so far; figures without times."""
    world.rejected.work()
    lines = world.metrics.render().decode().splitlines()
    figures = Counter(
        line for line in lines if not re.search(r"_bucket\{|_sum[ {]|_created[ {]|^#", line)
    )
    return world.publisher.published, world.seen.kept, world.sink.taken, figures


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def forget(world: World) -> None:
    world.publisher.published.clear()
    world.seen.kept.clear()
    world.sink.taken.clear()


PAIR = Pair(CORS_ORIGINS=SHOP)
"""For requests that leave nothing behind; a world takes a while to make."""


def deprecated() -> Catalog:
    """Version 1 of element_click ends; version 2 is the same."""
    catalog = load_catalog()
    newer = dataclasses.replace(catalog.get("element_click"), version=2)
    older = dataclasses.replace(catalog.get("element_click"), deprecation=NOTICE)
    versions = {**catalog.versions, "element_click": {1: older, 2: newer}}
    return Catalog(versions, catalog.envelopes)


# --- it is taken ----------------------------------------------------------------------------------


CLIENT_EVENTS = {
    f"{contract.id} {number}": {
        "event": contract.event,
        "version": contract.version,
        "token": None,
        "data": data,
    }
    for contract in load_catalog()
    if contract.origin is Origin.CLIENT
    for number, data in enumerate(contract.examples)
}


@pytest.mark.parametrize("event", CLIENT_EVENTS.values(), ids=CLIENT_EVENTS.keys())
def test_every_event_is_taken_and_answered_alike(event: Mapping[str, Any], pair: Pair) -> None:
    good_token = pair.express.world.good_token
    assert pair.send(event)[0] == 202
    assert pair.send({**event, "event_id": ID})[0] == 202
    assert pair.taken == 2
    pair.send({**event, "token": good_token})  # nobody knows the token yet
    assert pair.taken == 2
    pair.send({**event, "token": good_token})
    pair.send({**event, "token": good_token, "event_id": ID.replace("8", "9")})
    assert pair.taken == 4


HEADERS: Mapping[str, Pairs] = {
    "a correlation id": [("x-correlation-id", "from-the-client")],
    "a correlation id that is not sane": [("x-correlation-id", "two words")],
    "a request id": [("x-request-id", "abc.1")],
    "a trace": [("traceparent", f"00-{'a' * 32}-{'b' * 16}-01")],
    "an origin": [("origin", SHOP)],
    "another origin": [("origin", "https://elsewhere.example.com")],
    "an origin in capitals": [("origin", SHOP.upper())],
    "an empty origin": [("origin", "")],
    "what browsers add": [
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate, br"),
        ("accept-language", "en"),
        ("origin", SHOP),
        ("referer", f"{SHOP}/"),
        ("sec-fetch-mode", "cors"),
        ("user-agent", "Mozilla/5.0"),
        ("cookie", "a=b"),
    ],
    "a host that is none": [("host2", "a b")],
    "connection: close": [("connection", "close")],
}
ORIGINS = {"none": "", "one": SHOP, "two": f"{SHOP},http://localhost:3000", "any": "*"}


@pytest.mark.parametrize("origins", ORIGINS.values(), ids=ORIGINS.keys())
def test_headers_are_answered_alike(origins: str) -> None:
    pair = Pair(**({"CORS_ORIGINS": origins} if origins else {}))
    for more in HEADERS.values():
        pair.send(CLICK, more)
    assert pair.taken == len(HEADERS)
    pair.close()


def test_the_usual_media_types_are_taken(pair: Pair) -> None:
    usual = (JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=UTF-8", "text/plain;charset=UTF-8")
    for content_type in usual:
        assert pair.send(CLICK, content_type=content_type)[0] == 202
    assert pair.taken == len(usual)


def test_a_version_that_ends_is_told_of() -> None:
    pair = Pair(lambda: SameIds(deprecated()))
    for version in (1, 2, 1):
        _, headers, _ = pair.send({**CLICK, "version": version})
        assert ("Sunset" in dict(headers)) is (version == 1)
    assert pair.taken == 3
    pair.close()


# --- it is left to the application ----------------------------------------------------------------


@pytest.mark.parametrize("bad", {**BODY, **CONTRACT}.values(), ids={**BODY, **CONTRACT}.keys())
def test_a_bad_event_is_refused_alike(bad: Bad) -> None:
    options = dict(bad.options)
    headers = {name.lower(): text for name, text in options.get("headers", {}).items()}
    length = options.get("environ_overrides", {}).get("CONTENT_LENGTH") or None
    media_type = options.get("content_type", JSON)
    assert_refused_alike(
        bad.body, list(headers.items()), content_type=media_type, content_length=length
    )


@pytest.mark.parametrize("path", [*INVALID_EVENTS, *INVALID_REQUESTS], ids=golden_name)
def test_every_golden_problem_is_the_same(path: Any) -> None:
    assert_refused_alike(document(path), [("x-correlation-id", "from-the-client")])


MEANT: Mapping[str, tuple[Any, str]] = {
    "an event": ({**CLICK, "event": "elementClick"}, "did you mean element_click?"),
    "an event of the loader": (
        {**CLICK, "event": "page_view"},
        "page_view_start and page_view_end",
    ),
    "a property": (
        {**CLICK, "data": {"element_tpye": "trailer", "page_type": "movie"}},
        "did you mean element_type?",
    ),
    "a batch": ([CLICK, CLICK], "/api/v1/events/batch"),
    "a token": ({**CLICK, "token": "Bearer abc"}, "the word `Bearer`"),
}


@pytest.mark.parametrize(("sent", "told"), MEANT.values(), ids=MEANT.keys())
def test_what_was_meant_is_told_alike(sent: Any, told: str) -> None:
    taken = PAIR.taken
    status, _, answered = PAIR.send(json.dumps(sent).encode())
    assert 400 <= status < 500
    assert told in answered.decode()
    assert PAIR.taken == taken


def assert_refused_alike(
    body: bytes | Mapping[str, Any], more: Pairs, **changes: str | None
) -> None:
    taken = PAIR.taken
    status, _, _ = PAIR.send(body, more, **changes)
    assert 400 <= status < 500
    assert PAIR.taken == taken


@pytest.mark.parametrize("bad", TYPED_VALUES.values(), ids=TYPED_VALUES.keys())
def test_a_value_without_a_typed_image_is_refused_alike(bad: Bad) -> None:
    pair = Pair(lambda: SameIds(TYPED))
    assert pair.send(bad.body)[0] == bad.status
    assert pair.taken == 0
    pair.close()


UNUSUAL: Mapping[str, tuple[Pairs, Mapping[str, Any]]] = {
    "a query": ((), {"query_string": "a=1"}),
    "a slash at the end": ((), {"path": f"{paths.EVENTS}/"}),
    "another method": ((), {"method": "GET"}),
    "a preflight": ([("origin", SHOP)], {"method": "OPTIONS"}),
    "a header twice": ([("x-correlation-id", "a"), ("x-correlation-id", "b")], {}),
    "a header with an underscore": ([("x_correlation_id", "abc")], {}),
    "an encoding": ([("content-encoding", "identity")], {}),
    "a transfer coding": ([("transfer-encoding", "chunked")], {}),
    "a websocket": ([("connection", "upgrade"), ("upgrade", "websocket")], {}),
    "a CloudEvent": ((), {"content_type": "application/cloudevents+json"}),
    "a CloudEvent in headers": ([("ce-specversion", "1.0"), ("ce-type", "element_click")], {}),
    "a private network": (
        [("origin", SHOP), ("access-control-request-private-network", "true")],
        {},
    ),
    "a media type in capitals": ((), {"content_type": "Application/JSON"}),
    "no media type": ((), {"content_type": None}),
    "a longer length": ((), {"content_length": "5000"}),
    "a shorter length": ((), {"content_length": "5"}),
    "no length": ((), {"content_length": "0"}),
    "a length that is none": ((), {"content_length": "²"}),
}


@pytest.mark.parametrize(("more", "changes"), UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_is_unusual_is_left_to_the_application(
    more: Pairs, changes: Mapping[str, Any]
) -> None:
    pair = Pair(CORS_ORIGINS=SHOP)
    pair.send(CLICK, more, **changes)
    assert pair.taken == 0
    pair.close()


def test_a_long_event_is_left_to_the_application(pair: Pair) -> None:
    raw = json.dumps(CLICK).encode()
    assert pair.send(raw + b" " * (LONGEST_BODY_BYTES - len(raw)))[0] == 202
    assert pair.taken == 1
    assert pair.send(raw + b" " * (LONGEST_BODY_BYTES + 1 - len(raw)))[0] == 202
    assert pair.taken == 1


def test_a_token_that_is_refused_or_has_ended_is_left_to_the_application(pair: Pair) -> None:
    for _ in range(2):
        assert pair.send({**CLICK, "token": "bad"})[0] == 401
    assert pair.taken == 0


def test_without_an_encoder_the_application_says_why(pair: Pair) -> None:
    pair.each(lambda world: setattr(world, "encoder", None))
    assert pair.send(CLICK)[0] == 503
    assert pair.taken == 0


def test_a_publisher_that_would_have_to_wait_is_waited_for_by_the_application(pair: Pair) -> None:
    pair.each(lambda world: setattr(world.publisher, "takes_soon", False))
    assert pair.send(CLICK)[0] == 202
    assert pair.send(NAMED)[0] == 202
    assert pair.taken == 0


def test_a_value_that_is_too_long_is_left_to_the_application(pair: Pair) -> None:
    pair.each(lambda world: setattr(world, "value_limit_bytes", 10))
    assert pair.send(CLICK)[0] == 413
    assert pair.taken == 0


# --- it could not be stored -----------------------------------------------------------------------


def test_an_event_that_could_not_be_stored_is_answered_alike_and_not_tried_again(
    pair: Pair,
) -> None:
    pair.each(lambda world: setattr(world.publisher, "available", False))
    for body in (CLICK, NAMED):
        status, headers, _ = pair.send(body)
        assert status == 503
        assert "Retry-After" in dict(headers)
    assert pair.taken == 2


@pytest.mark.parametrize("error", [RecordRefusedError, RecordTooLargeError])
def test_an_event_that_kafka_never_takes_is_answered_and_reported_alike(
    error: type[RecordRefusedError], pair: Pair
) -> None:
    pair.each(lambda world: setattr(world.publisher, "refuses", lambda _record: error("no")))
    assert pair.send(CLICK)[0] in (413, 422)
    assert pair.taken == 1
    assert len(pair.express.world.sink.taken) == 1


# --- ids ------------------------------------------------------------------------------------------


def test_a_repetition_is_answered_alike(pair: Pair) -> None:
    first = json.loads(pair.send(NAMED)[2])
    again = json.loads(pair.send(NAMED)[2])
    assert again == {**first, "duplicate": True}
    assert pair.taken == 1
    assert len(pair.express.world.publisher.published) == 1


def test_an_id_of_another_event_is_refused_alike(pair: Pair) -> None:
    pair.send(NAMED)
    other = {**NAMED, "data": {**CLICK["data"], "element_type": "category"}}
    assert pair.send(other)[0] == 409
    assert pair.taken == 1


def test_without_redis_an_event_with_an_id_is_taken(pair: Pair) -> None:
    pair.each(lambda world: setattr(world.seen, "available", False))
    for _ in range(2):
        assert pair.send(NAMED)[0] == 202
    assert pair.taken == 2


def test_what_was_not_stored_is_not_remembered(pair: Pair) -> None:
    pair.each(lambda world: setattr(world.publisher, "available", False))
    pair.send(NAMED)
    assert pair.express.world.seen.kept == {}


def test_many_ids_at_the_same_time_are_all_stored_once(pair: Pair) -> None:
    events = [{**CLICK, "event_id": str(uuid.UUID(int=number))} for number in range(1, 200)]
    assert {status for status, _, _ in pair.together(*events)} == {202}
    published = [each.event_id for each in pair.express.world.publisher.published]
    assert sorted(published) == [uuid.UUID(int=number) for number in range(1, 200)]
    assert set(published) == set(pair.express.world.seen.kept)
    again = [json.loads(body) for _, _, body in pair.together(*events[:50])]
    assert all(each["duplicate"] for each in again)
    assert len(pair.express.world.publisher.published) == len(events)


# --- random ---------------------------------------------------------------------------------------


_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
_NAMES = st.sampled_from(
    (
        "origin",
        "x-correlation-id",
        "x-request-id",
        "traceparent",
        "content-encoding",
        "transfer-encoding",
        "x_correlation_id",
        "connection",
        "upgrade",
        "cookie",
    )
)
_VALUES = _TEXTS | st.sampled_from((SHOP, "abc", "chunked", "websocket", "upgrade", *ENCODINGS))
_USUAL = (JSON, f"{JSON}; charset=utf-8", "text/plain", "text/plain;charset=UTF-8")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    body=plain_bodies,
    more=st.lists(st.tuples(_NAMES, _VALUES), max_size=4),
    content_type=st.sampled_from((*_USUAL, *CONTENT_TYPES)),
)
def test_random_requests_are_answered_alike(
    body: bytes, more: Pairs, content_type: str | None
) -> None:
    PAIR.each(forget)
    PAIR.send(body, more, content_type=content_type)
