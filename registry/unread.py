"""What a reader would leave out of what a writer writes. Pure.

Avro drops in silence the fields that the reader's schema lacks (the specification, "Schema
Resolution"), so that a schema can be readable and still not be read whole.
"""

from __future__ import annotations

from registry.compatibility import Array, AvroType, Map, Record, Union, incompatibilities


def takes_whole(reader: AvroType, writer: AvroType) -> bool:
    """Whether the reader reads everything that the writer writes, and drops none of its fields."""
    return not incompatibilities(reader, writer) and not _drops(reader, writer, set())


def _drops(reader: AvroType, writer: AvroType, seen: set[tuple[int, int]]) -> bool:
    match reader, writer:
        case _, Union(branches=branches):
            return any(_drops(reader, branch, seen) for branch in branches)
        case Union(branches=branches), _:
            fitting = [each for each in branches if not incompatibilities(each, writer)]
            return all(_drops(branch, writer, seen) for branch in fitting)
        case Array(), Array():
            return _drops(reader.items, writer.items, seen)
        case Map(), Map():
            return _drops(reader.values, writer.values, seen)
        case Record(), Record():
            return _drops_of_record(reader, writer, seen)
        case _:
            return False


def _drops_of_record(reader: Record, writer: Record, seen: set[tuple[int, int]]) -> bool:
    pair = id(reader), id(writer)
    if pair in seen:
        return False
    seen.add(pair)
    asked = {name: each for each in reader.fields for name in (each.name, *each.aliases)}
    return any(
        field.name not in asked or _drops(asked[field.name].type, field.type, seen)
        for field in writer.fields
    )
