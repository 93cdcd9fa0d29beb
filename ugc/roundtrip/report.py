"""Outcomes in words, and as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from contracts.visible import counted
from ugc.roundtrip.run import Difference, Fields, Outcome


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """``{schemas, schemas_equal, schemas_failed, schemas_without_instances, schemas_unchecked,
    instances, avro_equal, clickhouse_equal, results}``; ``results`` has one entry for each schema,
    in the order of the input.  Its ``equal`` is null when there was no instance to compare."""
    return {
        "schemas": len(outcomes),
        "schemas_equal": sum(outcome.is_equal is True for outcome in outcomes),
        "schemas_failed": sum(outcome.problem is not None for outcome in outcomes),
        "schemas_without_instances": sum(outcome.is_equal is None for outcome in outcomes),
        "schemas_unchecked": sum(outcome.unchecked is not None for outcome in outcomes),
        "instances": sum(outcome.instances for outcome in outcomes),
        "avro_equal": sum(outcome.avro_equal for outcome in outcomes),
        "clickhouse_equal": sum(outcome.clickhouse_equal for outcome in outcomes),
        "results": [_result(outcome) for outcome in outcomes],
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "equal": outcome.is_equal,
        "instances": outcome.instances,
        "generated": outcome.generated,
        "unchecked": outcome.unchecked,
        "avro_equal": outcome.avro_equal,
        "clickhouse_equal": outcome.clickhouse_equal,
        "avro_fields": asdict(outcome.avro_fields),
        "clickhouse_columns": asdict(outcome.clickhouse_columns),
        "problem": outcome.problem,
        "differences": [
            {
                "instance": difference.instance,
                "target": difference.target,
                "pointers": list(difference.pointers),
                "problem": difference.problem,
            }
            for difference in outcome.differences
        ],
    }


def in_words(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each schema and difference, and the sum."""
    for outcome in outcomes:
        yield _printable(_line(outcome))
        yield from (f"    {_printable(_difference(each))}" for each in outcome.differences)
    found = summary(outcomes)
    if without := found["schemas_without_instances"]:
        yield f"{counted(without, 'schema')} without an instance, of which nothing was compared"
    if unchecked := found["schemas_unchecked"]:
        yield f"{counted(unchecked, 'schema')} that no validator takes; instances may be invalid"
    yield (
        f"{found['schemas_equal']} of {counted(found['schemas'], 'schema')}; instances equal:"
        f" Avro {found['avro_equal']} of {found['instances']},"
        f" ClickHouse {found['clickhouse_equal']} of {found['instances']}"
    )


def _line(outcome: Outcome) -> str:
    if outcome.problem is not None:
        return f"{outcome.id}: FAILED: {outcome.problem}"
    made = " (generated)" if outcome.generated else ""
    if outcome.unchecked is not None:
        made = f" (generated, perhaps invalid: {outcome.unchecked})"
    return (
        f"{outcome.id}: {outcome.instances} instances{made},"
        f" equal: Avro {outcome.avro_equal}, ClickHouse {outcome.clickhouse_equal};"
        f" Avro fields: {_counted(outcome.avro_fields)};"
        f" ClickHouse columns: {_counted(outcome.clickhouse_columns)}"
    )


def _counted(fields: Fields) -> str:
    return f"{fields.typed} typed, {fields.json_text} JSON text"


def _difference(difference: Difference) -> str:
    where = difference.problem or ", ".join(pointer or "/" for pointer in difference.pointers)
    return f"instance {difference.instance}, {difference.target}: {where}"


def _printable(text: str) -> str:
    """Names and pointers come from foreign data, which may hold lone surrogates."""
    return text.encode(errors="backslashreplace").decode()
