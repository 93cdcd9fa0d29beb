"""What the API counts, for Prometheus to fetch.

One :class:`Metrics` for each application, with a registry of its own.  Several worker processes
share their numbers through files when ``PROMETHEUS_MULTIPROC_DIR`` names a folder in the
environment before the process starts: then any worker answers for all of them, as it must where the
server, and not Prometheus, chooses the worker.  Without it a process tells of itself alone.

Another module registers what it measures on ``Metrics.registry``; a gauge of a worker process needs
``multiprocess_mode`` (``livesum`` for a depth, ``livemax`` for an age).
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from contracts.reasons import Reason

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NONE = ""
"""The label of what was not known."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Around the 100 ms of requirement N5."""


class Metrics:
    """The counters. Every label has few values: known events and routes, never a sender's text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "ugc_api_request_seconds",
            "Time from the first line of a request to its answer.",
            ("route", "method", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "ugc_api_events",
            "Events by contract, version and outcome (accepted, duplicate, refused, failed).",
            ("event", "version", "outcome"),
            registry=self.registry,
        )
        self._refusals = Counter(
            "ugc_api_refusals",
            "Problem documents by reason code.",
            ("reason",),
            registry=self.registry,
        )
        self._rejected = Counter(
            "ugc_api_rejected_records",
            "Messages on refused events (sent, lost), and events in another's weight (sampled).",
            ("outcome",),
            registry=self.registry,
        )

    def request(self, *, route: str | None, method: str, status: int, seconds: float) -> None:
        """Counts an answer; ``route`` is the pattern that matched, ``None`` when none did."""
        known = method if route is not None else _NONE
        self._requests.labels(route or _NONE, known, str(status)).observe(seconds)

    def accepted(self, event: str, version: int, *, is_duplicate: bool) -> None:
        """Counts an event that is safe; a duplicate was so before."""
        outcome = "duplicate" if is_duplicate else "accepted"
        self._events.labels(event, str(version), outcome).inc()

    def refused(self, event: str | None, version: int | None, *, status: int) -> None:
        """Counts an event that was not stored; what was not known of it may be ``None``."""
        number = _NONE if version is None else str(version)
        outcome = "failed" if status >= 500 else "refused"
        self._events.labels(event or _NONE, number, outcome).inc()

    def refusal(self, reason: Reason) -> None:
        """Counts a problem document."""
        self._refusals.labels(str(reason)).inc()

    def rejected(self, outcome: str, number: int) -> None:
        """Counts what became of refused events on their way to the topic that keeps them."""
        self._rejected.labels(outcome).inc(number)

    def render(self) -> bytes:
        """All numbers in Prometheus' text format; those of every worker where they are shared."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)
