"""What is done to the stack, by name."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2

from tests.faults.kit import Kit
from ugc.local.stack import PartName

Act = Callable[[Kit], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """How it begins and how it ends."""

    begin: Act
    end: Act


def _paused(part: PartName) -> Fault:
    return Fault(lambda kit: kit.pause(part), lambda kit: kit.resume(part))


def _killed(part: PartName) -> Fault:
    return Fault(lambda kit: kit.kill(part), lambda kit: kit.start(part))


def _auth(mode: str) -> Act:
    def tell(kit: Kit) -> None:
        url = f"{kit.direct_url(PartName.AUTH)}/faults"
        httpx2.put(url, json={"mode": mode, "delay_seconds": 2}, timeout=10).raise_for_status()

    return tell


def _kill_worker(kit: Kit) -> None:
    os.kill(random.choice(kit.api_workers()), signal.SIGKILL)


def _nothing(_kit: Kit) -> None:
    return


def _line(part: PartName, spoil: str) -> Fault:
    return Fault(
        lambda kit: getattr(kit.line(part), spoil)(),
        lambda kit: kit.line(part).mend(),
    )


ANYWHERE: Mapping[str, Fault] = {
    "Kafka silent": _paused(PartName.KAFKA),
    "Redis killed": _killed(PartName.REDIS),
    "Redis silent": _paused(PartName.REDIS),
    "ClickHouse killed": _killed(PartName.CLICKHOUSE),
    "ClickHouse silent": _paused(PartName.CLICKHOUSE),
    "registry killed": _killed(PartName.REGISTRY),
    "auth_service killed": _killed(PartName.AUTH),
    "auth_service slow": Fault(_auth("slow"), _auth("ok")),
    "auth_service wrong": Fault(_auth("malformed"), _auth("ok")),
    "loader killed": _killed(PartName.ETL),
    "loader silent": _paused(PartName.ETL),
    "API worker killed": Fault(_kill_worker, _nothing),
}
"""On any stack."""

APACHE: Mapping[str, Fault] = {
    "broker killed": _killed(PartName.KAFKA),
    "Redis cut": _line(PartName.REDIS, "cut"),
    "ClickHouse cut": _line(PartName.CLICKHOUSE, "cut"),
    "ClickHouse's answers lost": _line(PartName.CLICKHOUSE, "swallow_answers"),
}
"""With Apache Kafka, which remembers, and proxies."""
