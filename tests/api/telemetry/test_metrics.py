"""What is counted, under which labels, and how worker processes share it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.publish.replay import ReplayCounts
from api.publish.spooling import Counts, SpoolState
from api.telemetry.metrics import Metrics
from api.telemetry.polling import MetricsPoller, State
from tests.api.world import CLICK, World, post, token

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (CLICK, 'ugc_api_events_total{event="element_click",outcome="accepted",version="1"} 1.0'),
        (
            {**CLICK, "data": {}},
            'ugc_api_events_total{event="element_click",outcome="refused",version="1"} 1.0',
        ),
        (
            {**CLICK, "event": "sent by anybody"},
            'ugc_api_events_total{event="",outcome="refused",version=""} 1.0',
        ),
        ({**CLICK, "data": {}}, 'ugc_api_refusals_total{reason="data_invalid"} 1.0'),
        (b"{", 'ugc_api_refusals_total{reason="json_invalid"} 1.0'),
    ],
)
def test_an_event_is_counted_once(body: bytes | dict[str, object], line: str) -> None:
    client = World().client()
    post(client, body)
    assert line in client.get("/metrics").text.splitlines()


def test_a_failure_of_ours_is_no_refusal() -> None:
    world = World()
    world.publisher.available = False
    client = world.client()
    assert post(client, CLICK).status_code == 503
    expected = 'ugc_api_events_total{event="element_click",outcome="failed",version="1"} 1.0'
    assert expected in client.get("/metrics").text.splitlines()


def test_a_dry_run_is_a_request_and_no_event() -> None:
    client = World().client()
    client.post("/api/v1/validate", json={})
    text = client.get("/metrics").text
    assert 'route="/api/v1/validate"' in text
    assert "ugc_api_events_total{" not in text


def test_what_senders_write_never_becomes_a_label() -> None:
    client = World().client()
    client.open("/secret-path", method="BREW")
    client.get("/api/v1/contracts/secret-name")
    text = client.get("/metrics").text
    assert "secret" not in text
    assert "BREW" not in text


_WORKER = """
import sys
from api.telemetry.metrics import Metrics
counts = Metrics()
counts.accepted("element_click", 1, is_duplicate=False)
sys.stdout.buffer.write(counts.render())
"""


def test_worker_processes_add_up(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    shown = [
        subprocess.run(
            [sys.executable, "-c", _WORKER], env=environment, capture_output=True, check=True
        ).stdout.decode()
        for _ in range(2)
    ]
    label = 'ugc_api_events_total{event="element_click",outcome="accepted",version="1"}'
    assert f"{label} 1.0" in shown[0].splitlines()
    assert f"{label} 2.0" in shown[1].splitlines()


def stage_counts(text: str) -> dict[str, float]:
    found = re.findall(r'^ugc_api_stage_seconds_count\{stage="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {stage: float(number) for stage, number in found if float(number)}


def test_stages_are_timed_as_far_as_an_event_comes() -> None:
    client = World().client()
    post(client, b"{")
    assert stage_counts(client.get("/metrics").text) == {"parse": 1}
    post(client, {**CLICK, "data": {}})
    assert stage_counts(client.get("/metrics").text) == {"parse": 2, "validate": 1}
    post(client, {**CLICK, "event_id": str(uuid.uuid4())})
    assert stage_counts(client.get("/metrics").text) == {
        "parse": 3,
        "validate": 2,
        "user": 1,
        "encode": 1,
        "seen": 1,
        "publish": 1,
    }


def token_counts(text: str) -> dict[tuple[str, str], float]:
    form = r'^ugc_api_tokens_total\{judge="(\w+)",outcome="(\w+)"\} (\S+)$'
    return {
        (judge, outcome): float(number)
        for judge, outcome, number in re.findall(form, text, re.MULTILINE)
    }


def test_who_was_asked_about_a_token_is_counted() -> None:
    world = World()
    client = world.client()
    body = {**CLICK, "token": world.good_token}
    post(client, CLICK)
    assert token_counts(client.get("/metrics").text) == {}
    post(client, body)
    post(client, body)
    post(client, {**CLICK, "token": "bad"})
    assert token_counts(client.get("/metrics").text) == {
        ("cache", "unknown"): 2,
        ("auth_service", "accepted"): 1,
        ("auth_service", "refused"): 1,
        ("memory", "accepted"): 1,
    }
    world.auth.available = False
    post(client, {**CLICK, "token": token(sub="somebody")})
    counted = token_counts(client.get("/metrics").text)
    assert counted["auth_service", "unavailable"] == counted["local", "accepted"] == 1


def state(acknowledged: int, *, oldest_ms: int | None = None, rebuilds: int = 0) -> State:
    return State(
        open_breakers={"auth_service": True, "redis_tokens": False},
        spool=SpoolState(
            bytes_used=10, max_bytes=100, oldest_ms=oldest_ms, damaged_places=0, is_direct=False
        ),
        records=Counts(
            acknowledged=acknowledged,
            spooled=2,
            refused=0,
            replay=ReplayCounts(replayed=1, adopted=1),
        ),
        producer_rebuilds=rebuilds,
    )


def test_the_state_of_a_worker() -> None:
    counts = Metrics()
    counts.state(state(3))
    counts.state(state(5, oldest_ms=time.time_ns() // 1_000_000 - 60_000, rebuilds=1))
    lines = counts.render().decode().splitlines()
    for line in (
        'ugc_api_records_total{outcome="acknowledged"} 5.0',
        'ugc_api_records_total{outcome="spooled"} 2.0',
        'ugc_api_spooled_records_total{outcome="replayed"} 1.0',
        "ugc_api_adopted_spools_total 1.0",
        "ugc_api_producer_rebuilds_total 1.0",
        'ugc_api_breaker_open{part="auth_service"} 1.0',
        'ugc_api_breaker_open{part="redis_tokens"} 0.0',
        "ugc_api_spool_bytes 10.0",
        "ugc_api_spool_limit_bytes 100.0",
        "ugc_api_spool_in_use 1.0",
    ):
        assert line in lines
    (age,) = (line for line in lines if line.startswith("ugc_api_spool_oldest_seconds "))
    assert float(age.split()[1]) >= 60


def test_a_look_that_fails_is_not_the_last() -> None:
    seen: list[State] = []
    looks: Iterator[State] = iter([state(1)])

    class Taking:
        def state(self, state: State) -> None:
            seen.append(state)

    sampling = MetricsPoller(lambda: next(looks), Taking())
    sampling.start()
    sampling.close()  # looks once more, and finds nothing to look at
    assert [each.records.acknowledged for each in seen] == [1]


_STATE_OF_A_WORKER = """
import sys
from api.telemetry.metrics import Metrics
from tests.api.telemetry.test_metrics import state
counts = Metrics()
counts.state(state(3))
sys.stdout.buffer.write(counts.render())
"""


def test_what_an_ended_worker_had_in_its_spool_is_not_added(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        shown = subprocess.run(
            [sys.executable, "-c", _STATE_OF_A_WORKER],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
    assert "ugc_api_spool_bytes 10.0" in shown.splitlines()
    assert 'ugc_api_records_total{outcome="acknowledged"} 6.0' in shown.splitlines()


def test_the_table_of_metrics_is_complete() -> None:
    """Names as Prometheus has them; a counter's ends with ``_total``."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(ugc_api_\w+)", text, re.MULTILINE))
    shown = re.findall(r"^# TYPE (ugc_api_\w+) (\w+)$", Metrics().render().decode(), re.MULTILINE)
    assert told == {name for name, kind in shown if not name.endswith("_created")}
