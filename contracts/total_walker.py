"""The total profile of the walker: fields for the instances of *any* JSON Schema, draft 4 on.

Every object with known properties becomes a record with one field more, its *rest*: JSON text of
whatever the typed fields do not hold exactly (unknown properties, ``null``, an integer beyond
int64, a date-time that is none).  A type therefore says what its field holds, and never that it
holds everything; :mod:`contracts.exact` decides that value by value.  So a schema may be read for
how its instances look, and even one that was misread loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import names
from contracts.json_text import is_unicode
from contracts.model import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    Field,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    UuidType,
    ValueType,
)
from contracts.views import RecursiveError, Seen, UnresolvedError, View, Views, is_object
from contracts.walker import NULL, annotation, is_null, kinds_of, untyped

REST = "ugc_rest"
"""Name of the field for what the others cannot hold; a property of that name moves it on."""

ROOT_VALUE = "value"
"""Name of the one field when a document does not describe an object with known properties."""

_MOST_FIELDS = 2000
"""A document that would unfold into more fields keeps inner objects as JSON text."""

_DEEPEST = 50
"""So many schemas, one inside the other, are followed; readers of Avro recurse too."""

_TOO_MANY = f"the document would unfold into more than {_MOST_FIELDS} fields"


def total_record_type(schema: object) -> tuple[RecordType, bool]:
    """The fields for the instances of any JSON Schema, and whether they are wrapped.

    A document that describes no object with known properties is wrapped: the record has one field,
    :data:`ROOT_VALUE`, for the whole instance.
    """
    found = _TotalWalk(schema).value(schema, frozenset()).type
    if isinstance(found, RecordType):
        return found, False
    value = Field(name=ROOT_VALUE, json_name=ROOT_VALUE, value=ValueType(found), required=False)
    return RecordType((value, _rest_field(REST)), rest=REST), True


class _TotalWalk:
    """One pass over any document; ``room`` bounds how many fields one value may unfold into."""

    def __init__(self, root: object) -> None:
        self._views = Views(root)

    def value(self, schema: object, seen: Seen, room: int = _MOST_FIELDS) -> ValueType:
        if not isinstance(schema, Mapping):
            return untyped("a boolean schema allows any value", nullable=True)
        if len(seen) > _DEEPEST:
            return untyped(f"it lies deeper than {_DEEPEST} schemas", nullable=True)
        try:
            view, seen = self._views.of(schema, seen | {id(schema)})
            return self._viewed(view, seen, room)
        except RecursiveError as error:
            return untyped(f"it is recursive through {error}", nullable=True)
        except UnresolvedError as error:
            return untyped(f"{error} is not inside the document", nullable=True)
        except RecursionError:  # such as thousands of allOf, one inside the other
            return untyped("it is nested deeper than the interpreter can follow", nullable=True)

    def _viewed(self, view: View, seen: Seen, room: int) -> ValueType:
        kinds = kinds_of(view)
        if kinds is None and "implied" in view:
            kinds = frozenset({view["implied"], NULL})
        if kinds is None:
            return self._union(view, seen, room)
        rest = kinds - {NULL}
        if "object" in rest and view.get("properties"):
            rest = frozenset({"object"})
        if len(rest) != 1:
            return untyped(f"it has {len(rest) or 'no'} types besides null", nullable=True)
        (kind,) = rest
        return ValueType(self._typed(kind, view, seen, room), NULL in kinds)

    def _typed(self, kind: str, view: View, seen: Seen, room: int) -> FieldType:
        match kind:
            case "object":
                return self._object(self._views.with_properties_of_branches(view, seen), seen, room)
            case "array":
                return self._array(view, seen, room)
            case "string":
                return _string(view)
            case "integer":
                return IntegerType()
            case "number":
                return NumberType()
            case _:
                return BooleanType()

    def _union(self, view: View, seen: Seen, room: int) -> ValueType:
        branches = self._views.branches(view, seen)
        others = [(inner, passed) for inner, passed in branches if not is_null(inner)]
        nullable = len(others) < len(branches)
        if not others:
            return untyped("it names no type", nullable=True)
        if len(others) > 1 and all(is_object(inner) for inner, _ in others):
            objects = self._views.with_properties_of_branches({**view, "type": "object"}, seen)
            return ValueType(self._object(objects, seen, room), nullable)
        if (room := room // len(others)) < 1:
            return untyped(_TOO_MANY, nullable=True)
        found = [self._viewed(inner, passed, room) for inner, passed in others]
        if any(each.type != found[0].type for each in found):
            return untyped("it is a union", nullable=True)
        return ValueType(found[0].type, nullable or any(each.nullable for each in found))

    def _object(self, view: View, seen: Seen, room: int) -> FieldType:
        properties = {
            key: schema for key, schema in view.get("properties", {}).items() if is_unicode(key)
        }
        if properties:
            return self._record(properties, seen, room)
        if view.get("patternProperties"):
            return JsonType("its keys follow patterns")
        extra = view.get("additionalProperties", True)
        if not isinstance(extra, Mapping):
            return JsonType("it is an object without known properties")
        values = self.value(extra, seen, room)
        if isinstance(values.type, JsonType):
            return JsonType(f"its values have no typed image: {values.type.reason}")
        return MapType(values)

    def _record(self, properties: Mapping[str, Any], seen: Seen, room: int) -> FieldType:
        inner_room = room // len(properties)
        if inner_room < 1 and room < _MOST_FIELDS:
            return JsonType(_TOO_MANY)
        fields = tuple(
            self._field(key, schema, seen, inner_room) for key, schema in properties.items()
        )
        rest = REST
        while any(field.name == rest for field in fields):
            rest += "_"
        return RecordType((*fields, _rest_field(rest)), rest=rest)

    def _field(self, key: str, schema: object, seen: Seen, room: int) -> Field:
        pii = annotation(schema, "x-pii")
        return Field(
            name=names.identifier(key),
            json_name=key,
            value=self.value(schema, seen, room),
            required=False,
            description=_unicode(annotation(schema, "description") or ""),
            pii=None if pii is None else _unicode(pii),
        )

    def _array(self, view: View, seen: Seen, room: int) -> FieldType:
        if "prefixItems" in view or isinstance(view.get("items"), list):
            return JsonType("it is a tuple")
        found = self.value(view.get("items", True), seen, room)
        if isinstance(found.type, JsonType):
            return JsonType(f"its items have no typed image: {found.type.reason}")
        return ArrayType(found)


def _string(view: View) -> FieldType:
    match view.get("format"):
        case "uuid":
            return UuidType()
        case "date-time":
            return DateTimeType()
        case "date":
            return DateType()
        case _:
            return StringType(categorical="enum" in view or "const" in view)


def _rest_field(name: str) -> Field:
    return Field(
        name=name,
        json_name=name,
        value=ValueType(JsonType("whatever the other fields do not hold exactly")),
        required=False,
        description="Whatever the other fields do not hold exactly",
    )


def _unicode(text: str) -> str:
    return text.encode(errors="replace").decode()
