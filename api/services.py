"""Puts the components together: what the application serves, made of settings."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import uuid_utils.compat

from api.auth.jwt_local import JwtVerifier
from api.config import ApiConfig
from api.connections import (
    Authentication,
    connect_auth,
    connect_encoder,
    connect_publishing,
    connect_rejections,
    connect_short_redis,
)
from api.debug.places import Places
from api.debug.routes import Debugger
from api.debugging import connect_debugger
from api.http.applications import Door, check_rates, door
from api.limits.rate_counts import RedisCounts
from api.limits.rate_limit import InMemoryCounts, Rate, RateLimit
from api.limits.redis_calls import RedisCalls
from api.limits.redis_loop import LoopRedis
from api.model import ComponentHealth
from api.pipeline.components import Components
from api.pipeline.pipeline import Pipeline
from api.pipeline.seen import RedisSeenEvents
from api.pipeline.seen_soon import LoopSeenEvents, SeenSoon
from api.publish.sender import Reports
from api.publish.spooling import SpoolingPublisher
from api.publishing import check_spool
from api.rejections.record import NullReporter, RejectionReporter
from api.telemetry.metrics import Metrics
from api.telemetry.polling import MetricsPoller, State
from contracts.model.loader import Catalog, load_catalog
from registry.cache import connect_remembering
from registry.keys import key_maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What :func:`api.app.create_app` serves.

    ``health`` holds one check for each component, by name; ``is_alive`` tells whether their threads
    run; ``make_id`` makes correlation ids; ``close`` waits for what is under way and lets go of
    every component.  Without ``rate_limit`` nobody is limited, and without ``door`` every
    application let in.  Without ``debugger`` nothing is recorded, and nothing served of it.
    """

    catalog: Catalog
    pipeline: Pipeline
    seen: SeenSoon
    health: Mapping[str, Callable[[], ComponentHealth]]
    make_id: Callable[[], uuid.UUID]
    close: Callable[[], None]
    metrics: Metrics = field(default_factory=Metrics)
    reports: Reports | None = None
    is_alive: Callable[[], bool] = lambda: True
    rate_limit: RateLimit | None = None
    door: Door | None = None
    rejected: RejectionReporter = field(default_factory=NullReporter)
    debugger: Debugger | None = None


def check(config: ApiConfig) -> None:
    """Finds what :func:`connect` would not start with; asks no component.

    For the process that starts the workers: one of them that cannot start is started again and
    again.

    Raises:
        SettingError, ContractError, LockError: as :func:`connect`.
    """
    _catalog(config)
    JwtVerifier(config.jwt, clock=time.time)
    connect_remembering(
        config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
    ).registry.close()
    check_spool(config.publishing.spool_dir, config.kafka_topic)


def connect(config: ApiConfig) -> Services:
    """The real components. None has to be there yet; each is tried again when it is needed.

    Raises:
        SettingError: a setting is malformed, or has the right form and cannot be used
            all the same.
        ContractError: the contracts cannot be loaded.
        LockError: the lock file is malformed.
    """
    catalog = _catalog(config)
    metrics = Metrics(None if catalog.applications is None else catalog.applications.names)
    with ExitStack() as opened:
        opened.callback(metrics.flush)  # last of all: the others count while they close
        auth = opened.enter_context(connect_auth(config, metrics))
        redis = opened.enter_context(connect_short_redis(config))
        places = None if config.debugger is None else Places()
        placed = None if places is None else places.note
        publishing = opened.enter_context(connect_publishing(config, metrics, placed))
        encoder = opened.enter_context(connect_encoder(config, catalog))
        debugger = None
        if config.debugger is not None and places is not None:
            debugger = opened.enter_context(
                connect_debugger(config, config.debugger, catalog, places)
            )
        rejected = opened.enter_context(connect_rejections(config, metrics.rejected))
        poller = MetricsPoller(lambda: _state(auth, redis, publishing.publisher), metrics)
        poller.start()
        opened.callback(poller.close)
        window_seconds = config.duplicate_window_seconds
        seen = RedisSeenEvents(redis, window_seconds=window_seconds)
        on_loop = LoopRedis(redis, timeout_seconds=config.duplicate_timeout_seconds)
        seen_soon = LoopSeenEvents(on_loop, window_seconds=window_seconds)
        opened.enter_context(closing(seen_soon))
        close = opened.pop_all().close
    components = Components(
        catalog=catalog,
        users=auth.users,
        encoder=encoder.encoder,
        publisher=publishing.publisher,
        seen=seen,
        clock=lambda: dt.datetime.now(dt.UTC),
        make_id=uuid_utils.compat.uuid7,
        instrumentation=metrics,
        value_limit=lambda: publishing.limit.value_bytes,
        key_of=key_maker(catalog, config.key_form),
    )
    return Services(
        catalog=catalog,
        pipeline=Pipeline(components, config.limits),
        seen=seen_soon,
        reports=publishing.publisher,
        health={
            "kafka": publishing.kafka_health,
            "spool": publishing.publisher.spool_health,
            "registry": encoder.health,
            "redis": auth.cache.health,
            "auth_service": auth.service.health,
        },
        make_id=uuid_utils.compat.uuid7,
        close=close,
        metrics=metrics,
        is_alive=lambda: publishing.publisher.is_alive,
        rate_limit=None if config.rate_limit is None else _rate_limit(config.rate_limit, redis),
        door=door(catalog.applications, lambda rate: _rate_limit(rate, redis)),
        rejected=rejected,
        debugger=debugger,
    )


def _catalog(config: ApiConfig) -> Catalog:
    """
    Raises:
        ContractError: the contracts cannot be loaded.
        SettingError: an application may send less than a batch holds, or there is none of a name.
    """
    catalog = load_catalog(config.contracts_dir, config.naming)
    check_rates(catalog.applications, config.batch.events)
    if config.debugger is not None:
        config.debugger.check(catalog.applications)
    return catalog


def _state(auth: Authentication, redis: RedisCalls, publisher: SpoolingPublisher) -> State:
    return State(
        open_breakers={
            "auth_service": auth.service.is_stopped,
            "redis_duplicates": redis.is_stopped,
            "redis_tokens": auth.cache.is_stopped,
        },
        spool=publisher.spool_state(),
        records=publisher.counts(),
        producer_rebuilds=publisher.producer_rebuilds,
    )


def _rate_limit(rate: Rate, redis: RedisCalls) -> RateLimit:
    local = InMemoryCounts(rate, time.monotonic)
    return RateLimit(rate, shared=RedisCounts(redis, rate), local=local)
