"""Brings a database to what the contracts describe, and keeps a record of each step.

Several programs may do this at once, and each may be killed at any moment: every statement is
harmless when repeated, a plan is always made from what the database holds now, and an additive
step never takes back what a newer program did.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.cluster import first_statements
from ch_schema.ddl.internal import MIGRATIONS
from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.ddl.tables import Table, create_database_statement
from ch_schema.ddl.targets import Targets, targets_for
from ch_schema.ddl.views import Databases
from ch_schema.errors import (
    AmbiguousError,
    EditedHistoryError,
    MigrationNeededError,
    RefusedError,
    RetryableError,
)
from ch_schema.migrate.diff import Effect
from ch_schema.migrate.history import NOTHING, Entry, History, Record
from ch_schema.migrate.live import read_live
from ch_schema.migrate.mutations import wait_for_mutations
from ch_schema.migrate.plan import Plan, Task, plan
from ch_schema.quoting import quote_identifier
from contracts.model.loader import Catalog

_ATTEMPTS = 5
_FLUSH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """``tasks`` that were run, and how many steps of a killed run were found to be done."""

    tasks: tuple[Task, ...]
    resumed: int


def utc_now() -> dt.datetime:
    """The present, aware."""
    return dt.datetime.now(dt.UTC)


def this_program() -> str:
    """For the record."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Migrator:
    """One database's way to its targets."""

    def __init__(
        self,
        client: ClickHouse,
        targets: Targets,
        *,
        clock: Callable[[], dt.datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        who: str | None = None,
    ) -> None:
        self._client = client
        self._targets = targets
        self._sleep = sleep
        self._record = Record(
            client, targets.databases.tables, clock=clock, who=who or this_program()
        )

    def plan(self) -> Plan:
        """Reads the database and changes nothing.

        Raises:
            ClickHouseError: it cannot be read.
        """
        found, _ = self._look()
        return found

    def _look(self) -> tuple[Plan, History]:
        targets = self._targets
        live = read_live(self._client, targets.databases, targets.stored_in)
        asked = (targets.databases.tables, MIGRATIONS.name)
        is_there = asked in live.views if targets.spread else MIGRATIONS.name in live.tables
        history = self._record.read() if is_there else NOTHING
        return plan(self._targets, live, history), history

    def apply(
        self,
        allowed: frozenset[Effect] = frozenset(),
        *,
        accept_edited: bool = False,
        say: Callable[[Task], object] = lambda _task: None,
    ) -> Applied:
        """Takes every step, or none when one of them may not be taken.

        Args:
            allowed: effects beyond the safe ones.
            accept_edited: contract versions that were edited are recorded as they are now.
            say: is told each step before it is run.

        Raises:
            EditedHistoryError: a contract, or the record, is not what it was.
            MigrationNeededError: a step needs a flag, or cannot be taken at all.
            ClickHouseError: a statement failed; the steps before it are done and recorded.
        """
        done: list[Task] = []
        resumed = 0
        for attempt in range(_ATTEMPTS):
            found, history = self._look()
            self._check(found, allowed, accept_edited=accept_edited)
            if not found.tasks and not history.pending and not self._unmet(history):
                return Applied(tasks=tuple(done), resumed=resumed)
            try:
                self._ensure_record()
                resumed += self._settle(found)
                self._run(found, done, say)
            except (RetryableError, AmbiguousError):
                # The other appliers', or the network's. What was begun is looked at again.
                if attempt == _ATTEMPTS - 1:
                    raise
                self._sleep(0.2 * 2**attempt)
            else:
                self._note_versions()
                return Applied(tasks=tuple(done), resumed=resumed)
        raise AssertionError("the last attempt ends or raises")

    def dry_run(self, allowed: frozenset[Effect] = frozenset()) -> Applied:
        """Takes the same steps on empty copies of the tables, in databases of their own.

        Raises:
            MigrationNeededError, EditedHistoryError: as :meth:`apply`.
            ClickHouseError: a statement fails on the copy, or does not do what it should; or the
                tables are those of a cluster.
        """
        if self._targets.layout.cluster:
            raise RefusedError(
                "the tables of a cluster are not copied: try the steps on one server"
            )
        found = self.plan()
        self._check(found, allowed, accept_edited=False)
        with _copies(self._client, self._targets.databases, found) as names:
            copy = Migrator(self._client, self._targets.moved(names), sleep=self._sleep)
            applied = copy.apply(allowed)
            if left := copy.plan().tasks:
                raise RefusedError(f"{left[0].object}: {left[0].reason}, also after the plan")
        return applied

    def _check(self, found: Plan, allowed: frozenset[Effect], *, accept_edited: bool) -> None:
        if found.edited and not accept_edited:
            raise EditedHistoryError(found.edited)
        stops = [
            task for task in found.tasks if not task.effect.is_safe and task.effect not in allowed
        ]
        if stops:
            raise MigrationNeededError(
                tuple(f"{_where(task)}: {task.reason} ({task.effect})" for task in stops),
                can_be_allowed=not found.refused,
            )

    def _ensure_record(self) -> None:
        """The first step of all, since the others are recorded in it."""
        targets = self._targets
        for statement in first_statements(MIGRATIONS, targets.layout, targets.databases.tables):
            self._client.execute(statement)

    def _settle(self, found: Plan) -> int:
        """Steps of killed runs that are done, though nobody said so; those that run still."""
        pending = self._record.read().pending
        if not pending:
            return 0
        names = frozenset(entry.object for entry in pending)
        targets = self._targets
        wait_for_mutations(
            self._client,
            targets.stored_in,
            names,
            sleep=self._sleep,
            cluster=targets.layout.cluster,
        )
        open_ones = {(task.object, task.statement) for task in found.tasks}
        settled = [each for each in pending if (each.object, each.statement) not in open_ones]
        if settled:
            self._record.end(settled)
        return len(settled)

    def _run(self, found: Plan, done: list[Task], say: Callable[[Task], object]) -> None:
        pending = {(each.object, each.statement): each for each in self._record.read().pending}
        work = [
            (task, pending.get((task.object, task.statement)) or self._entry(task))
            for task in found.tasks
            if task.statement is not None
        ]
        if not work:
            return
        fresh = [entry for task, entry in work if (task.object, task.statement) not in pending]
        if fresh:
            self._record.begin(fresh)
        ended: list[Entry] = []
        try:
            for task, entry in work:
                say(task)
                self._execute(task)
                ended.append(entry)
                done.append(task)
                if task.effect.writes_parts or len(ended) >= _FLUSH:
                    self._record.end(ended)
                    ended = []
        finally:
            if ended:
                self._record.end(ended)

    def _execute(self, task: Task) -> None:
        assert task.statement is not None
        try:
            self._client.execute(task.statement)
        except RefusedError:
            # Another applier may have been faster; then the step is not in a new plan.
            if any(each.statement == task.statement for each in self.plan().tasks):
                raise

    def _entry(self, task: Task) -> Entry:
        return Entry(
            object=task.object,
            contract=task.contract,
            effect=task.effect,
            statement=task.statement or "",
            begun_at=self._record.now(),
        )

    def _note_versions(self) -> None:
        """Every contract version is recorded once: from then on it may not be edited."""
        now = self._record.now()
        entries = [
            Entry(
                object=name.partition("@")[0],
                contract=name,
                contract_checksum=found,
                begun_at=now,
                # The same whoever notes it, so that two at once leave one entry.
                id=uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {found}"),
            )
            for name, found in self._unmet(self._record.read()).items()
        ]
        if entries:
            self._record.end(entries)

    def _unmet(self, history: History) -> Mapping[str, str]:
        return {
            name: found
            for name, found in self._targets.versions.items()
            if history.versions.get(name) != found
        }


def _where(task: Task) -> str:
    return f"{task.object}.{task.column}" if task.column else task.object


@contextmanager
def _copies(client: ClickHouse, real: Databases, found: Plan) -> Iterator[Databases]:
    """Empty copies of the tables that the plan changes; gone afterwards."""
    mark = uuid.uuid4().hex[:8]
    names = Databases(
        tables=f"{real.tables}_dry_{mark}",
        unique=f"{real.unique}_dry_{mark}",
        reports=f"{real.reports}_dry_{mark}",
    )
    live = read_live(client, real)
    try:
        client.execute(create_database_statement(names.tables))
        for name in live.tables:
            if name != MIGRATIONS.name:
                copy = f"{quote_identifier(names.tables)}.{quote_identifier(name)}"
                source = f"{quote_identifier(real.tables)}.{quote_identifier(name)}"
                client.execute(f"CREATE TABLE {copy} AS {source}")
        yield names
    finally:
        for name in reversed(names.all):
            client.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")


def statements(catalog: Catalog) -> tuple[str, ...]:
    """Every statement of an empty database, in order. Each is harmless when repeated."""
    targets = targets_for(catalog)
    return (
        *map(create_database_statement, targets.databases.all),
        *(table.create_statement() for table in targets.tables),
        *(view.create_statement() for view in targets.views),
    )


def ensure_tables(
    client: ClickHouse,
    catalog: Catalog,
    internal: tuple[Table, ...] = (),
    layout: Layout = ONE_SERVER,
) -> tuple[str, ...]:
    """Takes the additive steps, and returns the statements that were run.

    Args:
        client: ClickHouse.
        catalog: the contracts.
        internal: tables of the caller's own (:mod:`ch_schema.ddl.internal`).
        layout: one server or a cluster.

    Raises:
        MigrationNeededError: a step is not additive; nothing was done.
        EditedHistoryError: a contract was edited after it was applied; nothing was done.
        ClickHouseError: as :meth:`ch_schema.client.protocol.ClickHouse.execute` does.
    """
    applied = Migrator(client, targets_for(catalog, internal, layout=layout)).apply()
    return tuple(task.statement for task in applied.tasks if task.statement is not None)
