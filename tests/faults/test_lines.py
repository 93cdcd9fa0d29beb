"""Faults of the lines between the parts, with a proxy before each."""

from __future__ import annotations

import httpx2
import pytest

from tests.faults.conftest import Noted
from tests.faults.kit import Kit
from ugc.local.stack import PartName

pytestmark = [pytest.mark.stack, pytest.mark.full]

CLICK = {"element_type": "trailer", "page_type": "movie"}


def accept(kit: Kit, count: int = 20, token: str | None = None) -> list[str]:
    """So many events, each answered 202; gives their ids."""
    return [str(kit.running.accept("element_click", CLICK, token=token)) for _ in range(count)]


def check(kit: Kit, noted: Noted, ids: list[str]) -> None:
    """Loads what is there: each of the events is one row."""
    kit.running.load()
    rows = kit.running.rows("SELECT event_id, count() AS n FROM ugc.element_click FINAL GROUP BY 1")
    found = {row["event_id"]: int(row["n"]) for row in rows}
    noted.acknowledged, noted.arrived = len(ids), sum(each in found for each in ids)
    assert [found.get(each, 0) for each in ids] == [1] * len(ids)


@pytest.mark.fault("kafka_down")
def test_kafka_is_cut_off(proxied: Kit, noted: Noted) -> None:
    noted.done = "connections to Kafka cut, new ones refused"
    ids = accept(proxied)
    proxied.line(PartName.KAFKA).cut()
    ids += accept(proxied)
    assert proxied.readiness() == "degraded"
    assert proxied.spooled_bytes() > 0
    proxied.line(PartName.KAFKA).mend()
    noted.fault_ends()
    proxied.wait_whole()
    noted.recovered()
    check(proxied, noted, ids + accept(proxied))


@pytest.mark.fault("kafka_slow")
@pytest.mark.parametrize("how", ["late", "narrow", "half open"])
def test_kafka_is_slow(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"line to Kafka {how}"
    ids = accept(proxied)
    line = proxied.line(PartName.KAFKA)
    match how:
        case "late":
            line.slow_down(600)
        case "narrow":
            line.narrow(1)
        case _:
            line.swallow()
    ids += accept(proxied)
    assert proxied.spooled_bytes() > 0
    line.mend()
    noted.fault_ends()
    proxied.wait_whole()
    noted.recovered()
    check(proxied, noted, ids + accept(proxied))


@pytest.mark.fault("registry_down_running")
@pytest.mark.parametrize("how", ["killed", "half open"])
def test_the_registry_is_away(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"registry {how} while events come"
    if how == "killed":
        proxied.kill(PartName.REGISTRY)
    else:
        proxied.line(PartName.REGISTRY).swallow()
    ids = accept(proxied)
    noted.fault_ends()
    proxied.mend()
    proxied.wait_whole()
    noted.recovered()
    check(proxied, noted, ids)


@pytest.mark.fault("redis_down_api")
@pytest.mark.parametrize("how", ["killed", "silent", "cut", "half open"])
def test_redis_is_away(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"Redis {how} while events come"
    token = token_of(proxied)
    match how:
        case "killed":
            proxied.kill(PartName.REDIS)
        case "silent":
            proxied.pause(PartName.REDIS)
        case "cut":
            proxied.line(PartName.REDIS).cut()
        case _:
            proxied.line(PartName.REDIS).swallow()
    ids = accept(proxied, token=token)
    proxied.mend()
    noted.fault_ends()
    proxied.wait_whole()
    noted.recovered()
    check(proxied, noted, ids)


@pytest.mark.fault("auth_down")
@pytest.mark.parametrize("how", ["killed", "silent", "cut", "half open"])
def test_auth_service_is_away(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"auth_service {how}; a token that nobody knows yet"
    token = token_of(proxied)
    match how:
        case "killed":
            proxied.kill(PartName.AUTH)
        case "silent":
            proxied.pause(PartName.AUTH)
        case "cut":
            proxied.line(PartName.AUTH).cut()
        case _:
            proxied.line(PartName.AUTH).swallow()
    ids = accept(proxied, token=token)
    forged = {"event": "element_click", "token": f"{token}x", "data": CLICK}
    assert proxied.running.post(forged).status_code == 401
    proxied.mend()
    noted.fault_ends()
    proxied.wait_whole()
    noted.recovered()
    check(proxied, noted, ids)


def token_of(kit: Kit) -> str:
    """A new user's token, from auth_service itself."""
    url = f"{kit.direct_url(PartName.AUTH)}/api/v1/auth/demo-token"
    return str(httpx2.post(url, json={}, timeout=10).json()["token"])
