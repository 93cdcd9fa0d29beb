"""The JSON Schema walker: a contract becomes typed fields.

JSON Schema keywords that stand side by side all have to hold, so whatever else a schema says,
its instances have the ``type`` it names.  The walker therefore reads just the keywords that give
a value its shape (``type``, ``format``, ``enum``, ``const``, ``properties``,
``additionalProperties``, ``patternProperties``, ``items``, ``prefixItems``, ``$ref``, and
``anyOf``/``oneOf`` where they only add ``null``) and leaves every restriction to the validator.

What has no typed image becomes :class:`~contracts.model.types.JsonType`. Refused is only what is
too
large: a definition that is used twice by one that is used twice, and so on, doubles with each line.

This is the strict mode, for this project's own contracts: their dialect bounds every value, so
a type holds whatever is valid.  :mod:`contracts.lossless.walker` is for any other JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from contracts.errors import ContractSchemaError, ContractTooLargeError
from contracts.model import decimals, names, pointer
from contracts.model.types import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    DecimalType,
    Field,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    TimeUnit,
    UuidType,
    ValueType,
)

NULL = "null"

MOST_VALUES = 10_000
"""Values of one contract, every ``$ref`` followed: far more than a table can have columns."""

MOST_LEVELS = 100
"""How deep they may lie in each other; the API takes events of 32 levels."""


def record_type(schema: Mapping[str, Any]) -> RecordType:
    """The typed fields of a contract whose root is a closed object; it may have none.

    Raises:
        ContractSchemaError: the root has no typed image, or two property names collide.
        ContractTooLargeError: it has more than :data:`MOST_VALUES`, or :data:`MOST_LEVELS`.
    """
    if schema.get("properties") == {} and schema.get("additionalProperties") is False:
        return RecordType(())
    found = value_type(schema).type
    if isinstance(found, RecordType):
        return found
    reason = found.reason if isinstance(found, JsonType) else "it is no object with known fields"
    raise ContractSchemaError(str(schema.get("$id", "schema")), (f"root has no fields: {reason}",))


def value_type(schema: object) -> ValueType:
    """The type of the instances of ``schema``, which may be a boolean schema.

    Raises:
        ContractTooLargeError: it has more than :data:`MOST_VALUES`, or :data:`MOST_LEVELS`.
    """
    return _Walk(schema).value(schema, frozenset())


class _Walk:
    """One pass over one document; ``root`` is what local references point into."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._values = 0
        self._levels = 0

    def value(self, schema: object, seen: frozenset[str]) -> ValueType:
        self._values += 1
        self._levels += 1
        if self._values > MOST_VALUES or self._levels > MOST_LEVELS:
            told = f"it has more than {MOST_VALUES:,} values, or {MOST_LEVELS} levels"
            raise ContractTooLargeError("schema", (f"{told}, every $ref followed",))
        found = self._value(schema, seen)
        self._levels -= 1
        return found

    def _value(self, schema: object, seen: frozenset[str]) -> ValueType:
        if not isinstance(schema, Mapping):
            return untyped("a boolean schema allows any value", nullable=True)
        if "$ref" in schema:
            return self._reference(str(schema["$ref"]), seen)
        for union in ("anyOf", "oneOf"):
            if union in schema and "type" not in schema:
                return self._union(schema[union], seen)
        kinds = kinds_of(schema)
        nullable = kinds is None or NULL in kinds
        if kinds is None:
            return untyped("it names no type", nullable=True)
        rest = kinds - {NULL}
        if (declared := _decimal(schema, rest)) is not None:
            return ValueType(declared, nullable)
        if len(rest) != 1:
            return untyped(f"it has {len(rest) or 'no'} types besides null", nullable=nullable)
        (kind,) = rest
        return ValueType(_BY_KIND[kind](self, schema, seen), nullable)

    def _reference(self, reference: str, seen: frozenset[str]) -> ValueType:
        if reference in seen:
            return untyped(f"it is recursive through {reference}", nullable=True)
        target = self._resolve(reference)
        if target is None:
            return untyped(f"{reference} is not inside the document", nullable=True)
        return self.value(target, seen | {reference})

    def _resolve(self, reference: str) -> object | None:
        if not (reference == "#" or reference.startswith("#/")):
            return None
        target = pointer.at_fragment(self._root, reference[1:])
        return None if target is pointer.NOTHING else target

    def _said(self, schema: object, keyword: str) -> str | None:
        """A keyword's text, from where a ``$ref`` leads if there is none beside it."""
        seen: set[str] = set()
        while (found := annotation(schema, keyword)) is None:
            reference = annotation(schema, "$ref")
            if reference is None or reference in seen:
                return None
            seen.add(reference)
            schema = self._resolve(reference)
        return found

    def _union(self, branches: object, seen: frozenset[str]) -> ValueType:
        alternatives = branches if isinstance(branches, list) else []
        others = [branch for branch in alternatives if not is_null(branch)]
        if len(others) == 1 and len(alternatives) == 2:
            return ValueType(self.value(others[0], seen).type, nullable=True)
        return untyped("it is a union", nullable=True)

    def _object(self, schema: Mapping[str, Any], seen: frozenset[str]) -> FieldType:
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        if schema.get("patternProperties"):
            return JsonType("its keys follow patterns")
        if extra is False:
            return self._record(properties, frozenset(schema.get("required", ())), seen)
        if properties or not isinstance(extra, Mapping):
            return JsonType("it is an open object")
        values = self.value(extra, seen)
        if isinstance(values.type, JsonType):
            return JsonType(f"its values have no typed image: {values.type.reason}")
        return MapType(values)

    def _record(
        self, properties: Mapping[str, Any], required: frozenset[str], seen: frozenset[str]
    ) -> FieldType:
        if not properties:
            return JsonType("it is an object without fields")
        return RecordType(
            tuple(
                Field(
                    name=names.identifier(key),
                    json_name=key,
                    value=self.value(schema, seen),
                    required=key in required,
                    description=self._said(schema, "description") or "",
                    pii=self._said(schema, "x-pii"),
                )
                for key, schema in properties.items()
            )
        )

    def _array(self, schema: Mapping[str, Any], seen: frozenset[str]) -> FieldType:
        items = schema.get("items", True)
        if "prefixItems" in schema or isinstance(items, list):
            return JsonType("it is a tuple")
        found = self.value(items, seen)
        if isinstance(found.type, JsonType):
            return JsonType(f"its items have no typed image: {found.type.reason}")
        return ArrayType(found)

    def _string(self, schema: Mapping[str, Any], _seen: frozenset[str]) -> FieldType:
        categorical = "enum" in schema or "const" in schema or schema.get("x-categorical") is True
        match schema.get("format"):
            case "uuid":
                return UuidType()
            case "date-time":
                return DateTimeType(TimeUnit(schema.get("x-precision", TimeUnit.MICROS)))
            case "date":
                return DateType()
            case _:
                return StringType(categorical=categorical)


def _decimal(schema: Mapping[str, Any], kinds: frozenset[str]) -> DecimalType | None:
    """The type of ``x-decimal``, which a text and a number may bear alike."""
    declared = schema.get(decimals.KEYWORD)
    if not isinstance(declared, Mapping) or not kinds or not kinds <= {"string", "number"}:
        return None
    return DecimalType(int(declared["precision"]), int(declared["scale"]))


_Maker = Callable[[_Walk, Mapping[str, Any], frozenset[str]], FieldType]

_BY_KIND: dict[str, _Maker] = {
    "string": _Walk._string,
    "integer": lambda _walk, _schema, _seen: IntegerType(),
    "number": lambda _walk, _schema, _seen: NumberType(),
    "boolean": lambda _walk, _schema, _seen: BooleanType(),
    "array": _Walk._array,
    "object": _Walk._object,
}


def kinds_of(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The JSON types that ``schema`` allows; ``None`` when it does not say."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return _known(frozenset({declared}))
    if isinstance(declared, list):
        return _known(frozenset(map(str, declared)))
    if "const" in schema:
        return _known(frozenset({_kind_of(schema["const"])}))
    if isinstance(schema.get("enum"), list):
        return _known(frozenset(_kind_of(value) for value in schema["enum"]))
    return None


def _known(kinds: frozenset[str]) -> frozenset[str] | None:
    if "number" in kinds:
        kinds -= {"integer"}
    return kinds if kinds <= {*_BY_KIND, NULL} else None


def _kind_of(value: object) -> str:
    match value:
        case None:
            return NULL
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float() | Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def is_null(schema: object) -> bool:
    """Whether ``null`` is all that the schema allows."""
    return isinstance(schema, Mapping) and kinds_of(schema) == frozenset({NULL})


def annotation(schema: object, keyword: str) -> str | None:
    """A keyword's text, if the schema has it and it is one."""
    found = schema.get(keyword) if isinstance(schema, Mapping) else None
    return found if isinstance(found, str) else None


def untyped(reason: str, *, nullable: bool) -> ValueType:
    """A value that stays JSON text, and why."""
    return ValueType(JsonType(reason), nullable)
