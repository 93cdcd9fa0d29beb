"""What is measured, and against what. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.harness.results import Role

_GRANIAN = "granian --host 127.0.0.1 --port {port} --workers 1 --log-level warning"
_WSGI = f"{_GRANIAN} --interface wsgi --blocking-threads 32"
_RSGI = f"{_GRANIAN} --interface rsgi"
_GUNICORN = (
    "gunicorn --bind 127.0.0.1:{port} --workers 1 --worker-class gthread --threads 32 "
    "--log-level warning"
)

API_SERVERS: Mapping[str, str | None] = {
    "ours": None,
    "stock-gunicorn": f"{_GUNICORN} bench.baselines.stock:app",
    "stock-granian": f"{_WSGI} bench.baselines.stock:app",
    "quick-flask": f"{_WSGI} bench.baselines.quick_flask:app",
    "quick-wsgi": f"{_WSGI} bench.baselines.quick_wsgi:app",
    "quick-rsgi": f"{_RSGI} bench.baselines.quick_rsgi:app",
    "bare-flask": f"{_WSGI} bench.baselines.bare:flask_app",
    "bare-wsgi": f"{_WSGI} bench.baselines.bare:wsgi_app",
    "bare-rsgi": f"{_RSGI} bench.baselines.bare:rsgi_app",
}
"""Name → how it is started; ``None``: ``ugc api serve``. 32 threads, as the API has by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCase:
    """Requests of one kind to one server. ``rate`` (requests per second): at fixed times."""

    name: str
    title: str
    server: str
    role: Role = "ours"
    against: tuple[str, ...] = ()
    connections: int = 64
    batch: bool = False
    ids: bool = False
    tokens: bool = False
    rate: float | None = None
    longer: float = 3.0
    """A round at fixed times takes so many times longer: p99.9 needs events."""


def _baseline(server: str, title: str, connections: int = 64) -> ApiCase:
    name = f"api/{server}" if connections == 64 else f"api/{server}-{connections}"
    return ApiCase(name=name, title=title, server=server, role="baseline", connections=connections)


_SINGLE = ("api/stock-gunicorn", "api/stock-granian", "api/quick-flask", "api/quick-rsgi")
_RATE = 660.0
_AT_RATE = "660/s at fixed times"

API_CASES: tuple[ApiCase, ...] = (
    _baseline("stock-gunicorn", "Flask, jsonschema, AvroSerializer; gunicorn"),
    _baseline("stock-granian", "the same; granian"),
    _baseline("quick-flask", "Flask, orjson, jsonschema-rs, fastavro; granian"),
    _baseline("quick-wsgi", "these parts as a WSGI callable; granian"),
    _baseline("quick-rsgi", "these parts on the event loop; granian RSGI"),
    _baseline("quick-rsgi", "the same, 1 connection", 1),
    _baseline("bare-flask", "a bare 202: Flask; granian"),
    _baseline("bare-wsgi", "a bare 202: WSGI; granian"),
    _baseline("bare-rsgi", "a bare 202: RSGI; granian"),
    *(
        replace(
            _baseline(server, title, 16),
            name=f"api/{server}-{_RATE:.0f}",
            title=f"{title}, {_AT_RATE}",
            rate=_RATE,
        )
        for server, title in (
            ("quick-rsgi", "these parts on the event loop"),
            ("bare-rsgi", "a bare 202: RSGI"),
        )
    ),
    *(
        ApiCase(
            name=f"api/{kind}-{connections}",
            title=f"{title}, {connections} connection{'s' * (connections > 1)}",
            server="ours",
            against=_SINGLE if connections == 64 else ("api/quick-rsgi-1",) * (connections == 1),
            connections=connections,
            ids=is_known,
            tokens=is_known,
        )
        for kind, title, is_known in (
            ("single", "one event", False),
            ("single-known", "one event with `event_id` and token", True),
        )
        for connections in (64, 16, 1)
    ),
    *(
        ApiCase(
            name=f"api/batch-{connections}",
            title=f"batches of 500, {connections} connection{'s' * (connections > 1)}",
            server="ours",
            against=("api/quick-rsgi",),
            connections=connections,
            batch=True,
        )
        for connections in (1, 4, 16)
    ),
    ApiCase(
        name="api/batch-known-4",
        title="batches of 500 with `event_id` and token, 4 connections",
        server="ours",
        against=("api/quick-rsgi",),
        connections=4,
        batch=True,
        ids=True,
        tokens=True,
    ),
    ApiCase(
        name="api/rate-660",
        title=f"one event with `event_id` and token, {_AT_RATE}",
        server="ours",
        against=("api/quick-rsgi-660", "api/bare-rsgi-660"),
        connections=16,
        ids=True,
        tokens=True,
        rate=_RATE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderCase:
    """A backlog, and who loads it. ``module`` ``None``: ``ugc etl run``."""

    name: str
    title: str
    backlog: str
    module: str | None = None
    against: tuple[str, ...] = ()

    @property
    def role(self) -> Role:
        return "ours" if self.module is None else "baseline"


_LOADERS = ("loader/stock", "loader/fastavro", "loader/raw", "loader/nothing")

LOADER_CASES: tuple[LoaderCase, ...] = (
    LoaderCase(
        name="loader/nothing",
        title="consume only",
        backlog="mixed",
        module="bench.baselines.load_nothing",
    ),
    LoaderCase(
        name="loader/stock",
        title="AvroDeserializer, clickhouse-driver",
        backlog="mixed",
        module="bench.baselines.load_stock",
    ),
    LoaderCase(
        name="loader/fastavro",
        title="fastavro, clickhouse-driver",
        backlog="mixed",
        module="bench.baselines.load_fastavro",
    ),
    LoaderCase(
        name="loader/raw",
        title="raw Avro re-framed for ClickHouse",
        backlog="mixed",
        module="bench.baselines.load_raw",
    ),
    LoaderCase(
        name="loader/mixed",
        title="`ugc etl run`, mixed events",
        backlog="mixed",
        against=_LOADERS,
    ),
    LoaderCase(
        name="loader/clicks",
        title="`ugc etl run`, clicks alone",
        backlog="clicks",
        against=_LOADERS,
    ),
    LoaderCase(
        name="loader/pairs",
        title="`ugc etl run`, page views (two messages each)",
        backlog="pairs",
        against=_LOADERS,
    ),
)

NATIVE_CASES = frozenset({"loader/stock", "loader/fastavro"})
"""They speak ClickHouse's native protocol, which the local stack's server does not."""
