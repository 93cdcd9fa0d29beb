"""What leads from a live database to what the contracts describe. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from ch_schema.ddl.cluster import Spread
from ch_schema.ddl.tables import Table, create_database_statement
from ch_schema.ddl.targets import Targets
from ch_schema.ddl.views import View
from ch_schema.migrate.diff import Effect, Step, table_changes
from ch_schema.migrate.history import History
from ch_schema.migrate.live import Live, LiveTable


class Kind(StrEnum):
    """Why there is something to do."""

    MISSING = "missing"
    """A database, table or view is not there."""
    CHANGED = "changed"
    """The contract, or the way in which tables are made of contracts, is newer."""
    DRIFTED = "drifted"
    """This very contract was applied, and the database is no longer so: somebody changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step. ``rows`` and ``bytes`` estimate what is written anew (from the live parts).

    ``statement`` is None where nothing may be run: ``effect`` is then ``refused``.
    """

    object: str
    kind: Kind
    effect: Effect
    reason: str
    statement: str | None
    column: str | None = None
    contract: str = ""
    rows: int = 0
    bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "writes_parts": self.effect.writes_parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``tasks`` in the order in which they have to be run.

    ``notes`` tell what is left as it is.  ``edited`` names contract versions that say something
    else than when they were applied, and entries of the record that were changed.
    """

    tasks: tuple[Task, ...]
    notes: tuple[str, ...]
    edited: tuple[str, ...]

    @property
    def refused(self) -> tuple[Task, ...]:
        """What cannot be done by any statement."""
        return tuple(task for task in self.tasks if task.effect is Effect.REFUSED)

    @property
    def dangerous(self) -> tuple[Task, ...]:
        """What needs a flag."""
        return tuple(
            task
            for task in self.tasks
            if not task.effect.is_safe and task.effect is not Effect.REFUSED
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        tasks = [task.as_dict() for task in self.tasks]
        return {"steps": tasks, "notes": list(self.notes), "edited": list(self.edited)}


def plan(targets: Targets, live: Live, history: History) -> Plan:
    """Every step, whether it may be taken or not."""
    notes: list[str] = []
    tasks = [
        Task(
            object=name,
            kind=Kind.MISSING,
            effect=Effect.ADDITIVE,
            reason="the database is missing",
            statement=create_database_statement(name, targets.layout),
        )
        for name in targets.all_databases
        if name not in live.databases
    ]
    ahead = set()
    for table in targets.tables:
        contract = targets.contracts.get(table.name, "")
        if contract and history.newest(table.name) > _number(contract):
            ahead.add(table.name)
            newest = history.newest(table.name)
            notes.append(f"{table.name} is at version {newest}, these contracts end at {contract}")
            continue
        if not targets.layout.cluster and (table.database, table.name) in live.views:
            tasks.append(_spread_already(table))
            continue
        tasks += _table(table, contract, live.tables.get(table.name), history)
        notes += _extra(table, live.tables.get(table.name))
    for spread in targets.spread:
        if spread.name not in ahead:
            tasks += _view(spread, live)
    for view in targets.views:
        # A report may be over several tables; an older program does not take columns back.
        if view.name not in ahead and not (ahead and view.database == targets.databases.reports):
            tasks += _view(view, live)
    notes += _strangers(targets, live)
    return Plan(
        tasks=tuple(tasks), notes=tuple(notes), edited=(*_edited(targets, history), *history.forged)
    )


def _strangers(targets: Targets, live: Live) -> Iterator[str]:
    tables = {table.name for table in targets.tables}
    views = {(view.database, view.name) for view in targets.views}
    views |= {(targets.databases.tables, name) for name in tables}
    for name in sorted(live.tables):
        if name not in tables:
            yield f"{targets.databases.tables}.{name} is in no contract of today; it is kept"
    for database, name in sorted(live.views):
        if (database, name) not in views:
            what = "in" if database == targets.databases.tables else "a view of"
            yield f"{database}.{name} is {what} no contract of today; it is kept"


def _number(contract: str) -> int:
    return int(contract.rpartition("@")[2])


def _edited(targets: Targets, history: History) -> Iterator[str]:
    for name, recorded in history.versions.items():
        if targets.versions.get(name, recorded) != recorded:
            yield name


def _table(table: Table, contract: str, live: LiveTable | None, history: History) -> Iterator[Task]:
    if live is None:
        yield Task(
            object=table.name,
            kind=Kind.MISSING,
            effect=Effect.ADDITIVE,
            reason="the table is missing",
            statement=table.create_statement(),
            contract=contract,
        )
        return
    kind = Kind.DRIFTED if contract in history.versions else Kind.CHANGED
    for step in _steps(table, live):
        yield Task(
            object=table.name,
            kind=kind,
            effect=step.effect,
            reason=step.reason,
            statement=step.statement,
            column=step.column,
            contract=contract,
            rows=live.rows if step.effect.writes_parts else 0,
            bytes=_bytes(step, live) if step.effect.writes_parts else 0,
        )


def _bytes(step: Step, live: LiveTable) -> int:
    """Of the column; small parts do not count columns apart, then of the table."""
    return live.column_bytes.get(step.column or "", 0) or live.bytes_on_disk


def _steps(table: Table, live: LiveTable) -> Iterator[Step]:
    if not live.engine.endswith(f"ReplacingMergeTree({table.version})") and not (
        "ReplicatedReplacingMergeTree" in live.engine or "SharedReplacingMergeTree" in live.engine
    ):
        yield _refused(f"the engine is {live.engine}, not ReplacingMergeTree({table.version})")
    if live.partition != table.partition:
        yield _refused(f"it is partitioned by {live.partition}, not {table.partition}")
    wanted = tuple(part.strip("`") for part in table.order)
    if live.order != wanted:
        yield _refused(f"it is sorted by {', '.join(live.order)}, not {', '.join(wanted)}")
    if live.window_blocks == 0:
        yield Step(
            effect=Effect.ADDITIVE,
            reason="repeated inserts are not recognised",
            statement=f"ALTER TABLE {table.named} MODIFY SETTING {table.window_setting}",
        )
    known = {column.name for column in table.columns}
    old = replace(
        live.table,
        columns=tuple(column for column in live.table.columns if column.name in known),
        sorting_key=table.sorting_key,
        row_key=table.row_key,
        version=table.version,
        time=table.time,
    )
    for step in table_changes(old, table):
        if step.statement is not None or step.effect is Effect.REFUSED:
            yield step


def _refused(reason: str) -> Step:
    return Step(effect=Effect.REFUSED, reason=reason)


def _extra(table: Table, live: LiveTable | None) -> Iterator[str]:
    if live is not None:
        known = {column.name for column in table.columns}
        for column in live.table.columns:
            if column.name not in known:
                yield f"{table.name}.{column.name} is in no contract of today; it is kept"


def _spread_already(table: Table) -> Task:
    return Task(
        object=table.name,
        kind=Kind.DRIFTED,
        effect=Effect.REFUSED,
        reason="it is Distributed over a cluster: set CLICKHOUSE_CLUSTER to the cluster's name",
        statement=None,
    )


def _view(view: View | Spread, live: Live) -> Iterator[Task]:
    comment = live.views.get((view.database, view.name))
    what = "Distributed table" if isinstance(view, Spread) else "view"
    if comment != view.full_comment:
        yield Task(
            object=f"{view.database}.{view.name}",
            kind=Kind.MISSING if comment is None else Kind.CHANGED,
            effect=Effect.ADDITIVE,
            reason=f"the {what} is missing" if comment is None else f"the {what} has other columns",
            statement=view.create_statement(),
        )
