"""What makes a JSON document an Avro schema, beyond its names being defined. Pure.

Source: the Avro 1.12 specification. Avro libraries differ in what they let pass; a schema that only
some of them can read is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from registry.compatibility import (
    PRIMITIVES,
    Array,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
)
from registry.errors import InvalidSchemaError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ORDERS = ("ascending", "descending", "ignore")
_INT_BITS = {"int": 32, "long": 64}


def check_document(schema: Any) -> None:
    """Holds every attribute of a schema to its type and to the rules for names.

    Raises:
        InvalidSchemaError: the first thing that is wrong.
    """
    match schema:
        case str():
            _check_full_name(schema, "a type")
        case list():
            for branch in schema:
                if isinstance(branch, list):
                    raise InvalidSchemaError(f"a union in a union: {branch!r:.200}")
                check_document(branch)
        case {"type": str(of_type)}:
            _check_definition(of_type, schema)
        case dict():
            raise InvalidSchemaError(f'no type, or "type" is no name: {schema!r:.200}')
        case _:
            raise InvalidSchemaError(f"not an Avro schema: {schema!r:.200}")


def _check_definition(of_type: str, schema: dict[str, Any]) -> None:
    match of_type:
        case "array" | "map":
            part = {"array": "items", "map": "values"}[of_type]
            if part not in schema:
                raise InvalidSchemaError(f'{of_type} without "{part}": {schema!r:.200}')
            check_document(schema[part])
        case "fixed":
            _check_names(schema)
            size = schema.get("size")
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise InvalidSchemaError(f"{schema['name']}: invalid fixed size: {size!r:.80}")
        case "enum":
            _check_names(schema)
            _check_symbols(schema)
        case "record" | "error":
            _check_names(schema)
            _check_fields(schema)
        case _:
            _check_full_name(of_type, "a type")


def _check_names(schema: dict[str, Any]) -> None:
    name = _check_full_name(schema.get("name"), f"the name of the {schema['type']}")
    if name.rpartition(".")[2] in PRIMITIVES:
        raise InvalidSchemaError(f'"{name}": a primitive type has that name')
    namespace = schema.get("namespace", "")
    if namespace != "":
        _check_full_name(namespace, f"the namespace of {name}")
    for alias in _list(schema, "aliases", name):
        _check_full_name(alias, f"an alias of {name}")


def _check_symbols(schema: dict[str, Any]) -> None:
    name = schema["name"]
    symbols = schema.get("symbols")
    if not isinstance(symbols, list):
        raise InvalidSchemaError(f'{name}: an enum needs a list of "symbols"')
    for symbol in symbols:
        _check_name(symbol, f"a symbol of {name}")
    _refuse_duplicates(symbols, f"{name}: symbol")
    if "default" in schema and schema["default"] not in symbols:
        raise InvalidSchemaError(f"{name}: the default is not one of the symbols")


def _check_fields(schema: dict[str, Any]) -> None:
    name = schema["name"]
    fields = schema.get("fields")
    if not isinstance(fields, list):
        raise InvalidSchemaError(f'{name}: a record needs a list of "fields"')
    for field in fields:
        match field:
            case {"name": own, "type": of_type}:
                _check_name(own, f"a field of {name}")
                for alias in _list(field, "aliases", f"{name}.{own}"):
                    _check_name(alias, f"an alias of {name}.{own}")
                if field.get("order", "ascending") not in _ORDERS:
                    raise InvalidSchemaError(f"{name}.{own}: order is none of {_ORDERS}")
                check_document(of_type)
            case _:
                raise InvalidSchemaError(f"{name}: a field needs a name and a type: {field!r:.200}")
    _refuse_duplicates((field["name"] for field in fields), f"{name}: field")


def _check_full_name(name: Any, what: str) -> str:
    if not isinstance(name, str) or not all(map(_NAME.fullmatch, name.split("."))):
        raise InvalidSchemaError(f"{what} is not a name: {name!r:.200}")
    return name


def _check_name(name: Any, what: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidSchemaError(f"{what} is not a name: {name!r:.200}")


def _list(schema: dict[str, Any], key: str, owner: str) -> list[Any]:
    found = schema.get(key, [])
    if not isinstance(found, list):
        raise InvalidSchemaError(f"{owner}: {key} is no list: {found!r:.200}")
    return found


def _refuse_duplicates(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidSchemaError(f"{what} {name} stands twice")
        seen.add(name)


def check_unions(root: AvroType) -> None:
    """No union has two branches of one name, or two of one type that has no name.

    Raises:
        InvalidSchemaError: one has.
    """
    for union in _every(root):
        if isinstance(union, Union):
            names = [
                branch.name if isinstance(branch, Fixed | Enum | Record) else branch.type
                for branch in union.branches
            ]
            _refuse_duplicates(names, "a union: branch")


def check_defaults(root: AvroType) -> None:
    """Every default of a field is a value of the field's type, of a union: of any branch.

    Raises:
        InvalidSchemaError: one is not.
    """
    for record in _every(root):
        if isinstance(record, Record):
            for field in record.fields:
                if field.has_default and not _is_default(field):
                    raise InvalidSchemaError(
                        f"{record.name}.{field.name}: the default {field.default!r:.80} "
                        f"is not of type {field.type.type}"
                    )


def _is_default(field: Field) -> bool:
    try:
        return _is_value(field.default, field.type)
    except RecursionError:  # a record that is made of its own default has no end
        return False


def _every(root: AvroType) -> Iterator[AvroType]:
    """The type and all types within it, each once."""
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        match current:
            case Array(items=inner) | Map(values=inner):
                waiting.append(inner)
            case Union(branches=branches):
                waiting.extend(branches)
            case Record(fields=fields):
                waiting.extend(field.type for field in fields)


def _is_value(value: Any, of_type: AvroType) -> bool:
    match of_type:
        case Primitive():
            return _is_primitive_value(value, of_type.type)
        case Fixed():
            return _is_primitive_value(value, "bytes") and len(value) == of_type.size
        case Enum():
            return value in of_type.symbols
        case Array():
            return isinstance(value, list) and all(_is_value(v, of_type.items) for v in value)
        case Map():
            return isinstance(value, dict) and all(
                _is_value(v, of_type.values) for v in value.values()
            )
        case Union():
            return any(_is_value(value, branch) for branch in of_type.branches)
        case Record():
            return isinstance(value, dict) and all(
                _is_value(value[field.name], field.type)
                if field.name in value
                else field.has_default and _is_value(field.default, field.type)
                for field in of_type.fields
            )


def _is_primitive_value(value: Any, of_type: str) -> bool:
    match of_type:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            limit = 1 << (_INT_BITS[of_type] - 1)
            return type(value) is int and -limit <= value < limit
        case "float" | "double":
            return type(value) in (int, float)
        case "bytes":
            return isinstance(value, str) and all(ord(character) < 256 for character in value)
        case _:
            return isinstance(value, str)
