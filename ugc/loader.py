"""Runs the loader for the command line: once, or on a schedule."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextlib import closing

import orjson
from rich.console import Console
from rich.table import Table

from etl.app import connect
from etl.config import EtlConfig
from etl.report import RunReport
from etl.schedule import parse_interval, run_on_schedule, stop_on_signals
from ugc.errors import UgcError
from ugc.logs import configure_json_logs

_log = logging.getLogger(__name__)


class UnbalancedError(UgcError):
    """A run ended, and its books do not balance: messages were lost or made up."""


def load_once(env: Mapping[str, str], *, as_json: bool) -> None:
    """One run; prints its report. SIGTERM and Ctrl-C let the chunk at hand end.

    Raises:
        EtlError, RegistryError, ClickHouseError: the run failed; the next one goes on.
        UnbalancedError: the books do not balance.
    """
    with closing(connect(EtlConfig.from_env(env))) as etl, stop_on_signals() as stop:
        report = etl.run_once(stop.is_set)
    if as_json:
        print(orjson.dumps(report.as_dict()).decode())
    else:
        _print(report)
    _check(report)


def load_on_schedule(env: Mapping[str, str], every: str) -> None:
    """Runs until SIGTERM or Ctrl-C; every report is one JSON line in the log.

    Raises:
        ConfigError: the interval or a variable is malformed.
    """
    every_seconds = parse_interval(every)
    configure_json_logs(sys.stderr)
    with closing(connect(EtlConfig.from_env(env))) as etl, stop_on_signals() as stop:

        def run_once() -> None:
            report = etl.run_once(stop.is_set)
            _log.info("run", extra={"report": report.as_dict()})
            _check(report)

        _log.info("loading every %s", every)
        run_on_schedule(run_once, every_seconds, stop)
        _log.info("stopped")


def _check(report: RunReport) -> None:
    if not report.balanced:
        raise UnbalancedError("the books of this run do not balance; see the report")


def _print(report: RunReport) -> None:
    console = Console()
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
    outcome = "balance" if report.balanced else "DO NOT BALANCE"
    console.print(f"{report.consumed} messages in {report.seconds:.1f} s; the books {outcome}")
