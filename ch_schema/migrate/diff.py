"""Old table → new table → the statements that lead there, each with what it does to old rows. Pure.

``ALTER TABLE … MODIFY COLUMN`` converts what is stored, and where a value does not convert it fails
half way or, worse, stores another value. So a type may only change where every old value is also a
value of the new type; everything else is refused here, before a server sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ch_schema.ddl.tables import Column, Table, lifetime
from ch_schema.quoting import quote_identifier, quote_string
from ch_schema.values import is_nullable, split_type

LONGEST_RETENTION_DAYS = 20_000
"""ClickHouse adds a lifetime to a 32-bit DateTime. Beyond 2106 it wraps, and drops new rows."""


class Effect(StrEnum):
    """What a step does to the rows that are there."""

    ADDITIVE = "additive"
    """Nothing: only the table's description changes."""
    WIDENING = "widening"
    """Each keeps its value, in a column that can hold more."""
    REWRITING = "rewriting"
    """Each keeps its value, but is stored in another way: the whole column is written anew."""
    ERASING = "erasing"
    """Rows or values that are old enough are dropped, as the contract now asks."""
    REFUSED = "refused"
    """A value would change, vanish or be made up; or ClickHouse does not do it at all."""

    @property
    def is_safe(self) -> bool:
        """Whether a release may bring this along without further thought."""
        return self in (Effect.ADDITIVE, Effect.WIDENING)

    @property
    def writes_parts(self) -> bool:
        """Whether data on disk is written anew, which takes time and room."""
        return self in (Effect.WIDENING, Effect.REWRITING, Effect.ERASING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One difference between two tables.

    ``column`` is the one concerned (``None``: the whole table). ``statement`` is ``None`` where
    there is nothing to run, or nothing that may be run.
    """

    effect: Effect
    reason: str
    column: str | None = None
    statement: str | None = None


def table_changes(old: Table, new: Table) -> tuple[Step, ...]:
    """What turns ``old`` into ``new``, in the order in which it has to be run.

    Columns and indexes that the new table lacks are kept. A statement that is repeated changes
    nothing (one that removes a lifetime then fails).
    """
    return (
        *_sorting_key(old, new),
        *_changed_columns(old, new),
        *_added_columns(old, new),
        *_kept_columns(old, new),
        *_indexes(old, new),
        *_retention(old, new),
        *_comment(old, new),
    )


def _alter(table: Table, what: str) -> str:
    return f"ALTER TABLE {table.named} {what}"


def _sorting_key(old: Table, new: Table) -> Iterator[Step]:
    if old.sorting_key != new.sorting_key:
        yield Step(
            effect=Effect.REFUSED,
            reason=f"the sorting key ({_listed(old)}) of a table cannot become ({_listed(new)})",
        )


def _listed(table: Table) -> str:
    return ", ".join((*table.sorting_key, *table.row_key))


def _changed_columns(old: Table, new: Table) -> Iterator[Step]:
    before = {column.name: column for column in old.columns}
    for column in new.columns:
        was = before.get(column.name)
        if was is None:
            continue
        if was.type != column.type:
            yield _retyped(old, new, was, column)
        elif was.comment != column.comment:
            comment = quote_string(column.comment)
            yield Step(
                effect=Effect.ADDITIVE,
                reason="the comment changes",
                column=column.name,
                statement=_alter(new, f"COMMENT COLUMN {quote_identifier(column.name)} {comment}"),
            )
        if was.type == column.type and column.codec not in (None, was.codec):
            yield Step(
                effect=Effect.ADDITIVE,
                reason="parts are compressed in another way from now on",
                column=column.name,
                statement=_modify(new, column, f"CODEC({column.codec})"),
            )
        yield from _column_lifetime(new, was, column)


def _modify(table: Table, column: Column, what: str) -> str:
    name = quote_identifier(column.name)
    return _alter(table, f"MODIFY COLUMN {name} {column.type} {what}")


def _column_lifetime(table: Table, was: Column, column: Column) -> Iterator[Step]:
    before, after = was.kept_days, column.kept_days
    if before == after:
        return
    if after is None:
        name = quote_identifier(column.name)
        statement = _alter(table, f"MODIFY COLUMN {name} REMOVE TTL")
        effect, reason = Effect.ADDITIVE, f"values are kept with their row, not for {before} days"
    else:
        statement = _modify(table, column, lifetime(table.time, after))
        sooner = before is None or after < before
        effect = Effect.ERASING if sooner else Effect.ADDITIVE
        reason = f"values are cleared after {after} days, not {before or 'never'}"
    yield Step(effect=effect, reason=reason, column=column.name, statement=statement)


def _retyped(old: Table, new: Table, was: Column, column: Column) -> Step:
    becomes = f"{was.type} becomes {column.type}"
    if column.name in (*old.sorting_key, *new.sorting_key):
        effect, reason = Effect.REFUSED, f"the table is sorted by it, and {becomes}"
    elif _widens(was.type, column.type):
        effect, reason = Effect.WIDENING, becomes
    elif _widens(_as_text(_plain(was.type)), _plain(column.type)):
        effect, reason = Effect.REWRITING, f"the whole column is written anew: {becomes}"
    else:
        effect, reason = Effect.REFUSED, f"stored values do not convert: {becomes}"
    written = replace(column, kept_days=was.kept_days).definition(new.time)
    statement = _alter(new, f"MODIFY COLUMN {written}")
    return Step(
        effect=effect,
        reason=reason,
        column=column.name,
        statement=None if effect is Effect.REFUSED else statement,
    )


def _added_columns(old: Table, new: Table) -> Iterator[Step]:
    known = {column.name for column in old.columns}
    for index, column in enumerate(new.columns):
        if column.name in known:
            continue
        elsewhere = sorted(name for name in known if _is_part(name, column.name))
        if elsewhere:
            yield Step(
                effect=Effect.REFUSED,
                reason=f"old rows hold this in {', '.join(elsewhere)}, new ones would not",
                column=column.name,
            )
        elif not is_nullable(column.type):
            yield Step(
                effect=Effect.REFUSED,
                reason=f"old rows would get a made-up value, since {column.type} has no NULL",
                column=column.name,
            )
        else:
            yield Step(
                effect=Effect.ADDITIVE,
                reason="a new column, NULL in old rows",
                column=column.name,
                statement=_alter(
                    new,
                    f"ADD COLUMN IF NOT EXISTS {column.definition(new.time)}"
                    f" AFTER {quote_identifier(new.columns[index - 1].name)}",
                ),
            )


def _is_part(one: str, other: str) -> bool:
    """Whether one column may hold a part of what the other holds (an object and its fields)."""
    return one.startswith(f"{other}__") or other.startswith(f"{one}__")


def _kept_columns(old: Table, new: Table) -> Iterator[Step]:
    known = {column.name for column in new.columns}
    for column in old.columns:
        if column.name in known:
            continue
        if is_nullable(column.type):
            yield Step(
                effect=Effect.ADDITIVE,
                reason="the column is kept; new rows have NULL there",
                column=column.name,
            )
        else:
            yield Step(
                effect=Effect.REFUSED,
                reason=f"new rows would get a made-up value, since {column.type} has no NULL",
                column=column.name,
            )


def _indexes(old: Table, new: Table) -> Iterator[Step]:
    for index in new.indexes:
        if index.name not in {each.name for each in old.indexes}:
            yield Step(
                effect=Effect.ADDITIVE,
                reason=f"new parts get the index {index.name}",
                statement=_alter(new, f"ADD INDEX IF NOT EXISTS {index.definition}"),
            )


def _retention(old: Table, new: Table) -> Iterator[Step]:
    before, after = old.retention_days, new.retention_days
    if before == after:
        return
    if after is None:
        statement, reason = "REMOVE TTL", f"rows are kept for ever, not for {before} days"
    else:
        statement = f"MODIFY {new.lifetime()}"
        reason = f"rows are kept for {after} days, not for {before}"
    if after is not None and after > LONGEST_RETENTION_DAYS:
        yield Step(
            effect=Effect.REFUSED,
            reason=f"ClickHouse's DateTime ends within {after} days, and would drop new rows",
        )
    elif after is not None and (before is None or after < before):
        yield Step(
            effect=Effect.ERASING,
            reason=f"rows older than {after} days are dropped",
            statement=_alter(new, statement),
        )
    else:
        yield Step(effect=Effect.ADDITIVE, reason=reason, statement=_alter(new, statement))


def _comment(old: Table, new: Table) -> Iterator[Step]:
    if old.comment != new.comment:
        yield Step(
            effect=Effect.ADDITIVE,
            reason="the table's comment changes",
            statement=_alter(new, f"MODIFY COMMENT {quote_string(new.comment)}"),
        )


def _widens(old: str, new: str) -> bool:
    """Whether ``new`` is ``old``, or the same with NULL allowed in more places."""
    match split_type(old), split_type(new):
        case (one, other) if one == other:
            return True
        case (("Nullable", (inner,)), ("Nullable", (becomes,))):
            return _widens(inner, becomes)
        case (_, ("Nullable", (becomes,))):
            return _widens(old, becomes)
        case (("LowCardinality" | "Array" as outer, (inner,)), (name, (becomes,))):
            return name == outer and _widens(inner, becomes)
        case (("Map", (key, inner)), ("Map", (other_key, becomes))):
            return key == other_key and _widens(inner, becomes)
        case _:
            return False


def _plain(type_text: str) -> str:
    """The type that holds the same values without a dictionary."""
    match split_type(type_text):
        case ("LowCardinality", (inner,)):
            return _plain(inner)
        case (name, arguments) if name in ("Nullable", "Array", "Map"):
            return f"{name}({', '.join(map(_plain, arguments))})"
        case _:
            return type_text


def _as_text(type_text: str) -> str:
    """A stored UUID converts to its text, and no value is lost; the way back is not so sure."""
    return type_text.replace("UUID", "String")
