"""What a contract means once its JSON is read: typed fields, and the facts in ``x-`` keywords.

Every other package works on these records and never on the JSON Schema itself.  A type is one of
the classes in :data:`FieldType`; code that treats them dispatches with ``match`` and lets an
unknown one raise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

JsonSchema = Mapping[str, Any]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
"""What an :class:`IntegerType` holds, both ends included."""


class Origin(StrEnum):
    """Who makes the event: a front end over HTTP, or the ETL out of other events."""

    CLIENT = "client"
    ETL = "etl"


class TimeUnit(StrEnum):
    """Resolution in which an instant is kept."""

    MILLIS = "millis"
    MICROS = "micros"


@dataclass(frozen=True, slots=True)
class StringType:
    """Text. ``categorical`` marks few distinct values (an enum, or ``x-categorical``)."""

    categorical: bool = False


@dataclass(frozen=True, slots=True)
class UuidType:
    """A UUID in its canonical text form."""


@dataclass(frozen=True, slots=True)
class DateTimeType:
    """An instant (RFC 3339), kept in UTC."""

    unit: TimeUnit = TimeUnit.MICROS


@dataclass(frozen=True, slots=True)
class DateType:
    """A calendar day (RFC 3339 full-date)."""


@dataclass(frozen=True, slots=True)
class IntegerType:
    """A whole number within int64."""


@dataclass(frozen=True, slots=True)
class NumberType:
    """A finite IEEE 754 double."""


@dataclass(frozen=True, slots=True)
class DecimalType:
    """An exact decimal of ``precision`` digits, ``scale`` of them behind the point."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class BooleanType:
    """True or false."""


@dataclass(frozen=True, slots=True)
class ArrayType:
    """A list whose items share one type."""

    items: ValueType


@dataclass(frozen=True, slots=True)
class MapType:
    """An object with free keys whose values share one type."""

    values: ValueType


@dataclass(frozen=True, slots=True)
class RecordType:
    """An object with known fields, in the order of the contract.

    ``rest`` names the field that takes, as JSON text, whatever the others cannot hold exactly.
    Only the lossless mode has it (see :mod:`contracts.lossless.exact`).
    """

    fields: tuple[Field, ...]
    rest: str | None = None


@dataclass(frozen=True, slots=True)
class JsonType:
    """Anything without a typed image; kept as JSON text. ``reason`` says why it has none."""

    reason: str


FieldType = (
    StringType
    | UuidType
    | DateTimeType
    | DateType
    | IntegerType
    | NumberType
    | DecimalType
    | BooleanType
    | ArrayType
    | MapType
    | RecordType
    | JsonType
)


@dataclass(frozen=True, slots=True)
class ValueType:
    """A type, and whether ``null`` is among its values."""

    type: FieldType
    nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property of an object.

    ``name`` is what Avro and ClickHouse carry, ``json_name`` what JSON carries; they differ only
    where the latter is not a legal identifier.
    """

    name: str
    json_name: str
    value: ValueType
    required: bool
    description: str = ""
    pii: str | None = None

    @property
    def optional(self) -> bool:
        """Whether a row may lack a value: absent from JSON, or null in it."""
        return self.value.nullable or not self.required


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """Wishes for the ClickHouse table: ``key`` leads the sorting key.

    Rows go ``retention_days`` after their event, and values of fields that are marked ``x-pii``
    are cleared ``personal_days`` after it.
    """

    key: tuple[str, ...] = ()
    retention_days: int | None = None
    personal_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """How a derived event is made of a start and an end event (requirement L4).

    Two messages belong together when they agree on ``user_id`` and on every field in ``keys``.
    The derived event takes ``carry`` from the start, the time between the two in ``duration``,
    and the constants in ``when_paired`` or ``when_unpaired``.  A start that has waited
    ``wait_seconds`` in Kafka time becomes an unpaired event.  ``duration_from`` names a time of the
    context (``occurred_at``) that the duration is taken from, where both events have it.
    """

    start: str
    end: str
    keys: tuple[str, ...]
    carry: tuple[str, ...]
    duration: str
    wait_seconds: int
    store_prefix: str
    when_paired: Mapping[str, Any] = field(default_factory=dict)
    when_unpaired: Mapping[str, Any] = field(default_factory=dict)
    duration_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityObjectives:
    """Shares (0 to 1) and delays that the owner still tolerates; ``None`` means not declared."""

    max_invalid_ratio: float | None = None
    max_duplicate_ratio: float | None = None
    max_gap_ratio: float | None = None
    max_unpaired_ratio: float | None = None
    max_freshness_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """A version on its way out.

    Clients are warned from ``since`` on that the version goes at ``sunset``.  It is refused from
    ``retired`` on, which somebody has to decide and which is never before ``sunset``.
    """

    since: dt.date
    sunset: dt.date
    reason: str
    retired: dt.date | None = None

    def is_retired(self, today: dt.date) -> bool:
        """Whether the version is refused on this day (UTC)."""
        return self.retired is not None and self.retired <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One version of one event. ``schema`` describes the message's ``data`` as it is sent.

    ``data`` has the event's own fields and behind them, where there is a context, its fields
    (:mod:`contracts.model.context`), of which there are ``context_fields``.
    """

    event: str
    version: int
    title: str
    description: str
    owner: str
    origin: Origin
    data: RecordType
    schema: JsonSchema
    table: TableSpec = field(default_factory=TableSpec)
    quality: QualityObjectives = field(default_factory=QualityObjectives)
    pairing: Pairing | None = None
    deprecation: Deprecation | None = None
    context_fields: int = 0

    @property
    def own(self) -> RecordType:
        """The event's own fields."""
        if not self.context_fields:
            return self.data
        return RecordType(self.data.fields[: -self.context_fields])

    @property
    def context(self) -> tuple[Field, ...]:
        """The fields of the context."""
        return self.data.fields[len(self.own.fields) :]

    def with_context(self, fields: tuple[Field, ...]) -> Contract:
        """The same with these fields of a context, instead of those that it has."""
        data = RecordType((*self.own.fields, *fields))
        return replace(self, data=data, context_fields=len(fields))

    @property
    def id(self) -> str:
        """``event@version``, as commands and reports print it."""
        return f"{self.event}@{self.version}"

    @property
    def examples(self) -> tuple[Any, ...]:
        """Payloads that the contract itself gives as valid ``data``."""
        return tuple(self.schema.get("examples", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What surrounds ``data``: in the HTTP request, or in the Kafka message."""

    name: str
    version: int
    fields: tuple[Field, ...]
    schema: JsonSchema
