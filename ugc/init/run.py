"""Prepares the parts: Kafka's topics, the registry's subjects, ClickHouse's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing

import tenacity

from ch_schema.client.connect import connect as connect_clickhouse
from ch_schema.errors import RetryableError
from ch_schema.migrate.run import ensure_tables
from contracts.visible import counted
from registry.addresses import are_servers
from registry.client import connect as connect_registry
from registry.errors import RegistryUnavailableError
from registry.options import RegistryOptions
from registry.sync import sync
from registry.topics import TopicNames
from ugc.environment import require
from ugc.errors import SettingError
from ugc.init.topics import Topic, TopicError, ensure_topics
from ugc.project.tables import INTERNAL
from ugc.wiring import catalog_from

_COUNT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_ATTEMPT_SECONDS = 5.0
_THREE_DAYS_MS = 3 * 24 * 3600 * 1000
_ONE_GIBIBYTE = 2**30
_LONGEST_LETTER_BYTES = 3 * 1024 * 1024
"""Brokers take 1 MiB unless they are told otherwise; a letter has the key of its original twice."""


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
        SettingError: a variable is missing or malformed.
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
        closing(connect_clickhouse(clickhouse_url)) as clickhouse,
    ):
        made = patient(ensure_topics, servers, wanted, timeout_seconds=_ATTEMPT_SECONDS)
        say(f"topics: {', '.join(made) if made else 'all there'}")
        done = patient(sync, registry, catalog, options.strategy, names.events)
        versions = counted(len(list(catalog)), "contract version")
        say(f"subjects: {versions}, {counted(len(done.actions), 'step')} taken")
        for drift in done.drift:
            say(f"subjects: drift: {drift}")
        made = patient(ensure_tables, clickhouse, catalog, INTERNAL)
        names_of_tables = ", ".join(contract.event for contract in catalog.tables)
        say(f"tables: {names_of_tables}; {counted(len(made), 'step')} taken")


def _servers(env: Mapping[str, str]) -> str:
    found = require(env, "KAFKA_BOOTSTRAP_SERVERS")
    if not are_servers(found):
        raise SettingError("KAFKA_BOOTSTRAP_SERVERS must be host:port, several separated by commas")
    return found


def topics(env: Mapping[str, str]) -> tuple[Topic, ...]:
    """The events' topic, the dead letters' and the refused events'.

    Raises:
        SettingError, RegistrySettingError: a number or a name is malformed.
    """
    names = TopicNames.from_env(env)
    replication = _positive(env, "KAFKA_REPLICATION_FACTOR", 1)
    in_sync = _positive(env, "KAFKA_MIN_INSYNC_REPLICAS", max(1, replication - 1))
    events = Topic(
        name=names.events,
        partitions=_positive(env, "KAFKA_PARTITIONS", 6),
        replication_factor=replication,
        min_insync_replicas=in_sync,
    )
    dead_letters = Topic(
        name=names.dead_letters,
        partitions=1,
        replication_factor=replication,
        retention_ms=events.retention_ms * 4,
        min_insync_replicas=in_sync,
        max_message_bytes=_LONGEST_LETTER_BYTES,
    )
    rejected = Topic(
        name=names.rejected,
        partitions=1,
        replication_factor=replication,
        retention_ms=_THREE_DAYS_MS,
        retention_bytes=_ONE_GIBIBYTE,
    )
    return events, dead_letters, rejected


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip() or str(default)
    if not _COUNT.fullmatch(text):
        raise SettingError(f"{name} must be a whole number from 1 to 99,999, not {text[:20]!r}")
    return int(text)
