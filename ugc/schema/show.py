"""Plans and steps as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ch_schema.migrate.diff import Effect
from ch_schema.migrate.plan import Plan, Task
from contracts.visible import counted

IN_STEP, ADDITIVE, DANGEROUS, IMPOSSIBLE = 0, 3, 4, 5
"""Exit codes of ``ugc schema plan``."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def exit_code(plan: Plan) -> int:
    """What there is to do, for CI."""
    if plan.edited or plan.refused:
        return IMPOSSIBLE
    if plan.dangerous:
        return DANGEROUS
    return ADDITIVE if plan.tasks else IN_STEP


def as_json_document(plan: Plan) -> dict[str, Any]:
    """``{steps, notes, edited, exit_code}``."""
    return {**plan.as_dict(), "exit_code": exit_code(plan)}


def in_words(plan: Plan) -> Iterator[str]:
    """A line of what and why for each step, its statement below it, and what they amount to."""
    for task in plan.tasks:
        yield task_line(task)
        if task.statement is not None:
            yield from (f"    {line}" for line in f"{task.statement};".split("\n"))
    for note in plan.notes:
        yield f"note: {note}"
    for name in plan.edited:
        yield f"edited after it was applied: {name}"
    yield _summary(plan)


def task_line(task: Task) -> str:
    """``drifted  order_placed.currency: … (rewriting; 12 rows, 3.4 KiB are written anew)``."""
    where = f"{task.object}.{task.column}" if task.column else task.object
    cost = ""
    if task.effect.writes_parts:
        rows = counted(task.rows, "row")
        cost = f"; {rows}, {_size(task.bytes)} are written anew, inserts go on meanwhile"
    return f"{task.kind:<8} {where}: {task.reason} ({task.effect}{cost})"


def _summary(plan: Plan) -> str:
    if not plan.tasks and not plan.edited:
        return "the database is in step with the contracts"
    counts = [
        f"{sum(task.effect is effect for task in plan.tasks)} {effect}"
        for effect in Effect
        if any(task.effect is effect for task in plan.tasks)
    ]
    written = sum(task.bytes for task in plan.tasks)
    steps = counted(len(plan.tasks), "step")
    return f"{steps}: {', '.join(counts)}; {_size(written)} to be written anew"


def _size(count: int) -> str:
    size = float(count)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit ends it")
