"""A whole stack of which every part may be stopped, killed, paused and started, and its lines cut.

::

    with kit(folder, KitConfig(proxied=frozenset({PartName.REDIS}))) as k:
        k.kill(PartName.REDIS)             # also stop, pause, resume, start, restart
        k.line(PartName.REDIS).swallow()   # also slow_down, narrow, cut, mend
        os.kill(k.api_workers()[0], signal.SIGKILL)
        k.running.accept(...)              # what tests do with any running stack

The parts below (Redis, registry, ClickHouse, auth_service) are one local stack; the API and the
loader are another one over it, which reaches them through the proxies.  Kafka is a process of its
own, since its clients go where it says it is.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2

from tests.api.servers import broker
from tests.fullstack.apache_kafka import kafka_cluster
from tests.fullstack.toxiproxy import Proxy, toxiproxy
from tests.support.processes import ServerProcess, wait_until
from tests.support.stack import Running
from ugc.local.stack import PartName, Stack, StackConfig
from ugc.local.stack.config import DEFAULT_PORTS, HOST
from ugc.local.stack.errors import PartStateError
from ugc.local.stack.parts import PART
from ugc.local.stack.ports import choose_ports, is_free
from ugc.local.stack.proctable import session

BELOW = frozenset({PartName.REDIS, PartName.REGISTRY, PartName.CLICKHOUSE, PartName.AUTH})
ABOVE = frozenset({PartName.API, PartName.ETL})
PROXIED = BELOW | {PartName.KAFKA}
READY_SECONDS = 60.0


class Node(Protocol):
    """A part, or one broker of several."""

    @property
    def is_running(self) -> bool: ...

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class ForgetfulNode:
    """The local stack's broker, whose memory is its process: it may be paused and no more."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def start(self) -> None:
        raise AssertionError("it runs, and would have forgotten everything if it did not")

    def stop(self) -> None:
        raise AssertionError("it would forget what was acknowledged: pause it, or cut its line")

    kill = stop

    def pause(self) -> None:
        self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send(signal.SIGCONT)


@dataclass(frozen=True, kw_only=True)
class KitConfig:
    """What is started.

    ``nodes`` of Apache Kafka; 0: the local stack's broker.  ``proxied`` parts are reached through
    a proxy, which has to be installed.  ``above`` is the API, the loader's schedule, or both.
    """

    above: frozenset[PartName] = frozenset({PartName.API})
    workers: int = 1
    nodes: int = 0
    proxied: frozenset[PartName] = frozenset()
    etl_interval_seconds: float = 60.0
    env: Mapping[str, str] | None = None


class Kit:
    """A running stack, and all that can be done to it."""

    def __init__(
        self,
        folder: Path,
        stacks: tuple[Stack, Stack],
        nodes: Sequence[Node],
        lines: Mapping[PartName, Proxy],
    ) -> None:
        self.folder = folder
        self.nodes = nodes
        self.running = Running(stacks[1])
        self._stacks = stacks
        self._lines = lines

    @property
    def env(self) -> Mapping[str, str]:
        """Of commands that go the same way as the API and the loader."""
        return self.running.stack.env

    @property
    def spool_dir(self) -> Path:
        return Path(self.env["SPOOL_DIR"])

    def direct_url(self, name: PartName) -> str:
        """The address of a part of :data:`BELOW`, not its proxy's."""
        return self._stacks[0].urls[name]

    def line(self, name: PartName) -> Proxy:
        """The proxy in front of a part."""
        return self._lines[name]

    def stop(self, name: PartName) -> None:
        """SIGTERM, then SIGKILL."""
        self._of(name).stop()

    def kill(self, name: PartName) -> None:
        """SIGKILL to every process of the part."""
        self._of(name).kill()

    def pause(self, name: PartName) -> None:
        """SIGSTOP: connections stay and nothing answers."""
        self._of(name).pause()

    def resume(self, name: PartName) -> None:
        """SIGCONT."""
        self._of(name).resume()

    def start(self, name: PartName) -> None:
        """Starts an ended part where it was; returns when it serves."""
        self._of(name).start()

    def restart(self, name: PartName) -> None:
        self.stop(name)
        self.start(name)

    def api_workers(self) -> list[int]:
        """The process ids of the API's workers, without the process that looks after them."""
        leader = self.running.stack.pid(PartName.API)
        return sorted(each.pid for each in session(leader) if each.pid != leader)

    def workers_begun(self) -> int:
        """How many workers have ever come so far that they serve, as the API's log tells."""
        return self.running.stack.log(PartName.API).read_text().count("schema ids are resolved")

    def spooled_bytes(self) -> int:
        """What waits in the spools of all workers."""
        return sum(_size(path) for path in self.spool_dir.glob("**/*.spool"))

    def readiness(self) -> str:
        """What the API says of itself: ready, degraded, not ready; or nothing."""
        try:
            answer = httpx2.get(f"{self.running.api}/health/ready", timeout=5)
        except httpx2.HTTPError:
            return "silent"
        return str(answer.json().get("status"))

    def finds_all(self) -> bool:
        """Whether the API finds every part in order.

        Not auth_service: it is what it was when it was last asked, and known tokens ask nobody.
        """
        try:
            answer = httpx2.get(f"{self.running.api}/health/ready", timeout=5)
        except httpx2.HTTPError:
            return False
        parts = answer.json()["parts"]
        return all(part["status"] == "up" for name, part in parts.items() if name != "auth_service")

    def wait_whole(self) -> None:
        """Returns when the API finds every part in order and nothing lies in a spool."""
        wait_until(self.finds_all, "the API finds all parts", READY_SECONDS)
        wait_until(lambda: self.spooled_bytes() == 0, "the spools are empty", READY_SECONDS)

    def mend(self) -> None:
        """Undoes what a test left: lines are whole, paused parts go on, ended parts run."""
        for line in self._lines.values():
            line.mend()
        parts = [_StackPart(stack, name) for stack in self._stacks for name in stack.config.parts]
        for each in (*self.nodes, *parts):
            if each.is_running:
                each.resume()
            else:
                each.start()

    def logs(self) -> list[Path]:
        """The logs of all parts."""
        found = (path for path in self.folder.glob("**/*.log*") if path.is_file())
        return sorted(path for path in found if not path.stem.isdigit())  # Kafka's data

    def _of(self, name: PartName) -> Node:
        if name is PartName.KAFKA:
            return self.nodes[0]
        return _StackPart(self._stacks[name in ABOVE], name)


@dataclass(frozen=True)
class _StackPart:
    stack: Stack
    name: PartName

    @property
    def is_running(self) -> bool:
        try:
            self.stack.pid(self.name)
        except PartStateError:
            return False
        return self.name not in self.stack.dead_parts()

    def start(self) -> None:
        self.stack.start_part(self.name)

    def stop(self) -> None:
        self.stack.stop_part(self.name)

    def kill(self) -> None:
        self.stack.kill_part(self.name)

    def pause(self) -> None:
        self.stack.pause_part(self.name)

    def resume(self) -> None:
        self.stack.resume_part(self.name)


@contextmanager
def kit(folder: Path, config: KitConfig) -> Iterator[Kit]:
    """A running stack below ``folder``, of which nothing is left afterwards but files."""
    settings = {
        "JWT_SECRET": secrets.token_hex(32),
        # The local stack's broker answers a join after half of it; Apache Kafka takes it too.
        "KAFKA_SESSION_TIMEOUT_MS": "3000",
        "KAFKA_REPLICATION_FACTOR": str(min(3, max(1, config.nodes))),
        **(config.env or {}),
    }
    with ExitStack() as opened:
        proxies = opened.enter_context(toxiproxy(folder)) if config.proxied else None
        lines: dict[PartName, Proxy] = {}
        below = opened.enter_context(_below(folder, settings))
        urls = dict(below.urls)
        if PartName.KAFKA in config.proxied:
            assert proxies is not None
            assert config.nodes <= 1, "each broker would need a proxy of its own"
            upstream = _steady_port()
            line = proxies.add(PartName.KAFKA, f"{HOST}:{upstream}", _steady_port())
            lines[PartName.KAFKA] = line
            servers, nodes = opened.enter_context(_kafka(folder, config, upstream, line.address))
        else:
            servers, nodes = opened.enter_context(_kafka(folder, config))
        urls[PartName.KAFKA] = servers
        for name in config.proxied - {PartName.KAFKA}:
            assert proxies is not None
            scheme, _, rest = urls[name].partition("://")
            address, slash, path = rest.partition("/")
            lines[name] = proxies.add(name, address, _steady_port())
            urls[name] = f"{scheme}://{lines[name].address}{slash}{path}"
        replaced = {str(PART[name].variable): url for name, url in urls.items()}
        above = StackConfig(
            state_dir=folder / "above",
            ports=dict.fromkeys(PartName, 0),
            parts=config.above,
            api_workers=config.workers,
            etl_interval_seconds=config.etl_interval_seconds,
            env={**settings, **replaced},
        )
        upper = opened.enter_context(Stack.start(above))
        yield Kit(folder, (below, upper), nodes, lines)


def _below(folder: Path, settings: Mapping[str, str]) -> Stack:
    config = StackConfig(
        state_dir=folder / "below",
        ports=dict.fromkeys(PartName, 0),
        parts=BELOW,
        alone=True,
        env={**settings, "KAFKA_BOOTSTRAP_SERVERS": ""},
    )
    return Stack.start(config)


@contextmanager
def _kafka(
    folder: Path, config: KitConfig, port: int | None = None, advertised: str | None = None
) -> Iterator[tuple[str, Sequence[Node]]]:
    """Where Kafka is, and its brokers."""
    if config.nodes == 0:
        with broker(folder, port=port, advertised=advertised) as tansu:
            yield advertised or tansu.address, [ForgetfulNode(tansu.process)]
        return
    told = {} if advertised is None else {"advertised.listeners": f"PLAINTEXT://{advertised}"}
    with kafka_cluster(folder / "kafka", config.nodes, told, port=port) as cluster:
        yield advertised or cluster.bootstrap_servers, cluster.nodes


def _steady_port() -> int:
    """A free port that no outgoing connection can take while its server is away."""
    name = PartName.KAFKA
    return choose_ports([name], {name: 0}, DEFAULT_PORTS, lambda _line: None, is_free)[name]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it was sent in between
        return 0
