"""The columns of an event's table, each with the schema of the field that it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.tables import Column, table_for
from contracts.model.types import Contract, RecordType


@dataclass(frozen=True, slots=True)
class Described:
    """``schema`` is what the contract says of the values; empty for columns of every table."""

    column: Column
    schema: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What the column means; empty when nobody says."""
        return self.column.comment or str(self.schema.get("description", ""))

    @property
    def values(self) -> list[Any] | None:
        """The values that a row may hold, besides null; ``None`` when the contract lists none.

        What tells about a person may have been cleared.
        """
        if self.column.pii is not None:
            return None
        listed = self.schema.get("enum")
        if listed is None and "const" in self.schema:
            listed = [self.schema["const"]]
        return None if listed is None else [value for value in listed if value is not None]


def described_columns(contract: Contract) -> list[Described]:
    """In the order of the table.

    Raises:
        TableError: two fields would become one column.
    """
    schemas = dict(_leaves(contract.schema, contract.schema, contract.data, ()))
    return [
        Described(column, schemas.get(column.name, {}) if column.read is not None else {})
        for column in table_for(contract).columns
    ]


def _leaves(
    root: Mapping[str, Any], schema: Mapping[str, Any], record: RecordType, path: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for field in record.fields:
        inner = _followed(root, schema.get("properties", {}).get(field.json_name, {}))
        where = (*path, field.name)
        if isinstance(field.value.type, RecordType) and not field.optional:
            yield from _leaves(root, inner, field.value.type, where)
        else:
            yield "__".join(where), inner


def _followed(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the definition that it refers to, under what stands beside the reference."""
    while isinstance(reference := schema.get("$ref"), str):
        target: Any = root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part, {})
        schema = {**target, **{key: said for key, said in schema.items() if key != "$ref"}}
    return schema
