"""Debian's ``clickhouse-server`` several times, as shards and replicas, over Apache ZooKeeper."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.api.servers import listens
from tests.fullstack.cache import cached, program
from tests.fullstack.clickhouse_server import ClickHouseServer
from tests.support.processes import ServerProcess, free_port

NAME = "main"

_JVM = ("-Xms32m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOGGING = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_SETTINGS = """tickTime=500
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
"""
_REPLICA = "<replica><host>127.0.0.1</host><port>{port}</port></replica>"
_SHARD = "<shard><internal_replication>true</internal_replication>{replicas}</shard>"
_MORE = """
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <interserver_http_port>{interserver_port}</interserver_http_port>
  <zookeeper><node><host>127.0.0.1</host><port>{keeper_port}</port></node></zookeeper>
  <distributed_ddl><path>/clickhouse/ddl</path></distributed_ddl>
  <macros><shard>{shard}</shard><replica>{replica}</replica></macros>
  <remote_servers><main>{shards}</main></remote_servers>
"""


@contextmanager
def zookeeper(folder: Path) -> Iterator[int]:
    """A running ZooKeeper; its port."""
    port = free_port()
    (folder / "data").mkdir(parents=True)
    config = folder / "zoo.cfg"
    config.write_text(_SETTINGS.format(folder=folder, port=port))
    jars = cached("zookeeper", "zookeeper.xml")
    main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
    command = [program("java"), *_JVM, _LOGGING, "-cp", f"{jars}/*", main, str(config)]
    process = ServerProcess(command, folder / "log", env=None, at_our_end=signal.SIGKILL)
    try:
        process.wait_ready(lambda: listens(port))
        yield port
    finally:
        process.kill()


@contextmanager
def clickhouse_cluster(
    folder: Path, replicas_of_shards: Sequence[int]
) -> Iterator[tuple[tuple[ClickHouseServer, ...], ...]]:
    """Running servers, shard by shard; every one knows the cluster as :data:`NAME`."""
    ports = [[free_port() for _ in range(count)] for count in replicas_of_shards]
    shards = "".join(
        _SHARD.format(replicas="".join(_REPLICA.format(port=port) for port in each))
        for each in ports
    )
    with ExitStack() as running:
        keeper_port = running.enter_context(zookeeper(folder / "zookeeper"))
        servers = []
        for shard, each in enumerate(ports, start=1):
            servers.append([])
            for replica, port in enumerate(each, start=1):
                place = folder / f"shard-{shard}-replica-{replica}"
                place.mkdir()
                more = _MORE.format(
                    interserver_port=free_port(),
                    keeper_port=keeper_port,
                    shard=shard,
                    replica=replica,
                    shards=shards,
                )
                server = ClickHouseServer(place, more, port)
                running.callback(server.kill)
                server.start()
                servers[-1].append(server)
        yield tuple(map(tuple, servers))
