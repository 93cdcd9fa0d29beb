"""Erasing a user: what is known of them goes, the events stay as nobody's.

In every event's table the user's rows lose what tells about a person: ``user_id`` becomes
``erased``, and each column whose field is marked ``x-pii`` its type's empty value (NULL where it
has one).  Where the table is sorted by such a column, which no ClickHouse changes, the rows are
deleted.

Kafka, the dead letters and Redis still hold the events for a while, and loading them again must
not bring anything back.  So a hash of the user's id is recorded first (``ugc.erased_users``), and
the loader asks it before every insert: events of that user up to that time become rows that look
like erased ones.  The statements hold the hash, too, since ClickHouse shows them to others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.cluster import first_statements
from ch_schema.ddl.internal import ERASED_USERS
from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.ddl.reports import ANONYMOUS, ERASED
from ch_schema.ddl.rows import USER_COLUMN
from ch_schema.ddl.tables import DATABASE, Table
from ch_schema.errors import EraseError
from ch_schema.migrate.mutations import Mutation, wait_for_mutations
from ch_schema.migrate.run import utc_now
from ch_schema.quoting import quote_identifier, quote_string
from contracts.message import Message

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ROUNDS = 20
_SOURCE = f"{quote_identifier(ERASED_USERS.database)}.{quote_identifier(ERASED_USERS.name)}"
_NAME = f"{ERASED_USERS.database}.{ERASED_USERS.name}"
_HASH_OF_ROW = f"lower(hex(SHA256({quote_identifier(USER_COLUMN)})))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What becomes of the user's rows in one table. ``columns`` is empty where they are deleted."""

    table: Table
    rows: int
    columns: tuple[str, ...]

    @property
    def deletes(self) -> bool:
        """Whether the rows go as a whole."""
        return not self.columns


def user_hash(user_id: str) -> str:
    """What is recorded of a user."""
    return hashlib.sha256(user_id.encode()).hexdigest()


class Eraser:
    """Erases users from the tables of all events (and only of events)."""

    def __init__(
        self,
        client: ClickHouse,
        tables: Sequence[Table],
        *,
        layout: Layout = ONE_SERVER,
        clock: Callable[[], dt.datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._tables = tables
        self._layout = layout
        self._clock = clock
        self._sleep = sleep

    def affected(self, user_id: str) -> tuple[Affected, ...]:
        """Every table with rows of the user; duplicates count too.

        Raises:
            EraseError: no user has this id.
            ClickHouseError: a table cannot be read.
        """
        if user_id in ("", ANONYMOUS, ERASED):
            raise EraseError(f"{user_id!r} is no user's id")
        found = []
        there = self._with_users()
        for table in self._tables:
            if table.name not in there:
                continue
            (counted,) = self._client.query(
                f"SELECT count() AS rows FROM {table.qualified_name}"  # noqa: S608 - quoted
                f" WHERE {quote_identifier(USER_COLUMN)} = {{user:String}}",
                parameters={"user": user_id},
            )
            if counted["rows"]:
                columns = () if _is_sorted_by_pii(table) else _marked(table)
                found.append(Affected(table=table, rows=counted["rows"], columns=columns))
        return tuple(found)

    def strangers(self) -> tuple[str, ...]:
        """Tables with a column of users that no contract describes: nothing is erased there."""
        known = {table.name for table in self._tables}
        return tuple(f"{DATABASE}.{name}" for name in sorted(self._with_users() - known))

    def _with_users(self) -> set[str]:
        rows = self._client.query(
            "SELECT table FROM system.columns AS c WHERE name = {name:String}"
            " AND database = {database:String} AND table IN (SELECT name FROM system.tables"
            " WHERE database = {database:String} AND engine NOT LIKE '%View')",
            parameters={"name": USER_COLUMN, "database": DATABASE},
        )
        return {row["table"] for row in rows}

    def erase(
        self,
        user_id: str,
        *,
        settle_seconds: float = 10.0,
        say: Callable[[tuple[Mutation, ...]], object] = lambda _left: None,
    ) -> int:
        """Returns how many rows were found, when none is left.

        Args:
            user_id: whose.
            settle_seconds: a loader that asked just before the record was made may still insert;
                so long after the last change the tables are looked at again.
            say: hears which mutations are still at work, several times a second.

        Raises:
            EraseError: no user has this id, or rows of them keep coming.
            ClickHouseError: it ended early; it may simply be begun again.
        """
        rows = sum(each.rows for each in self.affected(user_id))
        for statement in first_statements(ERASED_USERS, self._layout):
            self._client.execute(statement)
        self._record(user_id)
        for _ in range(_ROUNDS):
            left = self.affected(user_id)
            if not left:
                self._sleep(settle_seconds)
                left = self.affected(user_id)
            if not left:
                return rows
            self._mutate(left, user_id, say)
        raise EraseError("rows of the user keep coming: is a loader of an older release running?")

    def _record(self, user_id: str) -> None:
        now = self._clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        version = (now - _EPOCH) // dt.timedelta(milliseconds=1)
        hashed = user_hash(user_id)
        values = {
            "user_hash": hashed,
            "erased_at": now,
            "version": version,
            "epoch": _EPOCH,
        }
        names = [column.name for column in ERASED_USERS.columns]
        row = [values[name] for name in names]
        self._client.insert(_NAME, names, [row], deduplication_token=f"{hashed}-{version}")

    def _mutate(
        self,
        affected: Sequence[Affected],
        user_id: str,
        say: Callable[[tuple[Mutation, ...]], object],
    ) -> None:
        for each in affected:
            stored = each.table.on(self._layout, each.table.database)
            statement = _statement(replace(each, table=stored), user_id)
            self._client.execute(statement, settings={"mutations_sync": 0})
        by_database: dict[str, set[str]] = {}
        for each in affected:
            stored_in = self._layout.stored_in(each.table.database)
            by_database.setdefault(stored_in, set()).add(each.table.name)
        for database, names in by_database.items():
            wait_for_mutations(
                self._client,
                database,
                names,
                sleep=self._sleep,
                cluster=self._layout.cluster,
                say=say,
            )


def _statement(affected: Affected, user_id: str) -> str:
    table = affected.table
    where = f"WHERE {_HASH_OF_ROW} = {quote_string(user_hash(user_id))}"
    if affected.deletes:
        return f"ALTER TABLE {table.named} DELETE {where}"
    types = {column.name: column.type for column in table.columns}
    changes = ", ".join(
        f"{quote_identifier(name)} = {_empty(name, types[name])}" for name in affected.columns
    )
    return f"ALTER TABLE {table.named} UPDATE {changes} {where}"


def _empty(name: str, type_text: str) -> str:
    if name == USER_COLUMN:
        return quote_string(ERASED)
    return f"defaultValueOfTypeName({quote_string(type_text)})"


def _marked(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.pii is not None)


def _is_sorted_by_pii(table: Table) -> bool:
    return bool({*_marked(table)} & {*table.sorting_key})


class ErasedUsers:
    """Who was erased, and up to which time; for the loader."""

    def __init__(self, client: ClickHouse) -> None:
        self._client = client
        self._until: Mapping[str, dt.datetime] = {}

    def refresh(self) -> None:
        """Asks ClickHouse.

        Raises:
            ClickHouseError: it does not answer, or the table is missing.
        """
        rows = self._client.query(
            f"SELECT user_hash, max(erased_at) AS until FROM {_SOURCE} GROUP BY user_hash"  # noqa: S608 - ours
        )
        self._until = {row["user_hash"]: row["until"] for row in rows}

    def covers(self, message: Message) -> bool:
        """Whether the message is from a user who was erased after it."""
        if not self._until:
            return False
        until = self._until.get(user_hash(message.user_id))
        return until is not None and message.timestamp <= until

    def until(self, user_ids: Iterable[str]) -> Mapping[str, dt.datetime]:
        """Of these users those who were erased, and up to which time."""
        if not self._until:
            return {}
        known = ((user_id, self._until.get(user_hash(user_id))) for user_id in user_ids)
        return {user_id: until for user_id, until in known if until is not None}
