"""The last step of an event: seen before, or published. Pure over its two components."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from api.errors import (
    CacheUnavailableError,
    RecordRefusedError,
    RecordTooLargeError,
    Rejection,
    StoreOverloadedError,
    StoreUnavailableError,
)
from api.instrumentation import Instrumentation, Stage, timed
from api.model import Accepted, Outcome, Stamped, shown_time
from api.pipeline.seen import Seen, SeenEvents, fingerprint
from api.publish.spool.record import Record
from contracts.model.types import Contract
from contracts.reasons import DESCRIPTIONS, Reason
from registry.keys import KeyMaker, event_key

_log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Stores events durably, within a bounded time."""

    def publish_all(self, records: Sequence[Record]) -> Sequence[StoreUnavailableError | None]:
        """Stores several with one wait; for each, why it is not safe, or ``None``.

        What is not safe may have been stored all the same.
        """
        ...

    def publish_soon(
        self,
        records: Sequence[Record],
        done: Callable[[Sequence[StoreUnavailableError | None]], None],
    ) -> bool:
        """As :meth:`publish_all` for an event loop: never waits, for a disk or for a thread.

        ``done`` is called exactly once, from any thread and perhaps before this returns, with what
        ``publish_all`` would have returned; it must not wait and must not raise.

        Returns:
            Whether the records are on their way.  If not, nothing was done and ``done`` is never
            called: whoever asks publishes in a thread, where waiting is allowed.
        """
        ...


class Storing:
    """Stores events that have passed every check. Safe to share between threads."""

    def __init__(
        self,
        publisher: Publisher,
        seen: SeenEvents,
        instrumentation: Instrumentation,
        *,
        key_of: KeyMaker = event_key,
    ) -> None:
        self._publisher = publisher
        self._seen = seen
        self._instrumentation = instrumentation
        self._key_of = key_of

    def store(self, events: Sequence[Stamped], *, correlation_id: str) -> list[Outcome]:
        """What became of each event, in their order; those that were accepted are safe.

        An event whose id was stored lately is not stored again: it is a duplicate if it says the
        same, else it is refused.  Of several here that bear one id the first is stored.
        """
        seen = self._known(events)
        first: dict[uuid.UUID, Stamped] = {}
        new = [each for each in events if _is_new(each, seen, first)]
        fates = self._publish(new, correlation_id) if new else []
        self._remember(new, fates)
        if len(new) == len(events):
            return fates
        fate_of = {id(each): fate for each, fate in zip(new, fates, strict=True)}

        def outcome(each: Stamped) -> Outcome:
            if (fate := fate_of.get(id(each))) is not None:
                return fate
            if (before := seen.get(each.event_id)) is not None:
                return _again(each, before)
            fate = fate_of[id(first[each.event_id])]
            if isinstance(fate, Rejection):
                return fate
            return _again(each, as_seen(first[each.event_id]))

        return [outcome(each) for each in events]

    def _known(self, events: Sequence[Stamped]) -> Mapping[uuid.UUID, Seen]:
        """Those whose sender gave them an id that was stored lately."""
        given = [each.event_id for each in events if each.request.event_id is not None]
        if not given:
            return {}
        try:
            with timed(self._instrumentation, Stage.SEEN):
                return self._seen.find(given)
        except CacheUnavailableError as error:
            _log.debug("seen events: %s", error)
            return {}

    def record(self, event: Stamped, correlation_id: str) -> Record:
        """An event as it goes to Kafka."""
        contract, data = event.request.contract, event.request.data
        headers = {"correlation_id": correlation_id}
        if event.request.headers is not None:
            headers.update(event.request.headers)
        return Record(
            event_id=event.event_id,
            key=self._key_of(contract, event.user_id, event.event_id, data),
            value=event.value,
            headers=headers,
        )

    def _publish(self, events: Sequence[Stamped], correlation_id: str) -> list[Outcome]:
        records = [self.record(each, correlation_id) for each in events]
        with timed(self._instrumentation, Stage.PUBLISH):
            problems = self._publisher.publish_all(records)
        return [
            accepted(each) if problem is None else not_stored(each.request.contract, problem)
            for each, problem in zip(events, problems, strict=True)
        ]

    def _remember(self, events: Sequence[Stamped], fates: Sequence[Outcome]) -> None:
        told = {
            each.event_id: as_seen(each)
            for each, fate in zip(events, fates, strict=True)
            if each.request.event_id is not None and isinstance(fate, Accepted)
        }
        if not told:
            return
        try:
            self._seen.remember(told)
        except CacheUnavailableError as error:
            _log.debug("seen events: %s", error)


def _is_new(
    event: Stamped, seen: Mapping[uuid.UUID, Seen], first: dict[uuid.UUID, Stamped]
) -> bool:
    """Whether it is to be stored; takes down the first that bears an id of its sender's.

    An id of the API's own is like no other.
    """
    if event.request.event_id is None:
        return True
    return event.event_id not in seen and first.setdefault(event.event_id, event) is event


def not_stored(contract: Contract, cause: StoreUnavailableError) -> Rejection:
    """The answer to an event that is not stored, for now or for ever."""
    match cause:
        case RecordTooLargeError():
            reason = Reason.EVENT_TOO_LARGE
        case RecordRefusedError():
            reason = Reason.EVENT_NOT_STORABLE
        case StoreOverloadedError():
            reason = Reason.OVERLOADED
        case _:
            reason = Reason.STORE_UNAVAILABLE
    rejection = Rejection(
        reason, DESCRIPTIONS[reason], event=contract.event, version=contract.version
    )
    rejection.__cause__ = cause
    return rejection


def accepted(event: Stamped) -> Accepted:
    """What an event is when it is safe."""
    contract = event.request.contract
    return Accepted(
        event_id=event.event_id,
        event=contract.event,
        version=contract.version,
        timestamp=event.timestamp,
        deprecation=contract.deprecation,
    )


def as_seen(event: Stamped) -> Seen:
    """What is remembered of an event that is safe."""
    return Seen(fingerprint(event.request.contract.event, event.image or b""), event.timestamp)


def _again(event: Stamped, before: Seen) -> Outcome:
    """An event whose id is known: the same once more, or another under the same id."""
    contract = event.request.contract
    if as_seen(event).fingerprint != before.fingerprint:
        reason = Reason.EVENT_ID_REUSED
        detail = f"another event was stored as {event.event_id} at {shown_time(before.timestamp)}"
        return Rejection(reason, detail, event=contract.event, version=contract.version)
    return replace(accepted(event), timestamp=before.timestamp, is_duplicate=True)
