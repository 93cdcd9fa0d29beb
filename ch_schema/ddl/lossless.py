"""The table of any translated JSON Schema, and its rows both ways. Pure.

The fields are those of the lossless mode (:mod:`contracts.lossless.walker`).  One column for each
leaf, all of which may lack a value; the columns of an inner object carry its name before theirs.
ClickHouse has no ``Nullable`` around arrays and maps: there the empty one stands for absence, and
an empty one that is really there is noted in the rest of its object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.leaves import container
from ch_schema.ddl.tables import ENVELOPE, LINEAGE, Column, Table
from ch_schema.ddl.types import JSON_TEXT, nullable, scalar_type
from contracts.lossless.exact import codec
from contracts.model import json_text
from contracts.model.types import ArrayType, FieldType, JsonType, MapType, RecordType

_LONGEST_NAME = 120
"""Characters of a column's name; a part on disk has files of that name."""

_RESERVED = frozenset(column.name for column in (*ENVELOPE, *LINEAGE))

Typed = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Leaf:
    column: Column
    to_cell: Callable[[Any], Any]
    from_cell: Callable[[Any], Any]
    is_container: bool
    is_json_text: bool


@dataclass(frozen=True, slots=True)
class _Branch:
    """The columns of one object: for each field its leaf, or the branch of an inner object."""

    record: RecordType
    parts: Mapping[str, _Leaf | _Branch]

    def leaves(self) -> Iterator[_Leaf]:
        for part in self.parts.values():
            if isinstance(part, _Branch):
                yield from part.leaves()
            else:
                yield part

    def rests(self) -> int:
        """How many columns are rests: one of each object."""
        return 1 + sum(part.rests() for part in self.parts.values() if isinstance(part, _Branch))

    def cells(self, typed: Typed | None) -> Iterator[Any]:
        values = {} if typed is None else self._with_empty_ones_in_rest(typed)
        for name, part in self.parts.items():
            if isinstance(part, _Branch):
                yield from part.cells(values.get(name))
            else:
                yield part.to_cell(values.get(name))

    def _with_empty_ones_in_rest(self, typed: Typed) -> Typed:
        empty = {
            field.json_name: typed[field.name]
            for field in self.record.fields
            if isinstance(part := self.parts[field.name], _Leaf)
            and part.is_container
            and not typed[field.name]
            and typed[field.name] is not None
        }
        if not empty:
            return typed
        rest = self.record.rest or ""
        known = {} if typed[rest] is None else json_text.parse(typed[rest])
        return {**typed, rest: json_text.write({**known, **empty})}

    def typed(self, row: Typed) -> dict[str, Any] | None:
        """The object in a row; ``None`` when no column holds anything of it."""
        found = {
            name: part.typed(row)
            if isinstance(part, _Branch)
            else part.from_cell(row[part.column.name])
            for name, part in self.parts.items()
        }
        return None if all(value is None for value in found.values()) else found


class LosslessTable:
    """One translated schema's table.

    ``table`` has the columns of every event's table around those of the fields; ``columns`` names
    the latter, in the order of :meth:`cells`.
    """

    def __init__(self, name: str, record: RecordType, comment: str = "") -> None:
        self._root = _branch(record, (), set(_RESERVED))
        leaves = tuple(leaf.column for leaf in self._root.leaves())
        self._rests = self._root.rests()
        self.columns: tuple[str, ...] = tuple(column.name for column in leaves)
        self.table = Table(
            name=name,
            columns=(*ENVELOPE, *leaves, *LINEAGE),
            sorting_key=(),
            retention_days=None,
            comment=comment,
        )

    @property
    def counts(self) -> tuple[int, int]:
        """How many columns are typed, and how many are JSON text, without those of the rests."""
        text = sum(leaf.is_json_text for leaf in self._root.leaves())
        return len(self.columns) - text, text - self._rests

    def cells(self, typed: Typed) -> tuple[Any, ...]:
        """A record's cells (:mod:`contracts.lossless.exact`), in the order of :attr:`columns`."""
        return tuple(self._root.cells(typed))

    def typed(self, row: Typed) -> dict[str, Any]:
        """The record in a row, given as column name → value."""
        found = self._root.typed(row)
        if found is None:
            raise ValueError("the row was not made of a record: it holds nothing")
        return found


def _branch(record: RecordType, path: tuple[str, ...], taken: set[str]) -> _Branch:
    parts: dict[str, _Leaf | _Branch] = {}
    for field in record.fields:
        inner = field.value.type
        where = (*path, field.name)
        if isinstance(inner, RecordType):
            parts[field.name] = _branch(inner, where, taken)
        else:
            parts[field.name] = _leaf(inner, _free("__".join(where), taken), field.description)
    return _Branch(record, parts)


def _leaf(kind: FieldType, name: str, comment: str) -> _Leaf:
    if isinstance(kind, JsonType):
        comment = f"JSON text ({kind.reason})" if not comment else f"{comment} (JSON text)"
    if not isinstance(kind, ArrayType | MapType):
        column = Column(name, nullable(scalar_type(kind)), comment)
        is_text = isinstance(kind, JsonType)
        return _Leaf(column, _same, _same, is_container=False, is_json_text=is_text)
    found = container(kind)
    column = Column(name, found.type if found else nullable(JSON_TEXT), comment)
    if found is None:
        inner = codec(kind)
        return _Leaf(
            column,
            lambda typed: None if typed is None else json_text.write(inner.back(typed)),
            lambda cell: None if cell is None else inner.image(json_text.parse(cell)),
            is_container=False,
            is_json_text=True,
        )
    nothing: list[Any] | dict[str, Any] = [] if isinstance(kind, ArrayType) else {}
    return _Leaf(
        column,
        lambda typed: typed or nothing,
        lambda cell: cell or None,
        is_container=True,
        is_json_text=False,
    )


def _same(value: Any) -> Any:
    return value


def _free(name: str, taken: set[str]) -> str:
    """A column name that is not taken yet; the same one for the same schema."""
    # The engine has columns of its own, such as _part, that begin with an underscore.
    wished = f"x{name}" if name.startswith("_") else name
    if len(wished) > _LONGEST_NAME:
        digest = hashlib.sha256(wished.encode()).hexdigest()[:12]
        wished = f"{wished[: _LONGEST_NAME - 13]}_{digest}"
    found, count = wished, 1
    while found in taken:
        count += 1
        found = f"{wished}_{count}"
    taken.add(found)
    return found
