"""The lossless mode of the walker: fields for the instances of *any* JSON Schema, draft 4 on.

Every object with known properties becomes a record with one field more, its *rest*: JSON text of
whatever the typed fields do not hold exactly (unknown properties, ``null``, an integer beyond
int64, a date-time that is none).  A type therefore says what its field holds, and never that it
holds everything; :mod:`contracts.lossless.exact` decides that value by value.  So a schema may be
read for how its instances look, and even one that was misread loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from contracts.lossless.views import RecursiveError, Seen, UnresolvedError, View, Views, is_object
from contracts.model import names
from contracts.model.json_text import is_unicode
from contracts.model.types import (
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
from contracts.model.walker import NULL, annotation, is_null, kinds_of, untyped

REST = "ugc_rest"
"""Name of the field for what the others cannot hold; a property of that name moves it on."""

ROOT_VALUE = "value"
"""Name of the one field when a document does not describe an object with known properties."""

_MOST_FIELDS = 2000
"""Of a document that would unfold into more, the deepest objects stay JSON text."""

_MOST_BRANCHES = 10 * _MOST_FIELDS
"""This many branches of unions are followed in one pass; references may multiply them."""

_DEEPEST = 50
"""This many schemas, one inside the other, are followed; readers of Avro recurse too."""

_TOO_MANY = f"the document would unfold into more than {_MOST_FIELDS} fields"
_TOO_BRANCHED = f"the document would unfold into more than {_MOST_BRANCHES} branches of unions"


def lossless_record_type(schema: object) -> tuple[RecordType, bool]:
    """The fields for the instances of any JSON Schema, and whether they are wrapped.

    A document that describes no object with known properties is wrapped: the record has one field,
    :data:`ROOT_VALUE`, for the whole instance.
    """
    found = _type_within_bounds(schema)
    if isinstance(found, RecordType):
        return found, False
    value = Field(name=ROOT_VALUE, json_name=ROOT_VALUE, value=ValueType(found), required=False)
    return RecordType((value, _rest_field(REST)), rest=REST), True


class _TooManyFieldsError(Exception):
    pass


def _type_within_bounds(schema: object) -> FieldType:
    """All levels of objects when their fields are few enough, else as many levels as are.

    The fields that are left over go to objects of the next level, in their order.
    """
    try:
        return _TotalWalk(schema, levels=_DEEPEST + 1).root_type()
    except _TooManyFieldsError:
        walk = _TotalWalk(schema, levels=1)
        found = walk.root_type()
    for levels in range(2, _DEEPEST):
        try:
            deeper = _TotalWalk(schema, levels=levels)
            found, walk = deeper.root_type(), deeper
        except _TooManyFieldsError:
            break
    if walk.fields >= _MOST_FIELDS:
        return found
    return _TotalWalk(schema, levels=walk.levels, spare=_MOST_FIELDS - walk.fields).root_type()


class _TotalWalk:
    """One pass over any document.

    Objects are unfolded ``levels`` deep, and below that while ``spare`` has fields for them;
    ``fields`` counts those of the former.
    """

    def __init__(self, root: object, *, levels: int, spare: int = 0) -> None:
        self._root = root
        self._views = Views(root)
        self._branches_left = _MOST_BRANCHES
        self._spare = spare
        self._level = 0
        self.levels = levels
        self.fields = 0

    def root_type(self) -> FieldType:
        """The type of the whole document.

        Raises:
            _TooManyFieldsError: there are too many in more than one level.
        """
        return self.value(self._root, frozenset()).type

    def value(self, schema: object, seen: Seen) -> ValueType:
        if not isinstance(schema, Mapping):
            return untyped("a boolean schema allows any value", nullable=True)
        if len(seen) > _DEEPEST:
            return untyped(f"it lies deeper than {_DEEPEST} schemas", nullable=True)
        try:
            view, seen = self._views.of(schema, seen | {id(schema)})
            return self._viewed(view, seen)
        except RecursiveError as error:
            return untyped(f"it is recursive through {error}", nullable=True)
        except UnresolvedError as error:
            return untyped(f"{error} is not inside the document", nullable=True)
        except RecursionError:  # such as thousands of allOf, one inside the other
            return untyped("it is nested deeper than the interpreter can follow", nullable=True)

    def _viewed(self, view: View, seen: Seen) -> ValueType:
        kinds = kinds_of(view)
        if kinds is None and "implied" in view:
            kinds = frozenset({view["implied"], NULL})
        if kinds is None:
            return self._union(view, seen)
        rest = kinds - {NULL}
        if "object" in rest and view.get("properties"):
            rest = frozenset({"object"})
        if len(rest) != 1:
            return untyped(f"it has {len(rest) or 'no'} types besides null", nullable=True)
        (kind,) = rest
        return ValueType(self._typed(kind, view, seen), NULL in kinds)

    def _typed(self, kind: str, view: View, seen: Seen) -> FieldType:
        match kind:
            case "object":
                return self._object(self._views.with_properties_of_branches(view, seen), seen)
            case "array":
                return self._array(view, seen)
            case "string":
                return _string(view)
            case "integer":
                return IntegerType()
            case "number":
                return NumberType()
            case _:
                return BooleanType()

    def _union(self, view: View, seen: Seen) -> ValueType:
        branches = self._views.branches(view, seen)
        others = [(inner, passed) for inner, passed in branches if not is_null(inner)]
        nullable = len(others) < len(branches)
        if not others:
            return untyped("it names no type", nullable=True)
        if len(others) > 1 and all(is_object(inner) for inner, _ in others):
            objects = self._views.with_properties_of_branches({**view, "type": "object"}, seen)
            return ValueType(self._object(objects, seen), nullable)
        self._branches_left -= len(others)
        if self._branches_left < 0:
            return untyped(_TOO_BRANCHED, nullable=True)
        found = [self._viewed(inner, passed) for inner, passed in others]
        kind = reduce(_joined, (each.type for each in found))
        return ValueType(kind, nullable or any(each.nullable for each in found))

    def _object(self, view: View, seen: Seen) -> FieldType:
        properties = {
            key: schema for key, schema in view.get("properties", {}).items() if is_unicode(key)
        }
        if properties:
            return self._record(properties, seen)
        if view.get("patternProperties"):
            return JsonType("its keys follow patterns")
        extra = view.get("additionalProperties", True)
        if not isinstance(extra, Mapping):
            return JsonType("it is an object without known properties")
        values = self.value(extra, seen)
        if isinstance(values.type, JsonType):
            return JsonType(f"its values have no typed image: {values.type.reason}")
        return MapType(values)

    def _record(self, properties: Mapping[str, Any], seen: Seen) -> FieldType:
        if self._level >= self.levels:
            if self._level > self.levels or len(properties) > self._spare:
                return JsonType(_TOO_MANY)
            self._spare -= len(properties)
        else:
            self.fields += len(properties)
            if self.fields > _MOST_FIELDS and self.levels > 1:
                raise _TooManyFieldsError
        self._level += 1
        try:
            fields = tuple(self._field(key, schema, seen) for key, schema in properties.items())
        finally:
            self._level -= 1
        rest = REST
        while any(field.name == rest for field in fields):
            rest += "_"
        return RecordType((*fields, _rest_field(rest)), rest=rest)

    def _field(self, key: str, schema: object, seen: Seen) -> Field:
        pii = annotation(schema, "x-pii")
        return Field(
            name=names.identifier(key),
            json_name=key,
            value=self.value(schema, seen),
            required=False,
            description=_unicode(annotation(schema, "description") or ""),
            pii=None if pii is None else _unicode(pii),
        )

    def _array(self, view: View, seen: Seen) -> FieldType:
        if "prefixItems" in view or isinstance(view.get("items"), list):
            return JsonType("it is a tuple")
        found = self.value(view.get("items", True), seen)
        if isinstance(found.type, JsonType):
            return JsonType(f"its items have no typed image: {found.type.reason}")
        return ArrayType(found)


def _joined(one: FieldType, other: FieldType) -> FieldType:
    """The type that has an image for all values of both."""
    if one == other:
        return one
    match one, other:
        case (JsonType(), _):
            return one
        case (_, JsonType()):
            return other
        case (IntegerType() | NumberType(), IntegerType() | NumberType()):
            return NumberType()
        case (
            StringType() | UuidType() | DateTimeType() | DateType(),
            StringType() | UuidType() | DateTimeType() | DateType(),
        ):
            return StringType()
        case _:
            return JsonType("it is a union")


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
