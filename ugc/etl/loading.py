"""Runs the loader for the command line: once, or on a schedule."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

import orjson
from rich.table import Table

from etl.app import Etl, connect
from etl.config import EtlConfig
from etl.errors import OlderContractsError
from etl.metrics import Metrics, Outcome
from etl.run.report import RunReport
from etl.schedule import parse_interval, parse_jitter, run_on_schedule, stop_on_signals
from ugc.errors import SettingError, UgcError
from ugc.etl.progress import progress
from ugc.exits import command_line, try_again_later
from ugc.logs import configure_json_logs
from ugc.terminal import PlainConsole

_log = logging.getLogger(__name__)


class UnbalancedError(UgcError):
    """A run ended, and its books do not balance: messages were lost or made up."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When runs come, as the command line gives it: ``60s``, ``5m``; the jitter may be ``0s``."""

    every: str
    jitter: str = "0s"


def load_once(env: Mapping[str, str], *, as_json: bool) -> None:
    """One run; prints its report. SIGTERM and Ctrl-C let the chunk at hand end.

    Raises:
        EtlError, RegistryError, ClickHouseError: the run failed; the next one goes on.
        UnbalancedError: the books do not balance.
    """
    config = EtlConfig.from_env(env)
    with (
        try_again_later(),
        progress("loading", "messages") as say,
        closing(connect(config)) as etl,
        stop_on_signals() as stop,
    ):
        report = etl.run_once(stop.is_set, lambda messages: say(messages, None))
    if as_json:
        print(orjson.dumps(report.as_dict()).decode())
    else:
        _print(report)
    _check(report)
    with try_again_later():
        _check_held(report)


def load_on_schedule(
    env: Mapping[str, str], timing: Timing, metrics_host: str, metrics_port: int | None
) -> None:
    """Runs until SIGTERM or Ctrl-C; every report is one JSON line in the log.

    Raises:
        ConfigError: an interval or a variable is malformed.
        SettingError: the metrics port is in use.
    """
    with command_line():
        every_seconds = parse_interval(timing.every)
        jitter_seconds = parse_jitter(timing.jitter)
    configure_json_logs(sys.stderr)
    metrics = Metrics()
    with ExitStack() as opened:
        etl = opened.enter_context(closing(connect(EtlConfig.from_env(env))))
        if metrics_port is not None:
            opened.callback(_serve(metrics, metrics_host, metrics_port))
        stop = opened.enter_context(stop_on_signals())
        _log.info("loading every %s", timing.every)
        run_on_schedule(
            lambda: _one_of_many(etl, metrics, stop.is_set),
            every_seconds,
            stop,
            jitter_seconds=jitter_seconds,
        )
        _log.info("stopped")


def _serve(metrics: Metrics, host: str, port: int) -> Callable[[], None]:
    try:
        found, stop = metrics.serve(host, port)
    except OSError as error:
        raise SettingError(f"the metrics port {host}:{port} cannot be opened: {error}") from error
    _log.info("metrics at http://%s:%d/metrics", host, found)
    return stop


def _one_of_many(etl: Etl, metrics: Metrics, should_stop: Callable[[], bool]) -> None:
    try:
        report = etl.run_once(should_stop)
    except Exception:
        metrics.ended("failed", time.time())
        raise
    outcome: Outcome = report.outcome if report.reconciled else "unbalanced"
    metrics.ended(outcome, time.time(), report)
    _log.info("run", extra={"report": report.as_dict()})
    _check(report)
    if report.held:
        _log.error("%s", OlderContractsError(report.held_by))


def _check_held(report: RunReport) -> None:
    if report.held:
        raise OlderContractsError(report.held_by)


def _check(report: RunReport) -> None:
    if not report.reconciled:
        raise UnbalancedError("the books of this run do not balance; see the report")


def _print(report: RunReport) -> None:
    console = PlainConsole()
    events = Table("event", "read", "rows", "to pair", "duplicates", "dead")
    for event, counts in report.events.items():
        to_pair = counts.taken + counts.replayed
        figures = (counts.consumed, counts.loaded, to_pair, counts.duplicates, counts.dead)
        events.add_row(event, *map(str, figures))
    console.print(events if report.events else "nothing new in Kafka")
    for event, pair in report.pairs.items():
        console.print(
            f"{event}: {pair.paired} paired, {pair.unpaired} unpaired,"
            f" {pair.after.starts_waiting} open, {pair.after.ends_waiting} ends without a start"
        )
    outcome = "balance" if report.reconciled else "DO NOT BALANCE"
    console.print(f"{report.consumed} messages in {report.seconds:.1f} s; the books {outcome}")
