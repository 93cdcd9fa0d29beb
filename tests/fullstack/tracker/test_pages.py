"""Pages that are clicked, closed, killed, reloaded, left and found again, in a real browser."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from threading import Event

import pytest

from tests.fullstack.chromium import Browser, Page, browser
from tests.fullstack.tracker.gate import Fault
from tests.fullstack.tracker.visit import QUEUED, Visit

pytestmark = [pytest.mark.full, pytest.mark.stack]

VIEWS = "tracker.pageView(location.pathname.slice(1));"


def test_clicks_become_the_right_rows(visit: Visit, tab: Page) -> None:
    tab.open(f"{visit}/films")
    for element in ("trailer", "movie", "trailer"):
        tab.click(f"#{element}")
    tab.wait("answers.length == 3")
    rows = visit.clicks(tab.run("answers.map((each) => each.event_id)"))
    assert [row["element_type"] for row in rows] == ["trailer", "movie", "trailer"]
    assert [row["context__sequence"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert row["page_type"] == "main"
        assert row["context__page_url"] == f"{visit}/films"
        assert row["context__clock"] == "corrected"
    assert len({(row["context__anonymous_id"], row["context__session_id"]) for row in rows}) == 1
    assert set(visit.gate.sent().values()) == {1}


def test_a_tab_that_is_closed_at_once_has_sent_what_it_had(visit: Visit, started: Browser) -> None:
    visit.front.after = VIEWS
    tab = started.new_page()
    tab.open(f"{visit}/closed")
    clicked = tab.run("clicks(20)")
    tab.close()
    visit.clicks(clicked)
    visit.views(1)
    assert set(visit.gate.sent().values()) == {1}


def test_what_a_closed_tab_could_not_send_the_next_page_sends(
    visit: Visit, started: Browser, tab: Page
) -> None:
    visit.front.after = VIEWS
    visit.gate.always = Fault(503)
    closed = started.new_page()
    closed.open(f"{visit}/closed")
    clicked = closed.run("clicks(20)")
    closed.close()
    visit.gate.wait(lambda: visit.gate.sendings, "sent on leaving")
    visit.gate.heal()
    visit.front.after = ""
    tab.open(f"{visit}/next")
    visit.clicks(clicked)
    visit.views(1)


def test_a_tab_that_is_killed_loses_nothing_it_has_stored(
    visit: Visit, started: Browser, tab: Page
) -> None:
    visit.gate.always = Fault()
    killed = started.new_page()
    killed.open(f"{visit}/killed")
    clicked = killed.run("clicks(50)")
    killed.wait(f"{QUEUED}.then((count) => count == 50)")
    killed.crash()
    visit.gate.heal()
    tab.open(f"{visit}/next")
    visit.clicks(clicked)


def test_a_browser_that_is_killed_loses_nothing_it_has_stored(visit: Visit, tmp_path: Path) -> None:
    visit.gate.always = Fault()
    with browser(tmp_path) as killed:
        tab = killed.new_page()
        tab.open(f"{visit}/killed")
        clicked = tab.run("clicks(50)")
        tab.wait(f"{QUEUED}.then((count) => count == 50)")
    visit.gate.heal()
    with browser(tmp_path) as again:
        again.new_page().open(f"{visit}/next")
        rows = visit.clicks(clicked)
    assert [row["context__sequence"] for row in rows] == list(range(1, 51))


@pytest.mark.parametrize("arrives", [True, False])
def test_a_reload_while_events_are_on_their_way(visit: Visit, tab: Page, arrives: bool) -> None:
    answered = Event()
    visit.gate.faults = [Fault(arrives=arrives, until=answered)]
    tab.open(f"{visit}/reloaded")
    clicked = tab.run("clicks(30)")
    visit.gate.wait(lambda: visit.gate.sent(), "on their way")
    if arrives:
        visit.gate.wait(lambda: visit.gate.sendings[0].results, "arrived")
    tab.open(f"{visit}/reloaded")
    try:
        visit.clicks(clicked)
        # Nobody has seen the first answer, so the events are sent again, and known.
        assert all(times > 1 for times in visit.gate.sent().values())
        tab.wait("tracker.queued() == 0")
    finally:
        answered.set()


def test_back_and_forward_begin_views_of_their_own(visit: Visit, tab: Page) -> None:
    """The browser keeps the pages as they are (bfcache) and shows them again."""
    visit.front.after = VIEWS
    begun = 0

    def has_begun() -> None:
        nonlocal begun
        begun += 1
        visit.gate.wait(
            lambda: len(visit.gate.accepted("page_view_start")) == begun, f"view {begun}"
        )

    tab.open(f"{visit}/first")
    has_begun()
    tab.open(f"{visit}/second")
    has_begun()
    for step, path in ((-1, "/first"), (1, "/second")):
        tab.go(step)
        is_restored = "typeof shown != 'undefined' && shown.join() == 'false,true'"
        tab.wait(f"location.pathname == '{path}' && {is_restored}")
        has_begun()
    tab.open(f"{visit}/elsewhere")
    rows = visit.views(4)
    assert [row["page_type"] for row in rows] == ["first", "second", "first", "second"]
    seen = json.loads(tab.run("sessionStorage.seen"))
    assert [row["duration_seconds"] for row in rows] == [
        pytest.approx(ms / 1000, abs=1) for ms in seen
    ]


def test_two_tabs_have_one_queue_and_send_each_event_once(
    visit: Visit, started: Browser, tab: Page
) -> None:
    other = started.new_page()
    visit.gate.always = Fault(503)
    tabs = (tab, other)
    for each in tabs:
        each.open(f"{visit}/tabs")
    for each in tabs:
        each.run("void setTimeout(() => (window.clicked = clicks(150)))")
    for each in tabs:
        each.wait("window.clicked !== undefined")
    clicked = [one for each in tabs for one in each.run("clicked")]
    tab.wait(f"{QUEUED}.then((count) => count == 300)")
    visit.gate.wait(lambda: visit.gate.sendings, "refused")
    before = visit.gate.heal()
    for each in tabs:
        each.run("void dispatchEvent(new Event('online'))")
    rows = visit.clicks(clicked)
    assert set(visit.gate.sent(before).values()) == {1}
    other.close()
    # Two tabs may be the first of a visitor at one instant, and are two visitors then for a moment.
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        numbers[row["context__anonymous_id"]].append(row["context__sequence"])
    for counted in numbers.values():
        assert counted == list(range(1, len(counted) + 1))
