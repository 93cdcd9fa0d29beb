"""What the local stack consists of, as data."""

from __future__ import annotations

from collections.abc import Mapping
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

PORT_VARIABLES: Mapping[PartName, str] = {
    name: f"{name.name}_PORT" for name in PartName if name in DEFAULT_PORTS
}
"""API_PORT, KAFKA_PORT and so on ask for a port, like ``StackConfig.ports``."""

ANY_PORT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """One local stack.

    ``ports`` asks for certain ports (0: any free one) and goes before the variables API_PORT and
    so on; a part that is in neither gets its default port, or any free one when that is busy.
    ``env`` is laid over the caller's environment and handed to every part.  ``start_seconds`` is
    how long each part may take until it is ready.  The loader follows the topic, unless it has an
    interval, which is in whole seconds.
    ``fresh`` forgets what earlier stacks have left in ``state_dir``.  ``alone`` starts every part
    here, whatever URL variables the caller has set.
    """

    state_dir: Path
    ports: Mapping[PartName, int] = field(default_factory=dict)
    parts: frozenset[PartName] = ALL_PARTS
    api_workers: int = 1
    etl_interval_seconds: float | None = None
    start_seconds: float = 60.0
    fresh: bool = False
    alone: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
