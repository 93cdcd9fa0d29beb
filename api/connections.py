"""The API's way to each of its components, opened and closed as a context."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from api.auth.auth_http import HttpAuthService
from api.auth.jwt_local import JwtVerifier
from api.auth.token_cache import InMemoryTokenCache, RedisTokenCache
from api.auth.users import Users
from api.config import ApiConfig
from api.limits.redis_calls import RedisCalls
from api.model import ComponentHealth, ComponentStatus
from api.pipeline.encoding import EncoderLoader
from api.publish.kafka import Placed
from api.publish.kafka_limits import RecordLimit
from api.publish.spooling import SpoolingPublisher
from api.publishing import connect_publisher
from api.rejections.kafka import KafkaSink
from api.rejections.record import Sampler
from api.rejections.reporter import RejectionSender
from api.telemetry.metrics import Metrics
from contracts.model.loader import Catalog
from registry.cache import connect_remembering
from registry.subjects import subject_names

_FIRST_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Authentication:
    """Who tells whose a token is, and the two components that are asked for it."""

    users: Users
    cache: RedisTokenCache
    service: HttpAuthService


@dataclass(frozen=True, slots=True)
class Publishing:
    """Where events go, and how large a record may be on its way there."""

    publisher: SpoolingPublisher
    limit: RecordLimit

    def kafka_health(self) -> ComponentHealth:
        """Kafka's health, which tells of limits that do not fit: that is no reason to be down."""
        kafka = self.publisher.kafka_health()
        if self.limit.misfit is None or kafka.status is not ComponentStatus.UP:
            return kafka
        return replace(kafka, detail=f"{kafka.detail}; {self.limit.misfit}")


@contextmanager
def connect_auth(config: ApiConfig, metrics: Metrics) -> Iterator[Authentication]:
    """auth_service, with the caches before it and the local check behind it.

    Raises:
        SettingError: a key for the local check cannot be used.
    """
    local = JwtVerifier(config.jwt, clock=time.time)
    with ExitStack() as opened:
        cache = RedisTokenCache.connect(
            config.redis_url,
            timeout_seconds=config.redis_timeout_seconds,
            key_prefix=config.naming.key_prefix,
        )
        opened.callback(cache.close)
        service = HttpAuthService(config.auth_url, timeout_seconds=config.auth_timeout_seconds)
        opened.callback(service.close)
        users = Users(
            memory=InMemoryTokenCache(time.time),
            cache=cache,
            auth=service,
            local=local,
            clock=time.time,
            times=config.cache_times,
            instrumentation=metrics,
        )
        yield Authentication(users, cache, service)


@contextmanager
def connect_short_redis(config: ApiConfig) -> Iterator[RedisCalls]:
    """Redis for what an event may wait for only a little: repetitions, and the rate limit.

    One failure stops both of its users for a second: only one of them can wait in vain.
    """
    calls = RedisCalls(
        config.redis_url,
        timeout_seconds=config.duplicate_timeout_seconds,
        failures_to_open=1,
        key_prefix=config.naming.key_prefix,
    )
    try:
        yield calls
    finally:
        calls.close()


@contextmanager
def connect_publishing(
    config: ApiConfig, metrics: Metrics, placed: Placed | None = None
) -> Iterator[Publishing]:
    """Kafka and this worker's spool, and a look at what the topic takes.

    ``placed`` is told where Kafka has put each event.

    Raises:
        SettingError: the spool's folder cannot be used.
    """
    with connect_publisher(config, metrics.acknowledged, placed) as publisher:
        limit = RecordLimit(
            config.kafka,
            config.kafka_topic,
            body_limit_bytes=config.body_limit_bytes,
        )
        limit.start()
        try:
            yield Publishing(publisher, limit)
        finally:
            limit.close()


@contextmanager
def connect_encoder(config: ApiConfig, catalog: Catalog) -> Iterator[EncoderLoader]:
    """The Schema Registry, asked for the ids of all contracts.

    It waits some seconds at most for the first answer, so that a server that listens afterwards
    does not refuse its first events.

    Raises:
        SettingError, LockError: the registry's settings or the lock file are malformed.
    """
    remembering = connect_remembering(
        config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
    )
    with ExitStack() as opened:
        opened.callback(remembering.registry.close)
        subject_of = subject_names(
            config.registry.strategy, config.kafka_topic, config.naming.namespace
        )
        encoder = EncoderLoader(catalog, remembering.registry, remembering.cache, subject_of)
        encoder.start()
        opened.callback(encoder.close)
        encoder.wait_asked(_FIRST_ANSWER_SECONDS)
        yield encoder


@contextmanager
def connect_rejections(
    config: ApiConfig, count: Callable[[str, int], None]
) -> Iterator[RejectionSender]:
    """The topic of rejected events; ``count`` is told what became of how many."""
    sender = RejectionSender(
        KafkaSink(config.kafka, config.rejected_topic),
        Sampler(time.monotonic),
        now=lambda: dt.datetime.now(dt.UTC),
        count=count,
    )
    sender.start()
    try:
        yield sender
    finally:
        sender.close()
