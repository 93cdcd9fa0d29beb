"""Faults of the lines between the parts, with a proxy before each."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Noted
from tests.faults.kit import Kit
from ugc.stack import PartName

pytestmark = [pytest.mark.stack, pytest.mark.full]

CLICK = {"element_type": "trailer", "page_type": "movie"}


def accept(kit: Kit, count: int = 20) -> list[str]:
    """So many events, each answered 202; gives their ids."""
    return [str(kit.running.accept("element_click", CLICK)) for _ in range(count)]


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


@pytest.mark.fault("clickhouse_timeout_after_insert")
def test_clickhouse_inserts_and_its_answer_is_lost(proxied: Kit, noted: Noted) -> None:
    noted.done = "ClickHouse's answers swallowed during a run"
    ids = accept(proxied)
    url = f"{proxied.env['CLICKHOUSE_URL']}?send_receive_timeout=2"
    line = proxied.line(PartName.CLICKHOUSE)
    line.swallow_answers()
    proxied.running.ugc("etl", "run", code=75, env={**proxied.env, "CLICKHOUSE_URL": url})
    line.mend()
    noted.fault_ends()
    check(proxied, noted, ids)
    noted.recovered()
