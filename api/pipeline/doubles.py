"""Numbers of more digits than a double has, where no exact decimal is wanted: the nearest double.

So RFC 7493 (section 2.2) lets a reader take them. Pure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.model.types import ArrayType, DecimalType, FieldType, MapType, RecordType


def with_doubles(value: Any, kind: FieldType | None = None) -> Any:
    """The same JSON value with a float for each ``Decimal`` that is of no decimal field.

    Args:
        value: what :func:`api.pipeline.strict_json.parse` gives.
        kind: the type of its field; ``None`` where there is none.
    """
    match value:
        case Decimal():
            return value if isinstance(kind, DecimalType) else float(value)
        case list():
            items = kind.items.type if isinstance(kind, ArrayType) else None
            return [with_doubles(each, items) for each in value]
        case dict():
            return {name: with_doubles(each, _inner(kind, name)) for name, each in value.items()}
        case _:
            return value


def _inner(kind: FieldType | None, name: str) -> FieldType | None:
    match kind:
        case MapType(values=values):
            return values.type
        case RecordType(fields=fields):
            found = (field.value.type for field in fields if field.json_name == name)
            return next(found, None)
        case _:
            return None
