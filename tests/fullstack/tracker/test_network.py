"""No network, an API that has enough to do, and clocks that are wrong, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.fullstack.chromium import Page
from tests.fullstack.tracker.gate import Fault
from tests.fullstack.tracker.visit import QUEUED, Visit

pytestmark = [pytest.mark.full, pytest.mark.stack]

BUSY = Fault(503, {"Retry-After": "1"})
TOO_MUCH = Fault(429, {"Retry-After": "1"})


def occurred(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["context__occurred_at"]).replace(tzinfo=UTC)


def test_ten_minutes_without_network(visit: Visit, tab: Page) -> None:
    """The ten minutes are the page's clock, which is moved on; the network is really off."""
    tab.open(f"{visit}/offline")
    tab.go_offline(True)
    tab.wait("!navigator.onLine")
    clicked = tab.run("window.view = tracker.pageView('film'), clicks(5)")
    tab.run("tracker.flush()")
    tab.run("ahead += 600_000")
    clicked += tab.run("clicks(5)")
    tab.run("view.end()")
    tab.run("tracker.flush()")
    assert visit.gate.sendings == []
    tab.go_offline(False)
    rows = visit.clicks(clicked)
    for early, late in zip(rows[:5], rows[5:], strict=True):
        assert (occurred(late) - occurred(early)).total_seconds() == pytest.approx(600, abs=1)
    (view,) = visit.views(1)
    assert view["duration_seconds"] == pytest.approx(600, abs=1)


def test_a_thousand_events_wait_for_the_network(visit: Visit, tab: Page) -> None:
    tab.open(f"{visit}/thousand")
    tab.go_offline(True)
    tab.wait("!navigator.onLine")
    clicked = tab.run("clicks(1000)")
    tab.wait(f"{QUEUED}.then((count) => count == 1000)")
    assert tab.run("dropped.length") == 0
    tab.go_offline(False)
    rows = visit.clicks(clicked)
    assert [row["context__sequence"] for row in rows] == list(range(1, 1001))
    assert set(visit.gate.sent().values()) == {1}


def test_a_storm_of_refusals_is_waited_out(visit: Visit, tab: Page) -> None:
    visit.gate.faults = [BUSY, BUSY, TOO_MUCH, BUSY, TOO_MUCH]
    tab.open(f"{visit}/storm")
    clicked = tab.run("clicks(40)")
    visit.clicks(clicked)
    assert visit.gate.sent() == dict.fromkeys(clicked, 6)
    times = [sending.at for sending in visit.gate.sendings]
    assert all(next - last >= 1 for last, next in pairwise(times))


def test_a_page_that_is_opened_anew_comes_no_earlier_than_the_api_wants(
    visit: Visit, tab: Page
) -> None:
    visit.gate.faults = [Fault(503, {"Retry-After": "3"})]
    tab.open(f"{visit}/impatient")
    clicked = tab.run("clicks(10)")
    tab.wait("JSON.parse(localStorage.ugc).w > 0")
    tab.open(f"{visit}/impatient")
    visit.clicks(clicked)
    first, second = visit.gate.sendings
    assert second.at - first.at >= 3


def test_answers_that_do_not_arrive_double_nothing(visit: Visit, tab: Page) -> None:
    visit.gate.faults = [Fault(), Fault(arrives=True)]
    tab.open(f"{visit}/cut")
    clicked = tab.run("clicks(40)")
    visit.gate.wait(lambda: visit.gate.repeated().total() == 40, "sent again")
    visit.clicks(clicked)
    tab.wait("answers.length == 40 && answers.every((each) => each.duplicate)")


@pytest.mark.parametrize("ahead", [timedelta(days=-3), timedelta(hours=5)], ids=str)
def test_a_client_whose_clock_is_wrong(visit: Visit, tab: Page, ahead: timedelta) -> None:
    visit.front.ahead_ms = ahead // timedelta(milliseconds=1)
    visit.front.after = "tracker.pageView('film');"
    earliest = datetime.now(UTC) - timedelta(seconds=1)
    tab.open(f"{visit}/clock")
    clicked = tab.run("clicks(3)")
    rows = visit.clicks(clicked)
    tab.open(f"{visit}/elsewhere")
    (view,) = visit.views(1)
    latest = datetime.now(UTC) + timedelta(seconds=1)
    assert all(earliest < occurred(row) < latest for row in rows)
    (seen,) = tab.run("JSON.parse(sessionStorage.seen)")
    assert view["duration_seconds"] == pytest.approx(seen / 1000, abs=1)


def test_a_server_whose_clock_is_slow_asks_for_a_time_that_is_over(visit: Visit, tab: Page) -> None:
    over = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    visit.gate.faults = [Fault(503, {"Retry-After": over})]
    tab.open(f"{visit}/slow")
    visit.clicks(tab.run("clicks(10)"))
    assert len(visit.gate.sendings) == 2


def test_a_server_whose_clock_is_fast_is_waited_for_an_hour_at_most(
    visit: Visit, tab: Page
) -> None:
    """The hour is the page's clock, which is moved on."""
    far = format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)
    visit.gate.faults = [Fault(503, {"Retry-After": far})]
    tab.open(f"{visit}/fast")
    clicked = tab.run("clicks(10)")
    tab.wait("JSON.parse(localStorage.ugc).w > 0")
    tab.run("ahead += 3_599_000 - 60_000, tracker.flush()")
    assert len(visit.gate.sendings) == 1
    tab.run("ahead += 61_000, void tracker.flush()")
    visit.clicks(clicked)
