"""The stack as production has it: Apache Kafka, a registry that is not ours, Debian's Redis.

The rest is the local stack's, and finds those three by the variables that replace parts.
ClickHouse stays ours, since Debian's is older than our tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.fullstack.apache_kafka import kafka_cluster
from tests.fullstack.debian_redis import debian_redis
from tests.fullstack.foreign_registry import foreign_registry
from ugc.local.stack import Stack, StackConfig


@contextmanager
def full_stack(config: StackConfig) -> Iterator[Stack]:
    """A running stack of ``config``'s other parts, over the three replaced ones."""
    folder = config.state_dir / "full"
    folder.mkdir(parents=True)
    with (
        kafka_cluster(folder / "kafka") as kafka,
        foreign_registry(folder) as registry,
        debian_redis(folder) as redis,
    ):
        replaced = {
            # What the caller's environment says must not replace the other parts.
            "CLICKHOUSE_URL": "",
            "AUTH_SERVICE_URL": "",
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "SCHEMA_REGISTRY_URL": registry.url,
            "REDIS_URL": redis.url,
        }
        with Stack.start(replace(config, alone=False, env={**config.env, **replaced})) as stack:
            yield stack


@contextmanager
def local_stack(config: StackConfig) -> Iterator[Stack]:
    """A running stack of PyPI's parts alone, whatever the caller's environment says."""
    with Stack.start(replace(config, alone=True)) as stack:
        yield stack
