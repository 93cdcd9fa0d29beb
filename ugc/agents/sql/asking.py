"""Asks ClickHouse a stranger's query, within limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import ClickHouseError
from ugc.agents.sql.errors import QueryRefusedError
from ugc.agents.sql.fence import Fenced, Server, fenced
from ugc.agents.sql.relations import Name, Relation

_WRITING_ALLOWED, _LIMITS_FIXED = 0, 1
"""Values of the setting readonly: with the second, a query may set nothing at all."""

_ABOUT = (
    "SELECT (SELECT toUInt8(value) FROM system.settings WHERE name = 'readonly') AS readonly,"
    " currentDatabase() AS database,"
    " (SELECT groupArray(name) FROM system.databases) AS databases,"
    " (SELECT groupArray(name) FROM system.tables WHERE database = currentDatabase()) AS tables"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one query may cost."""

    rows: int = 200
    seconds: int = 10
    result_bytes: int = 1_000_000
    memory_bytes: int = 2_000_000_000
    read_rows: int = 1_000_000_000

    def settings(self) -> str:
        """As they stand behind SETTINGS; the order of an inner query is kept."""
        return (
            f"max_result_rows = {self.rows + 1}, result_overflow_mode = 'throw',"
            f" max_result_bytes = {self.result_bytes}, max_execution_time = {self.seconds},"
            f" timeout_overflow_mode = 'throw', max_memory_usage = {self.memory_bytes},"
            f" max_rows_to_read = {self.read_rows}, read_overflow_mode = 'throw',"
            " query_plan_remove_redundant_sorting = 0, enable_global_with_statement = 1"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``rows`` in order; ``is_cut`` when there were more; ``read`` is what they were made of."""

    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    is_cut: bool
    read: tuple[Relation, ...]


def ask(client: ClickHouse, query: str, known: Mapping[Name, Relation], limits: Limits) -> Answer:
    """The rows of a query.

    Raises:
        QueryRefusedError: it is not sent, or ClickHouse refuses it; the text says why.
        RetryableError: ClickHouse does not answer.
    """
    (about,) = client.query(_ABOUT)
    server = Server(
        databases=frozenset(about["databases"]),
        database=about["database"],
        tables=frozenset(about["tables"]),
    )
    asked = fenced(query, known, server)
    statement = f"{asked.statement} LIMIT {limits.rows + 1}"
    if about["readonly"] != _LIMITS_FIXED:
        forbids = "readonly = 1, " if about["readonly"] == _WRITING_ALLOWED else ""
        statement = f"{statement} SETTINGS {forbids}{limits.settings()}"
    try:
        rows = client.query(statement)
    except ClickHouseError as error:
        if error.code is None:
            raise
        raise QueryRefusedError(_told(error, asked)) from error
    return Answer(
        columns=tuple(rows[0]) if rows else (),
        rows=rows[: limits.rows],
        is_cut=len(rows) > limits.rows,
        read=asked.read,
    )


def _told(error: ClickHouseError, asked: Fenced) -> str:
    """ClickHouse's own words, in the names that the query used."""
    text = error.text.partition(" In scope ")[0].partition("Stack trace:")[0].strip()
    for each in asked.read:
        text = text.replace(f"shown_{each.database}__{each.name}", each.called)
    hidden = sorted({column for each in asked.read for column in each.hidden if column in text})
    if hidden:
        text += f" ({', '.join(hidden)}: marked personal in the contract, so not shown here)"
    return text
