"""A checked request → the event as it is published: user, id, time, context, Avro. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from api.errors import RecordTooLargeError, Rejection, StoreUnavailableError
from api.instrumentation import Stage
from api.model import Request, Stamped
from api.pipeline.checking import data_rejected, rejected
from api.pipeline.components import Components, EventEncoder, Resolve
from api.pipeline.doubles import with_doubles
from api.pipeline.storing import not_stored
from contracts.model.context import MEMBER, PREFIX, SENT_BY
from contracts.model.validation import Violation
from registry.errors import EncodeError

_USER, _ENCODE = Stage.USER, Stage.ENCODE
"""To look a member of an enumeration up takes as long as to count."""


class Stamping:
    """Stamps and encodes. Safe to share between threads."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._took = components.instrumentation.took

    def stamp(self, request: Request, resolve: Resolve | None = None) -> Stamped:
        """Finds the user, stamps and encodes: the event as it would be published.

        ``resolve`` may be given to ask for the user in another way than one by one.

        Raises:
            Rejection: the token is bad, a value has no image in Avro, or a part is unavailable.
        """
        try:
            encoder = self._components.encoder()
            user_id = self._user(request, resolve or self._components.users.resolve)
            began = perf_counter()
            try:
                return self.stamped(request, user_id, encoder)
            finally:
                self._took(_ENCODE, perf_counter() - began)
        except EncodeError as error:
            pointer = error.pointer.replace(f"/data/{PREFIX}", f"/{MEMBER}/")
            violation = Violation(pointer, "type", error.problem, None)
            raise data_rejected(request.contract, (violation,)) from error
        except StoreUnavailableError as error:
            raise not_stored(request.contract, error) from error

    def stamped(self, request: Request, user_id: str, encoder: EventEncoder) -> Stamped:
        """The event of a user who is known; nothing is counted.

        Raises:
            EncodeError: a value has no image in Avro.
            RecordTooLargeError: the value is longer than Kafka takes.
        """
        event_id = request.event_id or self._components.make_id()
        timestamp = _whole_milliseconds(self._components.clock())
        data, context = request.data, None
        if request.context is not None or request.application is not None:
            context = self._context_of(request, timestamp)
            data = {**data, **context}
        value = encoder.encode(
            request.contract,
            event_id=event_id,
            user_id=user_id,
            timestamp=timestamp,
            data=data,
        )
        given = request.event_id is not None
        image = encoder.image(request.contract, value, request.data) if given else None
        if len(value) > (limit_bytes := self._components.value_limit()):
            detail = f"its value has {len(value):,} bytes, and may have {limit_bytes:,}"
            raise RecordTooLargeError(detail)
        return Stamped(
            request=request,
            event_id=event_id,
            user_id=user_id,
            timestamp=timestamp,
            value=value,
            image=image,
            context=context,
        )

    def _context_of(self, request: Request, received: dt.datetime) -> Mapping[str, Any]:
        """What a request's context and its sender add to the event's data."""
        known = self._components.catalog.context
        assert known is not None  # without one the envelope has no such member, and nobody a name
        fields = known.as_fields(request.context or {}, request.sent_at, received)
        if request.application is not None:
            fields[PREFIX + SENT_BY] = request.application
        found: dict[str, Any] = with_doubles(fields, request.contract.data)
        return found

    def _user(self, request: Request, resolve: Resolve) -> str:
        began = perf_counter()
        try:
            return resolve(request.token)
        except Rejection as rejection:
            raise rejected(request.contract, rejection.reason, rejection.detail) from rejection
        finally:
            self._took(_USER, perf_counter() - began)


def _whole_milliseconds(instant: dt.datetime) -> dt.datetime:
    return instant - _BELOW_A_MILLISECOND[instant.microsecond % 1000]


_BELOW_A_MILLISECOND = tuple(dt.timedelta(microseconds=number) for number in range(1000))
