"""ClickHouse's HTTP interface, through httpx2."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Mapping
from http import HTTPStatus

import httpx2

from ch_schema.client.address import Address
from ch_schema.client.json_client import JsonClickHouse
from ch_schema.client.protocol import NO_SETTINGS
from ch_schema.errors import (
    AddressError,
    ClickHouseError,
    RetryableError,
    code_in,
    connection_lost,
    server_error,
)

# Failures that come before the first byte of the request.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

# A proxy between us and ClickHouse says so when it gets no answer.
_PROXY_STATUSES = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


class HttpTransport:
    """Posts statements, gzipped, to one server; connections are kept and shared by threads."""

    def __init__(self, address: Address) -> None:
        """Prepares connections without making one.

        Raises:
            AddressError: several hosts, or a CA file that cannot be used.
        """
        if len(address.hosts) != 1:
            raise AddressError(
                "CLICKHOUSE_URL: the HTTP interface takes one host; put a balancer before several"
            )
        self._address = address
        self._client = httpx2.Client(
            base_url=f"{address.scheme}://{address.hosts[0]}",
            headers={
                b"X-ClickHouse-User": address.user.encode(),
                b"X-ClickHouse-Key": address.password.encode(),
            },
            timeout=httpx2.Timeout(
                address.send_receive_timeout_seconds,
                connect=address.connect_timeout_seconds,
                pool=address.connect_timeout_seconds,
            ),
            verify=_tls(address),
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address})"

    def run(
        self,
        statement: bytes,
        fmt: str,
        *,
        writes: bool,
        database: str | None = None,
        settings: Mapping[str, str | int] = NO_SETTINGS,
    ) -> bytes:
        """See :meth:`ch_schema.client.json_client.Transport.run`."""
        # The server holds its answer back until it is complete: no 200 before a late error.
        parameters = {**settings, "default_format": fmt, "wait_end_of_query": 1}
        if database is not None:
            parameters["database"] = database
        try:
            response = self._client.post(
                "/",
                params=parameters,
                content=gzip.compress(statement, compresslevel=1),
                headers={"Content-Encoding": "gzip"},
            )
        except _NOT_SENT as error:
            raise RetryableError(f"no connection to {self._address}: {error}") from error
        except httpx2.HTTPError as error:
            text = f"{self._address}: {type(error).__name__} {error}"
            raise connection_lost(text.strip(), writes=writes) from error
        if response.status_code != HTTPStatus.OK:
            raise _refusal(response, writes=writes)
        return response.content

    def insert(
        self,
        into: str,
        fmt: str,
        body: bytes,
        *,
        database: str,
        settings: Mapping[str, str | int],
    ) -> None:
        """See :meth:`ch_schema.client.json_client.Transport.insert`."""
        statement = f"{into} FORMAT {fmt}\n".encode() + body
        self.run(statement, "Null", writes=True, database=database, settings=settings)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def open_http(address: Address) -> JsonClickHouse:
    """A client of the address's server; see :class:`HttpTransport` for what it raises."""
    return JsonClickHouse(HttpTransport(address), address.database)


def _refusal(response: httpx2.Response, *, writes: bool) -> ClickHouseError:
    text = response.text
    header = response.headers.get("X-ClickHouse-Exception-Code", "")
    code = int(header) if header.isdecimal() else code_in(text)
    if code is None and response.status_code in _PROXY_STATUSES:
        return connection_lost(f"HTTP {response.status_code}: {text:.500}", writes=writes)
    return server_error(code, text or f"HTTP {response.status_code}", writes=writes)


def _tls(address: Address) -> ssl.SSLContext | bool:
    if address.scheme == "http":
        return False  # nothing to verify; loading the authorities would take its time
    try:
        return ssl.create_default_context(cafile=address.ca_certs)
    except OSError as error:
        raise AddressError(
            f"CLICKHOUSE_URL: ca_certs {address.ca_certs}: {error.strerror}"
        ) from error
