"""Facts of events out of ClickHouse: the views, and the reports of the loader's runs."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from api.errors import TablesUnavailableError
from api.tables import Tables
from ch_schema.ddl.views import Databases
from ch_schema.quoting import quote_identifier
from contracts.model.context import PREFIX, SENT_BY
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from ugc.catalog.facts import EventFacts

KEPT = dt.timedelta(minutes=1)
"""So long an answer is believed, and so long nobody asks again after none came."""

_DAY = "timestamp >= {since:DateTime64(3, 'UTC')}"


class TableFacts:
    """Safe to share between threads. A page asks at most three short questions a minute."""

    are_there = True

    def __init__(self, tables: Tables, catalog: Catalog, now: Callable[[], dt.datetime]) -> None:
        self._tables = tables
        self._catalog = catalog
        self._now = now
        self._names = Databases.beside(catalog.naming.database)
        self._known: dict[str, tuple[dt.datetime, EventFacts | None]] = {}
        self._asking = threading.Lock()
        self._with_table = {each.event: each for each in catalog.tables}

    def of(self, event: str) -> EventFacts | None:
        """See :class:`ugc.catalog.facts.LiveFacts`; of a half of a pair nothing is known."""
        contract = self._with_table.get(event)
        if contract is None:
            return None
        asked, found = self._known.get(event, (None, None))
        now = self._now()
        # One asks at a time, and nobody waits for it: the threads are there for events.
        is_old = asked is None or now - asked >= KEPT
        if is_old and self._asking.acquire(blocking=False):
            try:
                found = self._asked(contract, now)
            except TablesUnavailableError:
                found = None
            finally:
                self._asking.release()
            self._known[event] = (now, found)
        return found

    def _asked(self, contract: Contract, now: dt.datetime) -> EventFacts:
        since = now - dt.timedelta(days=1)
        view = f"{quote_identifier(self._names.unique)}.{quote_identifier(contract.event)}"
        by_version = self._rows(
            "SELECT contract_version, count() AS events, max(timestamp) AS last_seen"  # noqa: S608 - quoted
            f" FROM {view} WHERE {_DAY} GROUP BY contract_version ORDER BY contract_version DESC",
            since,
        )
        counts = self._runs(contract, since)
        return EventFacts(
            events=sum(row["events"] for row in by_version),
            last_seen=max((row["last_seen"] for row in by_version), default=None),
            versions=tuple((row["contract_version"], row["events"]) for row in by_version),
            applications=tuple(self._applications(view, since)),
            shares=tuple(_shares(counts)),
            objectives=tuple(_objectives(contract, counts)),
            as_of=now,
        )

    def _applications(self, view: str, since: dt.datetime) -> Iterator[tuple[str, int]]:
        if self._catalog.applications is None:
            return
        column = quote_identifier(f"{PREFIX}{SENT_BY}")
        for row in self._rows(
            f"SELECT {column} AS name, count() AS events FROM {view} WHERE {_DAY}"  # noqa: S608 - quoted
            " AND isNotNull(name) GROUP BY name ORDER BY events DESC LIMIT 20",
            since,
        ):
            yield row["name"], row["events"]

    def _runs(self, contract: Contract, since: dt.datetime) -> dict[str, int]:
        sums = ", ".join(
            f"sum({name}[indexOf(events, {{event:String}})]) AS {name}"
            for name in ("consumed", "duplicates", "dead")
        )
        runs = f"{quote_identifier(self._names.tables)}.etl_runs"
        (row,) = self._tables.rows(
            f"SELECT {sums} FROM {runs} FINAL WHERE started_at >= {{since:DateTime64(3, 'UTC')}}"  # noqa: S608 - quoted
            " AND has(events, {event:String})",
            {"since": since, "event": contract.event},
        )
        return {name: int(value) for name, value in row.items()}

    def _rows(self, sql: str, since: dt.datetime) -> list[dict[str, Any]]:
        return self._tables.rows(sql, {"since": since})


def _shares(counts: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    if consumed := counts["consumed"]:
        yield "Sent more than once", counts["duplicates"] / consumed
        yield "Set aside as dead letters", counts["dead"] / consumed


def _objectives(contract: Contract, counts: Mapping[str, int]) -> Iterator[tuple[str, bool]]:
    """Those that the tables alone can tell; `ugc quality` judges all."""
    limit = contract.quality.max_duplicate_ratio
    if limit is not None and counts["consumed"]:
        yield "Few enough sent more than once", counts["duplicates"] / counts["consumed"] <= limit
