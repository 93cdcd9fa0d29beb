"""What operators do beside running the loader: load again, look at dead letters."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.support.processes import wait_until
from tests.support.registry_server import registry_server
from tests.support.stack import Running

pytestmark = pytest.mark.stack


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def committed(running: Running) -> dict[int, int]:
    consumer = Consumer(
        {"bootstrap.servers": running.stack.env["KAFKA_BOOTSTRAP_SERVERS"], "group.id": "ugc-etl"}
    )
    try:
        found = consumer.committed([TopicPartition("ugc.events", p) for p in range(6)], timeout=10)
        return {each.partition: each.offset for each in found}
    finally:
        consumer.close()


def poison(running: Running, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": running.stack.env["KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce("ugc.events", key=b"search_filter", value=value)
    assert producer.flush(10) == 0


def test_a_replay_brings_rows_back_and_moves_no_offset(running: Running) -> None:
    data = {"element_type": "replayed", "page_type": "main"}
    event_id = running.accept("element_click", data)
    running.load()
    before = committed(running)
    where = "FROM ugc.element_click FINAL WHERE element_type = 'replayed'"
    running.ugc("sql", "TRUNCATE TABLE ugc.element_click")
    (told,) = lines(running.ugc("etl", "replay", "--from-time", "1h", "--dry-run", "--json"))
    assert told["dry_run"]
    assert told["read"]["element_click"] >= 1
    assert running.rows(f"SELECT event_id {where}") == []
    (told,) = lines(
        running.ugc("etl", "replay", "--from-offset", "0", "--event", "element_click", "--json")
    )
    assert set(told["read"]) == {"element_click"}
    assert [row["event_id"] for row in running.rows(f"SELECT event_id {where}")] == [str(event_id)]
    assert committed(running) == before


def test_a_replay_needs_a_beginning(running: Running) -> None:
    told = running.ugc("etl", "replay", code=2)
    assert "Give either --from-time or --from-offset" in told
    assert "the time must be" in running.ugc("etl", "replay", "--from-time", "noon", code=2)


def test_dead_letters_are_listed_shown_and_sent_back(running: Running) -> None:
    value = b"\x07" + uuid.uuid4().bytes
    poison(running, value)
    running.load()
    chosen = ("--reason", "magic_byte_wrong", "--event", "search_filter")
    found = lines(running.ugc("etl", "dead-letters", "list", *chosen, "--json"))
    (letter,) = (each for each in found if each["value_hex"] == value.hex())
    assert "magic_byte_wrong" in running.ugc("etl", "dead-letters", "list", *chosen)
    shown = running.ugc("etl", "dead-letters", "show", letter["letter"])
    assert f"value_hex: {value.hex()}" in shown
    (told,) = lines(running.ugc("etl", "dead-letters", "retry", letter["letter"], "--json"))
    assert told == {"matched": 1, "sent": 1, "dry_run": False}
    (told,) = lines(running.ugc("etl", "dead-letters", "retry", letter["letter"], "--json"))
    assert told == {"matched": 0, "sent": 0, "dry_run": False}
    assert running.load()["events"]["search_filter"]["dead"] == 1
    found = lines(running.ugc("etl", "dead-letters", "list", *chosen, "--waiting", "--json"))
    (again,) = (each for each in found if each["value_hex"] == value.hex())
    assert again["headers"]["ugc-retry-of"] == letter["letter"]
    assert "no dead letter 0:99999" in running.ugc("etl", "dead-letters", "show", "0:99999", code=1)


def test_a_part_that_is_away_is_worth_another_try(running: Running) -> None:
    env = {**running.stack.env, "REDIS_URL": "redis://127.0.0.1:1"}
    told = running.ugc("etl", "run", code=75, env=env)
    assert told.startswith("ugc: Redis")


def test_the_quality_is_told_and_missed_objectives_fail(running: Running) -> None:
    running.load()
    (told,) = lines(running.ugc("quality", "--since", "1s", "--json"))
    assert told["met"]
    for _ in range(3):
        poison(running, b"\x07bad")
    running.load()
    running.ugc("quality", "--since", "1h", code=1)
    table = running.ugc("quality", "--since", "1s")
    assert "Refused events are not known" not in table
    assert "0 of" in table


def test_a_release_that_sends_invalid_events_is_seen(running: Running) -> None:
    client = {"Origin": "https://kino.example", "User-Agent": "curl/8.5.0", "X-UGC-SDK": "e2e/1"}
    body = {"event": "element_click", "token": None, "data": {"element_type": 5, "page_type": "x"}}
    for _ in range(30):
        assert running.post(body, **client).status_code == 422

    def seen() -> list[dict[str, Any]]:
        (told,) = lines(running.ugc("rejected", "--since", "10m", "--top", "99", "--json"))
        return [each for each in told["top"] if each["sdk"] == "e2e/1"]

    wait_until(lambda: sum(each["number"] for each in seen()) == 30, "all 30 are told", 30)
    (found,) = seen()
    assert (found["contract"], found["code"]) == ("element_click@1", "data_invalid")
    assert (found["pointer"], found["keyword"]) == ("/data/element_type", "type")
    assert (found["origin"], found["user_agent"]) == ("https://kino.example", "curl 8")
    assert "rejected event" in running.ugc("rejected")


def test_without_a_topic_of_refused_events_it_is_said(running: Running) -> None:
    env = {**running.stack.env, "KAFKA_REJECTED_TOPIC": "nobody.made.this"}
    assert "there is no topic nobody.made.this" in running.ugc("rejected", code=1, env=env)
    env = {**running.stack.env, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    running.ugc("rejected", code=75, env=env)


def test_a_registry_that_was_lost_gets_its_ids_back(running: Running, tmp_path: Path) -> None:
    data = {"element_type": "before the loss", "page_type": "main"}
    event_id = running.accept("element_click", data)
    file = tmp_path / "registry.json"
    assert "7 subjects" in running.ugc("registry", "save", str(file))
    with registry_server(tmp_path) as empty:
        env = {**running.stack.env, "SCHEMA_REGISTRY_URL": empty.url}
        told = running.ugc("registry", "restore", str(file), "--dry-run", env=env)
        assert "would put back ugc.events.element_click" in told
        running.ugc("registry", "restore", str(file), env=env)
        assert "0 steps taken" in running.ugc("init", env=env)
        running.ugc("etl", "run", "--json", env=env)
    where = "FROM ugc.element_click FINAL WHERE element_type = 'before the loss'"
    assert running.rows(f"SELECT event_id {where}") == [{"event_id": str(event_id)}]
