"""Context: fields that all events have in common, sent once per request or batch. Pure.

::

    contracts/context/v<N>.json            a closed object of optional scalars; the newest counts
    {"event": …, "token": …, "data": {…},
     "context": {"session_id": "s-1", "occurred_at": "2026-01-31T11:59:58Z"},
     "sent_at": "2026-01-31T12:00:00Z"}    a request with a context

In Avro and in tables each is an optional field of the event's data, ``context__session_id``: no
field of an event can have such a name, for its two underscores.  So an event without a context,
and one from before there was any, is an event whose fields are absent.

``occurred_at`` is the client's clock.  What is kept is corrected by how far that clock is from the
server's when the request is sent (``sent_at``), and never lies outside of what is possible; two
more fields say what was done (:class:`Clock`) and by how much, in milliseconds.

Where the project has applications (:mod:`contracts.model.applications`), one more field that is
made, ``context__sent_by``, names the one that sent the event; it needs no context to be there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from contracts.model import formats, walker
from contracts.model.pointer import escape
from contracts.model.types import (
    ArrayType,
    Contract,
    DateTimeType,
    Field,
    IntegerType,
    JsonSchema,
    JsonType,
    MapType,
    RecordType,
    StringType,
    TimeUnit,
    ValueType,
)

FOLDER = "context"
MEMBER, SENT_AT = "context", "sent_at"
"""Members of a request."""

EVENTS = "events"
"""Member of a batch that has a context for all of its events."""

PREFIX = "context__"
OCCURRED_AT = "occurred_at"
CLOCK, SKEW = "clock", "clock_skew_ms"
SENT_BY = "sent_by"
"""Fields that are made, and not sent."""

OLDEST = dt.timedelta(days=30)
"""An event is not kept as older than this when it arrives; offline queues are emptied before."""

_SENT_AT: JsonSchema = {
    "type": "string",
    "format": "date-time",
    "description": "When the request was sent, by the sender's clock: corrects occurred_at.",
    "examples": ["2026-01-31T12:00:00.000Z"],
}


_NOTHING: JsonSchema = {
    "type": "object",
    "additionalProperties": False,
    "required": [],
    "properties": {},
}


class Clock(StrEnum):
    """What ``occurred_at`` in a row is."""

    AS_SENT = "as_sent"
    """The client's own: the request said no ``sent_at``."""
    CORRECTED = "corrected"
    """Moved by what ``sent_at`` is away from the server's clock, transit included."""
    BOUNDED = "bounded"
    """It lay in the future, or :data:`OLDEST` back, after that; the nearest possible time."""


@dataclass(frozen=True)
class Context:
    """Every version of the context; the newest is what requests are held against.

    Without any, requests have no context, and all that there is is the application's name.
    """

    documents: Mapping[int, JsonSchema] = field(default_factory=dict)
    has_applications: bool = False

    @cached_property
    def version(self) -> int:
        """The newest version; 0 without any."""
        return max(self.documents, default=0)

    @property
    def is_sent(self) -> bool:
        """Whether requests may have a context."""
        return bool(self.documents)

    @property
    def schema(self) -> JsonSchema:
        """What requests are held against; without any version an object that has nothing."""
        return self.documents.get(self.version, _NOTHING)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """What every event's data has beside its own fields."""
        return self._fields(self.version, has_applications=self.has_applications)

    def _fields(self, version: int, *, has_applications: bool) -> tuple[Field, ...]:
        sent = fields_of(self.documents[version]) if version else ()
        return (*sent, _APPLICATION) if has_applications else sent

    @cached_property
    def has_time(self) -> bool:
        """Whether events may say when they occurred."""
        return any(each.name == PREFIX + OCCURRED_AT for each in self.fields)

    @cached_property
    def _unit(self) -> TimeUnit:
        kinds = {each.name: each.value.type for each in self.fields}
        found = kinds.get(PREFIX + OCCURRED_AT)
        return found.unit if isinstance(found, DateTimeType) else TimeUnit.MICROS

    def generations(self, contract: Contract) -> Iterator[Contract]:
        """The contract as it may have been with each earlier version of the context, without any
        first; and with each before there were applications, and after.
        """
        last = (self.version, self.has_applications)
        for version in range(self.version + 1):
            for has_applications in (False, True) if self.has_applications else (False,):
                if (version, has_applications) != last:
                    fields = self._fields(version, has_applications=has_applications)
                    yield contract.with_context(fields)

    def as_fields(
        self, given: Mapping[str, Any], sent_at: str | None, received: dt.datetime
    ) -> dict[str, Any]:
        """The fields of an event's data that a request's context gives, as JSON.

        Args:
            given: a valid context.
            sent_at: the request's, a valid date-time; ``None`` when it said none.
            received: the server's clock, aware.
        """
        found = {PREFIX + name: value for name, value in given.items()}
        occurred = given.get(OCCURRED_AT)
        if occurred is not None:
            skew = None if sent_at is None else received - formats.parse_date_time(sent_at)
            moment, clock = _corrected(formats.parse_date_time(occurred), skew, received)
            found[PREFIX + OCCURRED_AT] = _text(moment, self._unit)
            found[PREFIX + CLOCK] = str(clock)
            if skew is not None:
                found[PREFIX + SKEW] = round(skew / dt.timedelta(milliseconds=1))
        return found

    def in_request(self, envelope: JsonSchema) -> JsonSchema:
        """The request's envelope with the two members, which may be left out, if they are sent."""
        if not self.is_sent:
            return envelope
        own = {key: said for key, said in self.schema.items() if key not in _OF_THE_FILE}
        members = {**envelope["properties"], MEMBER: own, SENT_AT: _SENT_AT}
        return {**envelope, "properties": members}

    def beside_events(self) -> JsonSchema:
        """What stands around the events of a batch that share a context."""
        own = {key: said for key, said in self.schema.items() if key not in _OF_THE_FILE}
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [EVENTS],
            "properties": {MEMBER: own, SENT_AT: _SENT_AT, EVENTS: {"type": "array"}},
        }


_OF_THE_FILE = ("$schema", "x-owner")


def _corrected(
    occurred: dt.datetime, skew: dt.timedelta | None, received: dt.datetime
) -> tuple[dt.datetime, Clock]:
    moved = occurred if skew is None else occurred + skew
    possible = min(max(moved, received - OLDEST), received)
    if possible != moved:
        return possible, Clock.BOUNDED
    return moved, Clock.AS_SENT if skew is None else Clock.CORRECTED


def _text(moment: dt.datetime, unit: TimeUnit) -> str:
    if unit is TimeUnit.MILLIS:
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return formats.instant_text(moment)


def fields_of(schema: JsonSchema) -> tuple[Field, ...]:
    """The fields of a context, with those that tell of its clock where it has ``occurred_at``."""
    sent = [_optional(each) for each in walker.record_type(schema).fields]
    if any(each.name == PREFIX + OCCURRED_AT for each in sent):
        sent += [
            _made(
                CLOCK,
                StringType(categorical=True),
                "What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.",
            ),
            _made(
                SKEW,
                IntegerType(),
                "Milliseconds that the server's clock was ahead of sent_at.",
            ),
        ]
    return tuple(sent)


def _optional(sent: Field) -> Field:
    name = PREFIX + sent.name
    return Field(
        name=name,
        json_name=name,
        value=ValueType(sent.value.type, nullable=True),
        required=False,
        description=sent.description,
        pii=sent.pii,
    )


def _made(name: str, kind: StringType | IntegerType, description: str) -> Field:
    return Field(
        name=PREFIX + name,
        json_name=PREFIX + name,
        value=ValueType(kind, nullable=True),
        required=False,
        description=description,
    )


_APPLICATION = _made(
    SENT_BY,
    StringType(categorical=True),
    "The application that sent the event, by its key.",
)


def problems(schema: JsonSchema) -> Iterator[tuple[str, str]]:
    """Pointer and message: why a schema that keeps the dialect is no context."""
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield "/type", 'is no closed object; write "type": "object", "additionalProperties": false'
        return
    for index, name in enumerate(schema.get("required", ())):
        yield f"/required/{index}", f"demands {name}; every field of a context may be left out"
    properties = schema.get("properties", {})
    for each in walker.record_type(schema).fields:
        where = f"/properties/{escape(each.json_name)}"
        if "$ref" in properties[each.json_name]:
            yield where, "refers to a definition; write it out"
        elif isinstance(each.value.type, ArrayType | MapType | RecordType | JsonType):
            yield where, "is no plain value; write one field for each part"
        elif each.name in (CLOCK, SKEW):
            yield where, f"is made beside {OCCURRED_AT}; write another name"
        elif each.name == SENT_BY:
            yield where, "is made where a project has applications; write another name"
        elif each.name == OCCURRED_AT and not isinstance(each.value.type, DateTimeType):
            yield where, 'is a time; write "format": "date-time"'
