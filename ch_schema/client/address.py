"""ClickHouse URL → :class:`Address`. Pure.

==============================================  =============================================
``clickhouse://user:password@a:9000,b:9000/ugc``  native protocol; the hosts are tried in turn
``clickhouses://host/ugc``                        native protocol over TLS
``http://host:8123/ugc``, ``https://host/ugc``    HTTP interface
``chdb:///path/to/folder?database=ugc``           embedded engine on a folder
==============================================  =============================================

Parameters after ``?``: ``connect_timeout`` and ``send_receive_timeout`` in seconds, ``ca_certs``
(PEM file of the authority that signed the server's certificate), ``database`` (folders only).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ch_schema.errors import AddressError

EMBEDDED_SCHEME = "chdb"
DEFAULT_PORTS: Mapping[str, int] = {
    "clickhouse": 9000,
    "clickhouses": 9440,
    "http": 8123,
    "https": 8443,
}


@dataclass(frozen=True, slots=True)
class Host:
    """One server."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where ClickHouse is, and how long to wait for it. Its texts never hold the password.

    ``hosts`` is empty and ``folder`` set for the embedded engine, and the other way round for a
    server.  ``send_receive_timeout_seconds`` bounds each wait for the server's next bytes.
    """

    scheme: str
    hosts: tuple[Host, ...] = ()
    folder: str = ""
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "default"
    ca_certs: str | None = None
    connect_timeout_seconds: float = 5.0
    send_receive_timeout_seconds: float = 60.0

    def __str__(self) -> str:
        where = self.folder or f"{self.user}@{','.join(map(str, self.hosts))}/{self.database}"
        return f"{self.scheme}://{where}"


def parse_address(url: str) -> Address:
    """Reads a ClickHouse URL.

    Raises:
        AddressError: the URL is malformed. The text repeats nothing that may hold a password.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        # The foreign error may quote the password, so it is not chained.
        raise AddressError("the ClickHouse URL cannot be read") from None
    if parts.fragment:
        raise AddressError("the ClickHouse URL contains #; write %23 in a password")
    if parts.scheme == EMBEDDED_SCHEME:
        address = _embedded(parts, options)
    elif parts.scheme in DEFAULT_PORTS:
        address = _server(parts, options)
    else:
        known = ", ".join((*DEFAULT_PORTS, EMBEDDED_SCHEME))
        raise AddressError(f"a ClickHouse URL begins with one of {known}, then ://")
    if options:
        raise AddressError(f"unknown in a ClickHouse URL: {', '.join(sorted(options))}")
    return address


def _embedded(parts: SplitResult, options: dict[str, str]) -> Address:
    folder = unquote(parts.path)
    if parts.netloc or folder in ("", "/") or "?" in folder:
        raise AddressError("write the embedded engine's folder as chdb:///absolute/path")
    return Address(
        scheme=parts.scheme,
        folder=folder,
        database=options.pop("database", "default"),
    )


def _server(parts: SplitResult, options: dict[str, str]) -> Address:
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    path = parts.path.strip("/")
    if "/" in path:
        raise AddressError("the path of a ClickHouse URL is one database name")
    return Address(
        scheme=parts.scheme,
        hosts=tuple(_host(host, DEFAULT_PORTS[parts.scheme]) for host in hosts.split(",")),
        user=unquote(user) or "default",
        password=unquote(password),
        database=unquote(path) or "default",
        ca_certs=options.pop("ca_certs", None),
        connect_timeout_seconds=_seconds(options, "connect_timeout", 5.0),
        send_receive_timeout_seconds=_seconds(options, "send_receive_timeout", 60.0),
    )


def _host(text: str, default_port: int) -> Host:
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname, parts.port
    except ValueError:
        raise AddressError("a host of the ClickHouse URL is not host or host:port") from None
    if not name:
        raise AddressError("the ClickHouse URL names no host")
    return Host(name, port or default_port)


def _seconds(options: dict[str, str], name: str, default: float) -> float:
    try:
        seconds = float(options.pop(name, default))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise AddressError(f"{name} of the ClickHouse URL is not a positive number of seconds")
    return seconds
