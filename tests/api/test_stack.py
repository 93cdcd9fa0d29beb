"""The API as a real process on real parts: stored means stored, and every part may fail."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from contracts.message import Message
from contracts.model.loader import load_catalog
from registry.serde import Decoder
from tests.api.servers import (
    Broker,
    RedisServer,
    RestRegistry,
    Server,
    broker,
    create_topic,
    python_server,
    read_topic,
    redis_server,
)
from tests.api.tokens import SECRET, handmade
from tests.api.world import CLICK
from tests.support.processes import free_port, wait_until
from tests.support.register import register_all
from tests.support.with_context import nothing_said

pytestmark = pytest.mark.stack

TOPIC = "ugc.events"
LIMIT_BYTES = 65_536


@dataclass(frozen=True)
class Stack:
    """The parts that an API process is started over."""

    folder: Path
    broker: Broker
    redis: RedisServer
    registry: Server
    auth: Server

    @property
    def env(self) -> Mapping[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
            "SCHEMA_REGISTRY_URL": self.registry.url,
            "REDIS_URL": self.redis.url,
            "AUTH_SERVICE_URL": self.auth.url,
            "JWT_SECRET": SECRET,
        }

    def messages(self) -> list[Message]:
        decoder = Decoder(load_catalog(), RestRegistry(self.registry.url))
        found = read_topic(self.broker, TOPIC)
        return [decoder.decode(message.key(), message.value()) for message in found]

    def message(self, event_id: str) -> Message:
        (found,) = (each for each in self.messages() if str(each.event_id) == event_id)
        return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """The parts, with the topic made and every contract registered."""
    with ExitStack() as running:
        kafka = running.enter_context(broker(folder))
        redis = running.enter_context(redis_server(folder))
        registry = running.enter_context(registry_server(folder))
        auth = running.enter_context(
            python_server(folder, "auth", "auth serve", {"JWT_SECRET": SECRET})
        )
        create_topic(kafka, TOPIC)
        register_all(RestRegistry(registry.url), load_catalog())
        yield Stack(folder, kafka, redis, registry, auth)


def registry_server(folder: Path, port: int | None = None) -> AbstractContextManager[Server]:
    command = f"registry serve --data-dir {folder / 'registry'}"
    return python_server(folder, "registry", command, {}, port=port)


@contextmanager
def api_over(stack: Stack, *, workers: int = 1, **changes: str) -> Iterator[Server]:
    """A ready API over the stack, with other settings where a test wants them."""
    name = f"api-{time.monotonic_ns()}"
    command = f"api serve --workers {workers}"
    env = {**stack.env, "SPOOL_DIR": str(stack.folder / f"spool-{name}"), **changes}
    with python_server(stack.folder, name, command, env) as server:
        if "SCHEMA_REGISTRY_URL" not in changes:
            wait_until(lambda: ready(server), "the API is ready")
        yield server


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Server]:
    with api_over(stack) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    json: dict[str, Any]


def call(
    server: Server,
    method: str,
    path: str,
    body: bytes | Iterator[bytes] | None = None,
    content_type: str = "application/json",
) -> Answer:
    """One request on a connection of its own; an iterator is sent in chunks."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    with closing(connection):
        chunked = isinstance(body, Iterator)
        headers = {"Content-Type": content_type}
        connection.request(method, path, body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        raw = answer.read()
        return Answer(answer.status, answer.headers, json.loads(raw) if raw else {})


def ready(server: Server) -> bool:
    return call(server, "GET", "/health/ready").status == 200


def send(server: Server, event: Mapping[str, Any] | bytes | Iterator[bytes] = CLICK) -> Answer:
    body = json.dumps(event).encode() if isinstance(event, Mapping) else event
    return call(server, "POST", "/api/v1/events", body)


def timed(request: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.monotonic()
    return request(), time.monotonic() - began


def ask_auth(stack: Stack, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = call(stack.auth, method, path, json.dumps(body).encode())
    assert answer.status < 300
    return answer.json


def demo_token(stack: Stack) -> tuple[str, str]:
    """A token that the stand-in issued, and its user."""
    issued = ask_auth(stack, "POST", "/api/v1/auth/demo-token", {})
    return issued["token"], issued["user_id"]


@contextmanager
def misbehaving(stack: Stack, mode: str) -> Iterator[None]:
    """auth_service with a fault."""
    ask_auth(stack, "PUT", "/faults", {"mode": mode, "delay_seconds": 60})
    try:
        yield
    finally:
        ask_auth(stack, "PUT", "/faults", {"mode": "ok"})


def test_an_event_with_a_token_is_in_kafka_when_202_comes(stack: Stack, api: Server) -> None:
    token, user_id = demo_token(stack)
    answer = send(api, {**CLICK, "token": token})
    assert answer.status == 202
    stored = stack.message(answer.json["event_id"])
    assert (stored.event, stored.user_id, stored.contract_version) == ("element_click", user_id, 1)
    assert stored.data == {**CLICK["data"], **nothing_said()}
    assert (
        stored.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        == (answer.json["timestamp"])
    )


def test_a_batch_with_a_repetition_is_one_message_each(stack: Stack) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    events = [{**CLICK, "event_id": event_id} for event_id in ids]
    body = json.dumps([*events, {**CLICK, "data": {}}, events[0]]).encode()
    with api_over(stack, DUPLICATE_TIMEOUT_SECONDS="5") as api:
        first = call(api, "POST", "/api/v1/events/batch", body).json["results"]
        again = call(api, "POST", "/api/v1/events/batch", body).json["results"]
        alone = send(api, events[1])
    assert [each["status"] for each in first] == [202, 202, 202, 422, 202]
    assert [each.get("duplicate", False) for each in first] == [False] * 4 + [True]
    assert [each.get("duplicate", False) for each in again] == [True] * 3 + [False, True]
    assert alone.json == {k: v for k, v in again[1].items() if k != "status"}
    stored = [str(message.event_id) for message in stack.messages()]
    assert [stored.count(event_id) for event_id in ids] == [1, 1, 1]


def test_the_six_messages_of_the_requirement_are_stored(stack: Stack, api: Server) -> None:
    view = {"page_view_id": "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11", "page_type": "movie"}
    six: dict[str, Mapping[str, Any]] = {
        "element_click": {"element_type": "movie", "page_type": "category"},
        "page_view_start": view,
        "page_view_end": view,
        "quality_change": {"video_id": "tt1", "old_quality": 720, "new_quality": 1080},
        "video_complete": {"video_id": "tt1", "duration_total": True},
        "search_filter": {"search_query": "космос", "filters": "genre=sci-fi"},
    }
    ids = {}
    for name, data in six.items():
        answer = send(api, {"event": name, "token": None, "data": data})
        assert answer.status == 202
        ids[answer.json["event_id"]] = name
    stored = {str(m.event_id): m for m in stack.messages() if str(m.event_id) in ids}
    assert {event_id: m.event for event_id, m in stored.items()} == ids
    assert {m.user_id for m in stored.values()} == {"anonymous"}


def test_every_202_under_concurrency_is_one_message(stack: Stack, api: Server) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: send(api), range(200)))
    assert {answer.status for answer in answers} == {202}
    ids = [answer.json["event_id"] for answer in answers]
    stored = [str(message.event_id) for message in stack.messages()]
    assert len(set(ids)) == 200
    assert all(stored.count(event_id) == 1 for event_id in ids)


def test_a_beacon_is_taken(stack: Stack, api: Server) -> None:
    body = json.dumps(CLICK).encode()
    answer = call(api, "POST", "/api/v1/events", body, "text/plain;charset=UTF-8")
    assert answer.status == 202


def test_a_chunked_body_is_read_up_to_the_limit_and_never_cut(api: Server) -> None:
    event = json.dumps(CLICK).encode()
    padding = b" " * (LIMIT_BYTES - len(event))
    assert send(api, iter([event[:20], event[20:]])).status == 202
    assert send(api, iter([event, padding])).status == 202
    answer = send(api, iter([event, padding, b" "]))
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


def test_a_body_with_a_length_is_read_up_to_the_limit(api: Server) -> None:
    event = json.dumps(CLICK).encode()
    at_limit = event + b" " * (LIMIT_BYTES - len(event))
    assert send(api, at_limit).status == 202
    answer = send(api, at_limit + b" ")
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


def test_an_endless_body_is_answered_before_its_end(api: Server) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    head = b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
        connection.sendall((b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 2)
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_ends_too_early_is_refused(stack: Stack, api: Server) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    event = json.dumps({**CLICK, "event_id": "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b12"}).encode()
    head = b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        length = f"Content-Length: {len(event) + 1}\r\n\r\n".encode()
        connection.sendall(head + length + event)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")
    assert "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b12" not in {str(m.event_id) for m in stack.messages()}


@pytest.mark.parametrize("mode", ["slow", "error", "malformed"])
def test_without_auth_service_tokens_are_checked_here(stack: Stack, api: Server, mode: str) -> None:
    token, user_id = demo_token(stack)
    with misbehaving(stack, mode):
        answer, seconds = timed(lambda: send(api, {**CLICK, "token": token}))
        forged = handmade({"alg": "HS256"}, {"sub": user_id}, SECRET + "x")
        refused = send(api, {**CLICK, "token": forged})
    assert answer.status == 202
    assert seconds < 60, "it did not wait for the service, which takes so long"
    assert stack.message(answer.json["event_id"]).user_id == user_id
    assert (refused.status, refused.json["code"]) == (401, "token_invalid")


def test_another_user_than_the_tokens_own_is_refused(stack: Stack) -> None:
    token, _ = demo_token(stack)
    with api_over(stack) as api, misbehaving(stack, "wrong_user"):
        answer = send(api, {**CLICK, "token": token})
    assert (answer.status, answer.json["code"]) == (401, "token_subject_mismatch")


def test_a_token_is_asked_about_once_and_a_no_of_the_service_is_final(
    stack: Stack,
) -> None:
    token, _ = demo_token(stack)
    other, _ = demo_token(stack)
    # A busy machine may keep the service from answering in the usual 40 ms.
    patient = {"AUTH_TIMEOUT_SECONDS": "5", "REDIS_TIMEOUT_SECONDS": "5"}
    with api_over(stack, **patient) as api:
        assert send(api, {**CLICK, "token": token}).status == 202
        ask_auth(stack, "POST", "/api/v1/auth/revoke", {"token": token})
        assert send(api, {**CLICK, "token": token}).status == 202, "the cache still knows it"
        ask_auth(stack, "POST", "/api/v1/auth/revoke", {"token": other})
        answer = send(api, {**CLICK, "token": other})
    assert (answer.status, answer.json["code"]) == (401, "token_revoked")


def test_without_redis_events_are_stored_and_nobody_waits(stack: Stack, tmp_path: Path) -> None:
    token, user_id = demo_token(stack)
    with redis_server(tmp_path) as redis, api_over(stack, REDIS_URL=redis.url) as api:
        assert send(api, {**CLICK, "token": token}).status == 202
        for fault in (signal.SIGSTOP, signal.SIGKILL):
            redis.process.send(fault)
            timings = [timed(lambda: send(api, {**CLICK, "token": token})) for _ in range(10)]
            assert {answer.status for answer, _ in timings} == {202}
            assert sum(seconds for _, seconds in timings) < 60
            report = call(api, "GET", "/health/ready")
            assert report.json["parts"]["redis"]["status"] == "down"
            assert report.status == 200
        assert stack.message(timings[-1][0].json["event_id"]).user_id == user_id


def test_without_kafka_events_are_kept_and_nobody_waits(stack: Stack, tmp_path: Path) -> None:
    with broker(tmp_path) as kafka:
        create_topic(kafka, TOPIC)
        over = replace(stack, broker=kafka)
        with api_over(over) as api:
            ids = [send(api).json["event_id"]]
            kafka.process.send(signal.SIGSTOP)
            timings = [timed(lambda: send(api)) for _ in range(20)]
            assert {answer.status for answer, _ in timings} == {202}
            assert sum(seconds for _, seconds in timings) < 60
            ids += [answer.json["event_id"] for answer, _ in timings]
            report = call(api, "GET", "/health/ready")
            assert (report.status, report.json["status"]) == (200, "degraded")
            assert report.json["parts"]["kafka"]["status"] == "down"
            assert report.json["parts"]["spool"]["detail"].endswith("full, in use")

            kafka.process.send(signal.SIGCONT)
            wait_until(lambda: call(api, "GET", "/health/ready").json["status"] == "ready", "ready")
            ids.append(send(api).json["event_id"])
            stored = [str(message.event_id) for message in over.messages()]
            assert sorted(stored) == sorted(ids), "none is lost and none is there twice"


def test_an_event_above_the_topics_limit_is_refused_for_good_and_readiness_tells(
    stack: Stack,
) -> None:
    topic = "ugc.small"
    create_topic(stack.broker, topic, settings={"max.message.bytes": "4300"})
    long = {"search_query": "x" * 200, "filters": "y"}
    body = json.dumps({"event": "search_filter", "token": None, "data": long}).encode()

    def detail() -> str:
        return str(call(api, "GET", "/health/ready").json["parts"]["kafka"]["detail"])

    with api_over(stack, KAFKA_TOPIC=topic) as api:
        wait_until(lambda: "BODY_LIMIT_BYTES is 65,536" in detail(), "the limits were told")
        answer = call(api, "POST", "/api/v1/events", body)
        assert (answer.status, answer.json["code"]) == (413, "event_too_large")
        assert "Retry-After" not in answer.headers
        assert call(api, "POST", "/api/v1/events", json.dumps(CLICK).encode()).status == 202
    assert len(read_topic(stack.broker, topic)) == 1


def test_with_the_spool_full_too_the_answer_is_503(stack: Stack, tmp_path: Path) -> None:
    over = replace(stack, broker=Broker(stack.broker.process, f"127.0.0.1:{free_port()}"))
    with api_over(over, SPOOL_MAX_BYTES="1048576") as api:
        event = {**CLICK, "data": {**CLICK["data"], "element_type": "x" * 60}}
        with ThreadPoolExecutor(16) as threads:
            while (
                last := list(threads.map(lambda _: send(api, event), range(200)))[-1]
            ).status < 400:
                assert last.status == 202
        answer, seconds = timed(lambda: send(api, event))
        assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert seconds < 60
        report = call(api, "GET", "/health/ready")
        assert (report.status, report.json["status"]) == (503, "not ready")
        assert report.json["parts"]["spool"]["status"] == "down"
        assert call(api, "GET", "/health/live").status == 200


def test_it_starts_without_the_registry_and_needs_it_only_once(
    stack: Stack, tmp_path: Path
) -> None:
    port = free_port()
    with api_over(stack, SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{port}") as api:
        assert call(api, "GET", "/health/live").status == 200
        report = call(api, "GET", "/health/ready")
        assert report.status == 503
        assert report.json["parts"]["registry"]["status"] == "down"
        answer, seconds = timed(lambda: send(api))
        assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
        assert seconds < 60
        with registry_server(tmp_path, port) as registry:
            register_all(RestRegistry(registry.url), load_catalog())
            wait_until(lambda: ready(api), "the API is ready")
            assert send(api).status == 202
        assert send(api).status == 202
        assert ready(api)


def test_it_starts_with_remembered_ids_while_the_registry_is_away(
    stack: Stack, tmp_path: Path
) -> None:
    port = free_port()
    env = {
        "SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{port}",
        "SCHEMA_ID_CACHE_DIR": str(tmp_path / "ids"),
    }
    with registry_server(tmp_path, port) as registry:
        register_all(RestRegistry(registry.url), load_catalog())
        with api_over(stack, **env) as api:
            wait_until(lambda: ready(api), "the API is ready")
    with api_over(stack, **env) as api:
        wait_until(lambda: ready(api), "the API is ready without the registry")
        assert send(api).status == 202
        report = call(api, "GET", "/health/ready").json
        assert "not confirmed" in report["parts"]["registry"]["detail"]
        with registry_server(tmp_path, port):

            def confirmed() -> bool:
                report = call(api, "GET", "/health/ready").json
                return bool(report["parts"]["registry"]["detail"] == "schema ids are resolved")

            wait_until(confirmed, "the registry has confirmed the ids")


def test_on_sigterm_a_running_request_is_finished(stack: Stack, tmp_path: Path) -> None:
    with broker(tmp_path) as kafka:
        create_topic(kafka, TOPIC)
        over = replace(stack, broker=kafka)
        with api_over(over, PUBLISH_TIMEOUT_SECONDS="10") as api:
            send(api)
            kafka.process.send(signal.SIGSTOP)
            with ThreadPoolExecutor(1) as threads:
                running = threads.submit(send, api)
                with pytest.raises(TimeoutError):
                    running.result(0.5)
                api.process.send(signal.SIGTERM)
                kafka.process.send(signal.SIGCONT)
                assert running.result(60).status == 202
            assert api.process.wait_exit() == 0
        assert len(read_topic(kafka, TOPIC)) == 2


def test_no_token_is_in_any_log(stack: Stack, api: Server) -> None:
    """Runs last in this file: the logs of all API processes above are complete."""
    token, _ = demo_token(stack)
    send(api, {**CLICK, "token": token + "x"})
    logs = [path.read_text() for path in stack.folder.glob("api-*.log")]
    lines = [json.loads(line) for text in logs for line in text.splitlines() if line[:1] == "{"]
    assert "token_invalid" in {line.get("code") for line in lines}
    assert any(line["message"].startswith("producer ") for line in lines), "gaps lead here"
    assert not any("eyJ" in text for text in logs), "no part of a JWT"
    assert not any(SECRET in text for text in logs)


def test_metrics_tell_of_all_worker_processes(stack: Stack) -> None:
    """One worker may still be starting while the other one is ready, so not all are accepted."""
    with api_over(stack, workers=2) as server:
        accepted = [send(server).status for _ in range(40)].count(202)
        assert accepted > 0
        counted = 'ugc_api_events_total{event="element_click",outcome="accepted",version="1"}'

        def is_shown() -> bool:
            lines = httpx2.get(f"{server.url}/metrics").text.splitlines()
            return f"{counted} {accepted}.0" in lines

        wait_until(is_shown, "each worker has shown the others what it counted")
        assert all(is_shown() for _ in range(10))
