"""The record of steps taken, kept in the database itself."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.internal import MIGRATIONS
from ch_schema.quoting import quote_identifier

_COLUMNS = tuple(column.name for column in MIGRATIONS.columns)
_BEGUN, _DONE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A step that is about to be run, or a contract version that was met."""

    object: str
    contract: str = ""
    contract_checksum: str = ""
    effect: str = ""
    statement: str = ""
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    begun_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the record says.

    ``versions``: contract version → checksum of what it said when it was met.  ``pending``: steps
    that were begun and not known to be done.  ``forged``: entries whose statement is not the one
    that was recorded.
    """

    versions: Mapping[str, str]
    pending: tuple[Entry, ...]
    forged: tuple[str, ...]

    def newest(self, event: str) -> int:
        """The highest version of an event that was met; 0 for none."""
        numbers = [
            int(number)
            for name, _, number in (known.rpartition("@") for known in self.versions)
            if name == event
        ]
        return max(numbers, default=0)


NOTHING = History(versions={}, pending=(), forged=())


def checksum(statement: str) -> str:
    """Of a statement, as it is recorded."""
    return hashlib.sha256(statement.encode()).hexdigest()


class Record:
    """The table of one database. ``clock`` gives aware times; ``who`` names this program."""

    def __init__(
        self, client: ClickHouse, database: str, *, clock: Callable[[], dt.datetime], who: str
    ) -> None:
        self._client = client
        self._table = f"{database}.{MIGRATIONS.name}"
        self._source = f"{quote_identifier(database)}.{quote_identifier(MIGRATIONS.name)}"
        self._clock = clock
        self._who = who

    def read(self) -> History:
        """Everything; the table has to be there."""
        rows = self._client.query(
            f"SELECT * FROM {self._source} FINAL ORDER BY begun_at, id"  # noqa: S608 - quoted
        )
        return History(
            versions={
                row["contract"]: row["contract_checksum"]
                for row in rows
                if row["contract_checksum"]
            },
            pending=tuple(_entry(row) for row in rows if row["state"] == "begun"),
            forged=tuple(
                f"{row['object']} at {row['begun_at']:%Y-%m-%d %H:%M:%S}"
                for row in rows
                if checksum(row["statement"]) != row["checksum"]
            ),
        )

    def now(self) -> dt.datetime:
        """To whole milliseconds, as the table keeps it."""
        moment = self._clock()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def begin(self, entries: Sequence[Entry]) -> None:
        """Says what is about to be run."""
        self._write(entries, _BEGUN, None)

    def end(self, entries: Sequence[Entry]) -> None:
        """Says that these are done."""
        self._write(entries, _DONE, self.now())

    def _write(self, entries: Iterable[Entry], version: int, ended_at: dt.datetime | None) -> None:
        rows = [self._row(entry, version, ended_at) for entry in entries]
        # Each write is its own: the token keeps a repeated attempt from being two.
        token = checksum(repr([(row[0], version) for row in rows]))
        self._client.insert(self._table, _COLUMNS, rows, deduplication_token=token)

    def _row(self, entry: Entry, version: int, ended_at: dt.datetime | None) -> tuple[Any, ...]:
        values = {
            "id": entry.id,
            "object": entry.object,
            "contract": entry.contract,
            "contract_checksum": entry.contract_checksum,
            "effect": entry.effect,
            "statement": entry.statement,
            "checksum": checksum(entry.statement),
            "state": "done" if version == _DONE else "begun",
            "begun_at": entry.begun_at,
            "ended_at": ended_at,
            "applied_by": self._who,
            "version": version,
        }
        return tuple(values[name] for name in _COLUMNS)


def _entry(row: Mapping[str, Any]) -> Entry:
    names = ("object", "contract", "contract_checksum", "effect", "statement", "id", "begun_at")
    return Entry(**{name: row[name] for name in names})
