"""Messages to Kafka values and back: Avro in Confluent framing.

The encoder needs no registry once the schema ids are known.  The decoder asks the registry once
for each id it has not met, and resolves what it reads to the newest contract of the event.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import fastavro
import orjson
from fastavro.read import SchemaResolutionError
from fastavro.types import Schema

from contracts.message import Message
from contracts.model.loader import Catalog
from contracts.model.types import Contract, ValueType
from contracts.reasons import Reason
from registry import framing
from registry.avro import avro_schema, message_fields, record_name
from registry.avro_bytes import UnexpectedError
from registry.client import SchemaRegistry
from registry.columns import ColumnReader, column_reader
from registry.compatibility import AvroType, incompatibilities, resolve
from registry.errors import EncodeError, SchemaNotFoundError, UndecodableError
from registry.images import type_check
from registry.kept import kept_by
from registry.keys import KeyCheck
from registry.unread import takes_whole
from registry.values import Converter, to_json, to_typed
from registry.writer import Writer, no_writer, writer

_SHOWN_CHARACTERS = 300
"""So much is told of an error, which may quote the value."""

_SHOWN_BYTES = 80
"""So much of a message's key is told."""

SchemaIds = Mapping[tuple[str, int], int]
"""(event, contract version) → schema id in the registry at hand."""


class Encoder:
    """Turns accepted events into Kafka values. Safe to share between threads."""

    def __init__(self, catalog: Catalog, ids: SchemaIds) -> None:
        """``ids`` must hold every version of every event in ``catalog``."""
        self._catalog = catalog
        self._writers: dict[tuple[str, int], Writer] = {}
        self._by_contract: dict[tuple[str, int], tuple[bytes, Schema, Converter]] = {
            (contract.event, contract.version): (
                framing.header(ids[contract.event, contract.version]),
                fastavro.parse_schema(avro_schema(catalog, contract)),
                to_typed(ValueType(contract.data)),
            )
            for contract in catalog
        }
        readers = {(each.event, each.version): _reader_of(catalog, each) for each in catalog}
        self._readers = {
            key: (
                None if reader.version == key[1] else self._by_contract[key[0], reader.version][1],
                to_json(ValueType(reader.own)),
            )
            for key, reader in readers.items()
        }
        self._kept = {
            key: kept_by(catalog.versions[key[0]][key[1]].own, reader.own)
            for key, reader in readers.items()
        }

    def encode(
        self,
        contract: Contract,
        *,
        event_id: uuid.UUID,
        user_id: str,
        timestamp: dt.datetime,
        data: Mapping[str, Any],
    ) -> bytes:
        """The Kafka value of one event.

        Args:
            contract: what ``data`` was validated against.
            event_id: the event's id.
            user_id: the user's id, or ``anonymous``.
            timestamp: aware; cut to whole milliseconds.
            data: parsed JSON, by JSON name.

        Raises:
            EncodeError: a value has no image in the contract's types.
        """
        try:
            write = self._writers.get((contract.event, contract.version)) or self._writer(contract)
            return write(event_id, user_id, timestamp, data)
        except Exception:  # noqa: BLE001 - whatever it is: the reference writes it, or tells why not
            return self.encode_as_reference(
                contract, event_id=event_id, user_id=user_id, timestamp=timestamp, data=data
            )

    def _writer(self, contract: Contract) -> Writer:
        """Made when the first event needs it: making them all takes a process seconds."""
        key = contract.event, contract.version
        fields = message_fields(self._catalog, contract)
        try:
            made = writer(self._by_contract[key][0], fields, contract)
        except UnexpectedError:
            made = no_writer
        self._writers[key] = made
        return made

    def encode_as_reference(
        self,
        contract: Contract,
        *,
        event_id: uuid.UUID,
        user_id: str,
        timestamp: dt.datetime,
        data: Mapping[str, Any],
    ) -> bytes:
        """The same as :meth:`encode`, by way of the typed form and fastavro."""
        header, schema, convert = self._by_contract[contract.event, contract.version]
        record = {
            "event_id": event_id,
            "event": contract.event,
            "user_id": user_id,
            "timestamp": timestamp,
            "contract_version": contract.version,
            "data": convert(data, "/data"),
        }
        out = io.BytesIO()
        out.write(header)
        try:
            fastavro.schemaless_writer(out, schema, record)
        except (ValueError, TypeError, OverflowError, UnicodeError) as error:
            raise EncodeError("", f"cannot be stored as Avro: {error}") from error
        return out.getvalue()

    def image(self, contract: Contract, value: bytes, data: Mapping[str, Any]) -> bytes:
        """What the event's row holds of ``data``: one text for one event, however it was spelt.

        Read as the loader reads it, in the shape of the event's newest contract; so it is the same
        for the same data by whichever version it was sent.  (Where the newest cannot read it, in
        its own.)  JSON with sorted keys, without the context: a repetition may have another.

        Args:
            contract: what ``value`` was encoded for.
            value: what :meth:`encode` gave for ``data``.
            data: parsed JSON, by JSON name, without the context's fields.
        """
        kept = self._kept[contract.event, contract.version]
        return self.image_as_reference(contract, value) if kept is None else kept(data)

    def image_as_reference(self, contract: Contract, value: bytes) -> bytes:
        """The same as :meth:`image`, read out of the value."""
        _, written_with, _ = self._by_contract[contract.event, contract.version]
        reader, convert = self._readers[contract.event, contract.version]
        body = io.BytesIO(value)
        body.seek(framing.HEADER_BYTES)
        record = fastavro.schemaless_reader(body, written_with, reader)
        assert isinstance(record, dict)
        return orjson.dumps(convert(record["data"]), option=orjson.OPT_SORT_KEYS)


def _reader_of(catalog: Catalog, contract: Contract) -> Contract:
    """The event's newest contract, if it reads what is written for this one; else this one."""
    newest = catalog.get(contract.event)
    schemas = avro_schema(catalog, newest), avro_schema(catalog, contract)
    return contract if incompatibilities(*map(resolve, schemas)) else newest


class Decoder:
    """Turns Kafka keys and values into messages, by the schema each value names."""

    def __init__(self, catalog: Catalog, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._keys = KeyCheck(catalog)
        self._namespace = catalog.naming.namespace
        self._readers: dict[str, Schema] = {
            self._name_of(contract.event): fastavro.parse_schema(avro_schema(catalog, contract))
            for contract in catalog.newest
        }
        self._checks = {
            contract.event: check
            for contract in catalog.newest
            if (check := type_check(ValueType(contract.data))) is not None
        }
        self._known: dict[str, list[AvroType]] = defaultdict(list)
        for contract in catalog:
            known = resolve(avro_schema(catalog, contract))
            self._known[self._name_of(contract.event)].append(known)
        self._written = {
            self._name_of(contract.event): (
                avro_schema(catalog, contract),
                column_reader(contract.event, message_fields(catalog, contract)),
            )
            for contract in catalog.newest
        }
        self._columns: dict[int, ColumnReader | None] = {}
        self._writers: dict[int, tuple[str, Schema, Schema | None]] = {}

    def decode(self, key: bytes | None, value: bytes | None) -> Message:
        """The message in a Kafka record, in the shape of the event's newest contract.

        Raises:
            UndecodableError: no contract can read it; it will not get better, unless the reason is
                SCHEMA_NEWER: then newer contracts read it.
            RegistryUnavailableError: the schema could not be fetched now.
        """
        schema_id = framing.schema_id_of(value)
        assert value is not None
        reader_name, writer, reader = self._schemas(schema_id)
        body = io.BytesIO(value)
        body.seek(framing.HEADER_BYTES)
        try:
            record = fastavro.schemaless_reader(body, writer, reader)
        except _UNREADABLE as error:
            detail = f"{type(error).__name__}: {error}"[:_SHOWN_CHARACTERS]
            raise UndecodableError(Reason.AVRO_UNREADABLE, detail, schema_id) from error
        if body.tell() != len(value):
            detail = f"{len(value) - body.tell()} bytes"
            raise UndecodableError(Reason.TRAILING_BYTES, detail, schema_id)
        assert isinstance(record, dict)
        if reader_name != self._name_of(record["event"]):
            detail = f"the record is {reader_name}, the event in it {record['event']!r}"
            raise UndecodableError(Reason.KEY_MISMATCH, detail, schema_id)
        if check := self._checks.get(record["event"]):
            try:
                check(record["data"], "/data")
            except ValueError as error:
                raise UndecodableError(Reason.DATA_INVALID, str(error), schema_id) from error
        if not self._keys.fits(key, record["event"]):
            shown = key if key is None or len(key) <= _SHOWN_BYTES else key[:_SHOWN_BYTES] + b"..."
            detail = f"the key is {shown!r}, the event {record['event']!r}"
            raise UndecodableError(Reason.KEY_MISMATCH, detail, schema_id)
        return Message(**record)

    def key_fits(self, key: bytes | None, event: str) -> bool:
        """Whether a message's key names the event, which has a contract."""
        return self._keys.fits(key, event)

    def columns(self, schema_id: int) -> ColumnReader | None:
        """The fast way for what is written with this schema; None where there is only this one.

        Raises:
            RegistryUnavailableError: the schema could not be fetched now.
        """
        try:
            self._schemas(schema_id)
        except UndecodableError:
            return None
        return self._columns[schema_id]

    def _name_of(self, event: str) -> str:
        return record_name(event, self._namespace)

    def _schemas(self, schema_id: int) -> tuple[str, Schema, Schema | None]:
        known = self._writers.get(schema_id)
        if known is not None:
            return known
        try:
            text = self._registry.schema(schema_id)
            writer = fastavro.parse_schema(json.loads(text))
        except SchemaNotFoundError as error:
            raise UndecodableError(Reason.SCHEMA_ID_UNKNOWN, str(error), schema_id) from error
        except _NO_AVRO_SCHEMA as error:
            detail = f"the registry's schema is no Avro schema: {error}"
            raise UndecodableError(Reason.SCHEMA_NOT_OURS, detail, schema_id) from error
        name = str(writer.get("name") if isinstance(writer, dict) else writer)
        reader = self._readers.get(name)
        if reader is None:
            detail = f"its type is {name}"
            raise UndecodableError(Reason.SCHEMA_NOT_OURS, detail, schema_id)
        if not self._is_known(name, text):
            detail = f"no contract of {name} takes all that its schema says"
            raise UndecodableError(Reason.SCHEMA_NEWER, detail, schema_id)
        # Nothing has to be resolved where the writer's schema is the reader's own.
        own, columns = self._written[name]
        is_own = json.loads(text) == own
        self._columns[schema_id] = columns if is_own else None
        self._writers[schema_id] = name, writer, None if is_own else reader
        return self._writers[schema_id]

    def _is_known(self, name: str, text: str) -> bool:
        """Whether a version of the contract reads all that is written with the schema.

        An earlier version counts: what a newer one has given up is not lost by mistake.
        """
        written = resolve(json.loads(text))
        return any(takes_whole(known, written) for known in self._known[name])


_NO_AVRO_SCHEMA = (KeyError, TypeError, ValueError, fastavro.schema.SchemaParseException)
"""What fastavro and json raise for a text that is no Avro schema."""

_UNREADABLE = (
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
    fastavro.schema.SchemaParseException,
    SchemaResolutionError,
)
"""What fastavro raises for bytes that do not fit the schema."""
