"""What the command line makes of what a loader that follows tells it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from ch_schema.errors import AmbiguousError, RefusedError, RetryableError
from etl.errors import (
    DeadLettersUnavailableError,
    OffsetOutOfRangeError,
    SourceUnavailableError,
    StateLostError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreUnsafeError,
    TooManyDeadLettersError,
    TopicMissingError,
)
from etl.metrics import PARTS, Metrics
from registry.errors import RegistryUnavailableError
from tests.etl.world import World
from ugc.etl.following import Observer, is_passing, part_of

PASSING = {
    "clickhouse": (RetryableError("no"), AmbiguousError("no")),
    "kafka": (
        DeadLettersUnavailableError("no"),
        SourceUnavailableError("no"),
        TopicMissingError("no"),
    ),
    "redis": (StateLostError("no"), StoreUnavailableError("no")),
    "registry": (RegistryUnavailableError("no"),),
}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observer(metrics: Metrics, clock: Clock) -> Observer:
    return Observer(metrics, clock)


def away(metrics: Metrics) -> set[str]:
    found = {part: metrics.registry.get_sample_value("ugc_etl_part_away", {"part": part})
             for part in PARTS}  # fmt: skip
    return {part for part, value in found.items() if value}


@pytest.mark.parametrize("part", PASSING)
def test_errors_that_pass_are_about_a_part(part: str) -> None:
    assert part in PARTS
    for error in PASSING[part]:
        assert is_passing(error)
        assert part_of(error) == part


@pytest.mark.parametrize(
    "error",
    [
        OffsetOutOfRangeError("t", 0, 9, 0, 1),
        RefusedError("no such column"),
        StoreRefusedError("full"),
        StoreUnsafeError("allkeys-lru"),
        TooManyDeadLettersError(9, 9, 0.2, "example"),
        KeyError("a fault of ours"),
    ],
)
def test_errors_that_do_not_pass(error: Exception) -> None:
    assert not is_passing(error)


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    observer: Observer, metrics: Metrics, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ugc.etl.following"):
        for _ in range(5):
            observer.waits(StoreUnavailableError("Redis: no connection"), 1.0)
        assert away(metrics) == {"redis"}
        clock.now += 42
        observer.stored(None)
        observer.stored(None)
    assert away(metrics) == set()
    assert caplog.messages == [
        "nothing is loaded until it answers: Redis: no connection",
        "loading goes on after 42 s",
    ]
    assert metrics.registry.get_sample_value("ugc_etl_runs_total", {"outcome": "failed"}) == 1


def test_another_part_that_goes_away_meanwhile_is_told(
    observer: Observer, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    observer.waits(StoreUnavailableError("Redis"), 1.0)
    observer.waits(RetryableError("ClickHouse"), 1.0)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert away(metrics) == {"clickhouse"}


def test_how_long_blocks_took(observer: Observer, metrics: Metrics, clock: Clock) -> None:
    observer.stored(int((clock.now - 1.2) * 1000))
    observer.stored(None)
    value = metrics.registry.get_sample_value
    assert value("ugc_etl_load_delay_seconds_count") == 1
    assert value("ugc_etl_load_delay_seconds_sum") == pytest.approx(1.2)


def test_a_run_whose_totals_do_not_reconcile_is_an_error_in_the_log(
    observer: Observer, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.click()
    report = world.run()
    counts = {event: replace(each, loaded=7) for event, each in report.events.items()}
    observer.run_ended(replace(report, events=counts))
    assert "the totals of this run do not reconcile; see the report" in caplog.messages
    assert metrics.registry.get_sample_value("ugc_etl_runs_total", {"outcome": "unbalanced"}) == 1
