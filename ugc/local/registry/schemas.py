"""From the text of a schema and its references to its types."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from registry.canonical import canonical_text
from registry.compatibility import (
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Union,
    resolve,
)
from registry.errors import InvalidSchemaError
from ugc.local.registry import validity
from ugc.local.registry.requests import LATEST, Reference, SchemaRequest, loads
from ugc.local.registry.store import Rows, StoredSchema, StoredVersion


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that was sent: its canonical text, its references by number, and its types."""

    text: str
    references: tuple[Reference, ...]
    types: AvroType


def parse(rows: Rows, request: SchemaRequest, *, is_new: bool, normalize: bool) -> Schema:
    """The schema in a request.

    Args:
        rows: where its references are.
        request: the text may be in any form.
        is_new: hold it to what a schema has to be that nobody uses yet: sound defaults, and no
            reference to a deleted version.
        normalize: take the normal form instead of the canonical text.

    Raises:
        InvalidSchemaError: it is no schema, or a reference leads nowhere.
    """
    if not request.text.strip():
        raise InvalidSchemaError("Empty schema")
    try:
        document = loads(request.text)
        validity.check_document(document)
        references = tuple(_numbered(rows, each, is_new) for each in request.references)
        types = resolve(document, _names(rows, references, is_new))
        validity.check_unions(types)
        if is_new:
            validity.check_defaults(types)
        text = canonical_text(document, normalize=normalize)
    except (ValueError, InvalidSchemaError) as error:
        raise InvalidSchemaError(f"Invalid schema {request.text:.200}: {error}") from error
    if normalize:
        references = tuple(sorted(set(references), key=lambda r: (r.subject, r.version, r.name)))
    return Schema(text, references, types)


def types_of(rows: Rows, schema: StoredSchema) -> AvroType:
    """The types of a schema that is registered.

    Raises:
        InvalidSchemaError: a version that it refers to is gone.
    """
    return resolve(json.loads(schema.text), _names(rows, schema.references, is_new=False))


def live(versions: list[StoredVersion]) -> list[StoredVersion]:
    """Those that are not deleted."""
    return [each for each in versions if not each.is_deleted]


def latest(rows: Rows, subject: str) -> StoredVersion | None:
    """The newest version that is not deleted."""
    return next(reversed(live(rows.versions(subject))), None)


def _numbered(rows: Rows, reference: Reference, is_new: bool) -> Reference:
    if reference.version != LATEST:
        return reference
    return replace(reference, version=_referred(rows, reference, is_new).version)


def _referred(rows: Rows, reference: Reference, is_new: bool) -> StoredVersion:
    subject, version = reference.subject, reference.version
    found = latest(rows, subject) if version == LATEST else rows.version(subject, version)
    if found is None or (is_new and found.is_deleted):
        text = f'No schema reference found for subject "{subject}" and version {version}'
        raise InvalidSchemaError(text)
    return found


def _names(rows: Rows, references: tuple[Reference, ...], is_new: bool) -> dict[str, Named]:
    """The types of all versions referred to, directly or through others, by full name."""
    names: dict[str, Named] = {}
    seen: set[int] = set()

    def add(reference: Reference) -> None:
        schema = _referred(rows, reference, is_new).schema
        if schema.id in seen:
            return
        seen.add(schema.id)
        for each in schema.references:
            add(each)
        resolve(json.loads(schema.text), names)

    for each in references:
        add(each)
    return names


def are_same(left: AvroType, right: AvroType) -> bool:
    """Whether two schemas are one but for references, documentation and aliases."""
    return _are_same(left, right, set())


def _are_same(left: AvroType, right: AvroType, seen: set[tuple[Record, Record]]) -> bool:
    match left, right:
        case Primitive(), Primitive():
            return (left.type, left.decimal) == (right.type, right.decimal)
        case Array(), Array():
            return _are_same(left.items, right.items, seen)
        case Map(), Map():
            return _are_same(left.values, right.values, seen)
        case Union(), Union():
            return len(left.branches) == len(right.branches) and all(
                _are_same(a, b, seen) for a, b in zip(left.branches, right.branches, strict=True)
            )
        case Fixed(), Fixed():
            return (left.name, left.size, left.decimal) == (right.name, right.size, right.decimal)
        case Enum(), Enum():
            return (left.name, left.symbols, left.default) == (
                right.name,
                right.symbols,
                right.default,
            )
        case Record(), Record():
            if (left, right) in seen:
                return True
            seen.add((left, right))
            return (
                left.name == right.name
                and len(left.fields) == len(right.fields)
                and all(
                    (a.name, a.has_default, json.dumps(a.default))
                    == (b.name, b.has_default, json.dumps(b.default))
                    and _are_same(a.type, b.type, seen)
                    for a, b in zip(left.fields, right.fields, strict=True)
                )
            )
        case _:
            return False
