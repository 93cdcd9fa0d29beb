"""The choice of a client by URL."""

from __future__ import annotations

from dataclasses import replace

from ch_schema.client.address import EMBEDDED_SCHEME, parse_address
from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import AddressError


def connect(url: str, database: str | None = None) -> ClickHouse:
    """A client for a URL as :mod:`ch_schema.client.address` describes it.

    ``database`` takes the place of the one that the URL names, if it names one: tables that a
    query names without theirs are looked for there.

    A server is not contacted before the first call; a folder is opened (and made) at once.

    Raises:
        AddressError: the URL is malformed, or asks for the embedded engine and it is missing.
        RetryableError: another process has the folder open.
    """
    address = parse_address(url)
    if database is not None and address.database != "default":
        address = replace(address, database=database)
    # Each edge imports a library that the others do not need, chDB's engine takes a second.
    match address.scheme:
        case "clickhouse" | "clickhouses":
            from ch_schema.client.native import open_native

            return open_native(address)
        case "http" | "https":
            from ch_schema.client.http import open_http

            return open_http(address)
        case scheme if scheme == EMBEDDED_SCHEME:
            try:
                from ch_schema.client.embedded import open_embedded
            except ImportError as error:
                raise AddressError(
                    "CLICKHOUSE_URL: the embedded engine, chdb, is missing:"
                    " pip install 'ugc-events[local]'"
                ) from error
            return open_embedded(address)
        case scheme:
            raise AddressError(f"no client speaks {scheme}")
