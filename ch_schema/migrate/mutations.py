"""Mutations: what ClickHouse rewrites in the background, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import RefusedError
from ch_schema.quoting import quote_string

_SELECT = """
SELECT table, mutation_id, command, parts_to_do, latest_fail_reason FROM {source}
WHERE database = {{database:String}} AND NOT is_done ORDER BY table, mutation_id
"""
_HERE = "system.mutations"
_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One that is not done yet. ``parts_to_do``: parts of the table still to be written."""

    table: str
    id: str
    command: str
    parts_to_do: int
    failure: str


def unfinished(
    client: ClickHouse, database: str, tables: Set[str], cluster: str | None = None
) -> tuple[Mutation, ...]:
    """Those of these tables, on a cluster those of every replica."""
    source = f"clusterAllReplicas({quote_string(cluster)}, {_HERE})" if cluster else _HERE
    rows = client.query(_SELECT.format(source=source), parameters={"database": database})
    return tuple(
        Mutation(
            table=row["table"],
            id=row["mutation_id"],
            command=row["command"],
            parts_to_do=row["parts_to_do"],
            failure=row["latest_fail_reason"],
        )
        for row in rows
        if row["table"] in tables
    )


def wait_for_mutations(
    client: ClickHouse,
    database: str,
    tables: Set[str],
    *,
    sleep: Callable[[float], None],
    cluster: str | None = None,
    say: Callable[[tuple[Mutation, ...]], object] = lambda _left: None,
) -> None:
    """Returns when none is left on these tables. ``say`` hears what is left, again and again.

    Raises:
        RefusedError: one of them fails; ClickHouse goes on trying until it is killed there.
    """
    while left := unfinished(client, database, tables, cluster):
        for mutation in left:
            if mutation.failure:
                raise RefusedError(f"{mutation.table}: {mutation.command}: {mutation.failure}")
        say(left)
        sleep(_WAIT_SECONDS)
