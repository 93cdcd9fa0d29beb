"""Puts the ETL together: from settings to something that runs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from ch_schema.client import ClickHouse
from ch_schema.client import connect as connect_clickhouse
from ch_schema.erasure import ErasedUsers
from ch_schema.migrate import ensure_tables
from contracts.loader import Catalog, load_catalog
from etl.config import EtlConfig
from etl.kafka import KafkaSource
from etl.kafka_dead_letters import KafkaDeadLetters
from etl.load import Loader
from etl.pair_store import RedisPairStore
from etl.pairing import plan_for
from etl.parts import Parts
from etl.report import RunReport
from etl.run import run
from etl.source import Source
from registry.cache import connect_remembering
from registry.serde import Decoder


def never() -> bool:
    """For a run that nobody asks to stop."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Etl:
    """The loader with its connections. One run at a time; runs share the connections.

    ``close`` releases them.
    """

    parts: Parts
    catalog: Catalog
    clickhouse: ClickHouse
    open_source: Callable[[], Source]
    close: Callable[[], None]

    def run_once(self, should_stop: Callable[[], bool] = never) -> RunReport:
        """Loads what is in Kafka now. See :func:`etl.run.run`.

        Raises:
            EtlError, RegistryError, ClickHouseError: the run ended early; the next one goes on.
        """
        self.parts.store.check()
        ensure_tables(self.clickhouse, self.catalog)
        with closing(self.open_source()) as source:
            return run(self.parts, source, should_stop)


def connect(config: EtlConfig) -> Etl:
    """The loader with real connections. Only an embedded ClickHouse is opened at once.

    Raises:
        ContractError: a contract file is wrong.
        PlanError: a contract declares a pairing that cannot be carried out.
        AddressError: CLICKHOUSE_URL is malformed.
        RegistrySettingError, LockError: the registry's settings or the lock file are malformed.
    """
    catalog = load_catalog(config.contracts_dir)
    plan = plan_for(catalog)
    with ExitStack() as opened:
        registry = connect_remembering(
            config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
        ).registry
        opened.callback(registry.close)
        clickhouse = connect_clickhouse(config.clickhouse_url)
        opened.callback(clickhouse.close)
        store = RedisPairStore.connect(
            config.redis_url,
            config.kafka.topic,
            dedup_window_seconds=config.dedup_window_seconds,
            timeout_seconds=config.redis_timeout_seconds,
        )
        opened.callback(store.close)
        dead_letters = KafkaDeadLetters(config.kafka)
        opened.callback(dead_letters.close)
        return Etl(
            parts=Parts(
                topic=config.kafka.topic,
                decoder=Decoder(catalog, registry),
                plan=plan,
                store=store,
                loader=Loader(
                    clickhouse, catalog, sleep=time.sleep, erased=ErasedUsers(clickhouse)
                ),
                dead_letters=dead_letters,
                policy=config.policy,
                clock=utc_now,
            ),
            catalog=catalog,
            clickhouse=clickhouse,
            open_source=lambda: KafkaSource(config.kafka),
            close=opened.pop_all().close,
        )


def utc_now() -> dt.datetime:
    """The present, aware."""
    return dt.datetime.now(dt.UTC)
