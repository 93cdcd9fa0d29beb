"""Registering, finding and comparing schemas. Each function works inside one transaction."""

from __future__ import annotations

from contracts.visible import shortened
from registry.compatibility import AvroType, Level, check
from registry.errors import InvalidSchemaError
from ugc.local.registry import queries, refusals, settings
from ugc.local.registry.queries import Deleted
from ugc.local.registry.requests import Mode, SchemaRequest
from ugc.local.registry.schemas import Schema, are_same, live, parse, types_of
from ugc.local.registry.store import Rows, StoredSchema, StoredVersion

MAX_SCHEMA_BYTES = 1_000_000
"""What Kafka takes in one message by default, and with it Confluent's registry in one schema."""

_SHOWN_CHARACTERS = 10 * 1024


def register(rows: Rows, subject: str, request: SchemaRequest, *, normalize: bool) -> int:
    """The id of the schema in the subject; it becomes the newest version if it is not there.

    Raises:
        InvalidSchemaError: it is no schema, or the version asked for is not the next.
        RequestRefusedError: it is not compatible, or the mode forbids it.
    """
    known = parse(rows, request, is_new=False, normalize=normalize)
    found = find(rows, subject, known, with_deleted=False)
    if found is not None and _asks_for(request, found):
        return found.schema.id
    _check_mode(rows, subject, request)
    is_import = settings.mode_in_scope(rows, subject) is Mode.IMPORT
    schema = parse(rows, request, is_new=request.schema_id is None, normalize=normalize)
    if len(schema.text.encode()) > MAX_SCHEMA_BYTES:
        raise refusals.schema_too_large(MAX_SCHEMA_BYTES)
    history = rows.versions(subject)
    if not is_import:
        level = settings.level_in_scope(rows, subject)
        if messages := _problems(rows, level, schema.types, live(history)):
            raise refusals.incompatible_schema(subject, messages)
    following = history[-1].version + 1 if history else 1
    version = request.version or following
    if version != following and not is_import:
        raise InvalidSchemaError("Version is not one more than previous version")
    stored = StoredSchema(_id_for(rows, schema, request), schema.text, schema.references)
    for each in history:
        if each.is_deleted and each.schema.id == stored.id and each.version < version:
            rows.remove(each)
    rows.put(subject, version, stored)
    return stored.id


def find(rows: Rows, subject: str, schema: Schema, *, with_deleted: bool) -> StoredVersion | None:
    """The newest version of the subject that holds the schema.

    A schema without references is also found in a version that has some, if it is the same schema
    with the references filled in.
    """
    versions = [each for each in rows.versions(subject) if with_deleted or not each.is_deleted]
    for each in reversed(versions):
        if (each.schema.text, each.schema.references) == (schema.text, schema.references):
            return each
    if not schema.references:
        for each in reversed(versions):
            if each.schema.references and are_same(schema.types, types_of(rows, each.schema)):
                return each
    return None


def look_up(
    rows: Rows, subject: str, request: SchemaRequest, *, normalize: bool, with_deleted: bool
) -> StoredVersion:
    """The version of the subject that holds the schema.

    Raises:
        InvalidSchemaError: it is no schema.
        RequestRefusedError: the subject does not have it, or there is no such subject.
    """
    found = None
    if request.text.strip():
        schema = parse(rows, request, is_new=False, normalize=normalize)
        found = find(rows, subject, schema, with_deleted=with_deleted)
    if found is None:
        queries.versions_of(rows, subject, Deleted.INCLUDED if with_deleted else Deleted.EXCLUDED)
        raise refusals.schema_not_found()
    return found


def problems(
    rows: Rows,
    subject: str,
    request: SchemaRequest,
    earlier: list[StoredVersion],
    *,
    normalize: bool,
) -> list[str]:
    """Why the schema could not follow ``earlier`` versions (oldest first); empty when it could.

    Raises:
        InvalidSchemaError: it is no schema.
    """
    schema = parse(rows, request, is_new=True, normalize=normalize)
    return _problems(rows, settings.level_in_scope(rows, subject), schema.types, earlier)


def _asks_for(request: SchemaRequest, found: StoredVersion) -> bool:
    if request.version is None:
        return request.schema_id in (None, found.schema.id)
    return (request.schema_id, request.version) == (found.schema.id, found.version)


def _check_mode(rows: Rows, subject: str, request: SchemaRequest) -> None:
    settings.refuse_read_only(rows, subject)
    mode = settings.mode_in_scope(rows, subject)
    if request.schema_id is not None and mode is not Mode.IMPORT:
        raise refusals.not_permitted(f"Subject {subject} is not in import mode")
    if request.schema_id is None and mode is not Mode.READWRITE:
        raise refusals.not_permitted(f"Subject {subject} is not in read-write mode")


def _id_for(rows: Rows, schema: Schema, request: SchemaRequest) -> int:
    """The id asked for, else the one that the schema has in other subjects, else a new one."""
    if request.schema_id is None:
        ids = rows.ids_of(schema.text, schema.references)
        return ids[0] if ids else rows.new_id()
    holder = rows.schema(request.schema_id)
    if holder and (holder.text, holder.references) != (schema.text, schema.references):
        text = f"Overwrite new schema with id {request.schema_id} is not permitted."
        raise refusals.not_permitted(text)
    return request.schema_id


def _problems(rows: Rows, level: Level, new: AvroType, earlier: list[StoredVersion]) -> list[str]:
    """What Confluent's registry says of the newest version that is not compatible, or nothing."""
    looked_at = earlier if level.endswith("_TRANSITIVE") else earlier[-1:]
    findings = check(level, new, [types_of(rows, each.schema) for each in looked_at])
    if not findings:
        return []
    culprit = looked_at[findings[0].index]
    text = culprit.schema.text
    shown = shortened(text, _SHOWN_CHARACTERS)
    return [
        *(
            f"{{errorType:'{each.incompatibility.kind}', description:'{each.description()}', "
            f"additionalInfo:'{each.incompatibility.detail}'}}"
            for each in findings
            if each.index == findings[0].index
        ),
        f"{{oldSchemaVersion: {culprit.version}}}",
        f"{{oldSchema: '{shown}'}}",
        f"{{compatibility: '{level}'}}",
    ]
