"""Ready answers for analysts, made of what the contracts declare. Pure.

No event is named here.  A report exists as far as contracts carry what it asks for:

- ``daily_active_users``: over every event that has a table;
- time: each event with ``x-pairing``, by the fields that the pairing carries over;
- shares: each event with a required boolean, by the leading key: how often it was true;
- values: each event without a leading key, for each required text that is not marked ``x-pii``:
  how often each value was used, and by how many users.

All read the views without duplicates, and days are those of UTC.  A field that is called like one
of a report's figures (``day``, ``users``) has ``__value`` behind its name there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ch_schema.ddl.tables import Table
from ch_schema.ddl.views import Databases, View, types_of
from ch_schema.quoting import quote_identifier, quote_string
from contracts.model.types import BooleanType, Contract, Field, StringType

ANONYMOUS = "anonymous"
"""The user of an event that came without a token (requirement L2)."""
ERASED = "erased"
"""The user of an event whose user was erased."""

_NO_USERS = ", ".join(map(quote_string, (ANONYMOUS, ERASED)))
_DAY = "toDate(timestamp) AS day"
_EVENTS = "count() AS events"
_USERS = f"uniqExactIf(user_id, user_id NOT IN ({_NO_USERS})) AS users"


def reports(made: Sequence[tuple[Contract, Table]], databases: Databases) -> tuple[View, ...]:
    """Every report that these contracts and their tables allow, by name."""
    views: list[View] = []
    if made:
        views.append(_active_users([table for _, table in made], databases))
    for contract, table in made:
        source = f"{quote_identifier(databases.unique)}.{quote_identifier(table.name)}"
        found = (
            *_times(contract, source, databases),
            *_shares(contract, source, databases),
            *_values(contract, source, databases),
        )
        views += [replace(view, types=types_of(table)) for view in found]
    return tuple(sorted(views, key=lambda view: view.name))


def _active_users(tables: Sequence[Table], databases: Databases) -> View:
    unique = quote_identifier(databases.unique)
    sources = (f"{unique}.{quote_identifier(table.name)}" for table in tables)
    parts = "\n    UNION ALL\n".join(
        f"    SELECT timestamp, user_id FROM {source}"  # noqa: S608 - quoted
        for source in sources
    )
    return View(
        database=databases.reports,
        name="daily_active_users",
        select=(
            f"SELECT {_DAY}, {_USERS}, {_EVENTS},"
            f" countIf(user_id = {quote_string(ANONYMOUS)}) AS anonymous_events\n"
            f"FROM (\n{parts}\n)\nGROUP BY day\nORDER BY day"
        ),
        comment="Users seen on each day, over all events",
    )


def _times(contract: Contract, source: str, databases: Databases) -> Iterator[View]:
    if contract.pairing is None:
        return
    yield _report(
        contract,
        contract.pairing.duration,
        databases,
        source,
        contract.pairing.carry,
        lambda seconds: (
            f"count({seconds}) AS ended",
            f"round(avg({seconds}), 3) AS mean_seconds",
            f"round(quantileExact(0.5)({seconds}), 3) AS median_seconds",
            f"round(quantileExact(0.9)({seconds}), 3) AS p90_seconds",
            f"round(sum({seconds}), 3) AS total_seconds",
        ),
        f"Time between {contract.pairing.start} and {contract.pairing.end}",
    )


def _shares(contract: Contract, source: str, databases: Databases) -> Iterator[View]:
    for field in _plain_fields(contract, BooleanType):
        yield _report(
            contract,
            field.name,
            databases,
            source,
            contract.table.key,
            lambda name: (f"countIf({name}) AS yes", f"round(avg({name}), 4) AS share"),
            f"How often it was true: {field.description}",
        )


def _values(contract: Contract, source: str, databases: Databases) -> Iterator[View]:
    if contract.table.key:
        return
    for field in _plain_fields(contract, StringType):
        if field.pii is None:
            comment = f"How often each value was used: {field.description}"
            yield _report(
                contract, field.name, databases, source, (field.name,), lambda _name: (), comment
            )


def _plain_fields(contract: Contract, kind: type[BooleanType] | type[StringType]) -> list[Field]:
    return [
        field
        for field in contract.data.fields
        if isinstance(field.value.type, kind) and not field.optional
    ]


def _report(
    contract: Contract,
    subject: str,
    databases: Databases,
    source: str,
    groups: Sequence[str],
    figures_of: Callable[[str], Sequence[str]],
    comment: str,
) -> View:
    figures = (_DAY, _EVENTS, _USERS, *figures_of(quote_identifier(subject)))
    taken = {figure.rpartition(" AS ")[2] for figure in figures}
    inner = {name: _beside(name, taken) for name in (*groups, subject)}
    shown_groups = [quote_identifier(inner[name]) for name in groups]
    own = figures_of(quote_identifier(inner[subject]))
    shown = ", ".join((_DAY, *shown_groups, _EVENTS, _USERS, *own))
    by = ", ".join(("day", *shown_groups))
    return View(
        database=databases.reports,
        name=f"{contract.event}__{subject}",
        select=f"SELECT {shown}\nFROM {_renamed(source, inner)}\nGROUP BY {by}\nORDER BY {by}",
        comment=comment,
    )


def _beside(name: str, taken: Collection[str]) -> str:
    """The column of a field beside figures; no field's name holds two underscores."""
    return f"{name}__value" if name in taken else name


def _renamed(source: str, inner: Mapping[str, str]) -> str:
    """The source, with other names for the columns that are called like a figure.

    ClickHouse takes such a name for the figure, wherever it stands in the same query.
    """
    if all(name == column for name, column in inner.items()):
        return source
    columns = ", ".join(
        quote_identifier(name)
        if name == column
        else f"{quote_identifier(name)} AS {quote_identifier(column)}"
        for name, column in inner.items()
    )
    return f"(SELECT timestamp, user_id, {columns} FROM {source})"  # noqa: S608 - quoted
