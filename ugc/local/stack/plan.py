"""What one stack will start, where, and what its parts are told. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.model.loader import default_folder
from contracts.naming import Naming
from ugc.local.stack.config import DEFAULT_PORTS, PartName, StackConfig
from ugc.local.stack.parts import PARTS, Part
from ugc.local.stack.ports import asked_ports, choose_ports, is_free

_AGREED = ("CLICKHOUSE_DATABASE", "CONTRACTS_", "KAFKA_", "REDIS_KEY_PREFIX", "SCHEMA_")
"""Beginnings of settings without which a command in another terminal would work on other data than
the parts, or could not reach what the parts reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stack before its start.

    ``started`` are the parts that run here and ``ports`` where; ``urls`` has the replaced ones too.
    ``env`` is the whole environment of every part, ``shared`` that share of it which a command in
    another terminal needs.
    """

    started: tuple[Part, ...]
    ports: Mapping[PartName, int]
    urls: Mapping[PartName, str]
    env: Mapping[str, str]
    shared: Mapping[str, str]

    @property
    def can_be_initialised(self) -> bool:
        """Whether there is a Kafka, a registry and a ClickHouse to prepare."""
        return {PartName.KAFKA, PartName.REGISTRY, PartName.CLICKHOUSE} <= self.urls.keys()


def make_plan(
    config: StackConfig,
    caller_env: Mapping[str, str],
    jwt_secret: str,
    say: Callable[[str], object],
    take: Callable[[int], bool] = is_free,
) -> Plan:
    """Decides what to start.

    Args:
        config: what is wanted.
        caller_env: the environment that the parts inherit.  A URL variable that is set in it, or
            in ``config.env``, replaces its part; one that is set to nothing counts as not set.
        jwt_secret: the key of demo tokens where JWT_SECRET is not set.
        say: is told where a default port was busy.
        take: tells whether a port may be used.

    Raises:
        SettingsError: a port is none, or in use.
        SettingError: the database's name is none.
    """
    given = {**caller_env, **config.env}
    contracts = given.get("CONTRACTS_DIR", "").strip()
    replaced = {
        part.name: url
        for part in PARTS
        if part.replaceable
        and not config.alone
        and part.variable
        and (url := given.get(part.variable, "").strip())
    }
    started = tuple(p for p in PARTS if p.name in config.parts and p.name not in replaced)
    names = [part.name for part in started]
    ports = choose_ports(names, asked_ports(config, given), DEFAULT_PORTS, say, take)
    urls = replaced | {part.name: part.url(ports[part.name]) for part in started if part.variable}
    if PartName.CLICKHOUSE in ports:
        urls[PartName.CLICKHOUSE] += f"/{Naming.from_env(given).database}"
    settings = {
        "JWT_SECRET": jwt_secret,
        "SCHEMA_ID_CACHE_DIR": str(config.state_dir.resolve() / "schema-ids"),
        "SPOOL_DIR": str(config.state_dir.resolve() / "spool"),
        **{name: value for part in started for name, value in part.settings.items()},
    }
    told = {
        # The same for the parts and for commands in another folder.
        "CONTRACTS_DIR": str(Path(contracts).resolve() if contracts else default_folder()),
        **{name: given.get(name, "").strip() or value for name, value in settings.items()},
        **{p.variable: urls[p.name] for p in PARTS if p.variable and p.name in urls},
    }
    if PartName.CLICKHOUSE in urls:
        read = given.get("API_CLICKHOUSE_URL", "").strip()
        told["API_CLICKHOUSE_URL"] = read or urls[PartName.CLICKHOUSE]
    agreed = {name: value for name, value in given.items() if name.startswith(_AGREED)}
    return Plan(
        started=started,
        ports=ports,
        urls={part.name: urls[part.name] for part in PARTS if part.name in urls},
        # Python would hold the last lines of a log back, and lose them when it is killed.
        env={**given, "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1", **told},
        shared={**agreed, **config.env, **told},
    )
