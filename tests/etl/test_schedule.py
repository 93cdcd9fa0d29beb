"""Runs on a schedule, and their end."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from contracts.errors import SettingError
from etl.schedule import parse_delay, parse_interval, parse_jitter, run_on_schedule, stop_on_signals
from tests.support.processes import wait_until


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("60s", 60), ("5m", 300), ("1h", 3600), ("36h", 129_600)]
)
def test_intervals(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "0s", "-1s", "1.5s", "1 s", "1d", "1S", "5m\n"])
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(SettingError, match="the interval must be a number followed by s, m or h"):
        parse_interval(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("100ms", 0.1), ("500ms", 0.5), ("2s", 2), ("1m", 60), ("1h", 3600)]
)
def test_delays(text: str, seconds: float) -> None:
    assert parse_delay(text) == seconds


@pytest.mark.parametrize("text", ["", "500", "ms", "0ms", "99ms", "1.5s", "61m", "2h", "1 ms"])
def test_what_is_no_delay(text: str) -> None:
    with pytest.raises(SettingError, match=r"the delay must be like 500ms, .* from 100ms to 1h"):
        parse_delay(text)


def test_jitter_may_be_none() -> None:
    assert [parse_jitter(text) for text in ("0", "0s", "5s")] == [0, 0, 5]


def test_runs_come_at_random_times_around_the_interval() -> None:
    runs: list[float] = []
    stop = threading.Event()

    def run_once() -> None:
        runs.append(time.monotonic())
        if len(runs) == 6:
            stop.set()

    run_on_schedule(run_once, 0.3, stop, jitter_seconds=0.2)
    pauses = [after - before for before, after in itertools.pairwise(runs)]
    assert max(pauses) - min(pauses) > 0.02


class Schedule:
    """A schedule in a thread of its own, as long as the context lasts."""

    def __init__(self, run_once: Callable[[], object], every_seconds: float) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=run_on_schedule, args=(run_once, every_seconds, self.stop)
        )

    def __enter__(self) -> Schedule:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_the_first_run_does_not_wait_for_the_interval() -> None:
    runs: list[int] = []
    with Schedule(lambda: runs.append(1), 3600):
        wait_until(lambda: bool(runs), "the first run")


def test_others_follow() -> None:
    runs: list[int] = []
    with Schedule(lambda: runs.append(1), 0.2):
        wait_until(lambda: len(runs) >= 3, "three runs")


def test_runs_never_overlap(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[int] = []
    may_end = threading.Event()

    def run_once() -> None:
        begun.append(1)
        may_end.wait(60)

    with Schedule(run_once, 0.1):
        wait_until(lambda: "maximum number of running instances" in caplog.text, "one is due")
        assert len(begun) == 1
        may_end.set()
        wait_until(lambda: len(begun) > 1, "the next one")


def test_a_run_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []

    def run_once() -> None:
        runs.append(1)
        raise RuntimeError("the store is away")

    with caplog.at_level(logging.ERROR), Schedule(run_once, 0.1):
        wait_until(lambda: len(runs) >= 2, "a second try")
    assert "the store is away" in caplog.text


def test_it_ends_when_the_run_under_way_has_ended() -> None:
    began, may_end = threading.Event(), threading.Event()
    ended: list[bool] = []

    def run_once() -> None:
        began.set()
        may_end.wait(60)
        ended.append(True)

    with Schedule(run_once, 60) as schedule:
        assert began.wait(60)
        schedule.stop.set()
        schedule.thread.join(0.2)
        assert schedule.thread.is_alive()
        may_end.set()
    assert ended == [True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_ask_to_stop(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(60)
    assert signal.getsignal(number) is before
