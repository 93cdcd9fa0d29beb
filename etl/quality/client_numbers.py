"""Clients' own numbers of their events: which are missing in the tables, and which came twice.

Where the project's context has ``anonymous_id`` and ``sequence``, an installation counts its events
with them.  What is asked is one query over the tables; nothing is kept for it.  A gap is counted
for the application and version that sent the number behind it.

Rows are of events, and an end of a pair has none of its own, so for each pair one missing number
is allowed for, unless nothing came behind its start.  What waits is no gap: a number is judged when
the one behind it is older than ``settled_before``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ch_schema.quoting import quote_identifier
from contracts.model.context import PREFIX, SENT_BY
from contracts.model.loader import Catalog
from contracts.model.types import Contract, IntegerType
from etl.sessions.pairing import VERSION_PAIRED

_INSTALLATION, _SEQUENCE = PREFIX + "anonymous_id", PREFIX + "sequence"
_APPLICATION, _VERSION = PREFIX + "application", PREFIX + "version"

_NO_PARAMETERS: Mapping[str, object] = {}


class Queries(Protocol):
    """What of :class:`ch_schema.client.protocol.ClickHouse` is used."""

    def query(
        self, sql: str, *, parameters: Mapping[str, object] = _NO_PARAMETERS
    ) -> list[dict[str, Any]]: ...


MOST_SHOWN = 50
"""Applications' versions that are told; anybody can send more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientNumbers:
    """One application's version. ``rows`` have a number, ``repeated`` of them one that was there.

    ``missing`` numbers lie before a settled row, ``awaited`` ones may still come.  Names are empty
    where the context does not say them.
    """

    application: str
    version: str
    installations: int
    rows: int
    missing: int
    awaited: int
    repeated: int

    @property
    def name(self) -> str:
        """``web 4.11.0``."""
        known = (self.application or "no application", self.version or "without a version")
        return " ".join(known)


def statement(catalog: Catalog) -> str | None:
    """The query, with parameters ``since`` and ``settled``; None without such a context."""
    selects = [found for table in catalog.tables if (found := _select(catalog, table))]
    if not selects:
        return None
    rows = "\n  UNION ALL\n  ".join(selects)
    return f"""WITH numbered AS (
  {rows}
), steps AS (
  SELECT *,
    lagInFrame(number, 1, number) OVER one AS before,
    row_number() OVER one > 1 AND number = before AS again,
    max(number) OVER (PARTITION BY installation) AS last
  FROM numbered
  WINDOW one AS (
    PARTITION BY installation ORDER BY number, timestamp
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  )
), installations AS (
  SELECT application, version, installation,
    count() AS rows,
    sum(again) AS repeated,
    sumIf(number - before - 1, number > before AND timestamp < {{settled:DateTime64(3, 'UTC')}})
      AS settled,
    sumIf(number - before - 1, number > before) AS gaps,
    countIf(pair AND number < last AND NOT again) AS ends
  FROM steps
  GROUP BY application, version, installation
)
SELECT application, version,
  count() AS installations,
  sum(rows) AS rows,
  sum(greatest(0, toInt64(settled) - toInt64(ends))) AS missing,
  sum(greatest(0, toInt64(gaps) - toInt64(ends))) - missing AS awaited,
  sum(repeated) AS repeated
FROM installations
GROUP BY application, version
ORDER BY rows DESC, application, version
LIMIT {MOST_SHOWN}"""  # noqa: S608 - quoted names


def read(
    catalog: Catalog, clickhouse: Queries, since: dt.datetime, settled_before: dt.datetime
) -> tuple[ClientNumbers, ...] | None:
    """Those of the events accepted from ``since`` on, most rows first; None without the context.

    Raises:
        ClickHouseError: it does not answer, or a table lacks the context's columns.
    """
    sql = statement(catalog)
    if sql is None:
        return None
    found = clickhouse.query(sql, parameters={"since": since, "settled": settled_before})
    return tuple(ClientNumbers(**row) for row in found)


def _select(catalog: Catalog, table: Contract) -> str | None:
    kinds = {each.name: each.value.type for each in table.context}
    if _INSTALLATION not in kinds or not isinstance(kinds.get(_SEQUENCE), IntegerType):
        return None
    database = quote_identifier(catalog.naming.database)
    named = list(_texts(kinds, _APPLICATION, PREFIX + SENT_BY))
    pair = f"row_version >= {VERSION_PAIRED}" if table.event in catalog.pairings else "false"
    return (
        f"SELECT toString(assumeNotNull({_INSTALLATION})) AS installation,"  # noqa: S608 - quoted names
        f" assumeNotNull({_SEQUENCE}) AS number,"
        f" coalesce({', '.join([*named, _EMPTY])}) AS application,"
        f" coalesce({', '.join([*_texts(kinds, _VERSION), _EMPTY])}) AS version,"
        f" timestamp, {pair} AS pair"
        f" FROM {database}.{quote_identifier(table.event)} FINAL"
        f" WHERE timestamp >= {{since:DateTime64(3, 'UTC')}}"
        f" AND {_INSTALLATION} IS NOT NULL AND {_SEQUENCE} IS NOT NULL"
    )


_EMPTY = "''"


def _texts(kinds: Mapping[str, object], *columns: str) -> Iterator[str]:
    for column in columns:
        if column in kinds:
            yield f"CAST({column} AS Nullable(String))"
