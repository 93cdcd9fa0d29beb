"""What really happens when a contract changes: payloads validated, encoded, decoded, stored."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import create_database_statement
from contracts.message import Message
from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.model.types import Contract
from contracts.model.validation import Validator
from registry.errors import EncodeError, UndecodableError
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.support.register import register_all

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
ENVELOPES = load_catalog().envelopes
EVENT = "example"


class Change:
    """An old and a new version of one contract, each as a catalog of its own."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = (
            parse_contract(EVENT, number, schema, Path(f"v{number}.json"))
            for number, schema in enumerate((old, new), start=1)
        )
        self._registry = InMemoryRegistry()
        self._before = self._side({1: self.old})
        self._after = self._side({1: self.old, 2: self.new})
        self._accepted, self._accepts = Validator(old), Validator(new)

    def _side(self, versions: dict[int, Contract]) -> tuple[Encoder, Decoder]:
        catalog = Catalog({EVENT: versions}, ENVELOPES)
        ids = register_all(self._registry, catalog)
        return Encoder(catalog, ids), Decoder(catalog, self._registry)

    def was_accepted(self, payload: Any) -> bool:
        """Whether the old API took it: it is valid, and has an Avro image."""
        return self._accepted.accepts(payload) and self._encoded(payload, self.old) is not None

    def _encoded(self, payload: Any, contract: Contract) -> bytes | None:
        encoder, _ = self._before if contract is self.old else self._after
        try:
            return encoder.encode(
                contract, event_id=uuid.uuid4(), user_id="u", timestamp=NOW, data=payload
            )
        except EncodeError:
            return None

    def harm(self, payloads: Sequence[Any]) -> list[str]:
        """What goes wrong with accepted payloads at HTTP and in Avro; empty when nothing does."""
        found = []
        for payload in payloads:
            if not self._accepts.accepts(payload):
                found.append(f"http refuses {payload!r}")
            elif self._encoded(payload, self.new) is None:
                found.append(f"the encoder refuses {payload!r}")
            try:
                before, after = self.decoded(payload)
            except UndecodableError as error:
                found.append(f"avro cannot read {payload!r}: {error}")
                continue
            if not _says(before.data, after.data):
                found.append(f"avro reads {before.data!r} as {after.data!r}")
        return found

    def decoded(self, payload: Any) -> tuple[Message, Message]:
        """The payload as the old loader and as the new one reads it."""
        value = self._encoded(payload, self.old)
        assert value is not None
        key = EVENT.encode()
        return self._before[1].decode(key, value), self._after[1].decode(key, value)

    def table_harm(
        self, client: ClickHouse, statements: Sequence[str], payloads: Sequence[Any]
    ) -> list[str]:
        """What goes wrong with stored rows while ``statements`` turn the old table to the new."""
        before, after = RowMaker(self.old), RowMaker(self.new)
        table = f"ugc.{EVENT}"
        client.execute(create_database_statement())
        client.execute(f"DROP TABLE IF EXISTS {table} SYNC")
        client.execute(before.table.create_statement())
        messages = [self.decoded(payload) for payload in payloads]
        lineage = Lineage(partition=0, offset=0, loaded_at=NOW)
        rows = [before.row(old, lineage, 1) for old, _ in messages]
        client.insert(table, before.columns, rows, deduplication_token="old")
        repeated = [statement for statement in statements if "REMOVE TTL" not in statement]
        for statement in [*statements, *repeated]:
            client.execute(statement)
        types = {
            row["name"]: row["type"]
            for row in client.query(
                f"SELECT name, type FROM system.columns WHERE table = '{EVENT}'"
                " AND database = 'ugc'"
            )
        }
        found = [
            f"column {column.name} is {types.get(column.name)}, not {column.type}"
            for column in after.table.columns
            if types.get(column.name) != column.type
        ]
        (made,) = client.query(
            f"SELECT sorting_key FROM system.tables WHERE name = '{EVENT}' AND database = 'ugc'"
        )
        wanted_key = ", ".join((*after.table.sorting_key, "toUInt128(event_id)"))
        if made["sorting_key"].strip("()") != wanted_key.strip("()"):
            found.append(f"the table is sorted by {made['sorting_key']}, not {wanted_key}")
        again = [after.row(new, lineage, 1) for _, new in messages]
        fresh = [(uuid.uuid4(), *row[1:]) for row in again]
        client.insert(table, after.columns, fresh, deduplication_token="new")
        stored = {row["event_id"]: row for row in client.query(f"SELECT * FROM {table} FINAL")}
        for wanted in (*again, *fresh):
            row = stored.get(wanted[0])
            if row is None:
                found.append(f"the row {wanted!r} is gone")
                continue
            found += [
                f"column {name} holds {row[name]!r}, not {value!r}"
                for name, value in zip(after.columns, wanted, strict=True)
                if not _same_cell(row[name], value)
            ]
        return found


def _says(before: Any, after: Any) -> bool:
    """Whether a value read with a later contract is still what was written.

    Fields that are new are null. A UUID may be read as its text.
    """
    match before, after:
        case dict(), dict():
            known = all(
                key in after and _says(value, after[key])
                for key, value in before.items()
                if key in after or value is not None
            )
            return known and all(after[key] is None for key in after.keys() - before.keys())
        case list(), list():
            return len(before) == len(after) and all(map(_says, before, after))
        case uuid.UUID(), str():
            return str(before) == after
        case _:
            return type(before) is type(after) and bool(before == after)


def _same_cell(stored: Any, wanted: Any) -> bool:
    if stored == wanted:
        return True
    # JSON text of an object lacks the fields that came later.
    try:
        return isinstance(wanted, str) and _dense(json.loads(stored)) == _dense(json.loads(wanted))
    except (TypeError, ValueError):
        return False


def _dense(value: Any) -> Any:
    match value:
        case dict():
            return {key: _dense(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [_dense(inner) for inner in value]
        case _:
            return value
