"""What the API says of an event, and what becomes of the event then, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.fullstack.chromium import Page
from tests.fullstack.tracker.visit import Visit
from ugc.local.stack import PartName

pytestmark = [pytest.mark.full, pytest.mark.stack]


def demo_token(visit: Visit, **wanted: Any) -> dict[str, Any]:
    url = visit.running.stack.urls[PartName.AUTH]
    answer = httpx2.post(f"{url}/api/v1/auth/demo-token", json=wanted, timeout=20)
    assert answer.status_code == 201, answer.text
    token: dict[str, Any] = answer.json()
    return token


def test_a_refused_token_is_refreshed_and_the_events_are_the_users(visit: Visit, tab: Page) -> None:
    good = demo_token(visit)
    over = demo_token(visit, user_id=good["user_id"], ttl_seconds=-3600)
    tokens = json.dumps({"false": over["token"], "true": good["token"]})
    visit.front.before = "const asked = [];"
    visit.front.options = f"{{ token: async (anew) => (asked.push(anew), {tokens}[anew]) }}"
    tab.open(f"{visit}/user")
    clicked = tab.run("clicks(10)")
    rows = visit.clicks(clicked)
    assert {row["user_id"] for row in rows} == {good["user_id"]}
    assert visit.gate.sent() == dict.fromkeys(clicked, 2)
    assert tab.run("asked.filter((anew) => anew).length") == 1


def test_a_refused_event_is_never_sent_again(visit: Visit, tab: Page) -> None:
    tab.open(f"{visit}/refused")
    clicked = tab.run("clicks(3)")
    refused = tab.run(
        "[tracker.track('element_click', { element_type: 7 }), tracker.track('no_event', {})]"
    )
    clicked += tab.run("clicks(3)")
    visit.clicks(clicked)
    tab.wait("answers.length == 8")
    told = "answers.filter((each) => each.status == 'rejected')"
    assert tab.run(f"{told}.map((each) => each.event_id)") == refused
    assert tab.run(f"{told}.every((each) => each.problem.code)")
    clicked += tab.run("clicks(1)")
    visit.clicks(clicked)
    tab.open(f"{visit}/refused")
    clicked += tab.run("clicks(1)")
    visit.clicks(clicked)
    assert visit.gate.refused() == dict.fromkeys(refused, 1)
    assert set(visit.gate.sent().values()) == {1}
