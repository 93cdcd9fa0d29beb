"""What is counted, under which labels, and how worker processes share it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier

import pytest

from api.errors import Rejection
from api.instrumentation import Stage, TokenResult, TokenSource
from api.model import Accepted
from api.publish.replay import ReplayCounts
from api.publish.spooling import Counts, SpoolState
from api.telemetry.metrics import Metrics
from api.telemetry.polling import MetricsPoller, State
from contracts.reasons import Reason
from tests.api.world import CLICK, NOW, World, post, token

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


def accepted(event: str = "element_click", version: int = 1, **facts: bool) -> Accepted:
    return Accepted(event_id=uuid.UUID(int=1), event=event, version=version, timestamp=NOW, **facts)


def test_what_is_shown_is_what_the_library_counts_itself() -> None:
    """Every sample, as if each number had been told to it one by one; times are exact in binary."""
    counts = Metrics()
    told = Metrics()
    requests, stages = told._requests, told._stages
    for number in range(200):
        seconds = number * number / 1024 / 8
        counts.request(route="/r", method="POST", status=202, seconds=seconds)
        requests.labels("/r", "POST", "202").observe(seconds)
        counts.took(Stage.PARSE, seconds)
        counts.took_all([(Stage.SEEN, seconds / 64), (Stage.PARSE, 0.001)])
        for stage, took in (("parse", seconds), ("seen", seconds / 64), ("parse", 0.001)):
            stages.labels(stage).observe(took)
        counts.acknowledged([seconds])
        told._acknowledgements.observe(seconds)
        if number % 50 == 0:
            counts.flush()
    counts.request(route=None, method="BREW", status=404, seconds=100.0)
    requests.labels("", "", "404").observe(100.0)
    counts.outcomes([accepted(), accepted("b", 2), accepted(), accepted(is_duplicate=True)])
    counts.outcomes([Rejection(Reason.DATA_INVALID, "", event="b", version=2)])
    counts.outcomes([Rejection(Reason.STORE_UNAVAILABLE, "")], are_events=True)
    counts.outcomes([Rejection(Reason.NOT_FOUND, "")], are_events=False)
    for labels, number in {
        ("element_click", "1", "accepted"): 2,
        ("b", "2", "accepted"): 1,
        ("element_click", "1", "duplicate"): 1,
        ("b", "2", "refused"): 1,
        ("", "", "failed"): 1,
    }.items():
        told._events.labels(*labels).inc(number)
    for reason in ("data_invalid", "store_unavailable", "not_found"):
        told._refusals.labels(reason).inc()
    counts.judged(TokenSource.MEMORY, TokenResult.ACCEPTED)
    told._tokens.labels("memory", "accepted").inc()
    counts.rejected("sent", 3)
    told._rejected.labels("sent").inc(3)
    assert without_times(counts.render()) == without_times(told.render())


def without_times(text: bytes) -> list[str]:
    """The lines, but for those that tell when something was first counted."""
    return [line for line in text.decode().splitlines() if "_created" not in line]


def test_nothing_is_lost_between_many_threads_and_the_one_that_flushes() -> None:
    counts = Metrics()
    threads, each_thread = 16, 400
    together = Barrier(threads + 1)

    def work() -> None:
        together.wait()
        for _ in range(each_thread):
            counts.request(route="/r", method="POST", status=202, seconds=0.5)
            counts.outcomes([accepted(), accepted()])
            counts.took(Stage.PARSE, 0.25)
            counts.took_all([(Stage.PARSE, 0.25), (Stage.USER, 0.25)])
            counts.judged(TokenSource.MEMORY, TokenResult.ACCEPTED)
            counts.acknowledged([0.5])

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(work) for _ in range(threads)]
        together.wait()
        while wait(done, timeout=0.001).not_done:
            counts.flush()
        for each in done:
            each.result()
    lines = counts.render().decode().splitlines()
    lines = counts.render().decode().splitlines()
    calls = threads * each_thread
    event = 'event="element_click",outcome="accepted",version="1"'
    for name, number in {
        'request_seconds_count{method="POST",route="/r",status="202"}': calls,
        'request_seconds_sum{method="POST",route="/r",status="202"}': calls / 2,
        f"events_total{{{event}}}": 2 * calls,
        'stage_seconds_count{stage="parse"}': 2 * calls,
        'stage_seconds_sum{stage="parse"}': calls / 2,
        'stage_seconds_count{stage="user"}': calls,
        'tokens_total{judge="memory",outcome="accepted"}': calls,
        "acknowledgement_seconds_count": calls,
    }.items():
        assert f"ugc_api_{name} {float(number)}" in lines


def test_the_poller_shows_the_others_what_was_counted(tmp_path: Path) -> None:
    """This process asks for no numbers; the other one sees them after its next look."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", _POLLED_WORKER],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as counting:
        assert counting.stdout is not None
        assert counting.stdout.readline() == b"looked\n"
        shown = subprocess.run(
            [sys.executable, "-c", _WORKER],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        counting.communicate(b"\n")
    assert 'ugc_api_rejected_records_total{outcome="sent"} 1.0' in shown.splitlines()


_POLLED_WORKER = """
import sys
from threading import Event
from api.publish.replay import ReplayCounts
from api.publish.spooling import Counts, SpoolState
from api.telemetry.metrics import Metrics
from api.telemetry.polling import MetricsPoller, State
counts, looked = Metrics(), Event()
counts.rejected("sent", 1)
def look():
    looked.set()
    spool = SpoolState(
        bytes_used=0, max_bytes=1, oldest_ms=None, damaged_places=0, is_direct=True
    )
    records = Counts(acknowledged=0, spooled=0, refused=0, replay=ReplayCounts())
    return State(open_breakers={}, spool=spool, records=records, producer_rebuilds=0)
poller = MetricsPoller(look, counts)
poller.start()
looked.wait()
print("looked", flush=True)
sys.stdin.readline()
poller.close()
"""


_WORKER = """
import sys
from datetime import UTC, datetime
from uuid import uuid4
from api.model import Accepted
from api.telemetry.metrics import Metrics
counts = Metrics()
at = datetime.now(UTC)
counts.outcomes([Accepted(event_id=uuid4(), event="element_click", version=1, timestamp=at)])
sys.stdout.buffer.write(counts.render())
"""


def test_worker_processes_add_up(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    shown = [
        subprocess.run(
            [sys.executable, "-c", _WORKER],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
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
        def flush(self) -> None:
            return None

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
