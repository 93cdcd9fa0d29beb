"""Whether data written with one Avro schema can be read with another. Pure.

Source: the Avro 1.12 specification, "Names", "Aliases", "Schema Resolution" and "Decimal".  Where
the specification leaves a choice to its implementations, a pair counts as compatible only if each
choice reads the data.  Kinds and paths are those of ``SchemaCompatibility`` in Avro's Java library,
which is what Confluent's registry shows.

Three steps: :func:`resolve` makes types of a schema, :func:`incompatibilities` compares a reader
with a writer, :func:`check` does so for a new schema and earlier ones as a :class:`Level` asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias, TypeVar

from registry.errors import InvalidSchemaError

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})

# What is written → what it may be read as.
_PROMOTIONS: dict[str, frozenset[str]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}


@dataclass(frozen=True, slots=True)
class Decimal:
    """The logical type ``decimal``: ``precision`` digits, ``scale`` of them after the point."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One of :data:`PRIMITIVES`."""

    type: str
    decimal: Decimal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    items: AvroType
    type: Literal["array"] = "array"


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    values: AvroType
    type: Literal["map"] = "map"


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    branches: tuple[AvroType, ...]
    type: Literal["union"] = "union"


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """``size`` bytes. The names and aliases of this and the next two are full names."""

    name: str
    aliases: frozenset[str]
    size: int
    decimal: Decimal | None
    type: Literal["fixed"] = "fixed"


@dataclass(frozen=True, slots=True, eq=False)
class Enum:
    """One of ``symbols``; a reader takes ``default`` for a symbol that it does not know."""

    name: str
    aliases: frozenset[str]
    symbols: tuple[str, ...]
    default: str | None
    type: Literal["enum"] = "enum"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A record or error. ``fields`` is filled last, because they may refer to the record."""

    name: str
    aliases: frozenset[str]
    fields: list[Field] = field(default_factory=list)
    type: Literal["record"] = "record"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field of a record; ``default`` is JSON, and means something only if ``has_default``."""

    name: str
    aliases: tuple[str, ...]
    type: AvroType
    has_default: bool
    default: Any


Named: TypeAlias = Fixed | Enum | Record
AvroType: TypeAlias = Primitive | Array | Map | Union | Named
AnyNamed = TypeVar("AnyNamed", Fixed, Enum, Record)


def full_name(name: str, namespace: str | None, enclosing: str) -> str:
    """The full name of ``name``, by the rules under "Names" of the specification.

    Args:
        name: with or without a namespace.
        namespace: the ``namespace`` attribute beside it; None when there is none.
        enclosing: namespace of the definition around it; empty for none.
    """
    if "." in name:
        return name
    space = enclosing if namespace is None else namespace
    return f"{space}.{name}" if space else name


def split_name(name: str) -> tuple[str, str]:
    """Namespace (empty for none) and unqualified name of a full name."""
    space, _, own = name.rpartition(".")
    return space, own


def resolve(schema: Any, names: dict[str, Named] | None = None) -> AvroType:
    """The types of a schema, every reference by name followed.

    Args:
        schema: an Avro schema as decoded JSON.
        names: types that it may refer to, by full name; those it defines are added.

    Raises:
        InvalidSchemaError: it is no Avro schema, refers to an unknown name, or defines one twice.
    """
    return _Resolver({} if names is None else names).resolve(schema, "")


class _Resolver:
    def __init__(self, names: dict[str, Named]) -> None:
        self._names = names

    def resolve(self, schema: Any, space: str) -> AvroType:
        match schema:
            case str():
                return self._by_name(schema, space)
            case list():
                return Union(tuple(self.resolve(branch, space) for branch in schema))
            case {"type": "array", "items": items}:
                return Array(self.resolve(items, space))
            case {"type": "map", "values": values}:
                return Map(self.resolve(values, space))
            case {"type": "fixed", "name": str(), "size": int(size)}:
                return self._define(Fixed(*_names_of(schema, space), size, _decimal(schema)))
            case {"type": "enum", "name": str(), "symbols": list(symbols)}:
                default = schema.get("default")
                return self._define(Enum(*_names_of(schema, space), tuple(symbols), default))
            case {"type": "record" | "error", "name": str(), "fields": list(fields)}:
                record = self._define(Record(*_names_of(schema, space)))
                inner, _ = split_name(record.name)
                record.fields.extend(self._field(each, inner) for each in fields)
                return record
            case {"type": str(name)} if name in PRIMITIVES:
                return Primitive(name, _decimal(schema))
            case {"type": str(name)}:
                return self._by_name(name, space)
            case _:
                raise InvalidSchemaError(f"not an Avro schema: {schema!r:.200}")

    def _by_name(self, name: str, space: str) -> AvroType:
        if name in PRIMITIVES:
            return Primitive(name)
        if (found := self._names.get(full_name(name, None, space))) is None:
            raise InvalidSchemaError(f'"{name}" is not a defined name')
        return found

    def _define(self, defined: AnyNamed) -> AnyNamed:
        if defined.name in self._names:
            raise InvalidSchemaError(f'"{defined.name}" is defined twice')
        self._names[defined.name] = defined
        return defined

    def _field(self, schema: Any, space: str) -> Field:
        match schema:
            case {"name": str(name), "type": of_type}:
                aliases = tuple(schema.get("aliases", ()))
                field_type = self.resolve(of_type, space)
                return Field(name, aliases, field_type, "default" in schema, schema.get("default"))
            case _:
                raise InvalidSchemaError(f"not a field of a record: {schema!r:.200}")


def _names_of(schema: dict[str, Any], space: str) -> tuple[str, frozenset[str]]:
    name = full_name(schema["name"], schema.get("namespace"), space)
    inner, _ = split_name(name)
    return name, frozenset(full_name(alias, None, inner) for alias in schema.get("aliases", ()))


def _decimal(schema: dict[str, Any]) -> Decimal | None:
    """None also for a decimal with impossible attributes: it counts as its underlying type."""
    match schema:
        case {"logicalType": "decimal", "type": "bytes" | "fixed", "precision": int(precision)}:
            scale = schema.get("scale", 0)
            if isinstance(scale, int) and 0 <= scale <= precision != 0:
                return Decimal(precision, scale)
    return None


class Kind(StrEnum):
    """What is wrong between a reader and a writer."""

    NAME_MISMATCH = "NAME_MISMATCH"
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    TYPE_MISMATCH = "TYPE_MISMATCH"


_DESCRIPTIONS: dict[Kind, str] = {
    Kind.NAME_MISMATCH: "the {reader} schema has another name there than the {writer} schema",
    Kind.FIXED_SIZE_MISMATCH: "the {reader} and the {writer} schema have different sizes there",
    Kind.MISSING_ENUM_SYMBOLS: "the {reader} schema lacks symbols that the {writer} schema has",
    Kind.MISSING_UNION_BRANCH: "the {reader} union has no branch for a type of the {writer} schema",
    Kind.READER_FIELD_MISSING_DEFAULT_VALUE: (
        "the {reader} schema has a field without a default that the {writer} schema lacks"
    ),
    Kind.TYPE_MISMATCH: "the {reader} schema has a type that cannot read the {writer} schema's",
}


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One reason why a reader cannot read everything that a writer writes.

    ``path`` is a JSON pointer into the reader's schema (``/`` for its root); of a union branch that
    the reader lacks, the last token is the branch's index in the writer's union.  ``detail`` names
    what is missing or different.
    """

    kind: Kind
    path: str
    detail: str

    def description(self, reader: str = "reader's", writer: str = "writer's") -> str:
        """A sentence that calls the two schemas by the given words."""
        text = _DESCRIPTIONS[self.kind].format(reader=reader, writer=writer)
        return f"{text}: {self.detail} at {self.path}"


def incompatibilities(reader: AvroType, writer: AvroType) -> tuple[Incompatibility, ...]:
    """Everything that keeps ``reader`` from reading what ``writer`` writes; empty when it can.

    A pair of records that occurs several times is reported where it occurs first.
    """
    comparison = _Comparison()
    comparison.visit(reader, writer, ())
    return tuple(comparison.found)


_Path: TypeAlias = tuple[str, ...]


class _Comparison:
    def __init__(self) -> None:
        self.found: list[Incompatibility] = []
        self._visited: set[tuple[Record, Record]] = set()

    def visit(self, reader: AvroType, writer: AvroType, path: _Path) -> None:
        if not isinstance(writer, Union):
            self._visit_branch(reader, writer, path, path)
            return
        for index, branch in enumerate(writer.branches):
            self._visit_branch(reader, branch, path, (*path, str(index)))

    def _visit_branch(
        self, reader: AvroType, writer: AvroType, path: _Path, lacking_path: _Path
    ) -> None:
        if not isinstance(reader, Union):
            self._visit_pair(reader, writer, path)
        elif (index := _branch_for(writer, reader)) is not None:
            self._visit_pair(reader.branches[index], writer, (*path, str(index)))
        else:
            detail = f"reader union lacking writer type: {writer.type.upper()}"
            self._add(Kind.MISSING_UNION_BRANCH, lacking_path, detail)

    def _visit_pair(self, reader: AvroType, writer: AvroType, path: _Path) -> None:
        match reader, writer:
            case Primitive(), Primitive() if _is_readable(reader, writer):
                self._compare_decimals(reader.decimal, writer.decimal, path)
            case Array(), Array():
                self.visit(reader.items, writer.items, (*path, "items"))
            case Map(), Map():
                self.visit(reader.values, writer.values, (*path, "values"))
            case Fixed(), Fixed():
                self._compare_names(reader, writer, path)
                if reader.size != writer.size:
                    detail = f"expected: {writer.size}, found: {reader.size}"
                    self._add(Kind.FIXED_SIZE_MISMATCH, (*path, "size"), detail)
                self._compare_decimals(reader.decimal, writer.decimal, path)
            case Enum(), Enum():
                self._compare_names(reader, writer, path)
                unknown = sorted(set(writer.symbols) - set(reader.symbols))
                if unknown and reader.default not in reader.symbols:
                    detail = f"[{', '.join(unknown)}]"
                    self._add(Kind.MISSING_ENUM_SYMBOLS, (*path, "symbols"), detail)
            case Record(), Record():
                self._compare_names(reader, writer, path)
                if (reader, writer) not in self._visited:
                    self._visited.add((reader, writer))
                    self._visit_fields(reader, writer, (*path, "fields"))
            case _:
                types = f"{reader.type.upper()} not compatible with writer type: "
                self._add(Kind.TYPE_MISMATCH, path, f"reader type: {types}{writer.type.upper()}")

    def _visit_fields(self, reader: Record, writer: Record, path: _Path) -> None:
        written = {each.name: each for each in writer.fields}
        sources = [
            [name for name in (each.name, *each.aliases) if name in written]
            for each in reader.fields
        ]
        # A written field that several fields of the reader ask for goes to one of them, and which
        # one depends on the implementation: the others get their defaults.
        claims = Counter(name for names in sources for name in set(names))
        for index, (asking, names) in enumerate(zip(reader.fields, sources, strict=True)):
            here = (*path, str(index))
            if len(set(names)) > 1:
                several = ", ".join(dict.fromkeys(names))
                self._add(Kind.NAME_MISMATCH, here, f"{asking.name} matches several: {several}")
                continue
            if not asking.has_default and (not names or claims[names[0]] > 1):
                self._add(Kind.READER_FIELD_MISSING_DEFAULT_VALUE, here, asking.name)
            if names:
                self.visit(asking.type, written[names[0]].type, (*here, "type"))

    def _compare_names(self, reader: Named, writer: Named, path: _Path) -> None:
        if not _has_name_of(reader, writer):
            self._add(Kind.NAME_MISMATCH, (*path, "name"), f"expected: {writer.name}")

    def _compare_decimals(
        self, reader: Decimal | None, writer: Decimal | None, path: _Path
    ) -> None:
        if reader is None or writer is None or reader == writer:
            return
        detail = (
            f"reader type: DECIMAL({reader.precision}, {reader.scale}) not compatible with "
            f"writer type: DECIMAL({writer.precision}, {writer.scale})"
        )
        self._add(Kind.TYPE_MISMATCH, path, detail)

    def _add(self, kind: Kind, path: _Path, detail: str) -> None:
        self.found.append(Incompatibility(kind, "/" + "/".join(path), detail))


def _branch_for(writer: AvroType, reader: Union) -> int | None:
    """The index of the branch that reads ``writer``, if one does.

    The specification takes the first that matches. It would then not find the second of two types
    that differ in their namespaces only, so one with the writer's full name goes first, as in Java.
    """
    matching = [i for i, branch in enumerate(reader.branches) if _matches(branch, writer)]
    if isinstance(writer, Fixed | Enum | Record):
        for index in matching:
            branch = reader.branches[index]
            if isinstance(branch, Fixed | Enum | Record) and branch.name == writer.name:
                return index
    return next(iter(matching), None)


def _matches(reader: AvroType, writer: AvroType) -> bool:
    """What the specification calls "to match": the outside fits, whatever is within records."""
    match reader, writer:
        case (Union(), _) | (_, Union()):
            return True
        case Primitive(), Primitive():
            return _is_readable(reader, writer)
        case Array(), Array():
            return _matches(reader.items, writer.items)
        case Map(), Map():
            return _matches(reader.values, writer.values)
        case Fixed(), Fixed():
            return _has_name_of(reader, writer) and reader.size == writer.size
        case Enum(), Enum():
            return _has_name_of(reader, writer)
        case Record(), Record():
            return _has_name_of(reader, writer)
        case _:
            return False


def _is_readable(reader: Primitive, writer: Primitive) -> bool:
    return reader.type == writer.type or reader.type in _PROMOTIONS.get(writer.type, ())


def _has_name_of(reader: Named, writer: Named) -> bool:
    """Unqualified names count; an alias of the reader counts with its namespace."""
    return split_name(reader.name)[1] == split_name(writer.name)[1] or writer.name in reader.aliases


class Level(StrEnum):
    """What a new schema must be able to do with earlier ones, in Confluent's words.

    BACKWARD: read their data.  FORWARD: be read by them.  FULL: both.  TRANSITIVE: with all of
    them, not only with the newest.
    """

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"


Side: TypeAlias = Literal["new", "old"]

# Who has to read the other.
_READERS: dict[str, tuple[Side, ...]] = {
    "NONE": (),
    "BACKWARD": ("new",),
    "FORWARD": ("old",),
    "FULL": ("old", "new"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An incompatibility of a new schema with ``earlier[index]``, found with ``reader`` reading."""

    index: int
    reader: Side
    incompatibility: Incompatibility

    def description(self) -> str:
        writer: Side = "old" if self.reader == "new" else "new"
        return self.incompatibility.description(self.reader, writer)


def check(level: Level, new: AvroType, earlier: Sequence[AvroType]) -> tuple[Finding, ...]:
    """Everything that keeps ``new`` from following ``earlier`` (oldest first); empty when it may.

    The findings begin with those against the newest of the earlier schemas.
    """
    scope, _, transitive = level.partition("_")
    newest_first = range(len(earlier) - 1, -1, -1)
    return tuple(
        Finding(index, reader, found)
        for index in (newest_first if transitive else newest_first[:1])
        for reader in _READERS[scope]
        for found in (
            incompatibilities(new, earlier[index])
            if reader == "new"
            else incompatibilities(earlier[index], new)
        )
    )
