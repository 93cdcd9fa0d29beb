"""Puts the ETL together: from settings to something that runs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from ch_schema.client.connect import connect as connect_clickhouse
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.migrate.erasure import ErasedUsers
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import Catalog, load_catalog
from etl.config import EtlConfig, KafkaConfig
from etl.kafka.consumer import KafkaSource
from etl.kafka.dead_letters import KafkaDeadLetters
from etl.kafka.history import KafkaHistory
from etl.kafka.producer import KafkaProducer
from etl.producer import MessageProducer
from etl.quality.facts import Witnesses, gather
from etl.quality.objectives import Verdict, judge
from etl.run.context import RunContext
from etl.run.follow import Follower, Stop, Watcher, follow
from etl.run.following import Pace
from etl.run.lanes import Threads
from etl.run.load import Loader
from etl.run.replay import Progress, ReplayReport, ReplayRequest, replay
from etl.run.report import RunReport
from etl.run.runner import run
from etl.run.runs_table import RUNS
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.pairing import plan_for
from etl.sessions.redis_store import RedisSessionStore
from etl.source import History, Source
from etl.watched import watched
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

    context: RunContext
    catalog: Catalog
    clickhouse: ClickHouse
    open_source: Callable[[Callable[[], bool]], Source]
    """Of a worker that is to wait for partitions no longer when the function says so."""
    open_history: Callable[[], History]
    close: Callable[[], None]
    layout: Layout = ONE_SERVER

    def run_once(
        self,
        should_stop: Callable[[], bool] = never,
        progress: Callable[[int], object] = lambda _messages: None,
    ) -> RunReport:
        """Loads what is in Kafka now. See :func:`etl.run.runner.run`.

        ``progress`` is told how many messages have been read.

        Raises:
            StoppedError: it was asked to stop before it had partitions.
            EtlError, RegistryError, ClickHouseError: the run ended early; the next one goes on.
        """
        self._prepare()
        with closing(self.open_source(should_stop)) as source:
            return run(self.context, watched(source, progress), should_stop)

    def follow(
        self,
        pace: Pace,
        stop: Stop,
        watcher: Watcher,
        is_passing: Callable[[Exception], bool],
        progress: Callable[[int], object] = lambda _messages: None,
    ) -> None:
        """Loads what comes until ``stop`` is set. See :func:`etl.run.follow.follow`.

        Raises:
            EtlError, RegistryError, ClickHouseError: one for which ``is_passing`` says no.
        """
        follower = Follower(
            context=self.context,
            prepare=self._prepare,
            open_source=lambda: watched(self.open_source(stop.is_set), progress),
            is_passing=is_passing,
            clock=time.monotonic,
        )
        follow(follower, pace, stop, watcher)

    def _prepare(self) -> None:
        self.context.store.check()
        ensure_tables(self.clickhouse, self.catalog, (RUNS,), self.layout)

    def replay(
        self,
        request: ReplayRequest,
        should_stop: Callable[[], bool] = never,
        progress: Progress = lambda _done, _total: None,
    ) -> ReplayReport:
        """Loads again. See :func:`etl.run.replay.replay`.

        Raises:
            EtlError, RegistryError, ClickHouseError: it ended early, and may be begun again.
        """
        if not request.dry_run:
            self.context.store.check()
            ensure_tables(self.clickhouse, self.catalog, layout=self.layout)
        with closing(self.open_history()) as history:
            return replay(
                self.context, history, request, should_stop=should_stop, progress=progress
            )


def connect(config: EtlConfig) -> Etl:
    """The loader with real connections. Only an embedded ClickHouse is opened at once.

    Raises:
        ContractError: a contract file is wrong.
        PlanError: a contract declares a pairing that cannot be carried out.
        AddressError: CLICKHOUSE_URL is malformed.
        SettingError, LockError: the registry's settings or the lock file are malformed.
    """
    catalog = load_catalog(config.contracts_dir, config.naming)
    plan = plan_for(catalog)
    with ExitStack() as opened:
        registry = connect_remembering(
            config.schema_registry_url, config.registry, config.contracts_dir, time.monotonic
        ).registry
        opened.callback(registry.close)
        clickhouse = connect_clickhouse(config.clickhouse_url, config.naming.database)
        opened.callback(clickhouse.close)
        store = RedisSessionStore.connect(
            config.redis_url,
            config.kafka.topic,
            dedup_window_seconds=config.dedup_window_seconds,
            timeout_seconds=config.redis_timeout_seconds,
            key_prefix=config.naming.key_prefix,
        )
        opened.callback(store.close)
        ledger = _ledger(config)
        opened.callback(ledger.close)
        dead_letters = KafkaDeadLetters(config.kafka)
        opened.callback(dead_letters.close)
        lanes = Threads()
        opened.callback(lanes.close)
        return Etl(
            context=RunContext(
                topic=config.kafka.topic,
                decoder=Decoder(catalog, registry),
                plan=plan,
                store=store,
                ledger=ledger,
                runs=clickhouse,
                loader=Loader(
                    clickhouse,
                    catalog,
                    sleep=time.sleep,
                    erased=ErasedUsers(clickhouse, config.naming.database),
                ),
                dead_letters=dead_letters,
                policy=config.policy,
                clock=utc_now,
                lanes=lanes,
                database=config.naming.database,
            ),
            catalog=catalog,
            clickhouse=clickhouse,
            open_source=lambda should_stop: KafkaSource(config.kafka, should_stop=should_stop),
            open_history=lambda: KafkaHistory(config.kafka),
            close=opened.pop_all().close,
            layout=Layout.of(config.clickhouse_cluster),
        )


def ask_quality(config: EtlConfig, since: dt.datetime) -> Verdict:
    """What is known of the time from ``since`` on, held against the contracts' objectives.

    Raises:
        ContractError: a contract file is wrong.
        ClickHouseError, SourceUnavailableError, StoreUnavailableError: a part does not answer.
    """
    catalog = load_catalog(config.contracts_dir, config.naming)
    with ExitStack() as opened:
        clickhouse = connect_clickhouse(config.clickhouse_url, config.naming.database)
        opened.callback(clickhouse.close)
        ensure_tables(clickhouse, catalog, (RUNS,), Layout.of(config.clickhouse_cluster))
        ledger = opened.enter_context(closing(_ledger(config)))
        history = opened.enter_context(closing(KafkaHistory(config.kafka)))
        witnesses = Witnesses(
            catalog=catalog,
            clickhouse=clickhouse,
            ledger=ledger,
            history=history,
            refusals=opened.enter_context(closing(open_rejected(config.kafka))),
            gap_grace_seconds=config.policy.gap_grace_seconds,
        )
        return judge(catalog, gather(witnesses, since, utc_now()))


def _ledger(config: EtlConfig) -> RedisLedger:
    return RedisLedger.connect(
        config.redis_url,
        config.kafka.topic,
        timeout_seconds=config.redis_timeout_seconds,
        key_prefix=config.naming.key_prefix,
    )


def open_dead_letters(config: KafkaConfig) -> History:
    """The topic of the dead letters, to be read. Connects in the background."""
    return KafkaHistory(replace(config, topic=config.dead_letter_topic))


def open_rejected(config: KafkaConfig) -> History:
    """The topic of the refused events, to be read. Connects in the background."""
    return KafkaHistory(replace(config, topic=config.rejected_topic))


def open_producer(config: KafkaConfig) -> MessageProducer:
    """A way into Kafka. Connects in the background."""
    return KafkaProducer(config.servers)


def utc_now() -> dt.datetime:
    """The present, aware."""
    return dt.datetime.now(dt.UTC)
