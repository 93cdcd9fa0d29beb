"""What is counted, under which labels, and how worker processes share it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.world import CLICK, World, post


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
from api.metrics import Metrics
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
