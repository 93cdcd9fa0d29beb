"""Settings of the ETL, read once from environment variables.

===========================  ======================================================================
variable                     meaning (default)
===========================  ======================================================================
KAFKA_BOOTSTRAP_SERVERS      ``host:port``, several separated by commas
KAFKA_GROUP_ID               consumer group whose workers share the partitions (``ugc-etl``)
KAFKA_SESSION_TIMEOUT_MS     a worker silent for that long loses its partitions (10,000)
SCHEMA_REGISTRY_URL          the Schema Registry, several separated by commas
REDIS_URL                    ``redis://host:port``, without a db number
REDIS_TIMEOUT_SECONDS        longest wait for Redis (5)
CLICKHOUSE_URL               see :mod:`ch_schema.client.address`
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

:mod:`registry.topics` reads the names of the topics, :mod:`registry.options` more about the Schema
Registry.  A variable that is set to nothing counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from etl.errors import ConfigError
from registry.options import RegistryOptions
from registry.topics import TopicNames

_COUNT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfig:
    """Where the messages are, and as which group they are read."""

    bootstrap_servers: str
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
            ConfigError, RegistrySettingError: a variable is missing or malformed; the text names
                it.
        """
        read, topics = _Reader(env), TopicNames.from_env(env)
        return cls(
            bootstrap_servers=read.required("KAFKA_BOOTSTRAP_SERVERS", "host:port"),
            topic=topics.events,
            dead_letter_topic=topics.dead_letters,
            rejected_topic=topics.rejected,
            group_id=read.text("KAFKA_GROUP_ID", "ugc-etl"),
            session_timeout_ms=read.count("KAFKA_SESSION_TIMEOUT_MS", 10_000),
            chunk_seconds=read.seconds("ETL_CHUNK_SECONDS", 300.0),
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
    dedup_window_seconds: int
    policy: RunPolicy

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> EtlConfig:
        """The settings in environment variables.

        Raises:
            ConfigError, RegistrySettingError: a variable is missing or malformed; the text names
                it.
        """
        read = _Reader(env)
        contracts_dir = read.optional("CONTRACTS_DIR")
        return cls(
            kafka=KafkaConfig.from_env(env),
            schema_registry_url=read.required("SCHEMA_REGISTRY_URL", "http://host:port"),
            registry=RegistryOptions.from_env(env),
            redis_url=read.redis_url("REDIS_URL"),
            redis_timeout_seconds=read.seconds("REDIS_TIMEOUT_SECONDS", 5.0),
            clickhouse_url=read.required("CLICKHOUSE_URL", "clickhouse://host:port/ugc"),
            contracts_dir=None if contracts_dir is None else Path(contracts_dir),
            dedup_window_seconds=read.count("DEDUP_WINDOW_SECONDS", 900),
            policy=RunPolicy(
                chunk_messages=read.count("ETL_CHUNK_MESSAGES", 20_000),
                dead_letter_ratio=read.share("ETL_DEAD_LETTER_RATIO", 0.2),
                dead_letter_minimum=read.count("ETL_DEAD_LETTER_MINIMUM", 100),
                gap_grace_seconds=read.count("ETL_GAP_GRACE_SECONDS", 3_600),
                producer_memory_seconds=read.count("ETL_PRODUCER_MEMORY_SECONDS", 604_800),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    env: Mapping[str, str]

    def optional(self, name: str) -> str | None:
        return self.env.get(name, "").strip() or None

    def required(self, name: str, form: str) -> str:
        found = self.optional(name)
        if found is None:
            raise ConfigError(name, f"set, in the form {form}")
        return found

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def count(self, name: str, default: int) -> int:
        found = self.text(name, str(default))
        if not _COUNT.fullmatch(found):
            raise ConfigError(name, "a whole number from 1 to 999,999,999, in digits alone")
        return int(found)

    def seconds(self, name: str, default: float) -> float:
        found = self.text(name, str(default))
        if not _DECIMAL.fullmatch(found) or float(found) == 0:
            raise ConfigError(name, "a number of seconds above 0")
        return float(found)

    def share(self, name: str, default: float) -> float:
        found = self.text(name, str(default))
        if not _DECIMAL.fullmatch(found) or float(found) > 1:
            raise ConfigError(name, "a share from 0 to 1, such as 0.2")
        return float(found)

    def redis_url(self, name: str) -> str:
        found = self.required(name, "redis://host:port").removesuffix("/")
        try:
            parts = urlsplit(found)
            usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        # Not chained, not quoted: the address may hold a password.
        if not usable or parts.scheme not in ("redis", "rediss") or parts.path or parts.query:
            raise ConfigError(name, "an address like redis://host:port, without a db number")
        return found
