"""An object's fields as leaves: the columns of a table, and the elements of a list's tuples. Pure.

An object is its leaves, and their names are joined by ``__``, wherever it stands.  ClickHouse has
no ``Nullable`` around a list, a map or an object.  So one that may be absent has a leaf more, the
*mark* ``<name>__present``: an absent list is empty and not marked, an empty one is marked.

A list of objects is ``Array(Tuple(sku String, price Decimal(12, 2), …))``; why, is told in
``docs/decisions/0017-lists-of-objects-are-arrays-of-tuples.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.types import JSON_TEXT, as_json_text, nullable, scalar_type
from contracts.model.types import (
    ArrayType,
    Field,
    FieldType,
    JsonType,
    MapType,
    RecordType,
    ValueType,
)

SEPARATOR = "__"
MARK = f"{SEPARATOR}present"
"""What the name of a mark ends with."""

Read = Callable[[Any], Any]
"""A typed object (None: there is none) → the cell of a leaf in it."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of an object.

    ``fields`` are those around it and its own, outermost first; ``type`` is ClickHouse's.
    """

    fields: tuple[Field, ...]
    type: str
    read: Read
    is_mark: bool = False
    is_json_text: bool = False

    @property
    def name(self) -> str:
        """Of the column, or of the tuple's element."""
        path = SEPARATOR.join(field.name for field in self.fields)
        return f"{path}{MARK}" if self.is_mark else path


def leaves(record: RecordType, *, may_lack: bool = False) -> Iterator[Leaf]:
    """The leaves of an object, which may be absent as a whole."""
    for field in record.fields:
        kind = field.value.type
        if isinstance(kind, RecordType):
            if field.optional:
                yield _mark(field)
            for leaf in leaves(kind, may_lack=may_lack or field.optional):
                yield Leaf(
                    (field, *leaf.fields),
                    leaf.type,
                    _inside(field.name, leaf.read),
                    leaf.is_mark,
                    leaf.is_json_text,
                )
        elif isinstance(kind, ArrayType | MapType) and (found := container(kind)) is not None:
            yield Leaf((field,), found.type, _contained(field.name, found))
            if field.optional:
                yield _mark(field)
        else:
            yield _plain(field, may_lack=may_lack)


def _mark(field: Field) -> Leaf:
    name = field.name
    return Leaf((field,), "Bool", lambda given: _get(given, name) is not None, is_mark=True)


def _get(given: Mapping[str, Any] | None, name: str) -> Any:
    return None if given is None else given[name]


def _inside(name: str, read: Read) -> Read:
    return lambda given: read(None if given is None else given[name])


def _contained(name: str, found: Container) -> Read:
    cell, empty = found.cell, found.empty

    def read(given: Any) -> Any:
        value = _get(given, name)
        return empty() if value is None else value if cell is None else cell(value)

    return read


def _plain(field: Field, *, may_lack: bool) -> Leaf:
    name, kind = field.name, field.value.type
    # JSON text has a null of its own.
    lacks = may_lack or (not field.required if isinstance(kind, JsonType) else field.optional)
    if isinstance(kind, ArrayType | MapType):
        sql = nullable(JSON_TEXT) if lacks else JSON_TEXT
        return Leaf((field,), sql, lambda given: as_json_text(_get(given, name)), is_json_text=True)
    sql = scalar_type(kind)
    return Leaf((field,), nullable(sql) if lacks else sql, lambda given: _get(given, name))


@dataclass(frozen=True, slots=True)
class Container:
    """A list or a map with a type in ClickHouse. ``cell``: how a value becomes the column's;
    ``None``: it is the same."""

    type: str
    cell: Callable[[Any], Any] | None
    empty: Callable[[], Any]


def container(kind: ArrayType | MapType) -> Container | None:
    """The type of a list or map; ``None`` when something inside has none.

    These are lists and objects that may be null inside of a list or a map, and objects inside of a
    map, which clickhouse-driver cannot read.
    """
    match kind:
        case ArrayType(items=items):
            found = _items(items)
            return found and Container(f"Array({found.type})", _each(found.cell), list)
        case MapType(values=ValueType(type=RecordType())):
            return None
        case MapType(values=values):
            found = _items(values)
            return found and Container(f"Map(String, {found.type})", _of_values(found.cell), dict)


def _items(value: ValueType) -> Container | None:
    match value.type:
        case ArrayType() | MapType() | RecordType() if value.nullable:
            return None
        case ArrayType() | MapType() as kind:
            return container(kind)
        case RecordType(rest=None) as record if record.fields:
            return _tuple(record)
        case RecordType():
            return None
        case kind:
            sql = scalar_type(kind)
            holds_null = value.nullable and not isinstance(kind, JsonType)
            return Container(nullable(sql) if holds_null else sql, None, list)


def _tuple(record: RecordType) -> Container:
    inner = tuple(leaves(record))
    reads = [(leaf.name, leaf.read) for leaf in inner]
    elements = ", ".join(f"{leaf.name} {leaf.type}" for leaf in inner)
    return Container(
        f"Tuple({elements})", lambda given: {name: read(given) for name, read in reads}, dict
    )


def _each(cell: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if cell is None else lambda given: [cell(item) for item in given]


def _of_values(cell: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if cell is None else lambda given: {key: cell(each) for key, each in given.items()}


def inner_pii(kind: FieldType) -> str | None:
    """The mark of something inside a value that has one column as a whole."""
    match kind:
        case ArrayType(items=inner) | MapType(values=inner):
            return inner_pii(inner.type)
        case RecordType(fields=fields):
            marks = (field.pii or inner_pii(field.value.type) for field in fields)
            return next((mark for mark in marks if mark), None)
        case _:
            return None
