"""The loader's figures, as Prometheus gets them."""

from __future__ import annotations

import uuid

import httpx2
import pytest

from etl.metrics import PARTS, Metrics
from tests.etl.world import CLICK, HOUR, World


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"ugc_etl_{name}", labels)


def test_figures_of_runs_add_up() -> None:
    world, metrics = World(), Metrics()
    for _ in range(2):
        event_id = uuid.uuid4()
        world.click(event_id=event_id)
        world.click(event_id=event_id)
        world.topic.append(0, CLICK.encode(), b"x")
        world.start(uuid.uuid4())
        metrics.ended("done", 7.0, world.run())
    for name, number in (("consumed", 6), ("loaded", 2), ("duplicates", 2), ("dead", 2)):
        assert value(metrics, f"{name}_total", event=CLICK) == number
    assert value(metrics, "open_views", event="page_view") == 2
    world.clock.pass_seconds(13 * HOUR)
    metrics.ended("done", 8.0, world.run())
    assert value(metrics, "unpaired_total", event="page_view") == 2
    assert value(metrics, "open_views", event="page_view") == 0
    assert value(metrics, "lag_messages", partition="0") == 0


def test_what_became_of_the_last_run() -> None:
    metrics = Metrics()
    assert value(metrics, "runs_total", outcome="failed") == 0
    metrics.ended("done", 7.0, World().run())
    metrics.ended("failed", 9.0)
    assert value(metrics, "runs_total", outcome="failed") == 1
    assert value(metrics, "last_run_timestamp_seconds") == 9
    assert value(metrics, "last_success_timestamp_seconds") == 7
    assert value(metrics, "last_run_outcome", outcome="failed") == 1
    assert value(metrics, "last_run_outcome", outcome="done") == 0


def test_the_part_that_is_waited_for() -> None:
    metrics = Metrics()
    assert [value(metrics, "part_away", part=part) for part in PARTS] == [0] * len(PARTS)
    metrics.away("redis")
    metrics.away("clickhouse")
    away = {part for part in PARTS if value(metrics, "part_away", part=part)}
    assert away == {"clickhouse"}
    metrics.away(None)
    assert value(metrics, "part_away", part="clickhouse") == 0


def test_delays_are_counted_up_to_bounds() -> None:
    metrics = Metrics()
    for seconds in (0.4, 1.9, 2.5, -3.0):
        metrics.loaded_after(seconds)
    assert value(metrics, "load_delay_seconds_bucket", le="2.0") == 3
    assert value(metrics, "load_delay_seconds_bucket", le="3.0") == 4


def test_they_are_served() -> None:
    metrics = Metrics()
    port, stop = metrics.serve("127.0.0.1", 0)
    try:
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'ugc_etl_runs_total{outcome="done"} 0.0' in text
        with pytest.raises(OSError, match="in use"):
            Metrics().serve("127.0.0.1", port)
    finally:
        stop()
