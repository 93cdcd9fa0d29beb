"""Prepares the parts: Kafka's topics, the registry's subjects, ClickHouse's tables.

=========================  ===================================================================
variable                   meaning (default)
=========================  ===================================================================
KAFKA_PARTITIONS           partitions of the topic of accepted events, where it is missing (6)
KAFKA_REPLICATION_FACTOR   copies of each partition, of every topic that is made (1)
KAFKA_MIN_INSYNC_REPLICAS  copies that have to have an event before it counts as stored (one
                           less than KAFKA_REPLICATION_FACTOR, 1 at least)
=========================  ===================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace

import tenacity

from ch_schema.client.connect import connect as connect_clickhouse
from ch_schema.errors import RetryableError
from ch_schema.migrate.run import ensure_tables
from contracts.errors import SettingError
from contracts.settings import Settings
from contracts.visible import counted
from registry.client import connect as connect_registry
from registry.errors import RegistryUnavailableError
from registry.kafka_servers import SERVERS, KafkaServers, kafka_servers
from registry.options import RegistryOptions
from registry.sync import sync
from registry.topics import TopicNames, TopicSpec, topic_specs
from ugc.environment import require
from ugc.init.topics import Topic, TopicError, ensure_topics
from ugc.project.tables import INTERNAL, layout
from ugc.wiring import catalog_from

_COUNT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_ATTEMPT_SECONDS = 5.0
_DAY_MS = 24 * 3600 * 1000
_MEBIBYTE = 2**20


def initialise(
    env: Mapping[str, str], *, wait_seconds: float, say: Callable[[str], object]
) -> None:
    """Creates what is missing. Idempotent.

    Args:
        env: where the parts are, the registry's options (:mod:`registry.options`), the topics'
            names (:mod:`registry.topics`), and KAFKA_PARTITIONS, KAFKA_REPLICATION_FACTOR,
            KAFKA_MIN_INSYNC_REPLICAS.
        wait_seconds: how long each part may take to answer.
        say: gets one line for each part.

    Raises:
        TopicError, RegistryError, ClickHouseError: a part still does not answer, or refuses.
        SettingError, MisconfiguredError: a variable is malformed or missing.
    """
    catalog = catalog_from(env)
    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(
            (TopicError, RegistryUnavailableError, RetryableError)
        ),
        stop=tenacity.stop_after_delay(wait_seconds),
        wait=tenacity.wait_exponential(0.2, max=2),
        reraise=True,
    )
    servers, wanted = _servers(env), topics(env)
    options, names = RegistryOptions.from_env(env), TopicNames.from_env(env)
    registry_url, clickhouse_url = (
        require(env, name) for name in ("SCHEMA_REGISTRY_URL", "CLICKHOUSE_URL")
    )
    # Both before anything is made: a wrong setting leaves nothing half done.
    with (
        closing(connect_registry(registry_url, options)) as registry,
        closing(connect_clickhouse(clickhouse_url, catalog.naming.database)) as clickhouse,
    ):
        made = patient(ensure_topics, servers, wanted, timeout_seconds=_ATTEMPT_SECONDS)
        say(f"topics: {', '.join(made) if made else 'all there'}")
        done = patient(sync, registry, catalog, options.strategy, names.events)
        versions = counted(len(list(catalog)), "contract version")
        say(f"subjects: {versions}, {counted(len(done.actions), 'step')} taken")
        for drift in done.drift:
            say(f"subjects: drift: {drift}")
        made = patient(ensure_tables, clickhouse, catalog, INTERNAL, layout(env))
        names_of_tables = ", ".join(contract.event for contract in catalog.tables)
        database = catalog.naming.database
        say(f"tables in {database}: {names_of_tables}; {counted(len(made), 'step')} taken")


def _servers(env: Mapping[str, str]) -> KafkaServers:
    require(env, SERVERS)
    return kafka_servers(env)


def topics(env: Mapping[str, str]) -> tuple[Topic, ...]:
    """The events' topic, the dead letters' and the refused events'.

    Raises:
        SettingError: a number or a name is malformed.
    """
    names, specs = TopicNames.from_env(env), topic_specs()
    replication = _positive(env, "KAFKA_REPLICATION_FACTOR", 1)
    in_sync = _positive(env, "KAFKA_MIN_INSYNC_REPLICAS", max(1, replication - 1))
    partitions = _positive(env, "KAFKA_PARTITIONS", specs.events.partitions)
    return (
        replace(_topic(names.events, specs.events, replication, in_sync), partitions=partitions),
        _topic(names.dead_letters, specs.dead_letters, replication, in_sync),
        # A refused event may be lost with a broker: its sender heard the problem.
        _topic(names.rejected, specs.rejected, replication, 1),
    )


def _topic(name: str, spec: TopicSpec, replication: int, in_sync: int) -> Topic:
    kept, longest = spec.retention_mebibytes, spec.max_message_mebibytes
    return Topic(
        name=name,
        partitions=spec.partitions,
        replication_factor=replication,
        retention_ms=spec.retention_days * _DAY_MS,
        min_insync_replicas=in_sync,
        retention_bytes=-1 if kept is None else kept * _MEBIBYTE,
        max_message_bytes=None if longest is None else longest * _MEBIBYTE,
    )


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = Settings(env).text(name, str(default))
    if not _COUNT.fullmatch(text):
        raise SettingError(name, f"a whole number from 1 to 99,999, not {text[:20]!r}")
    return int(text)
