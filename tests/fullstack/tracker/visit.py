"""What one test sends, and what became of it in the tables."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import httpx2

from tests.fullstack.tracker.front import Front
from tests.fullstack.tracker.gate import WAIT_SECONDS, Gate
from tests.support.stack import Running
from ugc.local.stack import PartName

QUEUED = """new Promise((done) => {
  const request = indexedDB.open("ugc");
  // Where there is no database, none is made by looking.
  request.onupgradeneeded = () => request.transaction.abort();
  request.onerror = () => done(0);
  request.onsuccess = () => {
    const opened = request.result;
    const counted = opened.transaction("ugc").objectStore("ugc").count();
    counted.onsuccess = () => (opened.close(), done(counted.result));
  };
})"""
"""How many events the browser has stored."""


class Visit:
    """An origin nobody has been at, its way to the API, and the rows of its events."""

    def __init__(self, running: Running, gate: Gate, front: Front) -> None:
        self.running, self.gate, self.front = running, gate, front

    def __str__(self) -> str:
        return self.front.url

    def rows(self, event: str, count: int) -> list[dict[str, Any]]:
        """What the table has from this origin, when it has so many rows; times are texts of UTC."""
        query = (
            f"SELECT * FROM ugc.{event} FINAL "
            f"WHERE startsWith(context__page_url, '{self.front.url}/') "
            "ORDER BY context__sequence FORMAT JSONEachRow"
        )
        url = self.running.stack.urls[PartName.CLICKHOUSE].rpartition("/")[0]
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = httpx2.post(f"{url}/", content=query, timeout=WAIT_SECONDS)
            assert answer.is_success, answer.text
            rows = [json.loads(line) for line in answer.text.splitlines()]
            if len(rows) >= count:
                return rows
            assert time.monotonic() < deadline, f"{len(rows)} of {count} rows: {self.gate.told()}"
            time.sleep(0.1)

    def clicks(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """The rows of these clicks, as soon as the API has accepted them all.

        Fails unless they are all the clicks there are, each once: what the gate saw accepted is all
        that the tables can ever have.
        """
        expected = sorted(ids)
        self.gate.wait(
            lambda: set(expected) <= self.gate.accepted("element_click").keys(), "stored"
        )
        assert sorted(self.gate.accepted("element_click")) == expected
        rows = self.rows("element_click", len(expected))
        assert sorted(row["event_id"] for row in rows) == expected
        return rows

    def views(self, count: int) -> list[dict[str, Any]]:
        """The rows of so many page views, each of one start and one end, by their number."""
        for event in ("page_view_start", "page_view_end"):
            self.gate.wait(lambda event=event: len(self.gate.accepted(event)) >= count, event)
            stored = self.gate.accepted(event)
            assert len(stored) == count
        rows = self.rows("page_view", count)
        assert len(rows) == count
        assert all(row["paired"] for row in rows)
        return rows
