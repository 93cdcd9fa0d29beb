"""A browser that stores little or nothing, and visitors who want nothing stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fullstack.chromium import Browser, Page, browser
from tests.fullstack.tracker.gate import Fault
from tests.fullstack.tracker.visit import QUEUED, Visit

pytestmark = [pytest.mark.full, pytest.mark.stack]

FILL = """
  localStorage.ugc = " ".repeat(400);
  for (let length = 5_242_880; length >= 1; length >>= 1)
    for (let at = 0; ; at++)
      try {
        localStorage.setItem("fill" + length + "-" + at, "x".repeat(length));
      } catch {
        break;
      }
  localStorage.removeItem("ugc");
"""
"""Leaves room for who sends and the number, and for no event."""

LOCALLY = "Object.keys(localStorage).filter((each) => each.startsWith('ugc.')).length"

NOTHING = "localStorage.length == 0 && indexedDB.databases().then((all) => all.length == 0)"

FRAMED = """
  (async () => {
    const denied = [];
    try {
      localStorage.length;
    } catch (error) {
      denied.push(error.name);
    }
    try {
      await new Promise((done, fail) => {
        const request = indexedDB.open("any");
        request.onsuccess = done;
        request.onerror = () => fail(request.error);
      });
    } catch (error) {
      denied.push(error.name);
    }
    parent.postMessage({ denied, clicked: clicks(50) }, "*");
  })();
"""


def test_events_that_find_the_database_full_go_into_local_storage(
    visit: Visit, started: Browser, tab: Page
) -> None:
    visit.gate.always = Fault(503)
    closed = started.new_page()
    closed.open(f"{visit}/elsewhere")
    closed.limit_storage(visit.front.url, 1)
    closed.open(f"{visit}/full")
    clicked = closed.run("clicks(50)")
    closed.wait(f"{LOCALLY} == 50")
    closed.close()
    visit.gate.heal()
    tab.open(f"{visit}/next")
    visit.clicks(clicked)
    tab.wait(f"{LOCALLY} == 0")


def test_events_that_find_everything_full_are_sent_from_memory(visit: Visit, tab: Page) -> None:
    visit.gate.faults = [Fault(503)]
    visit.front.before = FILL
    tab.open(f"{visit}/elsewhere")
    tab.limit_storage(visit.front.url, 1)
    tab.open(f"{visit}/full")
    clicked = tab.run("clicks(50)")
    rows = visit.clicks(clicked)
    assert [row["context__sequence"] for row in rows] == list(range(1, 51))
    assert tab.run(LOCALLY) == 0
    assert tab.run(QUEUED) == 0


BLOCKED = {"block_third_party_cookies": True, "cookie_controls_mode": 1}
DENYING = {"default_content_setting_values": {"cookies": 2}}


@pytest.mark.parametrize(
    ("profile", "denied"),
    [(BLOCKED, []), (DENYING, ["SecurityError", "UnknownError"])],
    ids=["blocked", "denied"],
)
def test_a_frame_on_another_site_whose_storage_is_denied(
    visit: Visit, tmp_path: Path, profile: dict[str, Any], denied: list[str]
) -> None:
    """The pages of ``localhost`` and of ``127.0.0.1`` are of two sites.

    Where it blocks third parties, Chromium gives a frame storage for this site alone; none where
    it is set to let nobody store anything.
    """
    visit.front.after = FRAMED
    with browser(tmp_path, {"profile": profile}) as strict:
        tab = strict.new_page()
        tab.open(f"{visit}/frame".replace("127.0.0.1", "localhost"))
        tab.wait("told.length == 1")
        told = tab.run("told[0]")
        assert told["denied"] == denied
        visit.clicks(told["clicked"])


def test_without_consent_nothing_is_stored_and_nothing_sent(visit: Visit, tab: Page) -> None:
    visit.front.options = "{ consent: false }"
    tab.open(f"{visit}/consent")
    tab.run("clicks(10), tracker.flush()")
    tab.wait(NOTHING)
    assert visit.gate.sendings == []
    tab.run("tracker.consent(true)")
    clicked = tab.run("clicks(5)")
    visit.clicks(clicked)
    visit.gate.always = Fault(503)
    tab.run("clicks(3), tracker.flush()")
    tab.run("tracker.consent(false)")
    tab.wait(NOTHING)
    assert tab.run("dropped") == [[3, "consent"]]
    before = visit.gate.heal()
    tab.run("clicks(10), tracker.flush()")
    assert visit.gate.sendings[before:] == []
    tab.run("tracker.consent(true)")
    clicked += tab.run("clicks(2)")
    rows = visit.clicks(clicked)
    assert len({row["context__anonymous_id"] for row in rows}) == 2
