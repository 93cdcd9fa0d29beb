"""Puts the parts together: what the application needs, out of settings or out of a test's hands."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import uuid_utils.compat

from api.auth.auth_http import HttpAuthService
from api.auth.jwt_local import JwtVerifier
from api.auth.token_cache import InMemoryTokenCache, RedisTokenCache
from api.auth.users import Users
from api.config import ApiConfig
from api.limits.rate_counts import RedisCounts
from api.limits.rate_limit import InMemoryCounts, Rate, RateLimit
from api.limits.redis_calls import RedisCalls
from api.model import PartHealth
from api.pipeline.encoding import EncoderLoader
from api.pipeline.pipeline import Parts, Pipeline
from api.pipeline.seen import RedisSeenEvents
from api.publishing import connect_publisher
from api.rejections.kafka import KafkaSink
from api.rejections.rejected import ForgetsRejected, KeepsRejected, Sampler
from api.rejections.rejecting import RejectedEvents
from api.telemetry.metrics import Metrics
from api.telemetry.sampling import Sampling, State
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
    health: Mapping[str, Callable[[], PartHealth]]
    make_id: Callable[[], uuid.UUID]
    close: Callable[[], None]
    metrics: Metrics = field(default_factory=Metrics)
    is_alive: Callable[[], bool] = lambda: True
    rate_limit: RateLimit | None = None
    rejected: KeepsRejected = field(default_factory=ForgetsRejected)


def connect(config: ApiConfig) -> Services:
    """The real parts. None of them has to be there yet; each is tried again when it is needed.

    It waits some seconds at most for the registry, so that a server that listens afterwards does
    not refuse its first events.

    Raises:
        ConfigError: a setting has the right form and cannot be used all the same.
        ContractError: the contracts cannot be loaded.
        RegistrySettingError, LockError: the registry's settings or the lock file are malformed.
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
        encoder.start()
        opened.callback(encoder.close)
        encoder.wait_asked(_FIRST_ANSWER_SECONDS)
        rejected = RejectedEvents(
            KafkaSink(config.kafka_bootstrap_servers, config.rejected_topic),
            Sampler(time.monotonic),
            now=lambda: dt.datetime.now(dt.UTC),
            count=metrics.rejected,
        )
        rejected.start()
        opened.callback(rejected.close)
        sampling = Sampling(
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
            watch=metrics,
        ),
        encoder=encoder.encoder,
        publisher=publisher,
        seen=RedisSeenEvents(impatient, window_seconds=config.duplicate_window_seconds),
        clock=lambda: dt.datetime.now(dt.UTC),
        make_id=uuid_utils.compat.uuid7,
        watch=metrics,
    )
    return Services(
        catalog=catalog,
        pipeline=Pipeline(parts, config.limits),
        health={
            "kafka": publisher.kafka_health,
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


def _rate_limit(rate: Rate | None, redis: RedisCalls) -> RateLimit | None:
    if rate is None:
        return None
    local = InMemoryCounts(rate, time.monotonic)
    return RateLimit(rate, shared=RedisCounts(redis, rate), local=local)
