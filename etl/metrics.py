"""Figures of the loader for Prometheus, per event; alert rules are made over the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from etl.run.report import RunReport

Outcome = Literal["done", "stopped", "held", "unbalanced", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("done", "stopped", "held", "unbalanced", "failed")

_MESSAGES = {
    "consumed": "Messages read from Kafka and committed",
    "loaded": "Messages that became rows as they are",
    "duplicates": "Messages that repeat an event from another place in the topic",
    "dead": "Messages that could not be used",
    "unstamped": "Messages without a producer's number",
}
_VIEWS = {
    "paired": "Starts and ends that became one row",
    "unpaired": "Starts whose end did not come in time",
    "orphan_ends": "Ends whose start did not come in time",
}
_NUMBERS = {
    "given": "Numbers that producers gave to messages",
    "missing": "Numbers of accepted events that did not come within the time of grace",
    "cut_off": "Numbers of requests that the end of their worker cut off unanswered",
    "repeated": "Numbers that came from two places in the topic",
}

PARTS = ("kafka", "redis", "registry", "clickhouse")

_DELAY_BUCKETS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class Metrics:
    """The figures of one loader process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = {
            name: Counter(f"ugc_etl_{name}", text, ["event"], registry=self.registry)
            for name, text in _MESSAGES.items()
        }
        self._views = {
            name: Counter(f"ugc_etl_{name}", text, ["event"], registry=self.registry)
            for name, text in _VIEWS.items()
        }
        self._open = self._gauge("open_views", "Starts that wait for their end", "event")
        self._lag = self._gauge("lag_messages", "Messages not loaded yet", "partition")
        self._numbers = {
            name: self._gauge(f"{name}_numbers", text) for name, text in _NUMBERS.items()
        }
        self._last_end = self._gauge("last_run_timestamp_seconds", "When the last run ended")
        self._last_success = self._gauge(
            "last_success_timestamp_seconds", "When the last run ended that loaded everything"
        )
        self._last_seconds = self._gauge("last_run_seconds", "How long the last run took")
        self._last_outcome = self._gauge(
            "last_run_outcome", "1 at what became of the last run, else 0", "outcome"
        )
        self._away = self._gauge(
            "part_away", "1 while a loader that follows the topic waits for this part", "part"
        )
        self._delay = Histogram(
            "ugc_etl_load_delay_seconds",
            "From Kafka's time of a block's first message until it was stored and committed",
            buckets=_DELAY_BUCKETS,
            registry=self.registry,
        )
        for part in PARTS:
            self._away.labels(part)
        self._runs = Counter("ugc_etl_runs", "Runs that ended", ["outcome"], registry=self.registry)
        for outcome in OUTCOMES:
            self._runs.labels(outcome)
            self._last_outcome.labels(outcome)

    def ended(self, outcome: Outcome, at_seconds: float, report: RunReport | None = None) -> None:
        """Takes in a run that ended at that Unix time; ``report`` None when it failed."""
        self._runs.labels(outcome).inc()
        self._last_end.set(at_seconds)
        for each in OUTCOMES:
            self._last_outcome.labels(each).set(each == outcome)
        if report is None:
            return
        if outcome == "done":
            self._last_success.set(at_seconds)
        self._last_seconds.set(report.seconds)
        for event, counts in report.events.items():
            for name, counter in self._messages.items():
                counter.labels(event).inc(getattr(counts, name))
        for event, pair in report.pairs.items():
            for name, counter in self._views.items():
                counter.labels(event).inc(getattr(pair, name))
            self._open.labels(event).set(pair.after.starts_waiting)
        for name, gauge in self._numbers.items():
            if report.numbers is not None:
                gauge.set(getattr(report.numbers, name))
        self._lag.clear()
        for partition, messages in report.lag.items():
            self._lag.labels(str(partition)).set(messages)

    def away(self, part: str | None) -> None:
        """A part of :data:`PARTS` is waited for; None: none is."""
        for each in PARTS:
            self._away.labels(each).set(each == part)

    def loaded_after(self, seconds: float) -> None:
        """A block was committed so long after Kafka had its first message."""
        self._delay.observe(max(0.0, seconds))

    def serve(self, host: str, port: int) -> tuple[int, Callable[[], None]]:
        """Serves ``/metrics`` from a thread; gives the port, and what stops it.

        Raises:
            OSError: the port is in use.
        """
        server, thread = start_http_server(port, host, registry=self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return server.server_port, stop

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"ugc_etl_{name}", text, labels, registry=self.registry)
