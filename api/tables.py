"""What this process may see of the tables: questions to ClickHouse, for its own pages.

It is off unless ``API_CLICKHOUSE_URL`` is set; give it a user that may only read.  Events never
wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from api.errors import TablesUnavailableError
from ch_schema.client.address import parse_address
from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import ClickHouseError
from contracts.errors import SettingError
from contracts.settings import Settings

_log = logging.getLogger(__name__)

_AT_ONCE = 4


class Tables(Protocol):
    """Answers questions; safe to share between threads."""

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows of a SELECT whose placeholders (``{id:UUID}``) are filled.

        Raises:
            TablesUnavailableError: ClickHouse does not answer, refuses, or has too much to do.
        """
        ...


def tables_url(read: Settings) -> str | None:
    """The URL in ``API_CLICKHOUSE_URL``; ``None``: no table may be seen.

    Raises:
        SettingError: it is malformed.
    """
    found = read.optional("API_CLICKHOUSE_URL")
    if found is not None:
        try:
            parse_address(found)
        except ClickHouseError as error:
            expected = "a URL of ClickHouse, like clickhouse://user:password@host:9000/database"
            raise SettingError("API_CLICKHOUSE_URL", expected) from error
    return found


class ClickHouseTables:
    """Connected with the first question. So few are asked at a time that threads stay free."""

    def __init__(self, url: str, database: str) -> None:
        self._url = url
        self._database = database
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._connecting = threading.Lock()
        self._client: ClickHouse | None = None

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        if not self._turns.acquire(timeout=1.0):
            raise TablesUnavailableError("too many ask at a time")
        try:
            return self._connected().query(sql, parameters=parameters)
        except ClickHouseError as error:
            _log.info("tables: %s", error)
            raise TablesUnavailableError("ClickHouse does not answer") from error
        finally:
            self._turns.release()

    def close(self) -> None:
        """Hangs up."""
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> ClickHouse:
        with self._connecting:
            if self._client is None:
                self._client = connect(self._url, self._database)
            return self._client
