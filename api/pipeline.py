"""From bytes to a stored event. Pure: every part that talks to the outside is passed in.

parse → envelope → contract → data → user → stamp → encode → publish.  Each step either hands on
or raises a :class:`~api.errors.Refusal`; nothing is published before all others have passed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from api import strict_json
from api.errors import Refusal, StoreUnavailableError
from api.model import Accepted, Request, Stamped
from api.spool.record import Record
from api.users import Users
from contracts.errors import UnknownEventError, UnknownVersionError
from contracts.formats import parse_uuid
from contracts.loader import Catalog
from contracts.model import Contract, Origin
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.validation import Validator, Violation
from registry.errors import EncodeError


class EventEncoder(Protocol):
    """Makes Kafka values; :class:`registry.serde.Encoder` is one."""

    def encode(
        self,
        contract: Contract,
        *,
        event_id: uuid.UUID,
        user_id: str,
        timestamp: dt.datetime,
        data: Mapping[str, Any],
    ) -> bytes:
        """The Kafka value of one event.

        Raises:
            EncodeError: a value has no image in the contract's types.
        """
        ...


class Publisher(Protocol):
    """Stores events durably, within a bounded time."""

    def publish(self, record: Record) -> None:
        """Stores one event; returns when it is safe.

        Raises:
            StoreUnavailableError: it is not. It may have been stored all the same.
        """
        ...

    def publish_all(self, records: Sequence[Record]) -> Sequence[StoreUnavailableError | None]:
        """Stores several with one wait; for each, why it is not safe, or ``None``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pipeline works with.

    ``encoder`` raises :class:`~api.errors.StoreUnavailableError` while there is none; ``clock``
    gives aware instants; ``make_id`` makes the ids of events that come without one.
    """

    catalog: Catalog
    users: Users
    encoder: Callable[[], EventEncoder]
    publisher: Publisher
    clock: Callable[[], dt.datetime]
    make_id: Callable[[], uuid.UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How deep JSON may be."""

    json_depth: int = 32


class Pipeline:
    """Accepts events. Safe to share between threads."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self._parts = parts
        self._limits = limits
        self._envelope = Validator(parts.catalog.request.schema)
        self._data = {
            (contract.event, contract.version): Validator(contract.schema)
            for contract in parts.catalog
        }

    def accept(self, body: bytes, *, correlation_id: str) -> Accepted:
        """Stores the event in ``body``; returns when it is safe in Kafka or the spool.

        Raises:
            Refusal: the reason why nothing was accepted.
        """
        return self.store(self.check(self.parse(body)), correlation_id=correlation_id)

    def parse(self, body: bytes) -> Any:
        """The JSON in a body.

        Raises:
            Refusal: it is no JSON that the service takes.
        """
        return strict_json.parse(body, max_depth=self._limits.json_depth)

    def check(self, document: Any) -> Request:
        """The request in parsed JSON, held against the envelope and the event's contract.

        Raises:
            Refusal: it breaks one of them.
        """
        if violations := self._envelope.violations(document):
            raise Refusal(
                Reason.ENVELOPE_INVALID,
                DESCRIPTIONS[Reason.ENVELOPE_INVALID],
                violations=tuple(map(_without_token, violations)),
                event=self._known_event(document),
            )
        contract = self._contract(document["event"], document.get("version"))
        data = document["data"]
        key = (contract.event, contract.version)
        if violations := self._data[key].violations(data, at="/data"):
            raise _data_refused(contract, violations)
        event_id = document.get("event_id")
        return Request(
            contract=contract,
            token=document["token"],
            event_id=None if event_id is None else parse_uuid(event_id),
            data=data,
        )

    def store(self, request: Request, *, correlation_id: str) -> Accepted:
        """Finds the user, stamps, encodes and publishes; returns when it is safe.

        Raises:
            Refusal: the token is bad, a value has no image in Avro, or a part is unavailable.
        """
        stamped = self.stamp(request)
        contract = request.contract
        try:
            self._parts.publisher.publish(
                Record(
                    event_id=stamped.event_id,
                    key=contract.event.encode(),
                    value=stamped.value,
                    headers={"correlation_id": correlation_id},
                )
            )
        except StoreUnavailableError as error:
            raise _not_stored(contract) from error
        return Accepted(
            event_id=stamped.event_id,
            event=contract.event,
            version=contract.version,
            timestamp=stamped.timestamp,
            deprecation=contract.deprecation,
        )

    def stamp(self, request: Request) -> Stamped:
        """Finds the user, stamps and encodes: the event as it would be published.

        Raises:
            Refusal: the token is bad, a value has no image in Avro, or a part is unavailable.
        """
        contract = request.contract
        try:
            encoder = self._parts.encoder()
            user_id = self._user(request)
            event_id = request.event_id or self._parts.make_id()
            timestamp = _whole_milliseconds(self._parts.clock())
            value = encoder.encode(
                contract,
                event_id=event_id,
                user_id=user_id,
                timestamp=timestamp,
                data=request.data,
            )
        except EncodeError as error:
            violation = Violation(error.pointer, "type", error.problem, None)
            raise _data_refused(contract, (violation,)) from error
        except StoreUnavailableError as error:
            raise _not_stored(contract) from error
        return Stamped(
            request=request, event_id=event_id, user_id=user_id, timestamp=timestamp, value=value
        )

    def _contract(self, event: str, version: float | None) -> Contract:
        """``version`` may be ``1.0``: that is an integer in JSON Schema."""
        try:
            contract = self._parts.catalog.get(event, None if version is None else int(version))
        except UnknownEventError as error:
            raise Refusal(Reason.EVENT_UNKNOWN, str(error)) from error
        except UnknownVersionError as error:
            raise Refusal(Reason.VERSION_UNKNOWN, str(error), event=event) from error
        if contract.origin is not Origin.CLIENT:
            reason = Reason.EVENT_NOT_ACCEPTED
            raise _of(contract, reason, DESCRIPTIONS[reason])
        ending = contract.deprecation
        if ending is not None and ending.is_retired(self._parts.clock().date()):
            raise _of(contract, Reason.VERSION_RETIRED, f"{contract.id} has ended: {ending.reason}")
        return contract

    def _user(self, request: Request) -> str:
        try:
            return self._parts.users.resolve(request.token)
        except Refusal as refusal:
            raise _of(request.contract, refusal.reason, refusal.detail) from refusal

    def _known_event(self, document: Any) -> str | None:
        """The event a document names, if there is one of that name."""
        named = document.get("event") if isinstance(document, dict) else None
        known = isinstance(named, str) and named in self._parts.catalog.versions
        return named if known else None


def _of(
    contract: Contract, reason: Reason, detail: str, violations: tuple[Violation, ...] = ()
) -> Refusal:
    return Refusal(
        reason, detail, violations=violations, event=contract.event, version=contract.version
    )


def _not_stored(contract: Contract) -> Refusal:
    return _of(contract, Reason.STORE_UNAVAILABLE, DESCRIPTIONS[Reason.STORE_UNAVAILABLE])


def _data_refused(contract: Contract, violations: tuple[Violation, ...]) -> Refusal:
    detail = f"`data` does not satisfy the contract {contract.id}"
    return _of(contract, Reason.DATA_INVALID, detail, violations)


def _without_token(violation: Violation) -> Violation:
    """The same violation, quoting nothing of what was sent as the token."""
    if (violation.pointer, violation.keyword) != ("/token", "type"):
        return violation
    return replace(violation, message=f"must be {' or '.join(violation.expected)}")


def _whole_milliseconds(instant: dt.datetime) -> dt.datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
