"""A request held against the envelope, and its data against the event's contract. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from api.errors import Rejection
from api.model import Common, Request
from api.pipeline.doubles import with_doubles
from contracts.errors import UnknownEventError, UnknownVersionError
from contracts.model.context import MEMBER, SENT_AT
from contracts.model.formats import parse_uuid
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from contracts.model.validation import MAX_VIOLATIONS, Validator, Violation
from contracts.reasons import DESCRIPTIONS, Reason

_Named = tuple[str, float | None]
"""What a request asks for: an event, and a version or the newest."""


class Checks:
    """The compiled envelope and contracts. Safe to share between threads."""

    def __init__(self, catalog: Catalog, clock: Callable[[], dt.datetime]) -> None:
        """``clock`` gives aware instants."""
        self._catalog = catalog
        self._clock = clock
        self._envelope = Validator(catalog.request.schema)
        context = catalog.context
        self._common = Validator(context.beside_events()) if context and context.is_sent else None
        self._data = {
            (contract.event, contract.version): Validator(contract.schema) for contract in catalog
        }
        self._open = dict(self._always_open())

    def request(self, document: Any) -> Request:
        """The request in parsed JSON.

        Raises:
            Rejection: it breaks the envelope or its contract, or the contract takes no events.
        """
        if violations := self._envelope.violations(document, limit=None):
            raise Rejection(
                Reason.ENVELOPE_INVALID,
                DESCRIPTIONS[Reason.ENVELOPE_INVALID],
                violations=tuple(map(_without_token, violations[:MAX_VIOLATIONS])),
                more_violations=len(violations[MAX_VIOLATIONS:]),
                event=self._known_event(document),
            )
        contract, validator = self._contract(document["event"], document.get("version"))
        data = document["data"]
        if not validator.accepts(data):
            data = with_doubles(data, contract.data)
            if violations := validator.violations(data, at="/data", limit=None):
                raise data_rejected(contract, violations)
        event_id = document.get("event_id")
        return Request(
            contract=contract,
            token=document["token"],
            event_id=None if event_id is None else parse_uuid(event_id),
            data=data,
            context=document.get(MEMBER),
            sent_at=document.get(SENT_AT),
        )

    @property
    def takes_context(self) -> bool:
        """Whether a batch may have a context for all of its events."""
        return self._common is not None

    def common(self, document: Any) -> Common:
        """What stands around the events of a batch.

        Raises:
            Rejection: it breaks the context.
        """
        assert self._common is not None
        if violations := self._common.violations(document, limit=None):
            raise Rejection(
                Reason.ENVELOPE_INVALID,
                DESCRIPTIONS[Reason.ENVELOPE_INVALID],
                violations=violations[:MAX_VIOLATIONS],
                more_violations=len(violations[MAX_VIOLATIONS:]),
            )
        return Common(document.get(MEMBER), document.get(SENT_AT))

    def _contract(self, event: str, version: float | None) -> tuple[Contract, Validator]:
        """``version`` may be ``1.0``: that is an integer in JSON Schema, and equal to ``1``."""
        found = self._open.get((event, version))
        if found is None:
            contract = self._found(event, version)
            found = contract, self._data[contract.event, contract.version]
        return found

    def _found(self, event: str, version: float | None) -> Contract:
        try:
            contract = self._catalog.get(event, None if version is None else int(version))
        except UnknownEventError as error:
            raise Rejection(Reason.EVENT_UNKNOWN, str(error)) from error
        except UnknownVersionError as error:
            raise Rejection(Reason.VERSION_UNKNOWN, str(error), event=event) from error
        if contract.origin is not Origin.CLIENT:
            reason = Reason.EVENT_NOT_ACCEPTED
            raise rejected(contract, reason, DESCRIPTIONS[reason])
        ending = contract.deprecation
        if ending is not None and ending.is_retired(self._clock().date()):
            raise rejected(
                contract, Reason.VERSION_RETIRED, f"{contract.id} has ended: {ending.reason}"
            )
        return contract

    def _always_open(self) -> Iterator[tuple[_Named, tuple[Contract, Validator]]]:
        """What every request that names it is held against, whatever the day."""
        for key, validator in self._data.items():
            contract = self._catalog.get(*key)
            if contract.origin is Origin.CLIENT and contract.deprecation is None:
                yield key, (contract, validator)
                if contract is self._catalog.get(contract.event):
                    yield (contract.event, None), (contract, validator)

    def _known_event(self, document: Any) -> str | None:
        """The event a document names, if there is one of that name."""
        named = document.get("event") if isinstance(document, dict) else None
        known = isinstance(named, str) and named in self._catalog.versions
        return named if known else None


def with_common(request: Request, common: Common | None) -> Request:
    """The request with what its batch says, behind what it says itself; and its sender.

    Raises:
        Rejection: the application may not send this event.
    """
    if common is None:
        return request
    if common.application is not None:
        if not common.application.may_send(request.contract.event):
            reason = Reason.EVENT_NOT_ALLOWED
            raise rejected(request.contract, reason, DESCRIPTIONS[reason])
        request.application = common.application.name
    if common.context is not None:
        request.context = {**common.context, **(request.context or {})}
    request.sent_at = request.sent_at or common.sent_at
    return request


def rejected(contract: Contract, reason: Reason, detail: str) -> Rejection:
    """The rejection of an event of which the contract is known."""
    return Rejection(reason, detail, event=contract.event, version=contract.version)


def data_rejected(contract: Contract, violations: tuple[Violation, ...]) -> Rejection:
    """The rejection of an event for what is wrong with its data."""
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
