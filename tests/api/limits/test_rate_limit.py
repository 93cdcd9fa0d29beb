"""What one client may send: the arithmetic, both kinds of counts, and the answers over HTTP."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Rejection
from api.limits.rate_counts import RedisCounts, parse_rate
from api.limits.rate_limit import (
    Counts,
    InMemoryCounts,
    Rate,
    RateLimit,
    Usage,
    client_key,
    fits,
    wait_seconds,
)
from api.limits.redis_calls import RedisCalls
from tests.api.servers import RedisServer, redis_server
from tests.api.world import CLICK, World, post

pytestmark = pytest.mark.stack

TEN = Rate(events=10, window_seconds=60)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def in_memory(rate: Rate = TEN, clock: Clock | None = None) -> RateLimit:
    counts = InMemoryCounts(rate, clock or Clock())
    return RateLimit(rate, shared=counts, local=counts)


@pytest.fixture
def real(redis_running: RedisServer, raw: redis.Redis) -> Iterator[RedisCounts]:
    calls = RedisCalls(redis_running.url, timeout_seconds=30.0, failures_to_open=1)
    with closing(calls):
        yield RedisCounts(calls, TEN)


@pytest.mark.parametrize("kind", ["in memory", "redis"])
class TestBothKinds:
    @pytest.fixture
    def counts(self, kind: str, real: RedisCounts) -> Counts:
        return InMemoryCounts(TEN, Clock()) if kind == "in memory" else real

    def test_counts_up_to_the_rate_and_not_beyond(self, counts: Counts) -> None:
        assert [counts.hit("a", 1) for _ in range(12)] == [True] * 10 + [False] * 2
        usage = counts.usage("a")
        assert (usage.previous, usage.current) == (0, 10)
        assert 60 < usage.current_seconds <= 120

    def test_what_does_not_fit_is_not_counted(self, counts: Counts) -> None:
        assert counts.hit("a", 7)
        assert not counts.hit("a", 4)
        assert counts.hit("a", 3)

    def test_clients_are_apart(self, counts: Counts) -> None:
        assert counts.hit("a", 10)
        assert counts.hit("b", 10)
        assert not counts.hit("a", 1)

    def test_an_unknown_client_has_sent_nothing(self, counts: Counts) -> None:
        usage = counts.usage("a")
        assert (usage.previous, usage.current) == (0, 0)


def test_what_was_sent_fades_while_the_next_window_passes() -> None:
    clock = Clock()
    counts = InMemoryCounts(TEN, clock)
    assert counts.hit("a", 10)
    clock.now += 60
    assert not counts.hit("a", 1), "at the window's end it all counts"
    clock.now += 30
    assert counts.hit("a", 5), "half of it has faded"
    assert not counts.hit("a", 1)
    clock.now += 200
    assert counts.hit("a", 10)


def test_memory_has_a_bound_however_many_clients_there_are() -> None:
    counts = InMemoryCounts(TEN, Clock(), max_clients=3)
    for number in range(100):
        counts.hit(str(number), 1)
    assert len(counts._previous) <= 3
    assert len(counts._current) <= 3


def test_keys_in_redis_say_nothing_of_the_client_and_end(
    real: RedisCounts, raw: redis.Redis
) -> None:
    limit = RateLimit(TEN, shared=real, local=InMemoryCounts(TEN, Clock()))
    limit.check("203.0.113.9")
    (key,) = raw.scan_iter()
    assert client_key("203.0.113.9").encode() in key
    assert b"203.0.113.9" not in key
    assert 0 < raw.pttl(key) <= 120_000
    assert raw.memory_usage(key) < 300


@given(
    st.builds(
        Usage,
        previous=st.integers(0, 500),
        previous_seconds=st.floats(0, 60),
        current=st.integers(0, 500),
        current_seconds=st.floats(60, 120),
    ),
    st.integers(1, 500),
)
def test_after_the_wait_it_fits(usage: Usage, cost: int) -> None:
    rate = Rate(events=500, window_seconds=60)
    waited = wait_seconds(usage, rate, cost)
    assert 1 <= waited <= 121
    assert fits(later(usage, waited, rate.window_seconds), rate, cost)


def later(usage: Usage, seconds: float, window: float) -> Usage:
    """The same after a time in which nothing was sent."""
    until_next = usage.current_seconds - window
    if seconds < until_next:
        left = max(0.0, usage.previous_seconds - seconds)
        return Usage(usage.previous, left, usage.current, usage.current_seconds - seconds)
    left = max(0.0, usage.current_seconds - seconds)
    return Usage(usage.current, min(left, window), 0, 2 * window)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff"),
        ("2001:db8::1", "[2001:db8:0:0:1::]"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (None, ""),
    ],
)
def test_addresses_of_one_client(one: str | None, other: str | None) -> None:
    assert client_key(one) == client_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("203.0.113.9", "203.0.113.8"), ("2001:db8::1", "2001:db8:0:1::1"), ("x", "y")],
)
def test_addresses_of_two_clients(one: str, other: str) -> None:
    assert client_key(one) != client_key(other)


def test_rates_as_text() -> None:
    assert parse_rate("600/minute") == Rate(600, 60)
    assert parse_rate("1000 per 10 seconds") == Rate(1000, 10)
    assert parse_rate("5/day") == Rate(5, 86_400)


def limited(world: World | None = None, rate: Rate = TEN) -> FlaskClient:
    world = world or World()
    world.rate_limit = in_memory(rate)
    return world.client()


def test_too_many_events_are_refused_with_the_time_to_wait() -> None:
    client = limited()
    assert {post(client, CLICK).status_code for _ in range(10)} == {202}
    answer = post(client, CLICK)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate_limited")
    wait = int(answer.headers["Retry-After"])
    assert wait == math.ceil(60 + 60 / 10)
    assert answer.headers["RateLimit-Policy"] == '"events";q=10;w=60'
    assert answer.headers["RateLimit"] == f'"events";r=0;t={wait}'
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_of_another_origin_reads_how_long_to_wait() -> None:
    world = World()
    world.rate_limit = in_memory(Rate(1, 60))
    client = world.client(CORS_ORIGINS="https://shop.example")
    origin = {"Origin": "https://shop.example"}
    post(client, CLICK, headers=origin)
    answer = post(client, CLICK, headers=origin)
    assert answer.status_code == 429
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_refused_request_is_counted_like_any_refusal() -> None:
    client = limited(rate=Rate(1, 60))
    post(client, CLICK)
    post(client, CLICK)
    numbers = client.get("/metrics").text
    assert 'ugc_api_refusals_total{reason="rate_limited"} 1.0' in numbers
    assert 'ugc_api_events_total{event="",outcome="refused",version=""} 1.0' in numbers


def test_too_much_is_no_invalid_event() -> None:
    world = World()
    client = limited(world, Rate(1, 60))
    assert [post(client, b"{").status_code for _ in range(2)] == [400, 429]
    world.rejected.work()
    assert len(world.sink.taken) == 1


def test_malformed_requests_count_too() -> None:
    client = limited(rate=Rate(2, 60))
    assert [post(client, b"{").status_code for _ in range(3)] == [400, 400, 429]


def test_a_batch_counts_as_its_events() -> None:
    world = World()
    client = limited(world)
    assert client.post("/api/v1/events/batch", json=[CLICK] * 7).status_code == 207
    answer = client.post("/api/v1/events/batch", json=[CLICK] * 4)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate_limited")
    assert answer.headers["RateLimit"].startswith('"events";r=2;'), "the request itself counted"
    assert len(world.publisher.published) == 7, "none of a refused batch is stored"
    assert client.post("/api/v1/events/batch", json=[CLICK] * 2).status_code == 207


def test_the_dry_run_counts() -> None:
    client = limited(rate=Rate(1, 60))
    assert client.post("/api/v1/validate", json=CLICK).status_code == 200
    assert client.post("/api/v1/validate", json=CLICK).status_code == 429


@pytest.mark.parametrize(
    "path", ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/api/v1/contracts"]
)
def test_what_takes_no_events_is_not_limited(path: str) -> None:
    client = limited(rate=Rate(1, 60))
    post(client, CLICK)
    assert post(client, CLICK).status_code == 429
    assert {client.get(path).status_code for _ in range(3)} == {200}


def test_preflights_are_not_limited() -> None:
    client = limited(rate=Rate(1, 60))
    assert {client.options("/api/v1/events").status_code for _ in range(3)} == {200}
    assert post(client, CLICK).status_code == 202


def from_address(client: FlaskClient, address: str, forwarded: str = "") -> int:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = post(client, CLICK, headers=headers, environ_base={"REMOTE_ADDR": address})
    return answer.status_code


def test_a_client_cannot_name_itself() -> None:
    client = limited(rate=Rate(1, 60))
    assert from_address(client, "203.0.113.9", "198.51.100.1") == 202
    assert from_address(client, "203.0.113.9", "198.51.100.2") == 429
    assert from_address(client, "203.0.113.8", "198.51.100.1") == 202


def test_behind_proxies_the_address_is_what_the_first_of_them_saw() -> None:
    world = World()
    world.env = {"TRUSTED_PROXIES": "2"}
    client = limited(world, Rate(1, 60))
    assert from_address(client, "10.0.0.1", "forged, 203.0.113.9, 10.0.0.2") == 202
    assert from_address(client, "10.0.0.1", "else, 203.0.113.9, 10.0.0.2") == 429
    assert from_address(client, "10.0.0.1", "forged, 203.0.113.8, 10.0.0.2") == 202


class Worker:
    """The limit as one of several processes has it."""

    def __init__(self, url: str, rate: Rate, *, timeout_seconds: float = 5.0) -> None:
        self.calls = RedisCalls(url, timeout_seconds=timeout_seconds, failures_to_open=1)
        local = InMemoryCounts(rate, Clock())
        self.limit = RateLimit(rate, shared=RedisCounts(self.calls, rate), local=local)

    def may_send(self, address: str = "203.0.113.9") -> bool:
        try:
            self.limit.check(address)
        except Rejection:
            return False
        return True

    def close(self) -> None:
        self.calls.close()


def test_workers_share_one_limit(redis_running: RedisServer, raw: redis.Redis) -> None:
    with (
        closing(Worker(redis_running.url, TEN)) as one,
        closing(Worker(redis_running.url, TEN)) as two,
    ):
        allowed = [worker.may_send() for _ in range(8) for worker in (one, two)]
    assert sum(allowed) == 10


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_without_redis_each_worker_counts_alone(tmp_path: Path, fault: signal.Signals) -> None:
    with (
        redis_server(tmp_path) as server,
        closing(Worker(server.url, TEN, timeout_seconds=3.0)) as worker,
    ):
        assert worker.may_send()
        server.process.send(fault)
        assert sum(worker.may_send() for _ in range(30)) == 10
