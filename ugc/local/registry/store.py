"""The folder of the embedded server: one SQLite database, written before it is acknowledged.

WAL with ``synchronous=FULL``: a commit is on disk when it returns.  Every call works inside one
transaction of :class:`SchemaStore`; writing ones exclude each other across threads and processes,
so that what is read in one still holds when it writes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from registry.errors import SchemaStoreError
from ugc.local.registry.requests import Reference

_LAYOUT = 1
_BUSY_SECONDS = 5.0

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS schemas (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, text TEXT NOT NULL, refs TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS schemas_by_fingerprint ON schemas (fingerprint);
CREATE TABLE IF NOT EXISTS refs (
    schema_id INTEGER NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (subject, version, schema_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    subject TEXT NOT NULL, version INTEGER NOT NULL, schema_id INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, version)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS versions_by_schema ON versions (schema_id);
CREATE TABLE IF NOT EXISTS settings (
    kind TEXT NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS highest_id (id INTEGER NOT NULL);
INSERT INTO highest_id SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM highest_id);
COMMIT;
"""

_VERSIONS = """
SELECT subject, version, is_deleted, id, text, refs
FROM versions JOIN schemas ON schemas.id = versions.schema_id
"""


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A schema by its id; ``text`` is canonical."""

    id: int
    text: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A schema's place in a subject. A deleted one can be read when asked for, and made final."""

    subject: str
    version: int
    is_deleted: bool
    schema: StoredSchema


class SchemaStore:
    """The database in a folder, which is made if it is missing. Close it after use.

    Raises:
        SchemaStoreError: the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                folder / "registry.sqlite3",
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        except (OSError, sqlite3.Error) as error:
            raise SchemaStoreError(f"{folder}: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise SchemaStoreError(f"{folder}: {error}") from error
        except SchemaStoreError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
        if layout > _LAYOUT:
            raise SchemaStoreError(f"the folder has layout {layout}, newer than {_LAYOUT}")
        if layout < _LAYOUT:
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA user_version = {_LAYOUT}")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """One consistent view.

        Raises:
            SchemaStoreError: the database fails.
        """
        with self._transaction("BEGIN") as rows:
            yield rows

    @contextmanager
    def write(self) -> Iterator[Rows]:
        """One change: on disk when the block ends, undone when it raises.

        Raises:
            SchemaStoreError: the database fails, or others write for more than five seconds.
        """
        with self._transaction("BEGIN IMMEDIATE") as rows:
            yield rows

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Rows]:
        with self._lock:
            try:
                self._connection.execute(begin)
                try:
                    yield Rows(self._connection)
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise SchemaStoreError(str(error)) from error


class Rows:
    """What is in the folder, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def versions(self, subject: str | None = None) -> list[StoredVersion]:
        """All versions, deleted ones too, of one subject or of all: by subject, then version."""
        where, values = ("", ()) if subject is None else ("WHERE subject = ?", (subject,))
        found = self._execute(f"{_VERSIONS} {where} ORDER BY subject, version", values)
        return [_version(*row) for row in found]

    def version(self, subject: str, version: int) -> StoredVersion | None:
        """One version, deleted or not."""
        found = self._execute(
            f"{_VERSIONS} WHERE subject = ? AND version = ?", (subject, version)
        ).fetchone()
        return found and _version(*found)

    def versions_with(self, schema_id: int) -> list[StoredVersion]:
        """The versions that hold a schema, deleted ones too."""
        found = self._execute(
            f"{_VERSIONS} WHERE schema_id = ? ORDER BY subject, version", (schema_id,)
        )
        return [_version(*row) for row in found]

    def schema(self, schema_id: int) -> StoredSchema | None:
        found = self._execute(
            "SELECT id, text, refs FROM schemas WHERE id = ?", (schema_id,)
        ).fetchone()
        return found and _schema(*found)

    def ids_of(self, text: str, references: tuple[Reference, ...]) -> list[int]:
        """The ids of a schema, lowest first; more than one only after an import."""
        found = self._execute(
            "SELECT id FROM schemas WHERE fingerprint = ? ORDER BY id",
            (_fingerprint(text, _refs_text(references)),),
        )
        return [schema_id for (schema_id,) in found]

    def referencing(self, subject: str, version: int) -> list[int]:
        """The ids of schemas that use a version and stand in a version that is not deleted."""
        found = self._execute(
            "SELECT DISTINCT schema_id FROM refs JOIN versions USING (schema_id) "
            "WHERE refs.subject = ? AND refs.version = ? AND NOT is_deleted ORDER BY schema_id",
            (subject, version),
        )
        return [schema_id for (schema_id,) in found]

    def new_id(self) -> int:
        """An id that no schema has or had."""
        self._execute("UPDATE highest_id SET id = id + 1")
        (schema_id,) = self._execute("SELECT id FROM highest_id").fetchone()
        return int(schema_id)

    def put(self, subject: str, version: int, schema: StoredSchema) -> None:
        """Makes ``schema`` that version, in place of what was there."""
        before = self.version(subject, version)
        refs = _refs_text(schema.references)
        self._execute("UPDATE highest_id SET id = max(id, ?)", (schema.id,))
        self._execute(
            "INSERT OR IGNORE INTO schemas (id, fingerprint, text, refs) VALUES (?, ?, ?, ?)",
            (schema.id, _fingerprint(schema.text, refs), schema.text, refs),
        )
        for each in schema.references:
            self._execute(
                "INSERT OR IGNORE INTO refs (schema_id, subject, version) VALUES (?, ?, ?)",
                (schema.id, each.subject, each.version),
            )
        self._execute(
            "INSERT OR REPLACE INTO versions (subject, version, schema_id) VALUES (?, ?, ?)",
            (subject, version, schema.id),
        )
        if before is not None:
            self._forget_unused(before.schema.id)

    def mark_deleted(self, subject: str, versions: Iterable[int]) -> None:
        """Soft deletion."""
        for version in versions:
            self._execute(
                "UPDATE versions SET is_deleted = 1 WHERE subject = ? AND version = ?",
                (subject, version),
            )

    def remove(self, version: StoredVersion) -> None:
        """Hard deletion; a schema goes with the last version that holds it."""
        self._execute(
            "DELETE FROM versions WHERE subject = ? AND version = ?",
            (version.subject, version.version),
        )
        self._forget_unused(version.schema.id)

    def _forget_unused(self, schema_id: int) -> None:
        if not self.versions_with(schema_id):
            self._execute("DELETE FROM schemas WHERE id = ?", (schema_id,))
            self._execute("DELETE FROM refs WHERE schema_id = ?", (schema_id,))

    def setting(self, kind: str, subject: str) -> str | None:
        found = self._execute(
            "SELECT value FROM settings WHERE kind = ? AND subject = ?", (kind, subject)
        ).fetchone()
        return found and str(found[0])

    def put_setting(self, kind: str, subject: str, value: str) -> None:
        self._execute(
            "INSERT OR REPLACE INTO settings (kind, subject, value) VALUES (?, ?, ?)",
            (kind, subject, value),
        )

    def remove_setting(self, kind: str, subject: str) -> None:
        self._execute("DELETE FROM settings WHERE kind = ? AND subject = ?", (kind, subject))


def _version(
    subject: str, version: int, is_deleted: int, schema_id: int, text: str, refs: str
) -> StoredVersion:
    return StoredVersion(subject, version, bool(is_deleted), _schema(schema_id, text, refs))


def _schema(schema_id: int, text: str, refs: str) -> StoredSchema:
    return StoredSchema(schema_id, text, tuple(Reference(**each) for each in json.loads(refs)))


def _refs_text(references: tuple[Reference, ...]) -> str:
    return json.dumps([asdict(each) for each in references])


def _fingerprint(text: str, refs: str) -> str:
    return hashlib.sha256(f"{refs}\n{text}".encode()).hexdigest()
