"""Browser-shaped JSON in, typed rows out, over real servers."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx2
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from redis import Redis

from tests.support.stack import Running
from ugc.local.auth.client import demo_token

pytestmark = pytest.mark.stack


def first_messages(token: str, page_view_id: str) -> tuple[dict[str, Any], ...]:
    """The six messages of requirement L1, as a front end sends them."""
    view = {"page_view_id": page_view_id, "page_type": "movie"}
    return (
        {"event": "page_view_start", "token": token, "data": view},
        {
            "event": "element_click",
            "token": None,
            "data": {"element_type": "trailer", "page_type": "movie"},
        },
        {
            "event": "quality_change",
            "token": token,
            "data": {"video_id": "tt0111161", "old_quality": 720, "new_quality": 1080},
        },
        {
            "event": "video_complete",
            "token": token,
            "data": {"video_id": "tt0111161", "duration_total": True},
        },
        {
            "event": "search_filter",
            "token": None,
            "data": {"search_query": "space", "filters": "genre=sci-fi;rating>=8"},
        },
        {"event": "page_view_end", "token": token, "data": view},
    )


def test_one_of_each_event_becomes_a_row(running: Running) -> None:
    issued = demo_token(running.stack.env["AUTH_SERVICE_URL"])
    view = str(uuid.uuid4())
    ids: dict[str, str] = {}
    for message in first_messages(issued.token, view):
        answer = running.post(message)
        assert answer.status_code == 202, answer.text
        ids[message["event"]] = answer.json()["event_id"]
    report = running.load()
    assert report["balanced"]

    def row(table: str) -> dict[str, Any]:
        where = f"event_id = '{ids[table]}'"
        (found,) = running.rows(f"SELECT * FROM ugc.{table} FINAL WHERE {where}")
        return found

    click = row("element_click")
    assert (click["element_type"], click["page_type"]) == ("trailer", "movie")
    assert click["user_id"] == "anonymous"
    quality = row("quality_change")
    assert (quality["video_id"], quality["old_quality"], quality["new_quality"]) == (
        "tt0111161",
        720,
        1080,
    )
    assert quality["user_id"] == issued.user_id
    assert row("video_complete")["duration_total"] is True
    assert row("search_filter")["filters"] == "genre=sci-fi;rating>=8"
    (viewed,) = running.rows(
        f"SELECT * FROM ugc.page_view FINAL WHERE user_id = '{issued.user_id}'"
    )
    assert viewed["paired"] is True
    assert viewed["page_type"] == "movie"
    assert 0 <= viewed["duration_seconds"] < 60


def test_halves_of_a_view_have_no_table(running: Running) -> None:
    names = {found["name"] for found in running.rows("SHOW TABLES FROM ugc")}
    assert names >= {"element_click", "page_view", "quality_change", "search_filter"}
    assert not names & {"page_view_start", "page_view_end"}


def test_a_view_is_paired_across_two_runs(running: Running) -> None:
    view = {"page_view_id": str(uuid.uuid4()), "page_type": "across_runs"}
    running.accept("page_view_start", view)
    report = running.load()
    assert report["pairs"]["page_view"]["after"]["starts_waiting"] >= 1
    running.accept("page_view_end", view)
    running.load()
    found = running.rows("SELECT * FROM ugc.page_view FINAL WHERE page_type = 'across_runs'")
    assert [row["paired"] for row in found] == [True]


def test_the_same_event_sent_twice_is_one_row(running: Running) -> None:
    event_id = str(uuid.uuid4())
    data = {"element_type": "twice", "page_type": "main"}
    redis = Redis.from_url(running.stack.env["REDIS_URL"])
    for _ in range(3):
        running.accept("element_click", data, event_id=event_id)
        # The API recognises a repetition in Redis, where it is made to forget this one.
        redis.delete(f"event:2:{event_id}")
    report = running.load()
    assert report["events"]["element_click"]["duplicates"] >= 2
    running.accept("element_click", data, event_id=event_id)
    running.load()
    found = running.rows("SELECT * FROM ugc.element_click FINAL WHERE element_type = 'twice'")
    assert [row["event_id"] for row in found] == [event_id]


def test_a_run_with_nothing_new_changes_nothing(running: Running) -> None:
    running.load()
    report = running.load()
    assert report["consumed"] == 0
    assert report["balanced"]


def test_poison_does_not_stop_the_loader(running: Running) -> None:
    servers = running.stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    running.load()
    poison = [b"", b"\0\0", b"{}", b"\1\0\0\0\1abc", b"\0\0\0\xff\xffabc", b"\0\0\0\0\1\xff\xff"]
    producer = Producer({"bootstrap.servers": servers})
    for value in [None, *poison]:
        producer.produce("ugc.events", key=b"element_click", value=value)
    assert producer.flush(10) == 0
    running.accept("element_click", {"element_type": "after_poison", "page_type": "main"})
    report = running.load()
    counts = report["events"]["element_click"]
    assert (counts["dead"], counts["loaded"]) == (7, 1)
    assert running.rows(
        "SELECT count() AS n FROM ugc.element_click FINAL WHERE element_type = 'after_poison'"
    ) in ([{"n": 1}], [{"n": "1"}])
    letters = dead_letters(servers, at_least=7)
    assert {value for value, _ in letters} >= set(poison) - {b""}
    reasons = {headers.get("reason") for _, headers in letters}
    assert {
        b"value_null",
        b"value_too_short",
        b"magic_byte_wrong",
        b"schema_id_unknown",
        b"avro_unreadable",
    } <= reasons


def dead_letters(
    servers: str, *, at_least: int
) -> list[tuple[bytes | None, dict[str, bytes | None]]]:
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "test-dead-letters",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.assign([TopicPartition("ugc.events.dead-letter", 0, 0)])
        found: list[tuple[bytes | None, dict[str, bytes | None]]] = []
        for _ in range(100):
            for message in consumer.consume(100, 0.2):
                assert message.error() is None
                found.append((message.value(), dict(message.headers() or [])))
            if len(found) >= at_least:
                return found
        raise AssertionError(f"only {len(found)} dead letters came")
    finally:
        consumer.close()


def test_refusals_teach(running: Running) -> None:
    answer = running.post(
        {
            "event": "quality_change",
            "token": None,
            "data": {"video_id": "tt0111161", "old_quality": "720p"},
        }
    )
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == "data_invalid"
    assert [violation["pointer"] for violation in problem["violations"]] == [
        "/data/new_quality",
        "/data/old_quality",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"event": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"event": "\\ud800"}',
        b"[" * 20_000,
        b"1" * 5_000,
        b"\xff\xfe{\x00}\x00",
        b'{"event": "element_click", "token": null, "data": {}} {}',
        json.dumps({"event": "../x", "token": None, "data": {}}).encode(),
        json.dumps({"event": "x" * 10_000, "token": None, "data": {}}).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_bad_bodies_are_refused_by_the_real_server(running: Running, body: bytes) -> None:
    answer = running.post(body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"]


def test_health_names_every_part(running: Running) -> None:
    assert httpx2.get(f"{running.api}/health/live").status_code == 200
    ready = httpx2.get(f"{running.api}/health/ready")
    assert ready.status_code == 200
    assert {"kafka", "redis", "registry", "auth_service"} <= set(
        json.dumps(ready.json()).split('"')
    )


def test_a_broken_statement_is_told_in_one_line(running: Running) -> None:
    told = running.ugc("sql", "SELECT nope FROM nowhere", code=1)
    assert told.startswith("ugc: ")
    assert "Traceback" not in told
