"""The last step of an event: seen before, or published. Pure over its two components."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from api.errors import (
    CacheUnavailableError,
    RecordRefusedError,
    RecordTooLargeError,
    Rejection,
    StoreUnavailableError,
)
from api.instrumentation import Instrumentation, Stage, timed
from api.model import Accepted, Outcome, Stamped
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
        for each in events:
            if each.event_id not in seen:
                first.setdefault(each.event_id, each)
        fates = self._publish(first, correlation_id)
        self._remember([first[at] for at, fate in fates.items() if isinstance(fate, Accepted)])

        def outcome(each: Stamped) -> Outcome:
            before = seen.get(each.event_id)
            if before is not None:
                return _again(each, before)
            fate = fates[each.event_id]
            if each is first[each.event_id] or isinstance(fate, Rejection):
                return fate
            return _again(each, _as_seen(first[each.event_id]))

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

    def _publish(
        self, events: Mapping[uuid.UUID, Stamped], correlation_id: str
    ) -> dict[uuid.UUID, Outcome]:
        records = [self._record(each, correlation_id) for each in events.values()]
        problems: Sequence[StoreUnavailableError | None] = ()
        if records:
            with timed(self._instrumentation, Stage.PUBLISH):
                problems = self._publisher.publish_all(records)
        return {
            each.event_id: _accepted(each)
            if problem is None
            else not_stored(each.request.contract, problem)
            for each, problem in zip(events.values(), problems, strict=True)
        }

    def _record(self, event: Stamped, correlation_id: str) -> Record:
        contract, data = event.request.contract, event.request.data
        return Record(
            event_id=event.event_id,
            key=self._key_of(contract, event.user_id, event.event_id, data),
            value=event.value,
            headers={"correlation_id": correlation_id},
        )

    def _remember(self, stored: Sequence[Stamped]) -> None:
        told = {
            each.event_id: _as_seen(each) for each in stored if each.request.event_id is not None
        }
        if not told:
            return
        try:
            self._seen.remember(told)
        except CacheUnavailableError as error:
            _log.debug("seen events: %s", error)


def not_stored(contract: Contract, cause: StoreUnavailableError) -> Rejection:
    """The answer to an event that neither Kafka nor the spool took, or that Kafka never will."""
    match cause:
        case RecordTooLargeError():
            reason = Reason.EVENT_TOO_LARGE
        case RecordRefusedError():
            reason = Reason.EVENT_NOT_STORABLE
        case _:
            reason = Reason.STORE_UNAVAILABLE
    rejection = Rejection(
        reason, DESCRIPTIONS[reason], event=contract.event, version=contract.version
    )
    rejection.__cause__ = cause
    return rejection


def _accepted(event: Stamped) -> Accepted:
    contract = event.request.contract
    return Accepted(
        event_id=event.event_id,
        event=contract.event,
        version=contract.version,
        timestamp=event.timestamp,
        deprecation=contract.deprecation,
    )


def _as_seen(event: Stamped) -> Seen:
    return Seen(fingerprint(event.request.contract.event, event.image or b""), event.timestamp)


def _again(event: Stamped, before: Seen) -> Outcome:
    """An event whose id is known: the same once more, or another under the same id."""
    contract = event.request.contract
    if _as_seen(event).fingerprint != before.fingerprint:
        reason = Reason.EVENT_ID_REUSED
        detail = f"another event was stored as {event.event_id} at {before.timestamp.isoformat()}"
        return Rejection(reason, detail, event=contract.event, version=contract.version)
    return replace(_accepted(event), timestamp=before.timestamp, is_duplicate=True)
