"""Runs on a schedule (requirement L4), through APScheduler."""

from __future__ import annotations

import datetime as dt
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from contracts.errors import SettingError

_INTERVAL = re.compile(r"([1-9][0-9]{0,6})(s|m|h)", re.ASCII)
_MILLISECONDS = re.compile(r"([1-9][0-9]{0,6})ms", re.ASCII)
_NONE = re.compile(r"0[smh]?", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LEAST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.1, 3600.0


def parse_interval(text: str) -> float:
    """Seconds of an interval such as ``60s``, ``5m`` or ``1h``.

    Raises:
        SettingError: ``text`` is no interval.
    """
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise SettingError("the interval", f"a number followed by s, m or h, not {text!r}")
    return float(int(found[1]) * _SECONDS[found[2]])


def parse_delay(text: str) -> float:
    """Seconds of a delay such as ``500ms``, or of an interval; from 100 ms to an hour.

    Raises:
        SettingError: ``text`` is neither, or out of that range.
    """
    found = _MILLISECONDS.fullmatch(text)
    try:
        seconds = int(found[1]) / 1000 if found else parse_interval(text)
    except SettingError:
        seconds = 0.0
    if not _LEAST_DELAY_SECONDS <= seconds <= _LONGEST_DELAY_SECONDS:
        raise SettingError("the delay", f"like 500ms, 2s or 1m, from 100ms to 1h, not {text!r}")
    return seconds


def parse_jitter(text: str) -> float:
    """Seconds of an interval, or of ``0s``.

    Raises:
        SettingError: ``text`` is no interval.
    """
    return 0.0 if _NONE.fullmatch(text) else parse_interval(text)


def run_on_schedule(
    run_once: Callable[[], object],
    every_seconds: float,
    stop: threading.Event,
    *,
    jitter_seconds: float = 0.0,
) -> None:
    """Calls ``run_once`` now and then at every interval, until ``stop`` is set.

    Each time is earlier or later by up to ``jitter_seconds``, at random.

    Runs never overlap: what falls due while one is under way is left out.  A run that raises is
    logged with its traceback, and the next one comes at its time.  Returns when the run under way
    has ended; ``run_once`` should end soon once ``stop`` is set.
    """
    # Only here: whoever parses an interval need not have it installed.
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone=dt.UTC)
    scheduler.add_job(
        run_once,
        "interval",
        seconds=every_seconds,
        jitter=jitter_seconds or None,
        next_run_time=dt.datetime.now(dt.UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set. Only in the main thread; undone at the end."""
    stop = threading.Event()
    handled = (signal.SIGTERM, signal.SIGINT)

    def handle(_number: int, _frame: FrameType | None) -> None:
        # A handler interrupts the main thread, which may hold the event's lock as it waits.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
