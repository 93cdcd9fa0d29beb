"""What the API counts, for Prometheus to fetch.

One :class:`Metrics` for each application, with a registry of its own.  Several worker processes
share their numbers through files when ``PROMETHEUS_MULTIPROC_DIR`` names a folder in the
environment before the process starts: then any worker answers for all of them, as it must where the
server, and not Prometheus, chooses the worker.  Without it a process tells of itself alone.

What is counted stays in this process until :meth:`Metrics.flush`, which comes every second and
before this process shows its numbers: those of the others may be a second old, and a worker that is
killed takes those of its last second with it.

The state of a worker (its spool, its breakers) is shown while it lives: a worker that starts takes
away the gauges of those that have ended.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from api.errors import Rejection
from api.instrumentation import Stage, TokenResult, TokenSource
from api.model import Outcome
from api.telemetry.polling import State, Totals
from api.telemetry.tallies import Labels, Spread, Spreads, Tally
from contracts.model.applications import NONE, OTHER

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NONE = ""
"""The label of what was not known."""

_EVENT_OUTCOMES = {False: "accepted", True: "duplicate"}
"""By whether the event was safe before."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Around the 100 ms of requirement N5."""

_STAGE_SECONDS = (0.000_05, 0.000_1, 0.000_25, 0.000_5, *_SECONDS)
"""Checks take some ten microseconds, the parts outside milliseconds."""

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class _Histogram(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, spread: Spread) -> None:
        """Adds observations that were sorted into this histogram's own buckets."""
        self._sum.inc(spread.total)
        for bucket, number in zip(self._buckets, spread.buckets, strict=True):
            if number:
                bucket.inc(number)


class Metrics:
    """The counters. Every label has few values: known events and routes, never a sender's text."""

    def __init__(self, applications: Sequence[str] | None = None) -> None:
        """``applications`` are names that events are counted by too; ``None``: by none."""
        self.registry = CollectorRegistry()
        self._applications = None if applications is None else {*applications, OTHER}
        self._requests = _Histogram(
            "ugc_api_request_seconds",
            "Time from the whole request to its answer.",
            ("route", "method", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "ugc_api_events",
            "Events by contract, version and outcome (accepted, duplicate, refused, failed).",
            ("event", "version", "outcome", *(() if applications is None else ("application",))),
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
        self._stages = _Histogram(
            "ugc_api_stage_seconds",
            "Time that a stage took: of each event; wait, seen and publish of each request.",
            ("stage",),
            buckets=_STAGE_SECONDS,
            registry=self.registry,
        )
        for stage in Stage:
            self._stages.labels(stage)
        self._acknowledgements = _Histogram(
            "ugc_api_acknowledgement_seconds",
            "Time from handing a record to the producer to Kafka's acknowledgement.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._tokens = Counter(
            "ugc_api_tokens",
            "Who was asked about a token (memory, cache, auth_service, local), and what was heard.",
            ("judge", "outcome"),
            registry=self.registry,
        )
        self._records = Counter(
            "ugc_api_records",
            "Records by where they went at once: acknowledged, spooled, or refused for now (503).",
            ("outcome",),
            registry=self.registry,
        )
        self._replayed = Counter(
            "ugc_api_spooled_records",
            "Records that left a spool: replayed, late (Kafka had them), set_aside (never taken).",
            ("outcome",),
            registry=self.registry,
        )
        self._adopted = Counter(
            "ugc_api_adopted_spools",
            "Spools of dead workers that were taken over.",
            registry=self.registry,
        )
        self._rebuilds = Counter(
            "ugc_api_producer_rebuilds",
            "Kafka producers that could not go on and were replaced.",
            registry=self.registry,
        )
        self._breakers = Gauge(
            "ugc_api_breaker_open",
            "Worker processes that do not ask a part for a while.",
            ("part",),
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._spool_bytes = self._of_spool(
            "bytes", "Bytes of the files that wait for Kafka.", "livesum"
        )
        self._spool_limit = self._of_spool(
            "limit_bytes", "Bytes that the spools may hold together.", "livesum"
        )
        self._spool_age = self._of_spool(
            "oldest_seconds", "Age of the oldest record that waits for Kafka; 0: none.", "livemax"
        )
        self._spool_damage = self._of_spool(
            "damaged_places", "Places in spools that could not be read.", "livesum"
        )
        self._spool_in_use = self._of_spool(
            "in_use", "Worker processes whose events go to the spool.", "livesum"
        )
        self._told = Totals()
        self._flushing = Lock()
        self._seconds_of_requests = Spreads(_SECONDS)
        self._seconds_of_stages = Spreads(_STAGE_SECONDS)
        self._seconds_of_acknowledgements = Spreads(_SECONDS)
        self._spreads = {
            self._requests: self._seconds_of_requests,
            self._stages: self._seconds_of_stages,
            self._acknowledgements: self._seconds_of_acknowledgements,
        }
        self._tally_of_events = Tally()
        self._tally_of_refusals = Tally()
        self._tally_of_rejected = Tally()
        self._tally_of_tokens = Tally()
        self._tallies = {
            self._events: self._tally_of_events,
            self._refusals: self._tally_of_refusals,
            self._rejected: self._tally_of_rejected,
            self._tokens: self._tally_of_tokens,
        }
        _forget_ended_workers()

    def request(self, *, route: str | None, method: str, status: int, seconds: float) -> None:
        """Counts an answer; ``route`` is the pattern that matched, ``None`` when none did."""
        known = method if route is not None else _NONE
        self._seconds_of_requests.observe((route or _NONE, known, str(status)), seconds)

    def outcomes(
        self, outcomes: Sequence[Outcome], *, are_events: bool = True, sender: str | None = None
    ) -> None:
        """Counts what became of the events of one request, and the reasons of rejections.

        ``are_events`` is false for a request that was not to store any: its rejection has a reason
        and is no event's.  ``sender`` is an application's name, or what stands for those unknown.
        """
        if are_events:
            labels: Iterable[Labels] = map(_labels_of_event, outcomes)
            if self._applications is not None:
                told = sender if sender in self._applications else NONE
                labels = ((*each, told) for each in labels)
            self._tally_of_events.add_all(labels)
        reasons = [(each.reason,) for each in outcomes if isinstance(each, Rejection)]
        self._tally_of_refusals.add_all(reasons)

    def rejected(self, outcome: str, number: int) -> None:
        """Counts what became of refused events on their way to the topic that keeps them."""
        self._tally_of_rejected.add((outcome,), number)

    def took(self, stage: Stage, seconds: float) -> None:
        """See :meth:`api.instrumentation.Instrumentation.took`."""
        self._seconds_of_stages.observe((stage,), seconds)

    def took_all(self, stages: Iterable[tuple[Stage, float]]) -> None:
        """See :meth:`api.instrumentation.Instrumentation.took_all`."""
        self._seconds_of_stages.observe_all([((stage,), seconds) for stage, seconds in stages])

    def took_each(self, stage: Stage, seconds: float, number: int) -> None:
        """See :meth:`api.instrumentation.Instrumentation.took_each`."""
        self._seconds_of_stages.observe((stage,), seconds, number)

    def judged(self, judge: TokenSource, judgement: TokenResult) -> None:
        """See :meth:`api.instrumentation.Instrumentation.judged`."""
        self._tally_of_tokens.add((judge, judgement))

    def acknowledged(self, seconds: Sequence[float]) -> None:
        """Takes in how long Kafka took, for several records."""
        self._seconds_of_acknowledgements.observe_all(((), each) for each in seconds)

    def flush(self) -> None:
        """Adds what was counted since the last time to what all processes share.

        Returns when that, and what another thread is just adding, is there.
        """
        with self._flushing:
            for counter, tally in self._tallies.items():
                for labels, number in tally.take().items():
                    counter.labels(*labels).inc(number)
            for histogram, spreads in self._spreads.items():
                for labels, spread in spreads.take().items():
                    _child(histogram, labels).add(spread)

    def state(self, state: State) -> None:
        """See :meth:`api.telemetry.polling.Poller.state`. Totals go on from those told before."""
        now, before = Totals.of(state), self._told
        self._told = now
        for outcome, number in now.records.items():
            self._records.labels(outcome).inc(number - before.records.get(outcome, 0))
        for outcome, number in now.replayed.items():
            self._replayed.labels(outcome).inc(number - before.replayed.get(outcome, 0))
        self._adopted.inc(now.adopted - before.adopted)
        self._rebuilds.inc(now.rebuilds - before.rebuilds)
        for part, is_open in state.open_breakers.items():
            self._breakers.labels(part).set(is_open)
        spool = state.spool
        age = 0.0 if spool.oldest_ms is None else max(0.0, time.time() - spool.oldest_ms / 1000)
        self._spool_bytes.set(spool.bytes_used)
        self._spool_limit.set(spool.max_bytes)
        self._spool_age.set(age)
        self._spool_damage.set(spool.damaged_places)
        self._spool_in_use.set(not spool.is_direct)

    def render(self) -> bytes:
        """All numbers in Prometheus' text format; those of every worker where they are shared."""
        self.flush()
        if _FOLDER not in os.environ:
            return generate_latest(self.registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)

    def _of_spool(self, name: str, text: str, mode: Literal["livesum", "livemax"]) -> Gauge:
        return Gauge(f"ugc_api_spool_{name}", text, multiprocess_mode=mode, registry=self.registry)


def _child(histogram: _Histogram, labels: Labels) -> _Histogram:
    return histogram.labels(*labels) if labels else histogram


def _labels_of_event(outcome: Outcome) -> Labels:
    """Event, version and outcome, for the counter of events; what is not known is empty."""
    if isinstance(outcome, Rejection):
        number = _NONE if outcome.version is None else str(outcome.version)
        kind = "failed" if outcome.status >= 500 else "refused"
        return outcome.event or _NONE, number, kind
    return outcome.event, str(outcome.version), _EVENT_OUTCOMES[outcome.is_duplicate]


_LIVE_GAUGES = re.compile(r"gauge_live[a-z]+_([0-9]+)\.db")


def _forget_ended_workers() -> None:
    """Takes away the gauges of processes that are no more; their counters stay in the sums."""
    folder = os.environ.get(_FOLDER)
    if folder is None or not Path(folder).is_dir():
        return
    for file in Path(folder).iterdir():
        found = _LIVE_GAUGES.fullmatch(file.name)
        if found is not None and not _runs(int(found[1])):
            with suppress(FileNotFoundError):  # another new worker was faster
                mark_process_dead(int(found[1]), folder)  # type: ignore[no-untyped-call]


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
