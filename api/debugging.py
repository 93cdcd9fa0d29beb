"""Puts the live debugger together: its records in Redis, its reader of the tables, its thread."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from api.config import ApiConfig
from api.debug.explaining import Explainer
from api.debug.following import Follower
from api.debug.loaded import Loaded
from api.debug.masking import Masks
from api.debug.places import Places
from api.debug.recorder import Recorder
from api.debug.routes import Debugger
from api.debug.settings import DebuggerSettings
from api.debug.store import RedisDebugStore
from api.limits.redis_calls import RedisCalls
from api.tables import ClickHouseTables
from contracts.model.loader import Catalog, default_folder

_REDIS_SECONDS = 0.5
"""Whoever waits for it is a thread of the debugger's, or somebody who looks."""


@contextmanager
def connect_debugger(
    config: ApiConfig, settings: DebuggerSettings, catalog: Catalog, places: Places
) -> Iterator[Debugger]:
    """The debugger, with a connection to Redis and a breaker that events do not share."""
    with ExitStack() as opened:
        redis = RedisCalls(
            config.redis_url,
            timeout_seconds=_REDIS_SECONDS,
            failures_to_open=1,
            key_prefix=config.naming.key_prefix,
        )
        opened.callback(redis.close)
        store = RedisDebugStore(redis)
        loaded = None
        if config.tables_url is not None:
            tables = ClickHouseTables(config.tables_url, catalog.naming.database)
            opened.callback(tables.close)
            loaded = Loaded(tables, catalog)
        recorder = Recorder(
            store,
            Masks(catalog),
            places,
            topic=config.kafka_topic,
            applications=settings.applications,
            now=_now,
        )
        recorder.start()
        opened.callback(recorder.close)
        yield Debugger(
            settings=settings,
            store=store,
            recorder=recorder,
            explainer=Explainer(catalog, config.contracts_dir or default_folder()),
            follower=Follower(store, catalog, loaded, now=_now),
        )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
