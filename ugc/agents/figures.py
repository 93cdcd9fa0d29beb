"""What the tools tell of stored events: quality, and answers to read-only SQL."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

from ch_schema.client.connect import connect
from contracts.visible import visible
from ugc.agents.contracts import Contracts, Document
from ugc.agents.errors import ToolRefusedError
from ugc.agents.sql.asking import Limits, ask
from ugc.agents.sql.relations import relations
from ugc.environment import require
from ugc.options import parse_time

Environment = Callable[[], Mapping[str, str]]
"""Where the parts are at this moment: a local stack may be started later."""


class Figures:
    """Asks the parts when a tool is called; keeps no connection."""

    def __init__(
        self,
        contracts: Contracts,
        environment: Environment,
        limits: Limits,
        *,
        allow_personal: bool = False,
    ) -> None:
        self._contracts = contracts
        self._environment = environment
        self._limits = limits
        self._allow_personal = allow_personal

    def quality(self, since: str) -> Document:
        """The objectives of all contracts, held against what was loaded.

        Raises:
            MisconfiguredError: no stack is running, and nothing names the parts.
            EtlError, ClickHouseError, ContractError: it could not be told.
        """
        from etl.app import ask_quality
        from etl.config import EtlConfig
        from etl.sessions.pairing import instant

        env = self._environment()
        require(env, "KAFKA_BOOTSTRAP_SERVERS")
        moment = instant(parse_time(since, dt.datetime.now(dt.UTC)))
        found: Document = plain(ask_quality(EtlConfig.from_env(env), moment).as_dict())
        return {"since": moment.isoformat(), **found}

    def query(self, sql: str, rows: int | None) -> Document:
        """The rows of one SELECT.

        Raises:
            QueryRefusedError: it is not run, or ClickHouse refuses it.
            ClickHouseError: ClickHouse does not answer.
        """
        most = self._limits.rows
        if rows is not None and not 1 <= rows <= most:
            raise ToolRefusedError(f"rows is from 1 to {most}")
        catalog = self._contracts.catalog()
        url = require(self._environment(), "CLICKHOUSE_URL")
        known = relations(catalog, with_personal=self._allow_personal)
        with closing(connect(url, catalog.naming.database)) as client:
            found = ask(client, sql, known, self._limits)
        shown = found.rows[: rows or most]
        return {
            "columns": list(found.columns),
            "rows": plain(shown),
            "is_cut": found.is_cut or len(shown) < len(found.rows),
            "hidden_columns": {
                each.called: list(each.hidden) for each in found.read if each.hidden
            },
        }


def plain(value: Any) -> Any:
    """A value as JSON has it; whole numbers that JSON's readers would round are texts."""
    match value:
        case bool() | None:
            return value
        case str():
            return visible(value)
        case int():
            return value if abs(value) < 2**53 else str(value)
        case float():
            return value if value - value == 0 else str(value)
        case Mapping():
            return {visible(str(key)): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case dt.date() | dt.timedelta() | uuid.UUID() | Decimal():
            return value.isoformat() if isinstance(value, dt.date) else str(value)
        case _:
            return visible(str(value))
