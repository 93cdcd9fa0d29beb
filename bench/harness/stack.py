"""The parts that what is measured runs over: the local stack's, on the other core."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.harness.machine import OTHER_CORE, on_core
from bench.harness.requests import SECRET
from contracts.model.loader import load_catalog
from registry.serde import SchemaIds
from tests.api.servers import (
    Broker,
    RedisServer,
    RestRegistry,
    Server,
    broker,
    create_topic,
    python_server,
    redis_server,
)
from tests.support.register import register_all

PARTITIONS = 6


class MissingServerError(Exception):
    """A program that the run needs is not installed; nothing is measured without it."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Running servers."""

    folder: Path
    broker: Broker
    redis: RedisServer
    registry: Server
    auth: Server
    schema_ids: SchemaIds
    topics: set[str] = field(default_factory=set)

    @property
    def env(self) -> Mapping[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
            "SCHEMA_REGISTRY_URL": self.registry.url,
            "REDIS_URL": self.redis.url,
            "AUTH_SERVICE_URL": self.auth.url,
            "JWT_SECRET": SECRET,
        }

    def topic(self, name: str) -> str:
        """A topic of that name, made if it is not there."""
        if name not in self.topics:
            create_topic(self.broker, name, partitions=PARTITIONS)
            self.topics.add(name)
        return name


@contextmanager
def parts(folder: Path) -> Iterator[Parts]:
    """All parts, every contract registered, pinned to the other core."""
    with ExitStack() as running, on_core(OTHER_CORE):
        serve = f"registry serve --data-dir {folder / 'registry'}"
        secret = {"JWT_SECRET": SECRET}
        registry = running.enter_context(python_server(folder, "registry", serve, {}))
        kafka = running.enter_context(broker(folder))
        redis = running.enter_context(redis_server(folder))
        auth = running.enter_context(python_server(folder, "auth", "auth serve", secret))
        ids = register_all(RestRegistry(registry.url), load_catalog())
        yield Parts(
            folder=folder,
            broker=kafka,
            redis=redis,
            registry=registry,
            auth=auth,
            schema_ids=ids,
        )


def require_programs(*names: str) -> None:
    """
    Raises:
        MissingServerError: one of them is not installed.
    """
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise MissingServerError(
            f"{', '.join(missing)} is not installed (tests/fullstack/install tells how), and some "
            "baselines need it; leave them out with ONLY=, which takes beginnings of case names"
        )
