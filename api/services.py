"""Puts the parts together: what the application needs, out of settings or out of a test's hands."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import uuid_utils.compat

from api.auth.auth_http import HttpAuthService
from api.auth.jwt_local import JwtVerifier
from api.auth.token_cache import InMemoryTokenCache, RedisTokenCache
from api.auth.users import Users
from api.config import ApiConfig
from api.limits.rate_counts import RedisCounts
from api.limits.rate_limit import InMemoryCounts, Rate, RateLimit
from api.limits.redis_calls import RedisCalls
from api.model import ComponentHealth, ComponentStatus
from api.pipeline.encoding import EncoderLoader
from api.pipeline.pipeline import Parts, Pipeline
from api.pipeline.seen import RedisSeenEvents
from api.publish.kafka_limits import RecordLimit
from api.publishing import check_spool, connect_publisher
from api.rejections.kafka import KafkaSink
from api.rejections.record import NullReporter, RejectionReporter, Sampler
from api.rejections.reporter import RejectionSender
from api.telemetry.metrics import Metrics
from api.telemetry.polling import MetricsPoller, State
from contracts.model.loader import Catalog, load_catalog
from registry.cache import connect_remembering
from registry.subjects import subject_names

_FIRST_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What :func:`api.app.create_app` serves.

    ``health`` holds one check for each part, by name; ``is_alive`` tells whether the threads of the
    parts run; ``make_id`` makes correlation ids; ``close`` waits for what is under way and lets go
    of every part.  Without ``rate_limit`` nobody is limited.
    """

    catalog: Catalog
    pipeline: Pipeline
    health: Mapping[str, Callable[[], ComponentHealth]]
    make_id: Callable[[], uuid.UUID]
    close: Callable[[], None]
    metrics: Metrics = field(default_factory=Metrics)
    is_alive: Callable[[], bool] = lambda: True
    rate_limit: RateLimit | None = None
    rejected: RejectionReporter = field(default_factory=NullReporter)


def check(config: ApiConfig) -> None:
    """Finds what :func:`connect` would not start with; asks no part.

    For the process that starts the workers: one of them that cannot start is started again and
    again.

    Raises:
        SettingError, ContractError, LockError: as :func:`connect`.
    """
    load_catalog(config.contracts_dir)
    JwtVerifier(config.jwt, clock=time.time)
    connect_remembering(
        config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
    ).registry.close()
    check_spool(config.publishing.spool_dir)


def connect(config: ApiConfig) -> Services:
    """The real parts. None of them has to be there yet; each is tried again when it is needed.

    It waits some seconds at most for the registry, so that a server that listens afterwards does
    not refuse its first events.

    Raises:
        SettingError: a setting is malformed, or has the right form and cannot be used
            all the same.
        ContractError: the contracts cannot be loaded.
        LockError: the lock file is malformed.
    """
    catalog = load_catalog(config.contracts_dir)
    local = JwtVerifier(config.jwt, clock=time.time)
    metrics = Metrics()
    with ExitStack() as opened:
        cache = RedisTokenCache.connect(
            config.redis_url, timeout_seconds=config.redis_timeout_seconds
        )
        opened.callback(cache.close)
        # One failure stops both of its users for a second: only one of them can wait in vain.
        impatient = RedisCalls(
            config.redis_url,
            timeout_seconds=config.duplicate_timeout_seconds,
            failures_to_open=1,
        )
        opened.callback(impatient.close)
        auth = HttpAuthService(config.auth_url, timeout_seconds=config.auth_timeout_seconds)
        opened.callback(auth.close)
        registry = connect_remembering(
            config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
        )
        opened.callback(registry.registry.close)
        subject_of = subject_names(config.registry.strategy, config.kafka_topic)
        encoder = EncoderLoader(catalog, registry.registry, registry.cache, subject_of)
        publisher = opened.enter_context(connect_publisher(config, metrics.acknowledged))
        record_limit = RecordLimit(
            config.kafka_bootstrap_servers,
            config.kafka_topic,
            body_limit_bytes=config.body_limit_bytes,
        )
        record_limit.start()
        opened.callback(record_limit.close)
        encoder.start()
        opened.callback(encoder.close)
        encoder.wait_asked(_FIRST_ANSWER_SECONDS)
        rejected = RejectionSender(
            KafkaSink(config.kafka_bootstrap_servers, config.rejected_topic),
            Sampler(time.monotonic),
            now=lambda: dt.datetime.now(dt.UTC),
            count=metrics.rejected,
        )
        rejected.start()
        opened.callback(rejected.close)
        sampling = MetricsPoller(
            lambda: State(
                open_breakers={
                    "auth_service": auth.is_stopped,
                    "redis_duplicates": impatient.is_stopped,
                    "redis_tokens": cache.is_stopped,
                },
                spool=publisher.spool_state(),
                records=publisher.counts(),
                producer_rebuilds=publisher.producer_rebuilds,
            ),
            metrics,
        )
        sampling.start()
        opened.callback(sampling.close)
        close = opened.pop_all().close
    parts = Parts(
        catalog=catalog,
        users=Users(
            memory=InMemoryTokenCache(time.time),
            cache=cache,
            auth=auth,
            local=local,
            clock=time.time,
            times=config.cache_times,
            instrumentation=metrics,
        ),
        encoder=encoder.encoder,
        publisher=publisher,
        seen=RedisSeenEvents(impatient, window_seconds=config.duplicate_window_seconds),
        clock=lambda: dt.datetime.now(dt.UTC),
        make_id=uuid_utils.compat.uuid7,
        instrumentation=metrics,
        value_limit=lambda: record_limit.value_bytes,
    )
    return Services(
        catalog=catalog,
        pipeline=Pipeline(parts, config.limits),
        health={
            "kafka": lambda: _with_limits(publisher.kafka_health(), record_limit),
            "spool": publisher.spool_health,
            "registry": encoder.health,
            "redis": cache.health,
            "auth_service": auth.health,
        },
        make_id=uuid_utils.compat.uuid7,
        close=close,
        metrics=metrics,
        is_alive=lambda: publisher.is_alive,
        rate_limit=_rate_limit(config.rate_limit, impatient),
        rejected=rejected,
    )


def _with_limits(kafka: ComponentHealth, limit: RecordLimit) -> ComponentHealth:
    """Kafka's health, which tells of limits that do not fit; that is no reason not to be ready."""
    if limit.misfit is None or kafka.status is not ComponentStatus.UP:
        return kafka
    return replace(kafka, detail=f"{kafka.detail}; {limit.misfit}")


def _rate_limit(rate: Rate | None, redis: RedisCalls) -> RateLimit | None:
    if rate is None:
        return None
    local = InMemoryCounts(rate, time.monotonic)
    return RateLimit(rate, shared=RedisCounts(redis, rate), local=local)
