"""Compares what the API acknowledged with what is in ClickHouse."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from etl.sessions.pairing import ROW_IDS
from tests.faults.load import Sent
from tests.support.processes import wait_until
from tests.support.stack import Running

_START, _END = "page_view_start", "page_view_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``lost``: what was acknowledged and is not there; ``doubled``: what is there more than once.

    A page view counts when both its halves were acknowledged, and is there when it is paired.
    """

    acknowledged: int
    arrived: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.lost and not self.doubled


def load_all(running: Running) -> None:
    """Runs the loader until nothing is left in Kafka."""
    wait_until(lambda: running.load()["consumed"] == 0, "everything is loaded", 110)


def prove(env: Mapping[str, str], sent: Iterable[Sent]) -> Proof:
    """Looks up every acknowledged event, as ``FINAL`` gives its row."""
    by_event: dict[str, set[str]] = defaultdict(set)
    halves: dict[str, set[str]] = {_START: set(), _END: set()}
    for each in sent:
        if not each.acknowledged:
            continue
        if each.view is not None:
            halves[each.event].add(row_id(each.view, each.user_id))
        else:
            by_event[each.event].add(each.event_id)
    expected, lost, doubled = 0, [], []
    with closing(connect(env["CLICKHOUSE_URL"])) as clickhouse:
        for event, ids in by_event.items():
            found = _counts(clickhouse, f"SELECT event_id AS id FROM ugc.{event} FINAL")
            expected += len(ids)
            lost += sorted(ids - found.keys())
            doubled += sorted(each for each in ids if found[each] > 1)
        views = halves[_START] & halves[_END]
        if views:
            expected += len(views)
            query = "SELECT event_id AS id FROM ugc.page_view FINAL WHERE paired"
            paired = _counts(clickhouse, query)
            lost += sorted(views - paired.keys())
            doubled += sorted(each for each in views if paired[each] > 1)
    return Proof(
        acknowledged=expected,
        arrived=expected - len(lost),
        lost=tuple(lost),
        doubled=tuple(doubled),
    )


def row_id(page_view_id: str, user_id: str) -> str:
    """The ``event_id`` of a view's row."""
    identity = json.dumps(["page_view", page_view_id, user_id], separators=(",", ":"))
    return str(uuid.uuid5(ROW_IDS, identity))


def _counts(clickhouse: ClickHouse, query: str) -> Counter[str]:
    return Counter(str(row["id"]) for row in clickhouse.query(query))
