"""The verdict for ClickHouse: old rows stay readable, and no value is made up. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ch_schema.migrate.diff import Effect, Step
from contracts.model.types import Contract, RecordType
from ugc.compatibility.findings import Finding, Target

_WAYS_OUT = {
    Effect.REWRITING: (
        "keep the column as it is (x-categorical: true keeps a text column a dictionary),"
        " or write it anew as an operation of its own: `ugc schema apply --allow-rewrite`"
    ),
    Effect.ERASING: (
        "keep the lifetimes of x-table in the release, and shorten them as an operation of its own:"
        " `ugc schema apply --allow-erase`"
    ),
    Effect.REFUSED: "keep the column as it is, and add an optional field beside it",
}


def judge(old: Contract, new: Contract, steps: tuple[Step, ...]) -> tuple[Finding, ...]:
    """One finding for each step from the table of ``old`` to that of ``new``."""
    pointers = {**_pointers(old.data, "", ""), **_pointers(new.data, "", "")}
    return tuple(
        Finding(
            code=f"clickhouse.{step.effect}",
            target=Target.CLICKHOUSE,
            breaking=not step.effect.is_safe,
            pointer=pointers.get(step.column or "", "/x-table" if step.column is None else ""),
            message=f"column {step.column}: {step.reason}" if step.column else step.reason,
            against=old.id,
            way_out=_way_out(step),
        )
        for step in steps
    )


def _way_out(step: Step) -> str:
    if step.column is None and not step.effect.is_safe:
        return "keep x-table as it is; a table with another key or lifetime is a new event's"
    return _WAYS_OUT.get(step.effect, "")


def _pointers(record: RecordType, prefix: str, pointer: str) -> dict[str, str]:
    """Column name → pointer into the contract."""
    return dict(_leaves(record, prefix, pointer))


def _leaves(record: RecordType, prefix: str, pointer: str) -> Iterator[tuple[str, str]]:
    for field in record.fields:
        at = f"{pointer}/properties/{field.json_name}"
        yield prefix + field.name, at
        if isinstance(field.value.type, RecordType):
            yield from _leaves(field.value.type, f"{prefix}{field.name}__", at)
