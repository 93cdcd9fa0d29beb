"""More than one worker can do, sent to a real server on real parts."""

from __future__ import annotations

import http.client
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

import pytest

from tests.api.servers import Server
from tests.api.test_stack import Stack, api_over, call, running_stack, send
from tests.api.world import CLICK

pytestmark = pytest.mark.stack

SENDERS = 24
ROUNDS = 4
EVENTS = 100
"""In each batch."""

MAY_WAIT = 20
"""Requests; of batches 32 events for each of them."""

TOGETHER = (1 + 32 * MAY_WAIT) // EVENTS
"""So many batches may be there at a time; those that come first are taken in any case."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Server]:
    """One thread for batches; a wait of any length, so that only the bound on the number shows."""
    settings = {"API_THREADS": "8", "API_QUEUE_REQUESTS": f"{MAY_WAIT}", "API_QUEUE_SECONDS": "600"}
    with api_over(stack, **settings) as running:
        yield running


@dataclass
class Told:
    """What senders were told."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    without_a_wait: int = 0


def send_batches(api: Server) -> Told:
    """Batches, one after the other on one connection, whatever the answer."""
    told = Told()
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=120)
    with closing(connection):
        for _ in range(ROUNDS):
            ids = [str(uuid.uuid4()) for _ in range(EVENTS)]
            body = json.dumps([{**CLICK, "event_id": each} for each in ids])
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/v1/events/batch", body, headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
            told.statuses[answer.status] += 1
            if answer.status == 503:
                assert document["code"] == "overloaded"
                assert document["correlation_id"] == answer.headers["X-Correlation-Id"]
                told.refused.update(ids)
                told.without_a_wait += "Retry-After" not in answer.headers
            else:
                stored = [each["status"] == 202 for each in document["results"]]
                told.accepted.update(id_ for id_, is_in in zip(ids, stored, strict=True) if is_in)
    return told


@pytest.fixture(scope="module")
def told(api: Server) -> Told:
    """All that the senders were told; meanwhile health and single events are asked for."""
    everything = Told()
    stopped = Event()

    def watch() -> Counter[int]:
        statuses: Counter[int] = Counter()
        while not stopped.is_set():
            statuses[call(api, "GET", "/health/live").status] += 1
            statuses[call(api, "GET", "/health/ready").status] += 1
            statuses[send(api).status] += 1
        return statuses

    with ThreadPoolExecutor(SENDERS + 1) as threads:
        watching = threads.submit(watch)
        try:
            for each in threads.map(lambda _: send_batches(api), range(SENDERS)):
                everything.statuses += each.statuses
                everything.accepted |= each.accepted
                everything.refused |= each.refused
                everything.without_a_wait += each.without_a_wait
        finally:
            stopped.set()
        seen = watching.result(120)
    assert seen.keys() == {200, 202}, "health and single events have threads of their own"
    return everything


def test_every_request_is_answered_or_told_to_come_again(told: Told) -> None:
    assert told.statuses.keys() == {207, 503}
    assert told.statuses.total() == SENDERS * ROUNDS
    assert told.statuses[207] >= TOGETHER
    assert told.without_a_wait == 0


def test_what_was_accepted_is_stored_and_what_was_refused_is_not(stack: Stack, told: Told) -> None:
    stored = {str(message.event_id) for message in stack.messages()}
    assert told.accepted <= stored
    assert not told.refused & stored


def test_refusals_and_waits_are_counted(api: Server, told: Told) -> None:
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=60)
    with closing(connection):
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    refused = f'ugc_api_refusals_total{{reason="overloaded"}} {float(told.statuses[503])}'
    assert refused in text.splitlines()
    assert 'ugc_api_stage_seconds_count{stage="wait"}' in text


def test_afterwards_a_batch_is_taken(api: Server, told: Told) -> None:
    assert told.accepted
    answer = call(api, "POST", "/api/v1/events/batch", json.dumps([CLICK]).encode())
    assert (answer.status, answer.json["accepted"]) == (207, 1)


def test_what_waited_too_long_is_told_so_and_not_stored(stack: Stack) -> None:
    """The one thread is held by an event whose Kafka does not answer for as long as it may.

    In chunks: an event of the usual form needs no thread.
    """
    event = json.dumps(CLICK).encode()
    settings = {
        "API_THREADS": "1",
        "API_QUEUE_SECONDS": "0.001",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "PUBLISH_TIMEOUT_SECONDS": "2",
    }
    with api_over(stack, **settings) as server, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send(server, iter([event])), range(8)))
    assert {each.status for each in answers} == {202, 503}
    waits = {each.headers["Retry-After"] for each in answers if each.status == 503}
    assert waits == {"5"}
