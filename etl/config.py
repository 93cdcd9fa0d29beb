"""Settings of the ETL, read once from environment variables.

===========================  ======================================================================
variable                     meaning (default)
===========================  ======================================================================
KAFKA_BOOTSTRAP_SERVERS      ``host:port``, several separated by commas
KAFKA_GROUP_ID               consumer group whose workers share the partitions (``ugc-etl``)
KAFKA_SESSION_TIMEOUT_MS     a worker silent for that long loses its partitions (10,000)
SCHEMA_REGISTRY_URL          the Schema Registry, several separated by commas
REDIS_URL                    ``redis://host:port``, without a db number, or sentinels as
                             ``redis+sentinel://host:port,host:port/service``, or a cluster as
                             ``redis+cluster://host:port,host:port``
REDIS_TIMEOUT_SECONDS        longest wait for Redis (5)
CLICKHOUSE_URL               see :mod:`ch_schema.client.address`
CLICKHOUSE_CLUSTER           name of the cluster that the tables are spread over (one server)
CONTRACTS_DIR                folder of the contract files (contracts/ of the project)
DEDUP_WINDOW_SECONDS         how long an event id is remembered to count duplicates (900)
ETL_CHUNK_MESSAGES           messages in memory at a time, and so the largest block (20,000)
ETL_CHUNK_SECONDS            a worker that does not come back from a chunk for that long loses its
                             partitions, though it still lives (300)
ETL_DEAD_LETTER_RATIO        a run stops when more than this share is unusable (0.2)
ETL_DEAD_LETTER_MINIMUM      … and at least so many are (100)
ETL_GAP_GRACE_SECONDS        a number that a producer gave out counts as missing when it has not
                             come so long after a later one; longer than the API's spool takes to
                             be sent (3,600)
ETL_PRODUCER_MEMORY_SECONDS  how long the numbers of a producer that is gone are kept (604,800)
===========================  ======================================================================

:mod:`registry.topics` reads the names of the topics, :mod:`contracts.naming` those of database and
subjects, :mod:`registry.options` more about the Schema Registry.  A variable that is set to nothing
counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts.errors import SettingError
from contracts.naming import Naming
from contracts.settings import Settings
from registry.kafka_servers import KafkaServers, kafka_servers
from registry.options import RegistryOptions
from registry.topics import TopicNames

_HOUR_MS = 3_600_000
"""librdkafka's bound of ``session.timeout.ms``."""
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfig:
    """Where the messages are, and as which group they are read."""

    servers: KafkaServers
    topic: str
    dead_letter_topic: str
    rejected_topic: str
    group_id: str
    session_timeout_ms: int
    chunk_seconds: float = 300.0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> KafkaConfig:
        """Kafka's share of the settings, for what needs nothing else.

        Raises:
            SettingError: a variable is missing or malformed; the text names
                it.
        """
        read, topics = Settings(env), TopicNames.from_env(env)
        session_timeout_ms = read.count("KAFKA_SESSION_TIMEOUT_MS", 10_000, most=_HOUR_MS)
        chunk_seconds = read.seconds("ETL_CHUNK_SECONDS", 300.0)
        # Both bounds are librdkafka's, of max.poll.interval.ms.
        if not session_timeout_ms / 1000 <= chunk_seconds <= _DAY_SECONDS:
            expected = f"a number of seconds from KAFKA_SESSION_TIMEOUT_MS to {_DAY_SECONDS:,}"
            raise SettingError("ETL_CHUNK_SECONDS", expected)
        return cls(
            servers=kafka_servers(env),
            topic=topics.events,
            dead_letter_topic=topics.dead_letters,
            rejected_topic=topics.rejected,
            group_id=read.text("KAFKA_GROUP_ID", "ugc-etl"),
            session_timeout_ms=session_timeout_ms,
            chunk_seconds=chunk_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """How a run goes about its work; the module says what each setting means.

    ``dead_letter_ratio`` is a share of what the run consumed.
    """

    chunk_messages: int = 20_000
    dead_letter_ratio: float = 0.2
    dead_letter_minimum: int = 100
    gap_grace_seconds: int = 3_600
    producer_memory_seconds: int = 7 * 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class EtlConfig:
    """Everything that can be set. The module says what each variable means."""

    kafka: KafkaConfig
    schema_registry_url: str = field(repr=False)
    registry: RegistryOptions
    redis_url: str = field(repr=False)
    redis_timeout_seconds: float
    clickhouse_url: str = field(repr=False)
    contracts_dir: Path | None
    naming: Naming
    dedup_window_seconds: int
    policy: RunPolicy
    clickhouse_cluster: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> EtlConfig:
        """The settings in environment variables.

        Raises:
            SettingError: a variable is missing or malformed; the text names
                it.
        """
        read = Settings(env)
        return cls(
            kafka=KafkaConfig.from_env(env),
            schema_registry_url=read.http_urls("SCHEMA_REGISTRY_URL"),
            registry=RegistryOptions.from_env(env),
            redis_url=read.redis_url("REDIS_URL"),
            redis_timeout_seconds=read.seconds("REDIS_TIMEOUT_SECONDS", 5.0),
            clickhouse_url=read.required("CLICKHOUSE_URL", "clickhouse://host:port/ugc"),
            contracts_dir=read.path("CONTRACTS_DIR"),
            naming=Naming.from_env(env),
            dedup_window_seconds=read.count("DEDUP_WINDOW_SECONDS", 900),
            policy=RunPolicy(
                chunk_messages=read.count("ETL_CHUNK_MESSAGES", 20_000),
                dead_letter_ratio=read.share("ETL_DEAD_LETTER_RATIO", 0.2),
                dead_letter_minimum=read.count("ETL_DEAD_LETTER_MINIMUM", 100),
                gap_grace_seconds=read.count("ETL_GAP_GRACE_SECONDS", 3_600),
                producer_memory_seconds=read.count("ETL_PRODUCER_MEMORY_SECONDS", 604_800),
            ),
            clickhouse_cluster=read.optional("CLICKHOUSE_CLUSTER"),
        )
