"""Nothing of a person, a token or an event's content is in any log line, whatever happens."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from api.errors import AuthUnavailableError
from api.limits.rate_limit import InMemoryCounts, Rate, RateLimit
from api.model import Identity, JwtPolicy
from api.telemetry.logs import JsonFormatter, configure
from tests.api.world import CLICK, USER, World, token

EMAIL = "marie.curie@example.org"
TEXT = "what-nobody-else-should-read"
ADDRESS = "198.51.100.77"
FORWARDED = "198.51.100.88"
AGENT = "Telltale-Browser/7"
FORGED = token(key="another secret of at least 32 bytes", sub=EMAIL)
SEARCH: Mapping[str, Any] = {
    "event": "search_filter",
    "token": None,
    "data": {"search_query": f"{EMAIL} {TEXT}", "filters": "genre=sci-fi"},
}


class Log:
    """All records of this process, down to DEBUG, as the API writes them."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def text(self) -> str:
        return self._stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def codes(self) -> set[str]:
        return {line["code"] for line in self.lines() if "code" in line}


@pytest.fixture
def log() -> Iterator[Log]:
    stream = io.StringIO()
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(errors_quoted=False))
    root.handlers = [handler]
    root.setLevel(logging.DEBUG)
    yield Log(stream)
    root.handlers = kept
    root.setLevel(level)


def secrets(world: World) -> dict[str, str]:
    return {
        "token": world.good_token,
        "forged token": FORGED,
        "beginning of a token": "eyJ",
        "user id": USER,
        "e-mail": EMAIL,
        "text": TEXT,
        "address": ADDRESS,
        "forwarded address": FORWARDED,
        "User-Agent": AGENT,
    }


def post(world: World, body: Any, path: str = "/api/v1/events") -> int:
    answer = world.client().post(
        path,
        data=body if isinstance(body, bytes) else json.dumps(body).encode(),
        content_type="application/json",
        headers={"User-Agent": AGENT, "X-Forwarded-For": FORWARDED, "Referer": TEXT},
        environ_base={"REMOTE_ADDR": ADDRESS},
    )
    return answer.status_code


def found_in(log: Log, world: World) -> list[str]:
    return [name for name, secret in secrets(world).items() if secret in log.text()]


REFUSED: Mapping[str, Any] = {
    "not JSON": f'{{"event": "{TEXT} {EMAIL}'.encode(),
    "an unknown event": {**SEARCH, "event": TEXT},
    "an unknown version": {**SEARCH, "version": 99},
    "an unknown field": {**SEARCH, TEXT: EMAIL},
    "an unknown field of the data": {**SEARCH, "data": {**SEARCH["data"], TEXT: EMAIL}},
    "a wrong value": {**CLICK, "data": {"element_type": [EMAIL], "page_type": TEXT}},
    "a wrong id": {**SEARCH, "event_id": EMAIL},
    "a forged token": {**SEARCH, "token": FORGED},
    "no token at all": {**SEARCH, "token": f"{EMAIL} {TEXT}"},
    "a lone surrogate": b'{"event": "search_filter", "token": "\\ud800' + TEXT.encode() + b'"}',
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(sent: Any, log: Log) -> None:
    world = World()
    assert 400 <= post(world, sent) < 500
    assert log.codes()
    assert found_in(log, world) == []


def test_what_is_accepted_and_repeated(log: Log) -> None:
    world = World()
    event = {**SEARCH, "token": world.good_token, "event_id": str(world.make_id())}
    assert {post(world, event) for _ in range(2)} == {202}
    other = {**event, "data": {**SEARCH["data"], "filters": TEXT}}
    assert post(world, other) == 409
    assert found_in(log, world) == []


def test_a_batch(log: Log) -> None:
    world = World()
    events = [{**SEARCH, "token": world.good_token}]
    events += [each for each in REFUSED.values() if not isinstance(each, bytes)]
    assert post(world, events, "/api/v1/events/batch") == 207
    assert any("codes" in line["message"] or "batch" in line["message"] for line in log.lines())
    assert found_in(log, world) == []


def test_the_dry_run_and_unknown_addresses(log: Log) -> None:
    world = World()
    assert post(world, {**SEARCH, "token": world.good_token}, "/api/v1/validate") == 200
    assert post(world, SEARCH, f"/{TEXT}?{EMAIL}") == 404
    assert found_in(log, world) == []


def test_a_client_that_sends_too_much(log: Log) -> None:
    world = World()
    counts = InMemoryCounts(Rate(1, 60), lambda: 0.0)
    world.rate_limit = RateLimit(Rate(1, 60), shared=counts, local=counts)
    assert [post(world, SEARCH) for _ in range(2)] == [202, 429]
    assert log.codes() == {"rate_limited"}
    assert found_in(log, world) == []


def test_without_auth_service_redis_and_kafka(log: Log) -> None:
    world = World()
    world.auth.available = world.seen.available = world.publisher.available = False
    assert post(world, {**SEARCH, "token": world.good_token}) == 503
    assert post(world, {**SEARCH, "token": FORGED}) == 401
    assert "store_unavailable" in log.codes()
    assert found_in(log, world) == []


def test_nobody_to_judge_a_token(log: Log) -> None:
    world = World(policy=JwtPolicy())
    world.auth.available = False
    assert post(world, {**SEARCH, "token": world.good_token}) == 503
    assert log.codes() == {"auth_unavailable"}
    assert found_in(log, world) == []


def test_auth_service_names_another_user(log: Log) -> None:
    world = World()
    world.auth.verdicts[world.good_token] = Identity(EMAIL, None)
    assert post(world, {**SEARCH, "token": world.good_token}) == 401
    assert found_in(log, world) == []


class BrokenEncoder:
    """Fails as code does that has a fault: with what it was given in the text of its error."""

    def encode(self, contract: object, **given: Any) -> bytes:
        try:
            raise AuthUnavailableError(f"for {given['user_id']} at {ADDRESS}")
        except AuthUnavailableError as error:
            raise ValueError(f"cannot encode {given['data']!r}") from error


def test_an_internal_error_is_traced_without_its_words(log: Log) -> None:
    world = World()
    world.encoder = BrokenEncoder()
    assert post(world, {**SEARCH, "token": world.good_token}) == 500
    (line,) = [line for line in log.lines() if "trace" in line]
    assert "in encode" in line["trace"]
    assert "ValueError" in line["trace"]
    assert "AuthUnavailableError" in line["trace"]
    assert found_in(log, world) == []


def test_the_api_logs_in_that_way() -> None:
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    try:
        configure()
        (handler,) = root.handlers
        assert isinstance(handler.formatter, JsonFormatter)
        try:
            raise ValueError(TEXT)
        except ValueError:
            record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
        assert "ValueError" in handler.format(record)
        assert TEXT not in handler.format(record)
    finally:
        root.handlers = kept
        root.setLevel(level)
