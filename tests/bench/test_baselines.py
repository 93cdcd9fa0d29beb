"""The baselines do the job that they are measured at: 202 means that the record is in the topic."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.harness.api import api_server
from bench.harness.cases import API_SERVERS
from bench.harness.stack import Parts, parts
from contracts.model.loader import load_catalog
from registry.serde import Decoder
from tests.api.servers import RestRegistry, Server, read_topic

pytestmark = pytest.mark.stack

CLICK = {
    "event": "element_click",
    "token": None,
    "data": {"element_type": "trailer", "page_type": "movie"},
}
STORING = [name for name, command in API_SERVERS.items() if command and "bare" not in name]
BARE = [name for name in API_SERVERS if "bare" in name]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("parts")) as found:
        yield found


def post(server: Server, event: object) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    with closing(connection):
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/events", json.dumps(event), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("name", STORING)
def test_a_baseline_answers_202_when_the_record_is_in_the_topic(running: Parts, name: str) -> None:
    with api_server(running, name) as server:
        status, body = post(server, CLICK)
        stored = read_topic(running.broker, running.topic("bench.api"))
        invalid, _ = post(server, {**CLICK, "data": {"element_type": 1}})
    assert (status, invalid) == (202, 422)
    decoder = Decoder(load_catalog(), RestRegistry(running.registry.url))
    events = [decoder.decode(message.key(), message.value()) for message in stored]
    assert json.loads(body)["event_id"] in {str(event.event_id) for event in events}


@pytest.mark.parametrize("name", BARE)
def test_a_bare_baseline_answers_202(running: Parts, name: str) -> None:
    with api_server(running, name) as server:
        assert post(server, CLICK) == (202, b"")
