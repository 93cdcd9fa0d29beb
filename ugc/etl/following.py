"""Runs the loader for the command line as messages come (``ugc etl follow``)."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace

from ch_schema.errors import ClickHouseError
from etl.app import connect
from etl.config import EtlConfig
from etl.errors import StoreError
from etl.metrics import Metrics
from etl.run.following import Pace
from etl.run.report import RunReport
from etl.schedule import stop_on_signals
from registry.errors import RegistryError
from ugc.etl.loading import UNBALANCED, note, serve
from ugc.exits import TRY_AGAIN, exit_code
from ugc.logs import configure_json_logs

_log = logging.getLogger(__name__)


def load_as_it_comes(
    env: Mapping[str, str],
    pace: Pace,
    max_messages: int | None,
    metrics_host: str,
    metrics_port: int | None,
) -> None:
    """Loads until SIGTERM or Ctrl-C; every report, and the beginning and end of every outage, is a
    JSON line in the log.

    Raises:
        SettingError: a variable is malformed.
        AddressError: the metrics port is in use.
        EtlError, RegistryError, ClickHouseError: one that waiting does not cure.
    """
    configure_json_logs(sys.stderr)
    config = EtlConfig.from_env(env)
    if max_messages is not None:
        config = replace(config, policy=replace(config.policy, chunk_messages=max_messages))
    metrics = Metrics()
    with ExitStack() as opened:
        etl = opened.enter_context(closing(connect(config)))
        if metrics_port is not None:
            opened.callback(serve(metrics, metrics_host, metrics_port))
        stop = opened.enter_context(stop_on_signals())
        _log.info(
            "loading as messages come: a block every %g s, a report every %g s",
            pace.max_delay_seconds,
            pace.report_seconds,
        )
        etl.follow(pace, stop, Observer(metrics, time.time), is_passing)
        _log.info("stopped")


def is_passing(error: Exception) -> bool:
    """Whether the same command may succeed later."""
    return exit_code(error) == TRY_AGAIN


def part_of(error: Exception) -> str:
    """Whom an error that passes is about, as :data:`etl.metrics.PARTS` names it."""
    match error:
        case ClickHouseError():
            return "clickhouse"
        case StoreError():
            return "redis"
        case RegistryError():
            return "registry"
        case _:
            return "kafka"


class Observer:
    """:class:`etl.run.follow.Watcher`: one line when a part goes away, one when all goes on."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix time in seconds."""
        self._metrics = metrics
        self._clock = clock
        self._away: str | None = None
        self._since = 0.0

    def run_ended(self, report: RunReport) -> None:
        """See :class:`etl.run.follow.Watcher`."""
        note(report, self._metrics)
        if not report.reconciled:
            _log.error(UNBALANCED)

    def stored(self, since_ms: int | None) -> None:
        """See :class:`etl.run.follow.Watcher`."""
        if since_ms is not None:
            self._metrics.loaded_after(self._clock() - since_ms / 1000)
        if self._away is not None:
            _log.info("loading goes on after %.0f s", self._clock() - self._since)
            self._away = None
            self._metrics.away(None)

    def waits(self, error: Exception, seconds: float) -> None:
        """See :class:`etl.run.follow.Watcher`."""
        part = part_of(error)
        if part == self._away:
            return
        if self._away is None:
            self._since = self._clock()
            self._metrics.ended("failed", self._since)
        self._away = part
        self._metrics.away(part)
        _log.error("nothing is loaded until it answers: %s", error)
