"""Runs the loader for the command line: once, or on a schedule."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from rich.table import Table

from contracts.visible import counted
from etl.app import Etl, connect
from etl.config import EtlConfig
from etl.errors import OlderContractsError, StoppedError
from etl.metrics import Metrics, Outcome
from etl.run.report import RunReport
from etl.schedule import run_on_schedule, stop_on_signals
from ugc.errors import AddressError, UgcError
from ugc.etl.progress import progress
from ugc.logs import configure_json_logs
from ugc.terminal import PlainConsole, say_json

_log = logging.getLogger(__name__)

UNBALANCED = "the totals of this run do not reconcile; see the report"


class UnbalancedError(UgcError):
    """A run ended, and its totals do not reconcile: messages were lost or made up."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When runs come."""

    every_seconds: float
    jitter_seconds: float = 0.0


def load_once(env: Mapping[str, str], *, as_json: bool) -> None:
    """One run; prints its report. SIGTERM and Ctrl-C let the chunk at hand end.

    Raises:
        EtlError, RegistryError, ClickHouseError: the run failed; the next one goes on.
        UnbalancedError: the totals do not reconcile.
    """
    config = EtlConfig.from_env(env)
    with (
        progress("loading", "messages") as say,
        closing(connect(config)) as etl,
        stop_on_signals() as stop,
    ):
        try:
            report = etl.run_once(stop.is_set, lambda messages: say(messages, None))
        except StoppedError as error:
            _log.warning("%s", error)
            return
    if as_json:
        say_json(report.as_dict())
    else:
        _print(report)
    _check(report)
    _check_held(report)


def load_on_schedule(
    env: Mapping[str, str], timing: Timing, metrics_host: str, metrics_port: int | None
) -> None:
    """Runs until SIGTERM or Ctrl-C; every report is one JSON line in the log.

    Raises:
        SettingError: a variable is malformed.
        AddressError: the metrics port is in use.
    """
    configure_json_logs(sys.stderr)
    metrics = Metrics()
    with ExitStack() as opened:
        etl = opened.enter_context(closing(connect(EtlConfig.from_env(env))))
        if metrics_port is not None:
            opened.callback(serve(metrics, metrics_host, metrics_port))
        stop = opened.enter_context(stop_on_signals())
        _log.info("loading every %g s", timing.every_seconds)
        run_on_schedule(
            lambda: _one_of_many(etl, metrics, stop.is_set),
            timing.every_seconds,
            stop,
            jitter_seconds=timing.jitter_seconds,
        )
        _log.info("stopped")


def serve(metrics: Metrics, host: str, port: int) -> Callable[[], None]:
    """Serves the figures; gives what stops that.

    Raises:
        AddressError: the port is in use.
    """
    try:
        found, stop = metrics.serve(host, port)
    except OSError as error:
        raise AddressError(f"the metrics port {host}:{port} cannot be opened: {error}") from error
    _log.info("metrics at http://%s:%d/metrics", host, found)
    return stop


def _one_of_many(etl: Etl, metrics: Metrics, should_stop: Callable[[], bool]) -> None:
    try:
        report = etl.run_once(should_stop)
    except StoppedError as error:
        _log.info("%s", error)
        return
    except Exception:
        metrics.ended("failed", time.time())
        raise
    note(report, metrics)
    _check(report)


def note(report: RunReport, metrics: Metrics) -> None:
    """The report to metrics and log, and to the log what a person has to look at."""
    outcome: Outcome = report.outcome if report.reconciled else "unbalanced"
    metrics.ended(outcome, time.time(), report)
    _log.info("run", extra={"report": report.as_dict()})
    if report.held:
        _log.error("%s", OlderContractsError(report.held_by))


def _check_held(report: RunReport) -> None:
    if report.held:
        raise OlderContractsError(report.held_by)


def _check(report: RunReport) -> None:
    if not report.reconciled:
        raise UnbalancedError(UNBALANCED)


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
    outcome = "reconcile" if report.reconciled else "DO NOT RECONCILE"
    console.print(
        f"{counted(report.consumed, 'message')} in {report.seconds:.1f} s; the totals {outcome}"
    )
