"""The expected event, answered on the event loop: no Flask, and no thread held while Kafka writes.

An application of Flask's in one of some thirty threads takes 300 µs of processor for an event, and
as much again while its threads fight for the interpreter; what one event needs are some 60 µs.
So the front tries here what nearly every request is: a short, valid JSON event whose user is known
in this process's memory.  Whatever is not that (any rejection, a token that others must judge, a
spool in use, a spelling of a header that is not among the usual ones) has done nothing yet, is
counted nowhere, and goes to the application with the same body; that alone renders problems.

Both answer alike, header by header and byte by byte: ``tests/api/http/test_express.py``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson

from api import paths
from api.errors import NotAskedError, Rejection
from api.http.applications import Door, key_in_query
from api.http.blueprint import answer, notice
from api.http.cloudevents import MARK as CLOUD_EVENT
from api.http.correlation import HEADER, sent_id
from api.http.cors import answer_headers
from api.http.environ import Scope
from api.http.hearing import LoopHearing
from api.http.observing import HEADER as TAG_HEADER
from api.http.observing import Observed, Observer, tag_of
from api.http.origins import CorsPolicy
from api.http.publications import Publications
from api.http.security_headers import headers_for
from api.http.wakeups import Wakeups
from api.instrumentation import Stage
from api.model import Accepted, Common, Outcome, Stamped
from api.pipeline.pipeline import Pipeline
from api.pipeline.seen_soon import SeenSoon
from api.pipeline.storing import accepted, as_seen, not_stored
from api.publish.sender import Reports
from contracts.model.applications import HEADER as KEY_HEADER
from contracts.model.types import Contract

LONGEST_BODY_BYTES = 8_192
"""Longer events are few, and would keep the loop from the others while they are checked."""

_MEDIA_TYPES = frozenset(
    f"{media_type}{parameter}"
    for media_type in ("application/json", "text/plain")
    for parameter in (
        "",
        *(f"{gap}charset={name}" for gap in (";", "; ") for name in ("utf-8", "UTF-8")),
    )
)
"""The usual spellings; any other is for the application to read."""

_UNUSUAL = frozenset(
    {
        "access-control-request-private-network",
        CLOUD_EVENT,
        "content-encoding",
        "transfer-encoding",
        "upgrade",
    }
)
"""With one of these headers the answer may be another."""

_KEY = KEY_HEADER.lower()
_TAG = TAG_HEADER.lower()
_ANYBODY = Common()

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender gets: the event is safe."""

    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an event that was to be published and could not be, under which id."""

    rejection: Rejection
    correlation_id: str


class Counts(Protocol):
    """Is told what the application would have counted; :class:`api.telemetry.metrics.Metrics`."""

    def request(self, *, route: str | None, method: str, status: int, seconds: float) -> None: ...

    def outcomes(self, outcomes: Sequence[Outcome], *, sender: str | None = None) -> None: ...


class Express:
    """Takes the events that need nobody but Kafka. It is called from one event loop."""

    def __init__(
        self,
        pipeline: Pipeline,
        seen: SeenSoon,
        *,
        counts: Counts,
        cors: CorsPolicy,
        make_id: Callable[[], uuid.UUID],
        body_limit_bytes: int = LONGEST_BODY_BYTES,
        reports: Reports | None = None,
        door: Door | None = None,
        observer: Observer | None = None,
    ) -> None:
        """
        Args:
            pipeline: prepares events and stores them.
            seen: knows ids that were stored lately.
            counts: is told of each event that was published, or could not be.
            cors: which pages may read the answers.
            make_id: makes correlation ids.
            body_limit_bytes: what the application takes; no more than it is taken here.
            reports: Kafka's acknowledgements, which are heard on the loop while many are awaited;
                without, whoever hears them tells of them.
            door: knows who may send; ``None``: everybody may.
            observer: is told of what is stored here; ``None``: there is no debugger.
        """
        self._pipeline = pipeline
        self._seen = seen
        self._counts = counts
        self._cors = cors
        self._make_id = make_id
        self._door = door
        self._observer = observer
        self._longest = min(body_limit_bytes, LONGEST_BODY_BYTES)
        hearing = None if reports is None else LoopHearing(reports, lambda: published.waiting)
        published = self._publications = Publications(
            pipeline.publish_soon, (lambda: None) if hearing is None else hearing.look
        )
        self._lookups = Wakeups[bool]()
        self._notices: dict[str, Headers] = {}
        self._tail = [*headers_for(paths.EVENTS).items(), ("Cache-Control", "no-store")]
        self.taken = 0
        """Events that were published from here."""

    def expected(self, scope: Scope) -> Mapping[str, str] | None:
        """The headers of a request that may be answered here once its body is whole.

        Its ``content-length`` is that of a short body.  A name that is there twice, or that an
        application over WSGI could take for another (with an underscore), is not expected.
        """
        if scope.path != paths.EVENTS or scope.method != "POST":
            return None
        if scope.query_string and self._door is None:
            return None
        pairs = scope.headers.items()
        headers = dict(pairs)
        length = headers.get("content-length", "")
        if (
            len(headers) != len(pairs)
            or headers.get("content-type") not in _MEDIA_TYPES
            or not (length.isdecimal() and length.isascii() and 0 < int(length) <= self._longest)
            or not _UNUSUAL.isdisjoint(headers)
            or "_" in " ".join(headers)
        ):
            return None
        if scope.query_string:
            key = key_in_query(scope.query_string)
            if key is None or _KEY in headers:
                return None
            headers[_KEY] = key
        return headers

    async def run(
        self, headers: Mapping[str, str], body: bytes, began: float
    ) -> Answer | Fate | None:
        """Stores the event in ``body``, if it is an expected one.

        ``began`` is when the request was whole, on the clock of ``time.perf_counter``.

        Returns:
            ``None``: nothing was done, the application has to look at it.
        """
        if len(body) != int(headers["content-length"]):
            return None
        common = _ANYBODY if self._door is None else _let_in(self._door, headers)
        if common is None:
            return None
        prepared = self._pipeline.prepared(body, common)
        if prepared is None:
            return None
        event = prepared.stamped
        has_id = event.request.event_id is not None
        asked = time.perf_counter()
        if has_id and await self._lookups.of(partial(self._seen.find_soon, event.event_id)):
            return None
        correlation_id = sent_id(headers.get) or str(self._make_id())
        published = time.perf_counter()
        try:
            problem = await self._publications.of(self._pipeline.record(event, correlation_id))
        except NotAskedError:
            return None
        self.taken += 1
        ended = time.perf_counter()
        looked = ((Stage.SEEN, published - asked),) if has_id else ()
        self._pipeline.count(prepared, *looked, (Stage.PUBLISH, ended - published))
        if problem is not None:
            return Fate(not_stored(event.request.contract, problem), correlation_id)
        if has_id:
            self._seen.remember_soon(event.event_id, as_seen(event))
        stored = accepted(event)
        found = self._answer(stored, event, correlation_id, headers.get("origin"))
        self._counts.outcomes([stored], sender=event.request.application)
        seconds = time.perf_counter() - began
        self._counts.request(route=paths.EVENTS, method="POST", status=202, seconds=seconds)
        if self._observer is not None:
            sender = event.request.application
            _observe(self._observer, headers, sender, (stored, body), correlation_id, seconds)
        return found

    async def drained(self) -> None:
        """Returns when whatever was published is told of, and answered."""
        await self._lookups.drained()
        await self._publications.drained()

    def _answer(
        self, stored: Accepted, event: Stamped, correlation_id: str, origin: str | None
    ) -> Answer:
        body = orjson.dumps(answer(stored))
        return Answer(
            [
                *self._noticed(event.request.contract),
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                (HEADER, correlation_id),
                *self._tail,
                *answer_headers(self._cors, origin),
            ],
            body,
        )

    def _noticed(self, contract: Contract) -> Headers:
        if contract.deprecation is None:
            return []
        found = self._notices.get(contract.id)
        if found is None:
            found = self._notices[contract.id] = list(notice(contract.deprecation).items())
        return found


def _observe(
    observer: Observer,
    headers: Mapping[str, str],
    sender: str | None,
    result: tuple[Accepted, bytes],
    correlation_id: str,
    seconds: float,
) -> None:
    tag = tag_of(headers.get(_TAG))
    if observer.wants(tag, sender):
        observer.keep(
            Observed(
                tag=tag,
                sender=sender,
                route=paths.EVENTS,
                correlation_id=correlation_id,
                results=[result],
                seconds=seconds,
                origin=headers.get("origin"),
                sdk=headers.get("x-ugc-sdk"),
            )
        )


def _let_in(door: Door, headers: Mapping[str, str]) -> Common | None:
    """Who sends; ``None`` where that is refused, or has to be counted in Redis."""
    try:
        application = door.admitted(headers.get(_KEY), headers.get("origin"))
    except Rejection:
        return None
    if application is None:
        return _ANYBODY
    return None if application.rate is not None else Common(application=application)
