"""From bytes to a stored event. Pure: every part that talks to the outside is passed in.

parse → envelope → contract → data → user → stamp → encode → seen before? → publish.  Each step
either hands on or refuses; an event is not published before it has passed all others.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from api.auth.users import Users
from api.errors import RecordTooLargeError, Rejection, StoreUnavailableError, too_large
from api.instrumentation import Instrumentation, NoInstrumentation, Stage, timed
from api.model import Accepted, Outcome, Request, Stamped
from api.pipeline import strict_json
from api.pipeline.seen import SeenEvents
from api.pipeline.storing import Publisher, Storing, not_stored
from contracts.errors import UnknownEventError, UnknownVersionError
from contracts.model.formats import parse_uuid
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from contracts.model.validation import MAX_VIOLATIONS, Validator, Violation
from contracts.reasons import DESCRIPTIONS, Reason
from registry.errors import EncodeError
from registry.keys import KeyMaker, event_key
from registry.topics import LONGEST_RECORD_BYTES

_T = TypeVar("_T")

Resolve = Callable[[str | None], str]
"""A token's user id; raises :class:`~api.errors.Rejection`."""


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

    def image(self, contract: Contract, value: bytes) -> bytes:
        """What will be kept of the data in ``value``: one text for one event, however spelt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What the pipeline works with.

    ``value_limit`` tells how long a Kafka value may be, in bytes, as far as it is known now;
    ``encoder`` raises :class:`~api.errors.StoreUnavailableError` while there is none; ``clock``
    gives aware instants; ``key_of`` gives the Kafka key of an event; ``make_id`` makes the ids of
    events that come without one; ``instrumentation`` is told how long each stage takes.
    """

    catalog: Catalog
    users: Users
    encoder: Callable[[], EventEncoder]
    publisher: Publisher
    seen: SeenEvents
    clock: Callable[[], dt.datetime]
    make_id: Callable[[], uuid.UUID]
    instrumentation: Instrumentation = field(default_factory=NoInstrumentation)
    value_limit: Callable[[], int] = lambda: LONGEST_RECORD_BYTES
    key_of: KeyMaker = event_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the JSON of one event may be, in a batch too, and how deep."""

    body_bytes: int = 65_536
    json_depth: int = 32


class Pipeline:
    """Accepts events. Safe to share between threads."""

    def __init__(self, components: Components, limits: Limits) -> None:
        self._components = components
        self._limits = limits
        self._storing = Storing(
            components.publisher,
            components.seen,
            components.instrumentation,
            key_of=components.key_of,
        )
        self._envelope = Validator(components.catalog.request.schema)
        self._data = {
            (contract.event, contract.version): Validator(contract.schema)
            for contract in components.catalog
        }

    def accept(self, body: bytes, *, correlation_id: str) -> Accepted:
        """Stores the event in ``body``; returns when it is safe in Kafka or the spool.

        Raises:
            Rejection: the reason why nothing was accepted.
        """
        return self.store(self.check(self.parse(body)), correlation_id=correlation_id)

    def parse(self, body: bytes) -> Any:
        """The JSON in a body.

        Raises:
            Rejection: it is no JSON that the service takes.
        """
        with timed(self._components.instrumentation, Stage.PARSE):
            return strict_json.parse(body, max_depth=self._limits.json_depth)

    def check(self, document: Any) -> Request:
        """The request in parsed JSON, held against the envelope and the event's contract.

        Raises:
            Rejection: it breaks one of them.
        """
        with timed(self._components.instrumentation, Stage.VALIDATE):
            return self._check(document)

    def _check(self, document: Any) -> Request:
        if violations := self._envelope.violations(document, limit=None):
            raise Rejection(
                Reason.ENVELOPE_INVALID,
                DESCRIPTIONS[Reason.ENVELOPE_INVALID],
                violations=tuple(map(_without_token, violations[:MAX_VIOLATIONS])),
                more_violations=len(violations[MAX_VIOLATIONS:]),
                event=self._known_event(document),
            )
        contract = self._contract(document["event"], document.get("version"))
        data = document["data"]
        key = (contract.event, contract.version)
        if violations := self._data[key].violations(data, at="/data", limit=None):
            raise _data_rejected(contract, violations)
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
            Rejection: the token is bad, a value has no image in Avro, the id belongs to another
                event, or a part is unavailable.
        """
        (outcome,) = self.store_all([request], correlation_id=correlation_id)
        if isinstance(outcome, Rejection):
            raise outcome
        return outcome

    def accept_all(
        self, bodies: Sequence[bytes | Rejection], *, correlation_id: str
    ) -> list[Outcome]:
        """Stores several events, each given as JSON; what is wrong with one concerns it alone.

        A rejection among them stays as it is, in its place.
        """
        checked = [
            body if isinstance(body, Rejection) else _caught(partial(self._checked, body))
            for body in bodies
        ]
        good = [each for each in checked if isinstance(each, Request)]
        stored = iter(self.store_all(good, correlation_id=correlation_id))
        return [each if isinstance(each, Rejection) else next(stored) for each in checked]

    def _checked(self, body: bytes) -> Request:
        if len(body) > self._limits.body_bytes:
            raise too_large(self._limits.body_bytes)
        return self.check(self.parse(body))

    def store_all(self, requests: Sequence[Request], *, correlation_id: str) -> list[Outcome]:
        """Stores several events with one wait; returns when those that were accepted are safe."""
        resolve = _asked_once(self._components.users.resolve)
        stamped = [_caught(partial(self.stamp, each, resolve)) for each in requests]
        good = [each for each in stamped if isinstance(each, Stamped)]
        stored = iter(self._storing.store(good, correlation_id=correlation_id))
        return [each if isinstance(each, Rejection) else next(stored) for each in stamped]

    def stamp(self, request: Request, resolve: Resolve | None = None) -> Stamped:
        """Finds the user, stamps and encodes: the event as it would be published.

        ``resolve`` may be given to ask for the user in another way than one by one.

        Raises:
            Rejection: the token is bad, a value has no image in Avro, or a part is unavailable.
        """
        contract = request.contract
        try:
            encoder = self._components.encoder()
            with timed(self._components.instrumentation, Stage.USER):
                user_id = _user(request, resolve or self._components.users.resolve)
            event_id = request.event_id or self._components.make_id()
            timestamp = _whole_milliseconds(self._components.clock())
            with timed(self._components.instrumentation, Stage.ENCODE):
                value = encoder.encode(
                    contract,
                    event_id=event_id,
                    user_id=user_id,
                    timestamp=timestamp,
                    data=request.data,
                )
                given = request.event_id is not None
                image = encoder.image(contract, value) if given else None
            if len(value) > (limit_bytes := self._components.value_limit()):
                detail = f"its value has {len(value):,} bytes, and may have {limit_bytes:,}"
                raise RecordTooLargeError(detail)
        except EncodeError as error:
            violation = Violation(error.pointer, "type", error.problem, None)
            raise _data_rejected(contract, (violation,)) from error
        except StoreUnavailableError as error:
            raise not_stored(contract, error) from error
        return Stamped(
            request=request,
            event_id=event_id,
            user_id=user_id,
            timestamp=timestamp,
            value=value,
            image=image,
        )

    def _contract(self, event: str, version: float | None) -> Contract:
        """``version`` may be ``1.0``: that is an integer in JSON Schema."""
        try:
            contract = self._components.catalog.get(
                event, None if version is None else int(version)
            )
        except UnknownEventError as error:
            raise Rejection(Reason.EVENT_UNKNOWN, str(error)) from error
        except UnknownVersionError as error:
            raise Rejection(Reason.VERSION_UNKNOWN, str(error), event=event) from error
        if contract.origin is not Origin.CLIENT:
            reason = Reason.EVENT_NOT_ACCEPTED
            raise _of(contract, reason, DESCRIPTIONS[reason])
        ending = contract.deprecation
        if ending is not None and ending.is_retired(self._components.clock().date()):
            raise _of(contract, Reason.VERSION_RETIRED, f"{contract.id} has ended: {ending.reason}")
        return contract

    def _known_event(self, document: Any) -> str | None:
        """The event a document names, if there is one of that name."""
        named = document.get("event") if isinstance(document, dict) else None
        known = isinstance(named, str) and named in self._components.catalog.versions
        return named if known else None


def _user(request: Request, resolve: Resolve) -> str:
    try:
        return resolve(request.token)
    except Rejection as rejection:
        raise _of(request.contract, rejection.reason, rejection.detail) from rejection


def _caught(step: Callable[[], _T]) -> _T | Rejection:
    """What a step gives, or the rejection it ends with."""
    try:
        return step()
    except Rejection as rejection:
        return rejection


def _asked_once(resolve: Resolve) -> Resolve:
    """The same, each token asked for only once: the events of a batch are mostly of one user."""
    asked: dict[str | None, str | Rejection] = {}

    def resolved(token: str | None) -> str:
        if token not in asked:
            asked[token] = _caught(partial(resolve, token))
        match asked[token]:
            case Rejection() as rejection:
                raise rejection
            case user_id:
                return user_id

    return resolved


def _of(contract: Contract, reason: Reason, detail: str) -> Rejection:
    return Rejection(reason, detail, event=contract.event, version=contract.version)


def _data_rejected(contract: Contract, violations: tuple[Violation, ...]) -> Rejection:
    return Rejection(
        Reason.DATA_INVALID,
        f"`data` does not satisfy the contract {contract.id}",
        violations=violations[:MAX_VIOLATIONS],
        more_violations=len(violations[MAX_VIOLATIONS:]),
        event=contract.event,
        version=contract.version,
    )


def _without_token(violation: Violation) -> Violation:
    """The same violation, quoting nothing of what was sent as the token."""
    if (violation.pointer, violation.keyword) != ("/token", "type"):
        return violation
    return replace(violation, message=f"must be {' or '.join(violation.expected)}")


def _whole_milliseconds(instant: dt.datetime) -> dt.datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
